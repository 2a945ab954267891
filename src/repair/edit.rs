//! Edits of a text: what was changed where, by which rule, and how to undo it.
//!
//! Laws, held by `tests/repair`: edits applied to the text that they were made for give the repaired
//! text, and inverted edits applied to that give the first text again, byte for byte.

use std::ops::Range;

use super::Level;

/// A piece of a text that was replaced by another.
///
/// ```
/// use tokenrail::repair::{Options, TextEdit, repair};
///
/// let repaired = repair("[1, 2,]", &Options::default());
/// let TextEdit { rule, span, was, now, .. } = &repaired.edits[0];
/// assert_eq!((rule.name(), span.clone(), was.as_str(), now.as_str()), ("delete_comma", 5..6, ",", ""));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEdit {
    /// Why.
    pub rule: Rule,
    /// The bytes of the text that are replaced; empty where something is put in.
    pub span: Range<usize>,
    /// What stands there.
    pub was: String,
    /// What stands there afterwards.
    pub now: String,
    /// What it does to what the text says.
    pub class: Class,
    /// The JSON pointer of the innermost value that it lies in, in the value that all edits give; empty
    /// outside, and where there is no value.
    pub pointer: String,
}

/// What an edit does to what a text says.
///
/// ```
/// use tokenrail::repair::{Class, Options, repair};
///
/// assert_eq!(repair("{a: 1}", &Options::default()).edits[0].class, Class::Lossless);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Every character of what it says is kept, and no other reading is as near.
    Lossless,
    /// What says nothing is taken away or written otherwise: comments, fences, prose around the value,
    /// notations of numbers and literals, second copies.
    Normalising,
    /// Another reading is as near; the rule was allowed to choose.
    Guess,
    /// Something that was said is taken away.
    Lossy,
}

impl Class {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lossless => "lossless",
            Self::Normalising => "normalising",
            Self::Guess => "guess",
            Self::Lossy => "lossy",
        }
    }
}

/// Makes an enum of rules, each with its name, its level and its class.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident $name:literal $level:ident $class:ident,)*) => {
        /// Why a text is edited.
        ///
        /// ```
        /// use tokenrail::repair::{Level, Rule};
        ///
        /// assert_eq!(Rule::StripFence.name(), "strip_fence");
        /// assert_eq!(Rule::StripFence.level(), Level::Extract);
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$doc])* $rule,)*
        }

        impl Rule {
            /// Its name in reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$rule => $name,)*
                }
            }

            /// The level that it belongs to.
            #[must_use]
            pub fn level(self) -> Level {
                match self {
                    $(Self::$rule => Level::$level,)*
                }
            }

            /// The class of its edits where nothing is in doubt.
            pub(super) fn class(self) -> Class {
                match self {
                    $(Self::$rule => Class::$class,)*
                }
            }
        }
    };
}

