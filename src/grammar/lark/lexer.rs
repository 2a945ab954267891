//! The words of a Lark source.
//!
//! Blanks, `// comments` and `# comments` stand between words and are dropped; new lines are words,
//! as they end definitions. What a word means is the parser's to say: `?` behind a part repeats it,
//! before a name it is Lark's mark for trees. Embedded JSON is read here, by its own rules, so that
//! no brace or quote within it is taken for one of the grammar's.

use serde_json::Value;

use super::text;
use crate::grammar::GrammarError;
use crate::grammar::draft::Draft;

/// A word and where it begins.
#[derive(Debug)]
pub(super) struct Token<'s> {
    /// In bytes, from the beginning of the source.
    pub(super) offset: usize,
    pub(super) kind: Kind<'s>,
}

/// What a word is.
#[derive(Debug, PartialEq)]
pub(super) enum Kind<'s> {
    /// Of a rule or a terminal, or of a function.
    Name(&'s str),
    /// What stands between double quotes, its escapes resolved.
    Text(String, Case),
    /// A regular expression, its escapes left as they are.
    Pattern {
        /// Between the slashes.
        source: &'s str,
        /// Behind them.
        flags: &'s str,
    },
    /// As written: which numbers are right is for who uses it to say.
    Number(&'s str),
    /// A token of the vocabulary, with its `<` and `>`.
    Special(&'s str),
    /// `@name`, as written.
    Reference(&'s str),
    /// `%name`, as written.
    Directive(&'s str),
    /// A directive with the JSON value behind it.
    Json(&'s str, Value),
    /// `%json` with the text of the value behind it: a schema's numbers may have any number of digits,
    /// which a value would round.
    Schema(&'s str),
    /// Punctuation.
    Sign(&'static str),
    /// One or more, with whatever blanks and comments between.
    Newline,
    /// The last word of every source.
    End,
}

/// Whether upper and lower case differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Differs,
    Ignored,
}

/// Longer ones first.
const SIGNS: [&str; 20] = [
    "::", "->", "..", ":", ",", ".", "(", ")", "{", "}", "[", "]", "~", "|", "&", "=", "+", "*",
    "?", "!",
];

/// Those with a JSON value behind them.
const WITH_JSON: [&str; 4] = ["%json", "%regex", "%llguidance", "%grammar_options"];

/// Reads a source to its end.
///
/// # Errors
/// Texts, patterns and JSON values that are not closed or broken, and characters that begin no word.
pub(super) fn tokens<'s>(source: &'s str, draft: &Draft) -> Result<Vec<Token<'s>>, GrammarError> {
    let mut lexer = Lexer { source, at: 0, draft };
    let mut tokens: Vec<Token> = Vec::new();
    loop {
        lexer.skip_blank();
        let offset = lexer.at;
        let kind = lexer.next()?;
        let is_last = kind == Kind::End;
        let is_repeated = tokens.last().is_some_and(|last| last.kind == Kind::Newline);
        if kind != Kind::Newline || !is_repeated {
            tokens.push(Token { offset, kind });
        }
        if is_last {
            return Ok(tokens);
        }
    }
}

/// A source read up to a byte.
#[derive(Debug)]
struct Lexer<'s, 'd> {
    source: &'s str,
    at: usize,
    /// Knows the places for messages.
    draft: &'d Draft<'d>,
}

impl<'s> Lexer<'s, '_> {
    /// Passes over blanks and comments.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.trim_start_matches([' ', '\t', '\r', '\u{c}']);
            self.at += rest.len() - blank.len();
            if !blank.starts_with('#') && !blank.starts_with("//") {
                return;
            }
            self.at += blank.find('\n').unwrap_or(blank.len());
        }
    }

    /// Reads the word that begins here, which tells itself apart by its first character.
    fn next(&mut self) -> Result<Kind<'s>, GrammarError> {
        let Some(first) = self.rest().chars().next() else { return Ok(Kind::End) };
        match first {
            '\n' => {
                self.at += 1;
                Ok(Kind::Newline)
            }
            '"' => self.text(),
            '/' => self.pattern(),
            '<' => self.special(),
            '%' => self.directive(),
            '@' => {
                let length = 1 + name_length(&self.rest()[1..]);
                Ok(Kind::Reference(self.take(length)))
            }
            '_' | 'a'..='z' | 'A'..='Z' => self.name(),
            '0'..='9' => Ok(self.number()),
            '-' if self.rest()[1..].starts_with(|next: char| next.is_ascii_digit()) => {
                Ok(self.number())
            }
            _ => self.sign(),
        }
    }

    /// A text and its flag. Letters behind it belong to it: a name has to keep its distance, or
    /// `"a"item` would be the text `"a"i` and the name `tem`.
    fn text(&mut self) -> Result<Kind<'s>, GrammarError> {
        let offset = self.at;
        let (text, length) = text::unescape(self.rest())
            .map_err(|(within, what)| self.draft.syntax(offset + within, what))?;
        self.at += length;
        let behind = name_length(self.rest());
        match self.take(behind) {
            "" => Ok(Kind::Text(text, Case::Differs)),
            "i" => Ok(Kind::Text(text, Case::Ignored)),
            other => {
                let what = format!("{other:?} behind a string: its one flag is i");
                Err(self.draft.syntax(offset + length, what))
            }
        }
    }

    /// A pattern, up to the first `/` without a backslash, be it in a class or not.
    ///
    /// A pattern goes over several lines only where the flag `x` makes that readable: otherwise a
    /// missing slash would swallow the rules up to the next one.
    fn pattern(&mut self) -> Result<Kind<'s>, GrammarError> {
        let offset = self.at;
        let inner = &self.rest()[1..];
        let mut is_escaped = false;
        let end = inner.find(|char| {
            let ends = char == '/' && !is_escaped;
            is_escaped = char == '\\' && !is_escaped;
            ends
        });
        let unclosed = || self.draft.syntax(offset, "this regular expression is not closed by a /");
        let source = &inner[..end.ok_or_else(unclosed)?];
        let flags = &inner[source.len() + 1..];
        let flags = &flags[..name_length(flags)];
        if source.contains('\n') && !flags.contains('x') {
            return Err(unclosed());
        }
        self.at += source.len() + 2 + flags.len();
        Ok(Kind::Pattern { source, flags })
    }

    /// A token of the vocabulary: by name, in which no blank stands, or a list of ids.
    fn special(&mut self) -> Result<Kind<'s>, GrammarError> {
        let rest = self.rest();
        let length = if rest.starts_with("<[") {
            rest.find(['\n', '>']).filter(|&end| rest[..end].ends_with(']'))
        } else {
            rest[1..]
                .find(|char: char| char.is_whitespace() || "<>".contains(char))
                .map(|end| end + 1)
        };
        match length {
            Some(end) if end > 1 && rest[end..].starts_with('>') => {
                Ok(Kind::Special(self.take(end + 1)))
            }
            _ => Err(self.draft.syntax(
                self.at,
                "a special token is written as <name> without blanks, or as <[1,3-5]> by its id",
            )),
        }
    }

    /// A directive, with the JSON value behind it where it takes one. The value ends by itself; what
    /// follows it is the grammar's again.
    fn directive(&mut self) -> Result<Kind<'s>, GrammarError> {
        let offset = self.at;
        let length = 1 + name_length(&self.rest()[1..]);
        let name = self.take(length);
        if !WITH_JSON.contains(&name) {
            return Ok(Kind::Directive(name));
        }
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                let text = self.take(values.byte_offset());
                Ok(if name == "%json" { Kind::Schema(text) } else { Kind::Json(name, value) })
            }
            Some(Err(error)) => Err(self.not_json(name, &error)),
            None => Err(self.draft.syntax(offset, format!("a JSON value has to follow {name}"))),
        }
    }

    /// Names are made of letters, digits, `_` and `-`, the first letter after any `_`.
    fn name(&mut self) -> Result<Kind<'s>, GrammarError> {
        let offset = self.at;
        let name = self.take(name_length(self.rest()));
        match name.trim_start_matches('_').chars().next() {
            _ if name == "_" => Ok(Kind::Sign("_")),
            Some(first) if first.is_ascii_alphabetic() => Ok(Kind::Name(name)),
            _ => {
                let what = format!("name {name:?} has to begin with a letter, after any _");
                Err(self.draft.syntax(offset, what))
            }
        }
    }

    /// As much as may belong to a number; who uses it says which numbers are right.
    fn number(&mut self) -> Kind<'s> {
        let rest = self.rest();
        let is_hexadecimal = rest.starts_with("0x");
        let mut end = 1;
        while let Some(char) = rest[end..].chars().next() {
            let is_before_digit =
                rest[end + char.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
            let is_part = match char {
                '.' => is_before_digit,
                '-' | '+' => {
                    is_before_digit && !is_hexadecimal && rest[..end].ends_with(['e', 'E'])
                }
                _ => char.is_ascii_alphanumeric() || char == '_',
            };
            if !is_part {
                break;
            }
            end += char.len_utf8();
        }
        Kind::Number(self.take(end))
    }

    /// Punctuation, the longest that fits; all else is no word.
    fn sign(&mut self) -> Result<Kind<'s>, GrammarError> {
        let rest = self.rest();
        match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            Some(sign) => {
                self.at += sign.len();
                Ok(Kind::Sign(sign))
            }
            None => {
                let char = rest.chars().next().unwrap_or_default();
                let what = match char {
                    '\'' => "texts are written in double quotes, not in '".to_owned(),
                    _ => format!("{char:?} means nothing here"),
                };
                Err(self.draft.syntax(self.at, what))
            }
        }
    }

    /// The error of a JSON value, at its place in the source and not in the value.
    fn not_json(&self, name: &str, error: &serde_json::Error) -> GrammarError {
        let before: usize =
            self.rest().split_inclusive('\n').take(error.line().max(1) - 1).map(str::len).sum();
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(&*message, |(what, _)| what);
        let offset = self.at + before + error.column().saturating_sub(1);
        self.draft.syntax(offset, format!("the JSON value behind {name} is broken: {message}"))
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    /// Passes over so many bytes, and gives them.
    fn take(&mut self, length: usize) -> &'s str {
        let taken = &self.rest()[..length];
        self.at += length;
        taken
    }
}

/// The bytes of the letters, digits, `_` and `-` that a text begins with. A `-` belongs to a name,
/// but not that of an arrow.
fn name_length(rest: &str) -> usize {
    let ends = |(at, char): (usize, char)| match char {
        '-' => rest[at..].starts_with("->").then_some(at),
        '_' => None,
        _ => (!char.is_ascii_alphanumeric()).then_some(at),
    };
    rest.char_indices().find_map(ends).unwrap_or(rest.len())
}
