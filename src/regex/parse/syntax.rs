//! The dialects of patterns.
//!
//! A dialect is data: [`Syntax`] has one field for each question that the dialects answer
//! differently, and the constants are the answers of one engine each. A dialect that is not here
//! is made by changing fields.

/// How a pattern is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// The flags that hold from the start.
    pub(crate) flags: Flags,
    /// The letters that `(?…)` may set.
    pub(crate) inline_flags: &'static str,
    pub(crate) shorthands: Shorthands,
    pub(crate) folding: Folding,
    pub(crate) classes: Classes,
    pub(crate) lookahead: Lookahead,
    pub(crate) standard: Standard,
}

/// What can be switched within a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Flags {
    /// `i`: letters match in either case.
    pub(crate) ignores_case: bool,
    /// `m`: `^` and `$` match at lines.
    pub(crate) has_lines: bool,
    /// `s`: the dot matches a newline.
    pub(crate) dot_is_all: bool,
    /// `x`: white space and comments are skipped.
    pub(crate) is_verbose: bool,
    /// `u`: characters match, not bytes.
    pub(crate) is_unicode: bool,
}

/// What a letter of `(?…)` does to its flag: those behind a `-` clear theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    On,
    Off,
}

/// What `\d`, `\s` and `\w` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shorthands {
    /// As Unicode has digits, white space and word characters.
    Unicode,
    /// Those of ASCII, and U+00A0 among the white space.
    Ascii,
    /// Those of ECMA-262: of ASCII, but white space and line terminators are Unicode's.
    EcmaScript,
}

/// Which letters the flag `i` makes equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folding {
    /// By the simple case folding of Unicode.
    Unicode,
    Ascii,
}

/// How `[…]` is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Classes {
    /// With nested classes, `&&`, `--`, `~~` and `[:alpha:]`; `]` may come first.
    Rust,
    /// Characters and ranges; `[` is a character, `[]` is nothing and `[^]` anything.
    EcmaScript,
}

/// Whether look-ahead is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lookahead {
    Exact,
    Refused,
}

/// Whether a dialect is one standard to the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standard {
    /// It reads what its engines do, and what others would where those read nothing.
    None,
    /// ECMA-262 with the flag `u`, and what its Annex B lets stand without. What the standard does
    /// not have is refused by name; look-behind and word boundaries, which it has, are read.
    Ecma262,
}

impl Flags {
    /// Unicode, all else off.
    pub(crate) const NONE: Self = Self {
        ignores_case: false,
        has_lines: false,
        dot_is_all: false,
        is_verbose: false,
        is_unicode: true,
    };

    /// The flags with that of a letter switched; `None` for a letter that is none.
    pub(super) fn switched(mut self, letter: char, to: Switch) -> Option<Self> {
        let flag = match letter {
            'i' => &mut self.ignores_case,
            'm' => &mut self.has_lines,
            's' => &mut self.dot_is_all,
            'x' => &mut self.is_verbose,
            'u' => &mut self.is_unicode,
            // Greed does not change what is matched from end to end.
            'U' => return Some(self),
            _ => return None,
        };
        *flag = to == Switch::On;
        Some(self)
    }
}

impl Syntax {
    /// The syntax of the crate `regex`, and the escapes of JavaScript that it lacks.
    pub(crate) const RUST: Self = Self {
        flags: Flags::NONE,
        inline_flags: "imsxuU",
        shorthands: Shorthands::Unicode,
        folding: Folding::Unicode,
        classes: Classes::Rust,
        lookahead: Lookahead::Exact,
        standard: Standard::None,
    };

    /// That of Lark: llguidance reads the syntax of the crate `regex`, XGrammar the escapes of
    /// JavaScript that llguidance refuses.
    pub(crate) const LARK: Self = Self { lookahead: Lookahead::Refused, ..Self::RUST };

    /// That of XGrammar's `Regex(…)`: JavaScript's, with ASCII classes, and a dot that matches
    /// newlines too.
    pub(crate) const EBNF: Self = Self {
        flags: Flags { dot_is_all: true, ..Flags::NONE },
        inline_flags: "imsx",
        shorthands: Shorthands::Ascii,
        folding: Folding::Ascii,
        classes: Classes::EcmaScript,
        lookahead: Lookahead::Exact,
        standard: Standard::None,
    };

    /// ECMA-262, in which the patterns of JSON Schema are written (JSON Schema 2020-12, section 6.4).
    pub(crate) const ECMA: Self = Self {
        flags: Flags::NONE,
        inline_flags: "",
        shorthands: Shorthands::EcmaScript,
        folding: Folding::Unicode,
        classes: Classes::EcmaScript,
        lookahead: Lookahead::Exact,
        standard: Standard::Ecma262,
    };

    /// With the flags of the letters set from the start.
    ///
    /// # Errors
    /// The first letter that is no flag of this syntax.
    pub(crate) fn with_flags(mut self, letters: &str) -> Result<Self, char> {
        for letter in letters.chars() {
            self.flags = self.flags.switched(letter, Switch::On).ok_or(letter)?;
        }
        Ok(self)
    }
}
