//! Groups: their openings, by which they are look-arounds, set flags, or are named.
//!
//! | group | is |
//! |---|---|
//! | `(…)`, `(?:…)`, `(?<name>…)`, `(?P<name>…)` | its content |
//! | `(?=…)`, `(?!…)`, `(?<=…)`, `(?<!…)` | an assertion |
//! | `(?flags)`, `(?flags:…)` | what follows, or its content, with flags |
//!
//! What a group captures is of no use: a text matches or does not. So names are checked and forgotten,
//! and back-references are refused, as no regular language has them. Of what ECMA-262 does not have, each
//! kind of group is refused by its name, as schemas are often written for other engines.

use super::PatternError;
use super::node::{Assertion, Node};
use super::parser::Parser;
use super::syntax::{Lookahead, Standard, Switch};

/// What a group's opening says.
enum Group {
    /// Its content counts.
    Plain,
    Ahead,
    NotAhead,
    Behind,
    NotBehind,
    /// It only set flags, and has ended.
    Flags,
}

impl Parser<'_> {
    /// A group or look-ahead up to its `)`, behind which the flags are as before it; `None` for
    /// flags alone, which hold on.
    pub(super) fn group(&mut self) -> Result<Option<Node>, PatternError> {
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
        let assertion = match group {
            Group::Ahead => Assertion::Ahead,
            Group::NotAhead => Assertion::NotAhead,
            Group::Behind => Assertion::Behind,
            Group::NotBehind => Assertion::NotBehind,
            Group::Plain | Group::Flags => return Ok(Some(content)),
        };
        Ok(Some(Node::Assert(assertion(Box::new(content)), start)))
    }

    /// What stands between `(` and the content.
    ///
    /// Longer openings are looked for first, as `(?<=` begins like the name of a group.
    fn group_opening(&mut self, start: usize) -> Result<Group, PatternError> {
        if !self.eat("?") {
            return Ok(Group::Plain);
        }
        let behind = [
            ("<=", Group::Behind, "look-behind"),
            ("<!", Group::NotBehind, "negative look-behind"),
        ];
        for (opening, group, name) in behind {
            if self.eat(opening) {
                if self.is_ecma() {
                    return self.count_lookaround(start).map(|()| group);
                }
                let what = format!("{name} is not supported: write the text before it instead");
                return Err(self.unsupported(start, what));
            }
        }
        if self.is_ecma() && self.peek() == Some('P') {
            let what = "(?P is no group of ECMA-262: write (?<name>…)";
            return Err(self.unsupported(start, what));
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
        if self.is_ecma() && self.eat(":") {
            return Ok(Group::Plain);
        }
        if self.is_ecma() && self.peek() == Some('>') {
            let what = "an atomic group is no part of ECMA-262: write (?:…)";
            return Err(self.unsupported(start, what));
        }
        if self.eat(">") || self.eat("|") || self.eat("#") || self.eat("(") || self.eat("&") {
            let what = "this kind of group is not supported: write (?:…)";
            return Err(self.unsupported(start, what));
        }
        self.group_flags(start)
    }

    /// The name of a group: it is checked, and then of no use.
    fn group_name(&mut self) -> Result<Group, PatternError> {
        let rest = &self.pattern[self.at..];
        let name = rest.split('>').next().unwrap_or_default();
        let is_start = |char: char| char == '_' || char.is_alphabetic();
        let is_inner = |char: char| is_start(char) || char.is_numeric() || ".[]".contains(char);
        if name.len() == rest.len() || !name.starts_with(is_start) || !name.chars().all(is_inner) {
            let what = "a group is named by a letter and letters, digits or _: write (?<name>…)";
            return Err(self.wrong(self.at, what));
        }
        // ECMA-262 lets alternatives share a name.
        if !self.names.insert(name) && self.syntax.standard != Standard::Ecma262 {
            let what = format!("a group is named {name:.40?} again: write another name");
            return Err(self.wrong(self.at, what));
        }
        self.at += name.len() + 1;
        Ok(Group::Plain)
    }

    /// Counts a look-ahead, or refuses it.
    fn lookahead(&mut self, start: usize, group: Group) -> Result<Group, PatternError> {
        if self.syntax.lookahead == Lookahead::Refused {
            let what = "look-ahead is not supported here: write out what may follow";
            return Err(self.unsupported(start, what));
        }
        self.count_lookaround(start).map(|()| group)
    }

    /// Counts what looks around itself: each makes the expressions deeper, and their steps recur.
    pub(super) fn count_lookaround(&mut self, start: usize) -> Result<(), PatternError> {
        self.lookaheads += 1;
        let (value, limit) = (self.lookaheads, self.limits.nesting);
        if value > limit {
            return Err(self.over_limit(start, "look-aheads", value, limit));
        }
        Ok(())
    }

    /// `(?flags)` or `(?flags:`, either with flags to clear behind a `-`.
    ///
    /// Flags may be cleared once: a second `-`, or one with nothing behind it, is refused as no
    /// flag.
    fn group_flags(&mut self, start: usize) -> Result<Group, PatternError> {
        if self.is_ecma() {
            let what = "flags are not supported in the middle of a pattern: write [aA] for a letter \
                        in either case";
            return Err(self.unsupported(start, what));
        }
        let mut to = Switch::On;
        let mut last = '?';
        loop {
            let (offset, Some(letter)) = (self.at, self.peek()) else {
                return Err(self.wrong(start, "this group is not closed: write ) behind it"));
            };
            self.at += letter.len_utf8();
            match letter {
                ':' if last != '-' => return Ok(Group::Plain),
                ')' if last != '-' && last != '?' => return Ok(Group::Flags),
                '-' if to == Switch::On => to = Switch::Off,
                _ => {
                    let is_known = self.syntax.inline_flags.contains(letter);
                    let flags = self.flags.switched(letter, to).filter(|_| is_known);
                    let known = self.syntax.inline_flags;
                    let what = format!("{letter} is no flag: the flags are {known}");
                    self.flags = flags.ok_or_else(|| self.unsupported(offset, what))?;
                }
            }
            last = letter;
        }
    }
}
