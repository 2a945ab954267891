//! What can be wrong with a constraint.

use crate::grammar::GrammarError;
use crate::schema::SchemaError;

/// A constraint that cannot be made or followed.
///
/// ```
/// use tokenrail::constraint::{Constraint, ConstraintError};
/// use tokenrail::grammar::Grammar;
/// use tokenrail::vocab::Vocabulary;
///
/// let vocabulary = Vocabulary::new([b"a".as_slice()], ["<end>"]);
/// let error = Constraint::new(&Grammar::regex("b")?, &vocabulary).unwrap_err();
/// assert_eq!(error.to_string(), "no legal text can be written with this vocabulary: no token is the byte b alone");
/// # Ok::<(), tokenrail::grammar::GrammarError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConstraintError {
    /// The grammar is faulty.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
    /// The schema cannot be enforced.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A lazy rule and a schema may begin at the same byte: where the one ends the other is not known.
    #[error("a lazy rule cannot begin where a JSON Schema begins: put a text between them")]
    LazyBesideSchema,
    /// No text matches the grammar, whatever the vocabulary.
    #[error("rule {rule:?} matches no text at all{}: it can only loop, or excludes everything", at(place.as_ref()))]
    EmptyLanguage {
        /// The start rule.
        rule: String,
        /// Where it is defined.
        place: Option<crate::grammar::Place>,
    },
    /// No value conforms to the schema, whatever the vocabulary.
    #[error("the schema allows no value{}", at(place.as_ref()))]
    EmptySchema {
        /// Where it stands, within a grammar.
        place: Option<crate::grammar::Place>,
    },
    /// Texts match the grammar, but the vocabulary lacks bytes or tokens that all of them need.
    #[error("no legal text can be written with this vocabulary: {missing}")]
    Unwritable {
        /// What it lacks.
        missing: String,
    },
    /// A token pattern names a token that the vocabulary does not have.
    #[error("the vocabulary has no token {name:?}{}{}", suggested(suggestion.as_deref()), at(place.as_ref()))]
    UnknownToken {
        /// Its name.
        name: String,
        /// The special token's name that is most like it.
        suggestion: Option<String>,
        /// Where the grammar names it first, if it has a source.
        place: Option<crate::grammar::Place>,
    },
    /// A mask does not fit the words it is to be written into.
    #[error("the mask has {needed} words, but only {given} were given")]
    FewWords {
        /// The words of the mask.
        needed: usize,
        /// The words given.
        given: usize,
    },
    /// The text cannot be finished with so few tokens, as far as is known.
    #[error("the text needs {needed} tokens more, but the budget leaves {budget}")]
    OverBudget {
        /// An upper bound of the tokens needed.
        needed: usize,
        /// The tokens that are left.
        budget: usize,
    },
    /// A limit is exceeded.
    #[error("{what}: {value} is over the limit of {limit}")]
    Limit {
        /// What is limited.
        what: &'static str,
        /// How much is needed; the work stops at the first excess, so it may be more.
        value: usize,
        /// How much is allowed.
        limit: usize,
    },
}

/// The name that may have been meant, as the end of a message.
fn suggested(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(": did you mean {name:?}?"))
}

/// The place in the source, as the end of a message.
fn at(place: Option<&crate::grammar::Place>) -> String {
    place.map_or_else(String::new, |place| format!(" ({place})"))
}
