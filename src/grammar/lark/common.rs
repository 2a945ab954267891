//! The library `common`: terminals that Lark grammars import, as patterns.
//!
//! Digits and letters are those of ASCII. The comments end before the end of the line, the block
//! comment at its first `*/`, and the quoted string at its first quote without a backslash.

/// Names and patterns. Where the standard library takes the shortest text up to an end, the pattern
/// says what may stand before that end: a terminal here is all the texts of its pattern.
const LIBRARY: [(&str, &str); 27] = [
    ("DIGIT", r"[0-9]"),
    ("HEXDIGIT", r"[0-9a-fA-F]"),
    ("INT", r"[0-9]+"),
    ("SIGNED_INT", r"[+-]?[0-9]+"),
    ("DECIMAL", r"[0-9]+\.[0-9]*|\.[0-9]+"),
    ("_EXP", r"[eE][+-]?[0-9]+"),
    ("FLOAT", r"[0-9]+[eE][+-]?[0-9]+|([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"),
    ("SIGNED_FLOAT", r"[+-]?([0-9]+[eE][+-]?[0-9]+|([0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)"),
    ("NUMBER", r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"),
    ("SIGNED_NUMBER", r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"),
    ("_STRING_INNER", r"[^\n]*"),
    ("_STRING_ESC_INNER", r"([^\\\n]|\\[^\n])*"),
    ("ESCAPED_STRING", r#""([^"\\\n]|\\[^\n])*""#),
    ("LCASE_LETTER", r"[a-z]"),
    ("UCASE_LETTER", r"[A-Z]"),
    ("LETTER", r"[a-zA-Z]"),
    ("WORD", r"[a-zA-Z]+"),
    ("CNAME", r"[a-zA-Z_][a-zA-Z0-9_]*"),
    ("WS_INLINE", r"[ \t]+"),
    ("WS", r"[ \t\f\r\n]+"),
    ("CR", r"\r"),
    ("LF", r"\n"),
    ("NEWLINE", r"(\r?\n)+"),
    ("SH_COMMENT", r"#[^\n]*"),
    ("CPP_COMMENT", r"//[^\n]*"),
    ("C_COMMENT", r"/\*([^*]|\*+[^*/])*\*+/"),
    ("SQL_COMMENT", r"--[^\n]*"),
];

/// The pattern of a name.
pub(super) fn pattern(name: &str) -> Option<&'static str> {
    LIBRARY.iter().find(|(known, _)| *known == name).map(|(_, pattern)| *pattern)
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    LIBRARY.iter().map(|(name, _)| *name)
}