rules! {
    /// A byte order mark is taken away.
    StripBom "strip_bom" Extract Normalising,
    /// What a model thought is taken away.
    ///
    /// `<think>maybe 0</think>{"a": 1}` becomes `{"a": 1}`.
    StripThink "strip_think" Extract Normalising,
    /// The marks of a block of code are taken away.
    ///
    /// The lines ` ```json ` and ` ``` ` around the value.
    StripFence "strip_fence" Extract Normalising,
    /// The words around the value are taken away.
    ///
    /// `Here it is: [1]` becomes `[1]`.
    StripProse "strip_prose" Extract Normalising,
    /// What a call of a tool is written with becomes JSON.
    ///
    /// `[TOOL_CALLS]f[ARGS]{}` becomes `{"tool_calls":[{"name":"f","arguments":{}}]}`.
    StripEnvelope "strip_envelope" Extract Normalising,
    /// What a call of a tool is written with becomes JSON, though signs of it are wrong.
    ///
    /// `<tool_call>{"name": "f" "arguments": {}}</tool_call>` lacks a comma.
    MendEnvelope "mend_envelope" Syntax Normalising,
    /// The arguments of a call stand under a name that its notation does not have.
    ///
    /// `"parameters"` where `"arguments"` is wanted.
    RenameKey "rename_key" Coerce Normalising,
    /// A second copy of the value is taken away.
    ///
    /// `[1] [1]` becomes `[1]`.
    DropIdenticalDocument "drop_identical_duplicate_document" Extract Normalising,
    /// A value beside the one that was meant is taken away.
    ///
    /// The schema wants a name that only one of them has.
    DropOtherDocument "drop_other_document" Extract Normalising,
    /// A comma too many is taken away.
    ///
    /// `[1, 2,]` becomes `[1, 2]`.
    DeleteComma "delete_comma" Syntax Lossless,
    /// A missing comma is put in.
    ///
    /// `[1 2]` becomes `[1, 2]`.
    InsertComma "insert_comma" Syntax Lossless,
    /// A missing colon is put in.
    ///
    /// `{"a" 1}` becomes `{"a": 1}`.
    InsertColon "insert_colon" Syntax Lossless,
    /// A sign of punctuation is replaced by the one that was meant.
    ///
    /// `{"a"; 1}` becomes `{"a": 1}`.
    Replace "replace" Syntax Lossless,
    /// A missing bracket is put in.
    ///
    /// `{"a": [1}` becomes `{"a": [1]}`.
    Insert "insert" Syntax Lossless,
    /// A closing bracket too many is taken away.
    ///
    /// `{"a": 1}}` becomes `{"a": 1}`.
    DeleteCloser "delete_closer" Syntax Lossless,
    /// A name without quotes takes them.
    ///
    /// `{a: 1}` becomes `{"a": 1}`.
    QuoteKey "quote_key" Syntax Lossless,
    /// A value without quotes takes them.
    ///
    /// `{"a": hello there}` becomes `{"a": "hello there"}`.
    QuoteValue "quote_value" Syntax Lossless,
    /// Quotes of another kind become those of JSON.
    ///
    /// `['a']` becomes `["a"]`.
    Requote "requote" Syntax Lossless,
    /// A quote too many is taken away.
    ///
    /// `{"a": ""b"}` becomes `{"a": "b"}` where the schema wants that.
    DeleteQuote "delete_quote" Syntax Lossless,
    /// A missing quote is put in.
    ///
    /// `{"a: "b"}` becomes `{"a": "b"}`.
    InsertQuote "insert_quote" Syntax Lossless,
    /// A quote within a string is escaped.
    ///
    /// `"say "hi""` becomes `"say \"hi\""`.
    EscapeQuote "escape_quote" Syntax Lossless,
    /// A control character within a string is escaped.
    ///
    /// A line break within a string becomes `\n`.
    EscapeControl "escape_control" Syntax Lossless,
    /// A backslash that escapes nothing is escaped itself.
    ///
    /// `"\d+"` becomes `"\\d+"`.
    EscapeBackslash "escape_backslash" Syntax Lossless,
    /// The backslash before a quote that needs none is taken away.
    ///
    /// `"it\'s"` becomes `"it's"`.
    UnescapeQuote "unescape_quote" Syntax Lossless,
    /// The backslashes of a text that was escaped as a whole are taken away.
    ///
    /// `{\"a\": 1}` becomes `{"a": 1}`.
    UnescapeDocument "unescape_document" Syntax Normalising,
    /// A literal of another language is written as JSON's.
    ///
    /// `True` becomes `true`, and `None` becomes `null`.
    Literal "literal" Syntax Normalising,
    /// A number is written as JSON writes it.
    ///
    /// `.5` becomes `0.5`, and `+1` becomes `1`.
    Number "number" Syntax Normalising,
    /// A comment is taken away.
    ///
    /// `[1 /* one */]` becomes `[1 ]`.
    StripComment "strip_comment" Syntax Normalising,
    /// Parentheses become the brackets of an array.
    ///
    /// `(1, 2)` becomes `[1, 2]`.
    TupleToArray "tuple_to_array" Syntax Lossless,
    /// Brackets are put around what the schema wants as an array.
    ///
    /// `1, 2` becomes `[1, 2]`.
    WrapArray "wrap_array" Syntax Lossless,
    /// Braces around an object are taken away.
    ///
    /// `{{"a": 1}}` becomes `{"a": 1}`.
    UnwrapBraces "unwrap_braces" Syntax Lossless,
    /// A second copy of a member is taken away.
    ///
    /// `{"a": 1, "a": 1}` becomes `{"a": 1}`.
    DropIdenticalMember "drop_identical_member" Syntax Normalising,
    /// Strings that are added up become one.
    ///
    /// `"a" + "b"` becomes `"ab"`.
    Concatenate "concatenate" Syntax Normalising,
    /// What was cut off in the middle is taken away.
    ///
    /// `[1, 23`, cut off there, becomes `[1]`: the number may have more digits.
    DropIncomplete "drop_incomplete" Salvage Lossy,
    /// A name without a value is taken away.
    ///
    /// `{"a":}` becomes `{}`.
    DropName "drop_name" Salvage Lossy,
    /// An escape that names no character is taken away.
    ///
    /// `"a\\u00"` becomes `"a"`.
    DropEscape "drop_escape" Salvage Lossy,
    /// A model found this reading far likelier than the others.
    ///
    /// `{"a": "b, "c": "d"}` becomes `{"a": "b", "c": "d"}`.
    ChooseReading "choose_reading" Salvage Guess,
    /// Dots that stand for what was left out are taken away.
    ///
    /// `[1, ...]` becomes `[1]`.
    StripEllipsis "strip_ellipsis" Salvage Lossy,
    /// A number that JSON does not have becomes null.
    ///
    /// `NaN` becomes `null`.
    NonfiniteToNull "nonfinite_to_null" Salvage Lossy,
}

