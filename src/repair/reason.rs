//! Why a text is not repaired, and which doubts may be overruled.

/// Makes an enum whose values have names.
macro_rules! named {
    ($(#[$head:meta])* $type:ident { $($(#[$doc:meta])* $value:ident $name:literal,)* }) => {
        $(#[$head])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$doc])* $value,)*
        }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$value),*];

            /// Its name in reports and on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)*
                }
            }
        }
    };
}

named! {
    /// Why a text is not repaired.
    ///
    /// ```
    /// use tokenrail::repair::{Options, Reason, repair};
    ///
    /// let refused = repair("I cannot help with that.", &Options::default());
    /// assert_eq!(refused.refusal.unwrap().reason, Reason::NoJson);
    /// ```
    Reason {
        /// There is nothing that looks like JSON: perhaps the model declined.
        NoJson "no_json_refusal_suspected",
        /// There are several values, and nothing tells which is meant.
        ///
        /// `{"a": 1} or {"a": 2}`
        MultipleValues "ambiguous_multiple_values",
        /// Text without quotes has a comma, which may be its own or the end of it.
        ///
        /// `{"a": red, green}`
        UnquotedComma "ambiguous_unquoted_comma",
        /// Words without quotes and commas may be one string or several.
        ///
        /// `[red apple]`
        Words "ambiguous_words",
        /// A number with zeros before it may be a number or a string.
        ///
        /// `{"zip": 01234}`
        LeadingZero "ambiguous_leading_zero",
        /// A comma may separate thousands or members.
        ///
        /// `{"price": 1,299}`
        Thousands "ambiguous_thousands",
        /// What begins like a number may be one or a string.
        ///
        /// `50%`, `1/3`, `1_000`
        NumberLike "ambiguous_number",
        /// `undefined` may be null or a string.
        Undefined "ambiguous_undefined",
        /// JSON has no such number.
        NonFinite "nonfinite_number",
        /// A backslash may begin an escape or be one.
        ///
        /// `"C:\Users\new"`: the last escape may be a line break.
        Backslash "ambiguous_backslash",
        /// An escape names no character.
        ///
        /// `"\u00"`, half of a surrogate pair, or a backslash at the end.
        UnicodeEscape "bad_unicode_escape",
        /// A quote may end its string or stand within it.
        ///
        /// `["say "hi" again"]`
        Quote "ambiguous_quote",
        /// A string has no end, and it may be in several places.
        ///
        /// `["one, two]`
        Unterminated "ambiguous_unterminated_string",
        /// A name is given twice, with different values.
        ///
        /// `{"a": 1, "a": 2}`
        DuplicateKey "duplicate_key",
        /// A comment has no end before the closing brackets.
        ///
        /// `{"a": 1 // one, "b": 2}`
        Comment "comment_swallows_structure",
        /// A name has no value.
        ///
        /// `{"a":, "b": 2}`
        MissingValue "missing_value",
        /// Between two commas may be nothing or null.
        ///
        /// `[1,,2]`
        EmptyItem "ambiguous_empty_item",
        /// Something was left out.
        ///
        /// `[1, 2, ...]`
        Elision "elision",
        /// Parentheses around one value may group it or make an array of it.
        ///
        /// `{"a": (1)}`
        Group "ambiguous_group",
        /// A closing bracket may be missing, wrong or too many.
        ///
        /// Two readings of a bracket cost the same.
        Closer "ambiguous_closer",
        /// The text was cut off.
        ///
        /// Nothing is whole, or dropping the rest is not allowed.
        Truncated "truncated",
        /// What stands here belongs to no value.
        Structure "unexpected_structure",
        /// Parts of JSON stand outside the value.
        ///
        /// `{"a": 1}, "b": 2}`
        Outside "structure_outside_the_value",
        /// Two values of an enum are as near.
        ///
        /// `"RED, not BLUE"` where either is wanted.
        Enum "ambiguous_enum",
        /// Two ways to change the value conform.
        ///
        /// `"a_b"` where `"A-B"` and `"A B"` are wanted.
        Coercion "ambiguous_coercion",
        /// The value does not conform to the schema.
        Schema "schema",
        /// What would have to be done belongs to a level that is not allowed.
        Level "level",
        /// Nesting is deeper than the limit.
        Depth "depth_limit",
        /// The text is longer than the limit.
        Size "size_limit",
        /// A call names a tool that there is not.
        UnknownTool "unknown_tool",
        /// A call was cut off.
        ///
        /// What is missing may be a part of any argument, so it is not to be run.
        TruncatedCall "truncated_tool_call",
    }
}

