//! What can be wrong with a grammar.

use std::fmt;

use super::tools::ToolFault;

/// A grammar that cannot be compiled.
///
/// ```
/// use tokenrail::grammar::{Grammar, GrammarError};
///
/// let error = Grammar::gbnf("root ::= digit+\ndigits ::= [0-9]").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "rule \"digit\" is not defined: did you mean \"digits\"? (line 1, column 10)"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrammarError {
    /// The source breaks its notation's rules.
    #[error("{what} ({place})")]
    Syntax {
        /// What is wrong, and what would be right.
        what: String,
        /// Where.
        place: Place,
    },
    /// A rule is used and not defined.
    #[error("rule {name:?} is not defined{} ({place})", suggested(suggestion.as_deref()))]
    UndefinedRule {
        /// The name as used.
        name: String,
        /// The defined name that is most like it.
        suggestion: Option<String>,
        /// Where it is used first.
        place: Place,
    },
    /// A rule is defined twice.
    #[error("rule {name:?} is defined again ({place}), after line {first_line}")]
    DuplicateRule {
        /// Its name.
        name: String,
        /// The line of the earlier definition, from 1.
        first_line: usize,
        /// The later definition.
        place: Place,
    },
    /// The notation has it, this program does not.
    #[error("{what} ({place})")]
    Unsupported {
        /// What is not supported, and what to write in its stead.
        what: String,
        /// Where.
        place: Place,
    },
    /// There is no text to choose.
    #[error("there are no choices: give at least one")]
    NoChoices,
    /// There must be a call, and there is no tool.
    #[error("there is no tool to call: give at least one")]
    NoTools,
    /// The tool to call is not in the set.
    #[error("no tool is called {name:?}{}", suggested(suggestion.as_deref()))]
    UnknownTool {
        /// The name as asked for.
        name: String,
        /// The tool's name that is most like it.
        suggestion: Option<String>,
    },
    /// A tool cannot be called in the shape that was asked for.
    #[error(transparent)]
    Tool(#[from] ToolFault),
    /// What should open or close a part of a text matches the empty text, so it is everywhere.
    #[error("a {what} matches the empty text: it needs at least one character")]
    EmptyMarker {
        /// What it is.
        what: &'static str,
    },
    /// A limit is exceeded.
    #[error("{what} {value} is over the limit of {limit}{}", at(place.as_ref()))]
    Limit {
        /// What is limited.
        what: &'static str,
        /// How much the grammar needs; the work stops at the first excess, so it may need more.
        value: usize,
        /// How much is allowed.
        limit: usize,
        /// Where, if it is one place.
        place: Option<Place>,
    },
}

/// A place in a grammar's source.
///
/// ```
/// use tokenrail::grammar::Place;
///
/// let place = Place::at("root ::= x\nx ::= [a", 17);
/// assert_eq!((place.line, place.column), (2, 7));
/// assert_eq!(place.snippet(), "x ::= [a\n      ^");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The text of the line; of a long line, the part around the column.
    pub text: String,
    /// The characters of the line that stand before the text.
    skipped: usize,
}

impl GrammarError {
    /// Where the fault is, if it is in one place.
    ///
    /// ```
    /// use tokenrail::grammar::Grammar;
    ///
    /// let error = Grammar::regex("a(b").unwrap_err();
    /// assert_eq!(error.place().map(|place| place.column), Some(2));
    /// ```
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Syntax { place, .. }
            | Self::UndefinedRule { place, .. }
            | Self::DuplicateRule { place, .. }
            | Self::Unsupported { place, .. } => Some(place),
            Self::NoChoices
            | Self::NoTools
            | Self::UnknownTool { .. }
            | Self::Tool(_)
            | Self::EmptyMarker { .. } => None,
            Self::Limit { place, .. } => place.as_ref(),
        }
    }
}

impl Place {
    /// The place of the byte at `offset` of `source`; past its end, the end.
    #[must_use]
    pub fn at(source: &str, offset: usize) -> Self {
        let offset = source.floor_char_boundary(offset);
        let before = &source[..offset];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self::new(source, offset, line, before[start..].chars().count() + 1)
    }

    /// The place at `offset`, of which line and column are known.
    pub(super) fn new(source: &str, offset: usize, line: usize, column: usize) -> Self {
        let (before, behind) = source.split_at(offset);
        let before: Vec<char> =
            before.chars().rev().take_while(|&char| char != '\n').take(LINE).collect();
        let behind = behind.chars().take_while(|&char| char != '\n').take(LINE);
        let skipped = column - 1 - before.len();
        let text: String = before.into_iter().rev().chain(behind).collect();
        let text = text.strip_suffix('\r').map(str::to_owned).unwrap_or(text);
        Self { line, column, text, skipped }
    }

    /// The line, and below it a caret under the column. Of a long line, the part around it.
    #[must_use]
    pub fn snippet(&self) -> String {
        const AROUND: usize = 40;
        let column = self.column.saturating_sub(1 + self.skipped);
        let first = column.saturating_sub(AROUND);
        let shown: String = self.text.chars().skip(first).take(2 * AROUND).collect();
        let indent: String = shown
            .chars()
            .chain(std::iter::repeat(' '))
            .take(column - first)
            .map(|char| if char == '\t' { '\t' } else { ' ' })
            .collect();
        format!("{shown}\n{indent}^")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The characters of a line that a place keeps on either side of it.
const LINE: usize = 256;

/// The name that may have been meant, as the end of a message.
fn suggested(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(": did you mean {name:?}?"))
}

/// The place in the source, as the end of a message.
fn at(place: Option<&Place>) -> String {
    place.map_or_else(String::new, |place| format!(" ({place})"))
}