impl TextEdit {
    /// Replaces what stands at a span of a text.
    pub(super) fn new(text: &str, rule: Rule, span: Range<usize>, now: &str) -> Self {
        let was = text[span.clone()].to_owned();
        let (now, class, pointer) = (now.to_owned(), rule.class(), String::new());
        Self { rule, span, was, now, class, pointer }
    }
}

/// Applies edits, which stand in the order of their spans, to the text that they were made for;
/// `None` where they do not fit it.
///
/// ```
/// use tokenrail::repair::{Options, apply, invert, repair};
///
/// let text = "{'a': 1}";
/// let edits = repair(text, &Options::default()).edits;
/// assert_eq!(apply(text, &edits).as_deref(), Some(r#"{"a": 1}"#));
/// assert_eq!(apply(r#"{"a": 1}"#, &invert(&edits)).as_deref(), Some(text));
/// ```
#[must_use]
pub fn apply(text: &str, edits: &[TextEdit]) -> Option<String> {
    let mut result = String::with_capacity(text.len() + edits.len());
    let mut at = 0;
    for TextEdit { span, was, now, .. } in edits {
        result.push_str(text.get(at..span.start)?);
        if text.get(span.clone())? != was {
            return None;
        }
        result.push_str(now);
        at = span.end;
    }
    result.push_str(text.get(at..)?);
    Some(result)
}

/// The edits that undo these, for the text that these give.
///
/// Example: see [`apply`].
#[must_use]
pub fn invert(edits: &[TextEdit]) -> Vec<TextEdit> {
    let (mut put_in, mut taken) = (0, 0);
    let inverse = |edit: &TextEdit| {
        let start = edit.span.start + put_in - taken;
        put_in += edit.now.len();
        taken += edit.was.len();
        let (was, now) = (edit.now.clone(), edit.was.clone());
        TextEdit { span: start..start + was.len(), was, now, ..edit.clone() }
    };
    edits.iter().map(inverse).collect()
}