named! {
    /// What may be done that loses something or chooses between readings; each only if allowed.
    ///
    /// ```
    /// use tokenrail::repair::{Options, Salvage, Status, repair};
    ///
    /// let text = "[1, 2, ...]";
    /// assert_eq!(repair(text, &Options::default()).status, Status::Ambiguous);
    /// let repaired = repair(text, &Options::default().allowing([Salvage::Ellipsis]));
    /// assert_eq!((repaired.status, repaired.text.as_deref()), (Status::Lossy, Some("[1, 2 ]")));
    /// ```
    Salvage {
        /// Quotes that end nothing are characters of their string.
        ///
        /// `{"a": "say "hi", ok"}` says `say "hi", ok`.
        InnerQuotes "inner_quotes",
        /// Members and items that were cut off are dropped.
        ///
        /// `{"a": 1, "b": 2`, cut off there, says `{"a": 1}`.
        Incomplete "incomplete",
        /// A string that has no end goes on to the brackets that close what is open, or to the end of the
        /// text.
        ///
        /// `["one, two]` says `["one, two"]`.
        OpenStrings "open_strings",
        /// Escapes that name no character are dropped.
        ///
        /// `"\\u00"`, cut off there, says nothing.
        BrokenEscapes "broken_escapes",
        /// Brackets, and other signs, stand where the fewest edits make JSON: of two readings that are as near
        /// the one is meant that is nearest to the fault.
        ///
        /// `[}` says `[]`.
        Brackets "brackets",
        /// Names without values are dropped.
        ///
        /// `{"a":, "b": 2}` says `{"b": 2}`.
        MissingValues "missing_values",
        /// What begins like a number and may be a string is one.
        ///
        /// `{"zip": 01234}` says `{"zip": "01234"}`, and `50%` says `"50%"`.
        NumberTexts "number_texts",
        /// `undefined` is null.
        Undefined "undefined",
        /// Between two commas is nothing.
        ///
        /// `[1,,2]` says `[1, 2]`.
        EmptyItems "empty_items",
        /// Dots that stand for what was left out are dropped.
        Ellipsis "ellipsis",
        /// Numbers that JSON does not have become null.
        NonFinite "nonfinite",
        /// A missing opening bracket is put in where the schema does not force it.
        ///
        /// `{"a": [[1], 2], [3]]}` says `{"a": [[1], [2], [3]]}`.
        MissingOpener "missing_opener",
        /// Members that the schema does not allow are dropped.
        ///
        /// `{"a": 1, "b": 2}` says `{"a": 1}` where nothing but `a` is allowed.
        ExtraMembers "extra_members",
        /// Items that do not conform are dropped.
        ///
        /// `[1, "b"]` says `[1]` where numbers are wanted.
        BadItems "bad_items",
        /// Currency signs and separators of thousands in numbers are dropped.
        ///
        /// `"$1,234.56"` says `1234.56` where a number is wanted.
        Currency "currency",
        /// Of several values the first is meant.
        First "first",
        /// Of several values the last is meant.
        Last "last",
    }
}

impl Salvage {
    /// Whether it chooses between readings, rather than losing something: nothing but its name allows it.
    ///
    /// ```
    /// use tokenrail::repair::Salvage;
    ///
    /// assert!(Salvage::Last.chooses() && !Salvage::Ellipsis.chooses());
    /// ```
    #[must_use]
    pub fn chooses(self) -> bool {
        matches!(
            self,
            Self::First
                | Self::Last
                | Self::OpenStrings
                | Self::BrokenEscapes
                | Self::Brackets
                | Self::MissingValues
                | Self::NumberTexts
                | Self::Undefined
        )
    }
}

impl Reason {
    /// Whether there are several readings, rather than none.
    pub(super) fn is_ambiguity(self) -> bool {
        !matches!(
            self,
            Self::NoJson
                | Self::UnicodeEscape
                | Self::MissingValue
                | Self::Truncated
                | Self::Structure
                | Self::Outside
                | Self::Schema
                | Self::Level
                | Self::Depth
                | Self::Size
                | Self::UnknownTool
                | Self::TruncatedCall
        )
    }

    /// Whether a schema may leave one reading.
    pub(super) fn is_forcible(self) -> bool {
        matches!(
            self,
            Self::Quote | Self::Unterminated | Self::Words | Self::Group | Self::EmptyItem
        )
    }

    /// The rule that may overrule it.
    pub(super) fn salvage(self) -> Option<Salvage> {
        Some(match self {
            Self::Quote => Salvage::InnerQuotes,
            Self::Truncated => Salvage::Incomplete,
            Self::EmptyItem => Salvage::EmptyItems,
            Self::Elision => Salvage::Ellipsis,
            Self::NonFinite => Salvage::NonFinite,
            Self::Unterminated => Salvage::OpenStrings,
            Self::UnicodeEscape => Salvage::BrokenEscapes,
            Self::Closer => Salvage::Brackets,
            Self::MissingValue => Salvage::MissingValues,
            Self::LeadingZero | Self::NumberLike => Salvage::NumberTexts,
            Self::Undefined => Salvage::Undefined,
            _ => return None,
        })
    }
}
