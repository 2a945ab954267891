//! Pattern text to [`Node`]s, by recursive descent.
//!
//! | production | is |
//! |---|---|
//! | alternation | concatenation, `\|` between them |
//! | concatenation | repetitions, one after the other; none is the empty text |
//! | repetition | part, then at most one of `*`, `+`, `?`, `{m}`, `{m,}`, `{m,n}`, then at most a `?` |
//! | part | character, `.`, class, escape, anchor, group, look-ahead, flags |
//!
//! Recursion is as deep as groups are nested, which is limited. Sets of characters are read by
//! [`class`], groups by [`group`](super::group).
//!
//! Nothing is decided here about what stands around a part: assertions become nodes, and everything
//! else an expression at once, so that a pattern without assertions is never a tree.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use super::class::{self, Mode, Set};
use super::node::{Assertion, Node};
use super::syntax::{Flags, Folding, Standard, Syntax};
use super::{PatternError, PatternErrorKind, PatternLimits};
use crate::regex::expr::{Count, ExprId, Exprs};

/// A pattern while it is read.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    /// The whole text, as offsets in errors are counted from its begin.
    pub(super) pattern: &'a str,
    /// The byte of the pattern that is next.
    pub(super) at: usize,
    /// What the dialect has.
    pub(super) syntax: &'a Syntax,
    /// Those that hold where the parser is; groups set and restore them.
    pub(super) flags: Flags,
    /// What is checked while reading, and not behind it.
    pub(super) limits: &'a PatternLimits,
    /// How many groups are open.
    pub(super) depth: usize,
    /// How many look-aheads were read: each makes the expressions deeper.
    pub(super) lookaheads: usize,
    /// The names of the groups read so far.
    pub(super) names: BTreeSet<&'a str>,
    exprs: &'a mut Exprs,
    /// The sets read before: those of Unicode are large.
    sets: HashMap<(&'a str, Flags), ExprId>,
}

impl<'a> Parser<'a> {
    /// A parser at the begin of a pattern, with the dialect's flags.
    pub(super) fn new(
        pattern: &'a str,
        syntax: &'a Syntax,
        limits: &'a PatternLimits,
        exprs: &'a mut Exprs,
    ) -> Self {
        Self {
            pattern,
            at: 0,
            syntax,
            flags: syntax.flags,
            limits,
            depth: 0,
            lookaheads: 0,
            names: BTreeSet::new(),
            exprs,
            sets: HashMap::new(),
        }
    }

    /// Reads the whole pattern.
    pub(super) fn parse(mut self) -> Result<Node, PatternError> {
        let whole = self.alternation()?;
        match self.peek() {
            Some(_) => {
                Err(self.wrong(self.at, "this ) closes no group: write \\) for the character"))
            }
            None => Ok(whole),
        }
    }

    /// Alternatives up to a `)` or the end.
    pub(super) fn alternation(&mut self) -> Result<Node, PatternError> {
        let mut parts = vec![self.concatenation()?];
        while self.eat("|") {
            parts.push(self.concatenation()?);
        }
        Ok(Node::or(parts, self.exprs))
    }

