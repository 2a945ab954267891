//! Pattern text to [`Node`]s, by recursive descent.

use hashbrown::HashMap;

use super::class::{self, Set};
use super::node::{Assertion, Node};
use super::syntax::{Flags, Folding, Lookahead, Syntax};
use super::{PatternError, PatternErrorKind, PatternLimits};
use crate::regex::expr::{Count, ExprId, Exprs};

/// A pattern while it is read.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    pattern: &'a str,
    /// The byte of the pattern that is next.
    at: usize,
    syntax: &'a Syntax,
    flags: Flags,
    limits: &'a PatternLimits,
    depth: usize,
    lookaheads: usize,
    exprs: &'a mut Exprs,
    /// The sets read before: those of Unicode are large.
    sets: HashMap<(&'a str, Flags), ExprId>,
}

/// What a group's opening says.
enum Group {
    /// Its content counts.
    Plain,
    Ahead,
    NotAhead,
    /// It only set flags, and has ended.
    Flags,
}

impl<'a> Parser<'a> {
    pub(super) fn new(
        pattern: &'a str,
        syntax: &'a Syntax,
        limits: &'a PatternLimits,
        exprs: &'a mut Exprs,
    ) -> Self {
        let flags = syntax.flags;
        let sets = HashMap::new();
        Self { pattern, at: 0, syntax, flags, limits, depth: 0, lookaheads: 0, exprs, sets }
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

    fn alternation(&mut self) -> Result<Node, PatternError> {
        let mut parts = vec![self.concatenation()?];
        while self.eat("|") {
            parts.push(self.concatenation()?);
        }
        Ok(Node::or(parts, self.exprs))
    }

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
        self.eat("?");
        self.skip_space();
        if matches!(self.peek(), Some('*' | '+' | '?' | '{')) {
            let grouped = &self.pattern[start..self.at];
            let what = format!("a quantifier cannot follow another: write (?:{grouped}) first");
            return Err(self.wrong(self.at, what));
        }
        Ok(Some(part.repeat(count, offset, self.exprs)))
    }

