//! Which words of a schema are keywords: its draft, and the vocabularies of its metaschema.
//!
//! A metaschema may leave vocabularies out (2019-09, section 8.1.2): its schemas then have words
//! that assert nothing, though the draft knows them.

use super::super::draft::Draft;
use super::super::json::Json;

/// A draft with the vocabularies in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// What keywords there are, and what they mean.
    pub(super) draft: Draft,
    /// One bit for each [`Vocabulary`].
    vocabularies: u8,
    pub(super) origin: Origin,
}

/// Where a dialect is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// `$schema`, or the options.
    Named,
    /// Nothing: older forms that cannot be mistaken are read too.
    Assumed,
}

/// A group of keywords that a metaschema may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vocabulary {
    /// Always in force.
    Core,
    /// Schemas that are applied to a value or to its parts.
    Applicator,
    /// Schemas for what the others did not look at.
    Unevaluated,
    /// Assertions without schemas.
    Validation,
    /// Asserted in whichever of its forms it is named.
    Format,
    /// Notes and contents: they assert nothing.
    Notes,
}

impl Dialect {
    /// All of a draft.
    pub(super) fn of(draft: Draft, origin: Origin) -> Self {
        Self { draft, vocabularies: u8::MAX, origin }
    }

    /// What a metaschema of a draft leaves in force: `vocabularies` is its `$vocabulary`.
    ///
    /// # Errors
    /// The address of a vocabulary that it demands and that is not known.
    pub(super) fn with_vocabularies(self, vocabularies: &Json) -> Result<Self, String> {
        let Json::Object(members) = vocabularies else { return Ok(self) };
        let mut dialect = Self { vocabularies: Vocabulary::Core.bit(), ..self };
        for (address, is_demanded) in members {
            let last = address.rsplit('/').next().unwrap_or_default();
            let is_ours = address.starts_with("https://json-schema.org/draft/");
            match last {
                "core" if is_ours => {}
                "applicator" if is_ours => {
                    dialect.vocabularies |= Vocabulary::Applicator.bit();
                    // Until 2019-09 both were one vocabulary.
                    if self.draft <= Draft::Draft201909 {
                        dialect.vocabularies |= Vocabulary::Unevaluated.bit();
                    }
                }
                "unevaluated" if is_ours => dialect.vocabularies |= Vocabulary::Unevaluated.bit(),
                "validation" if is_ours => dialect.vocabularies |= Vocabulary::Validation.bit(),
                "format" | "format-annotation" | "format-assertion" if is_ours => {
                    dialect.vocabularies |= Vocabulary::Format.bit();
                }
                "meta-data" | "content" if is_ours => {
                    dialect.vocabularies |= Vocabulary::Notes.bit();
                }
                _ if *is_demanded == Json::Bool(true) => return Err(address.clone()),
                _ => {}
            }
        }
        Ok(dialect)
    }

    /// Whether a vocabulary is in force.
    pub(super) fn has(self, vocabulary: Vocabulary) -> bool {
        self.vocabularies & vocabulary.bit() != 0
    }

    /// Whether `items` may be a list.
    pub(super) fn reads_item_lists(self) -> bool {
        self.draft <= Draft::Draft201909 || self.origin == Origin::Assumed
    }

    /// Whether `exclusiveMinimum` may be a boolean.
    pub(super) fn reads_exclusive_flags(self) -> bool {
        self.draft == Draft::Draft4 || self.origin == Origin::Assumed
    }

    /// Whether `exclusiveMinimum` may be a number.
    pub(super) fn has_exclusive_bounds(self) -> bool {
        self.draft >= Draft::Draft6
    }

    /// Whether `$id` may be a fragment, which names a place as `$anchor` does now.
    pub(super) fn reads_fragment_ids(self) -> bool {
        self.draft <= Draft::Draft7 || self.origin == Origin::Assumed
    }
}

impl Vocabulary {
    /// One bit for each draft, for lists of drafts.
    fn bit(self) -> u8 {
        1 << self as u8
    }
}
