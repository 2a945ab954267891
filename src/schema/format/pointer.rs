//! JSON pointers and identifiers, each of which is one pattern.

/// `json-pointer` (RFC 6901, section 3): any character, but `~` and `/` are escaped.
pub(super) const POINTER: &str = "(?:/(?:[^~/]|~[01])*)*";

/// `UUID` (RFC 4122, section 3).
pub(super) const UUID: &str = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}";

/// `relative-json-pointer` (draft-bhutton-relative-json-pointer-00, section 3): up so many levels,
/// then a pointer down, or `#` for the name of the place. The later draft's `0+1` is not in
/// JSON Schema's formats.
pub(super) fn relative() -> String {
    format!(r"(?:0|[1-9]\d*)(?:#|{POINTER})")
}