    fn quantifier(&mut self) -> Result<Option<Count>, PatternError> {
        let count = match self.peek() {
            Some('*') => Count::ANY,
            Some('+') => Count { min: 1, max: None },
            Some('?') => Count::OPTIONAL,
            Some('{') => return self.counted().map(Some),
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(count))
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
                self.set(start, |flags, _| Ok(class::dot(flags)))?
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

    fn group(&mut self) -> Result<Option<Node>, PatternError> {
        let start = self.at;
        self.at += 1;
        let outer = self.flags;
        let group = self.group_opening(start)?;
        if let Group::Flags = group {
            return Ok(None);
        }
        self.depth += 1;
        if self.depth > self.limits.nesting {
            return Err(self.over_limit(start, "nesting depth", self.depth, self.limits.nesting));
        }
        let content = self.alternation()?;
        if !self.eat(")") {
            return Err(self.wrong(start, "this group is not closed: write ) behind it"));
        }
        self.depth -= 1;
        self.flags = outer;
        Ok(Some(match group {
            Group::Ahead => Node::Assert(Assertion::Ahead(Box::new(content)), start),
            Group::NotAhead => Node::Assert(Assertion::NotAhead(Box::new(content)), start),
            Group::Plain | Group::Flags => content,
        }))
    }

    /// What stands between `(` and the content.
    fn group_opening(&mut self, start: usize) -> Result<Group, PatternError> {
        if !self.eat("?") {
            return Ok(Group::Plain);
        }
        for (opening, name) in [("<=", "look-behind"), ("<!", "negative look-behind")] {
            if self.eat(opening) {
                let what = format!("{name} is not supported: write the text before it instead");
                return Err(self.unsupported(start, what));
            }
        }
        if self.eat("P=") {
            return Err(self.back_reference(start));
        }
        if self.eat("P<") || self.eat("<") {
            return self.group_name();
        }
        for (opening, group) in [("=", Group::Ahead), ("!", Group::NotAhead)] {
            if self.eat(opening) {
                return self.lookahead(start, group);
            }
        }
        if self.eat(">") || self.eat("|") || self.eat("#") || self.eat("(") || self.eat("&") {
            let what = "this kind of group is not supported: write (?:…)";
            return Err(self.unsupported(start, what));
        }
        self.group_flags(start)
    }

    fn group_name(&mut self) -> Result<Group, PatternError> {
        let rest = &self.pattern[self.at..];
        let name = rest.split('>').next().unwrap_or_default();
        let is_start = |char: char| char == '_' || char.is_alphabetic();
        let is_inner = |char: char| is_start(char) || char.is_numeric() || ".[]".contains(char);
        if name.len() == rest.len() || !name.starts_with(is_start) || !name.chars().all(is_inner) {
            let what = "a group is named by a letter and letters, digits or _: write (?<name>…)";
            return Err(self.wrong(self.at, what));
        }
        self.at += name.len() + 1;
        Ok(Group::Plain)
    }

    fn lookahead(&mut self, start: usize, group: Group) -> Result<Group, PatternError> {
        if self.syntax.lookahead == Lookahead::Refused {
            let what = "look-ahead is not supported here: write out what may follow";
            return Err(self.unsupported(start, what));
        }
        self.lookaheads += 1;
        if self.lookaheads > self.limits.nesting {
            return Err(self.over_limit(
                start,
                "look-aheads",
                self.lookaheads,
                self.limits.nesting,
            ));
        }
        Ok(group)
    }

    /// `(?flags)` or `(?flags:`, either with flags to clear behind a `-`.
    fn group_flags(&mut self, start: usize) -> Result<Group, PatternError> {
        let mut value = true;
        let mut last = '?';
        loop {
            let (offset, Some(letter)) = (self.at, self.peek()) else {
                return Err(self.wrong(start, "this group is not closed: write ) behind it"));
            };
            self.at += letter.len_utf8();
            match letter {
                ':' if last != '-' => return Ok(Group::Plain),
                ')' if last != '-' && last != '?' => return Ok(Group::Flags),
                '-' if value => value = false,
                _ => {
                    let is_known = self.syntax.inline_flags.contains(letter);
                    let flags = self.flags.switched(letter, value).filter(|_| is_known);
                    let known = self.syntax.inline_flags;
                    let what = format!("{letter} is no flag: the flags are {known}");
                    self.flags = flags.ok_or_else(|| self.unsupported(offset, what))?;
                }
            }
            last = letter;
        }
    }

    fn class(&mut self) -> Result<Node, PatternError> {
        let start = self.at;
        let Some(length) = class::length(&self.pattern[start..], self.syntax.classes) else {
            return Err(self.wrong(start, "this class is not closed: write ] behind it"));
        };
        self.at += length;
        let syntax = self.syntax;
        self.set(start, |flags, text| class::class(text, flags, syntax))
    }

    fn escape(&mut self) -> Result<Node, PatternError> {
        let start = self.at;
        let rest = &self.pattern[start + 1..];
        let Some(letter) = rest.chars().next() else {
            return Err(
                self.wrong(start, "nothing is behind this \\: write \\\\ for the character")
            );
        };
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
        let syntax = self.syntax;
        self.set(start, |flags, text| class::escape(text, flags, syntax))
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
        let syntax = self.syntax;
        self.set(start, |flags, _| Ok(class::folded(char, flags, syntax)))
    }

    /// The set that `read` makes of the text from `start`, or that it made of the same text before.
    fn set(
        &mut self,
        start: usize,
        read: impl FnOnce(Flags, &str) -> Result<Set, PatternError>,
    ) -> Result<Node, PatternError> {
        let text = &self.pattern[start..self.at];
        if let Some(&expr) = self.sets.get(&(text, self.flags)) {
            return Ok(Node::Plain(expr));
        }
        let set = read(self.flags, text)
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

    fn peek(&self) -> Option<char> {
        self.pattern[self.at..].chars().next()
    }

    fn eat(&mut self, text: &str) -> bool {
        let is_next = self.pattern[self.at..].starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    fn wrong(&self, offset: usize, what: impl Into<String>) -> PatternError {
        PatternError { offset, kind: PatternErrorKind::Syntax(what.into()) }
    }

    fn unsupported(&self, offset: usize, what: impl Into<String>) -> PatternError {
        PatternError { offset, kind: PatternErrorKind::Unsupported(what.into()) }
    }

    fn back_reference(&self, offset: usize) -> PatternError {
        self.unsupported(offset, "a back-reference is not supported: write the group again")
    }

    fn not_a_count(&self, offset: usize) -> PatternError {
        let what = "a repetition is {m}, {m,} or {m,n}: write \\{ for the character";
        self.wrong(offset, what)
    }

    fn over_limit(
        &self,
        offset: usize,
        what: &'static str,
        value: usize,
        limit: usize,
    ) -> PatternError {
        PatternError { offset, kind: PatternErrorKind::Limit { what, value, limit } }
    }
}