    /// Parts up to a `|`, a `)` or the end. Flags that are set hold for what follows them.
    fn concatenation(&mut self) -> Result<Node, PatternError> {
        let mut parts = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None | Some('|' | ')') => break,
                Some(_) => parts.extend(self.repetition()?),
            }
            let (value, limit) = (self.exprs.len(), self.limits.exprs);
            if value > limit {
                return Err(self.over_limit(self.at, "parts", value, limit));
            }
        }
        Ok(Node::concat(parts, self.exprs))
    }

    /// A part and its quantifier; `None` where only flags are set.
    ///
    /// A look-behind that is repeated asks the same at the same place again; the mistake is pointed
    /// out. Two quantifiers in a row mean different things in different dialects, so the group is
    /// asked for.
    fn repetition(&mut self) -> Result<Option<Node>, PatternError> {
        let start = self.at;
        let Some(part) = self.part()? else {
            return Ok(None);
        };
        self.skip_space();
        let offset = self.at;
        let Some(count) = self.quantifier()? else {
            return Ok(Some(part));
        };
        if let Node::Assert(Assertion::Behind(_) | Assertion::NotBehind(_), _) = part {
            return Err(self.wrong(offset, "a look-behind cannot be repeated: write it once"));
        }
        self.eat("?");
        self.skip_space();
        if self.quantifier_follows() {
            let grouped = &self.pattern[start..self.at];
            let what = format!("a quantifier cannot follow another: write (?:{grouped}) first");
            return Err(self.wrong(self.at, what));
        }
        Ok(Some(part.repeat(count, offset, self.exprs)))
    }

    /// The quantifier that is next, if one is; whether it is lazy makes no difference to what is
    /// matched from end to end.
    fn quantifier(&mut self) -> Result<Option<Count>, PatternError> {
        let count = match self.peek() {
            Some('*') => Count::ANY,
            Some('+') => Count { min: 1, max: None },
            Some('?') => Count::OPTIONAL,
            // What is no count is a text (ECMA-262, Annex B.1.2).
            Some('{') if self.is_ecma() && self.count_length().is_none() => return Ok(None),
            Some('{') => return self.counted().map(Some),
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(count))
    }

    /// Whether what is next would repeat something.
    fn quantifier_follows(&self) -> bool {
        match self.peek() {
            Some('{') => !self.is_ecma() || self.count_length().is_some(),
            next => matches!(next, Some('*' | '+' | '?')),
        }
    }

    /// The length of the count in braces that is next, where it is one.
    fn count_length(&self) -> Option<usize> {
        let (count, _) = self.pattern[self.at..].strip_prefix('{')?.split_once('}')?;
        let (min, max) = count.split_once(',').unwrap_or((count, ""));
        let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        (!min.is_empty() && is_number(min) && is_number(max)).then_some(count.len() + 2)
    }

    /// `{m}`, `{m,}` or `{m,n}`.
    fn counted(&mut self) -> Result<Count, PatternError> {
        let start = self.at;
        self.at += 1;
        let min = self.number()?;
        let max = match self.eat(",") {
            false => Some(min),
            true if self.peek() == Some('}') => None,
            true => Some(self.number()?),
        };
        if !self.eat("}") {
            return Err(self.not_a_count(self.at));
        }
        match max {
            Some(max) if max < min => {
                let what = format!("a repetition of {min} to {max}: write the lower number first");
                Err(self.wrong(start, what))
            }
            _ => Ok(Count { min, max }),
        }
    }

    /// A bound of a repetition.
    ///
    /// Numbers beyond 32 bits are refused by name and not cut.
    fn number(&mut self) -> Result<u32, PatternError> {
        let rest = &self.pattern[self.at..];
        let digits = &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()];
        if digits.is_empty() {
            return Err(self.not_a_count(self.at));
        }
        let start = self.at;
        self.at += digits.len();
        digits.parse().map_err(|_| {
            let what = format!("a repetition cannot count to {digits}: {} is the most", u32::MAX);
            self.wrong(start, what)
        })
    }

    /// What a quantifier may follow, or flags.
    ///
    /// Anchors are assertions of lines or of the text, by the flag that holds where they stand.
    fn part(&mut self) -> Result<Option<Node>, PatternError> {
        let start = self.at;
        let Some(char) = self.peek() else {
            return Ok(Some(Node::Text(Vec::new())));
        };
        Ok(Some(match char {
            '(' => return self.group(),
            '[' => self.class()?,
            '\\' => self.escape()?,
            '.' => {
                self.at += 1;
                self.set(start, |_, mode| Ok(class::dot(mode)))?
            }
            '^' => {
                self.at += 1;
                let is_line = self.flags.has_lines;
                let anchor = if is_line { Assertion::LineStart } else { Assertion::TextStart };
                Node::Assert(anchor, start)
            }
            '$' => {
                self.at += 1;
                let is_line = self.flags.has_lines;
                let anchor = if is_line { Assertion::LineEnd } else { Assertion::TextEnd };
                Node::Assert(anchor, start)
            }
            '{' if self.is_ecma() && self.count_length().is_none() => {
                self.at += 1;
                self.character(char, start)?
            }
            '*' | '+' | '?' | '{' => {
                let what =
                    format!("{char} has nothing to repeat: write \\{char} for the character");
                return Err(self.wrong(start, what));
            }
            _ => {
                self.at += char.len_utf8();
                self.character(char, start)?
            }
        }))
    }

    /// `[…]`.
    fn class(&mut self) -> Result<Node, PatternError> {
        let start = self.at;
        let Some(length) = class::length(&self.pattern[start..], self.syntax.classes) else {
            return Err(self.wrong(start, "this class is not closed: write ] behind it"));
        };
        self.at += length;
        self.set(start, class::class)
    }

    /// What begins with a `\`: an anchor, a set, or what is refused by its name.
    ///
    /// Back-references are refused in every dialect: texts in which a part comes again are no
    /// regular language.
    fn escape(&mut self) -> Result<Node, PatternError> {
        let start = self.at;
        let rest = &self.pattern[start + 1..];
        let Some(letter) = rest.chars().next() else {
            return Err(
                self.wrong(start, "nothing is behind this \\: write \\\\ for the character")
            );
        };
        if self.is_ecma() {
            return self.ecma_escape(letter, start);
        }
        let anchor = match letter {
            'A' => Some(Assertion::TextStart),
            'z' => Some(Assertion::TextEnd),
            _ => None,
        };
        if let Some(anchor) = anchor {
            self.at += 2;
            return Ok(Node::Assert(anchor, start));
        }
        match letter {
            'b' | 'B' => {
                let what = format!(
                    "the word boundary \\{letter} is not supported: write the characters \
                     that may stand there"
                );
                return Err(self.unsupported(start, what));
            }
            'k' | '1'..='9' => return Err(self.back_reference(start)),
            'Z' => return Err(self.unsupported(start, "\\Z is not supported: write \\z")),
            _ => {}
        }
        let length = class::escape_length(&self.pattern[start..]);
        self.at += length;
        self.set(start, class::escape)
    }

    /// An escape of ECMA-262: a boundary, a set, or what is refused by its name.
    fn ecma_escape(&mut self, letter: char, start: usize) -> Result<Node, PatternError> {
        let assertion = match letter {
            'b' => Assertion::Boundary,
            'B' => Assertion::NotBoundary,
            'k' | '1'..='9' => return Err(self.back_reference(start)),
            _ => {
                self.at += class::escape_length(&self.pattern[start..]);
                return self.set(start, class::escape);
            }
        };
        self.at += 2;
        self.count_lookaround(start)?;
        Ok(Node::Assert(assertion, start))
    }

    /// One character, in either case where the flag says so.
    fn character(&mut self, char: char, start: usize) -> Result<Node, PatternError> {
        let is_cased = match self.syntax.folding {
            Folding::Unicode => char.is_alphabetic() || !char.is_ascii(),
            Folding::Ascii => char.is_ascii_alphabetic(),
        };
        if !self.flags.ignores_case || !is_cased {
            return Ok(Node::Text(char.to_string().into_bytes()));
        }
        self.set(start, |_, mode| Ok(class::folded(char, mode)))
    }

    /// The set that `read` makes of the text from `start`, or that it made of the same text before.
    ///
    /// Errors of sets have places within the set, which are moved to the pattern's here.
    fn set(
        &mut self,
        start: usize,
        read: impl FnOnce(&str, Mode<'_>) -> Result<Set, PatternError>,
    ) -> Result<Node, PatternError> {
        let text = &self.pattern[start..self.at];
        if let Some(&expr) = self.sets.get(&(text, self.flags)) {
            return Ok(Node::Plain(expr));
        }
        let set = read(text, Mode { flags: self.flags, syntax: self.syntax })
            .map_err(|error| PatternError { offset: start + error.offset, ..error })?;
        if let Some(text) = set.single() {
            return Ok(Node::Text(text));
        }
        let expr = set.expr(self.exprs);
        self.sets.insert((text, self.flags), expr);
        Ok(Node::Plain(expr))
    }

    /// Skips white space and comments, where the flag says so.
    fn skip_space(&mut self) {
        while self.flags.is_verbose {
            match self.peek() {
                Some('#') => {
                    let rest = &self.pattern[self.at..];
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                Some(char) if char.is_whitespace() => self.at += char.len_utf8(),
                _ => return,
            }
        }
    }

    /// Whether the pattern is ECMA-262's, to the letter.
    pub(super) fn is_ecma(&self) -> bool {
        self.syntax.standard == Standard::Ecma262
    }

    /// The character that is next.
    pub(super) fn peek(&self) -> Option<char> {
        self.pattern[self.at..].chars().next()
    }

    /// Steps over `text` where it is next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let is_next = self.pattern[self.at..].starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    /// A fault of the notation, at a byte of the pattern.
    pub(super) fn wrong(&self, offset: usize, what: impl Into<String>) -> PatternError {
        PatternError { offset, kind: PatternErrorKind::Syntax(what.into()) }
    }

    /// What some engines have and a regular language, or this dialect, has not.
    pub(super) fn unsupported(&self, offset: usize, what: impl Into<String>) -> PatternError {
        PatternError { offset, kind: PatternErrorKind::Unsupported(what.into()) }
    }

    /// The refusal of a back-reference, which no rewriting but by hand can help.
    pub(super) fn back_reference(&self, offset: usize) -> PatternError {
        self.unsupported(offset, "a back-reference is not supported: write the group again")
    }

    /// The fault of braces that hold no count.
    fn not_a_count(&self, offset: usize) -> PatternError {
        let what = "a repetition is {m}, {m,} or {m,n}: write \\{ for the character";
        self.wrong(offset, what)
    }

    /// A limit that the pattern passes at a byte.
    pub(super) fn over_limit(
        &self,
        offset: usize,
        what: &'static str,
        value: usize,
        limit: usize,
    ) -> PatternError {
        PatternError { offset, kind: PatternErrorKind::Limit { what, value, limit } }
    }
}
