//! What a definition says: alternatives, sequences, repetitions and what they are made of.
//!
//! ```text
//! choice      = alternative { "|" alternative }
//! alternative = sequence { "&" sequence } ["%if" condition] ["->" name]
//! sequence    = { part [repetition] }
//! part        = "~" part | "(" choice ")" | "[" choice "]" | value
//! repetition  = "?" | "*" | "+" | "~" n [".." m] | "{" [n] ["," [m]] "}"
//! value       = name ["::" parameter] | text [".." text] | pattern | token
//!             | "%json" value | "%regex" value | "%lark" "{" source "}"
//! ```
//!
//! So `~` binds closest, then repetition, then a row of parts, then `&`, then `|`.

use super::lexer::{Case, Kind as Word};
use super::parser::{Parser, shown};
use super::special;
use super::substring;
use super::syntax::{Kind, Node, is_terminal};
use crate::grammar::{Condition, GrammarError};
use crate::regex::Count;

impl Parser<'_, '_> {
    /// Alternatives with `|` between them, which may stand at the beginning of a line.
    pub(super) fn choice(&mut self) -> Result<Node, GrammarError> {
        let offset = self.offset();
        let mut parts = vec![self.alternative()?];
        loop {
            let is_continued =
                *self.peek() == Word::Newline && *self.peek_second() == Word::Sign("|");
            if is_continued {
                self.take_newline();
            }
            if !self.take_sign("|") {
                return Ok(Node { offset, kind: Kind::Choice(parts) });
            }
            parts.push(self.alternative()?);
        }
    }

    /// Sequences with `&` between them; behind them perhaps a condition and an alias.
    fn alternative(&mut self) -> Result<Node, GrammarError> {
        let offset = self.offset();
        let mut node = self.sequence()?;
        if *self.peek() == Word::Sign("&") {
            let mut parts = vec![node];
            while self.take_sign("&") {
                parts.push(self.sequence()?);
            }
            if let Some(empty) = parts.iter().find(|part| part.is_empty()) {
                let what = "& stands between two terminals: one is missing";
                return Err(self.draft.syntax(empty.offset, what));
            }
            node = Node { offset, kind: Kind::Both(parts) };
        }
        if *self.peek() == Word::Directive("%if") {
            self.directive_name();
            let condition = self.condition()?;
            if condition != Condition::Always {
                node = Node { offset, kind: Kind::When(condition, Box::new(node)) };
            }
        }
        if self.take_sign("->") {
            self.name("a name for the alternative behind ->")?;
        }
        Ok(node)
    }

    /// Parts up to a word that no part begins with; there may be none.
    fn sequence(&mut self) -> Result<Node, GrammarError> {
        let offset = self.offset();
        let mut parts = Vec::new();
        loop {
            let ends = matches!(
                self.peek(),
                Word::Newline
                    | Word::End
                    | Word::Directive("%if")
                    | Word::Sign("|" | "&" | "->" | ")" | "]" | "}")
            );
            if ends {
                return Ok(Node { offset, kind: Kind::Sequence(parts) });
            }
            let part = self.complement()?;
            parts.push(self.repeated(part)?);
        }
    }

    /// A part, or what it is not.
    fn complement(&mut self) -> Result<Node, GrammarError> {
        let offset = self.offset();
        if self.take_sign("~") {
            let part = self.deeper(Self::complement)?;
            return Ok(Node { offset, kind: Kind::Not(Box::new(part)) });
        }
        if self.take_sign("(") {
            let node = self.group(|parser| {
                let node = parser.choice()?;
                match parser.take_sign(")") {
                    true => Ok(node),
                    false => Err(parser.expected("a ) behind the group")),
                }
            })?;
            return Ok(node);
        }
        if self.take_sign("[") {
            let node = self.group(|parser| {
                let node = parser.choice()?;
                match parser.take_sign("]") {
                    true => Ok(node),
                    false => Err(parser.expected("a ] behind the optional group")),
                }
            })?;
            return Ok(Node { offset, kind: Kind::Repeat(Box::new(node), Count::OPTIONAL) });
        }
        self.value()
    }

    /// The part with the repetition behind it; one at most.
    fn repeated(&mut self, part: Node) -> Result<Node, GrammarError> {
        let offset = part.offset;
        let Some(count) = self.count()? else { return Ok(part) };
        if matches!(self.peek(), Word::Sign("*" | "+" | "?" | "{")) {
            let what = "a repetition of a repetition: put the inner one in ( )";
            let offset = self.offset();
            return Err(self.draft.syntax(offset, what));
        }
        Ok(Node { offset, kind: Kind::Repeat(Box::new(part), count) })
    }

    /// The repetition that stands here, if one does. A `~` without a number behind it is a complement
    /// and begins the next part.
    fn count(&mut self) -> Result<Option<Count>, GrammarError> {
        let is_number_second = matches!(self.peek_second(), Word::Number(_));
        let count = match self.peek() {
            Word::Sign("?") => Count::OPTIONAL,
            Word::Sign("*") => Count::ANY,
            Word::Sign("+") => Count { min: 1, max: None },
            Word::Sign("~") if is_number_second => return self.count_behind_tilde().map(Some),
            Word::Sign("{") => return self.count_in_braces().map(Some),
            _ => return Ok(None),
        };
        self.take();
        Ok(Some(count))
    }

    /// `~n` or `~n..m`.
    fn count_behind_tilde(&mut self) -> Result<Count, GrammarError> {
        self.take_sign("~");
        let offset = self.offset();
        let min = self.times()?;
        let max = if self.take_sign("..") { self.times()? } else { min };
        self.checked(offset, Count { min, max: Some(max) })
    }

    /// `{n}`, `{n,}`, `{,m}` or `{n,m}`.
    fn count_in_braces(&mut self) -> Result<Count, GrammarError> {
        self.take_sign("{");
        let offset = self.offset();
        if !matches!(self.peek(), Word::Number(_) | Word::Sign(",")) {
            return Err(self.draft.unsupported(
                offset,
                "templates are not supported: write the rule out for each use",
            ));
        }
        let min = if *self.peek() == Word::Sign(",") { 0 } else { self.times()? };
        let max = match self.take_sign(",") {
            true if *self.peek() == Word::Sign("}") => None,
            true => Some(self.times()?),
            false => Some(min),
        };
        if !self.take_sign("}") {
            return Err(self.expected("a } behind the repetition"));
        }
        self.checked(offset, Count { min, max })
    }

    /// Refuses a count that no number of times meets.
    fn checked(&self, offset: usize, count: Count) -> Result<Count, GrammarError> {
        match count.max {
            Some(max) if max < count.min => {
                let what = format!(
                    "repetition {0} to {max}: the first must not be over the second",
                    count.min
                );
                Err(self.draft.syntax(offset, what))
            }
            _ => Ok(count),
        }
    }

    /// A number of times.
    fn times(&mut self) -> Result<u32, GrammarError> {
        let offset = self.offset();
        let Some(number) = self.number() else { return Err(self.expected("how often")) };
        number.parse().map_err(|_| {
            let what =
                format!("{} is no number of times: those go from 0 to {}", shown(number), u32::MAX);
            self.draft.syntax(offset, what)
        })
    }

    /// What a part is made of.
    pub(super) fn value(&mut self) -> Result<Node, GrammarError> {
        let offset = self.offset();
        let kind = match self.peek() {
            Word::Name(_) => self.reference()?,
            Word::Text(..) => self.text_or_range()?,
            Word::Directive("%lark") => self.nested()?,
            Word::Pattern { .. }
            | Word::Special(_)
            | Word::Reference(_)
            | Word::Schema(_)
            | Word::Json("%regex", _) => self.single()?,
            _ => return Err(self.expected("a string, a regular expression, a name or a group")),
        };
        Ok(Node { offset, kind })
    }

    /// A value of one word.
    fn single(&mut self) -> Result<Kind, GrammarError> {
        let offset = self.offset();
        match self.take() {
            Word::Pattern { source, flags } => {
                Ok(Kind::Pattern { source: source.to_owned(), flags: flags.to_owned() })
            }
            Word::Special(word) => special::parse(word)
                .map(Kind::Token)
                .map_err(|what| self.draft.syntax(offset, what)),
            Word::Schema(text) => Ok(Kind::Schema(text.to_owned())),
            Word::Json(_, value) => substring::chunks(&value)
                .map(Kind::Substring)
                .map_err(|what| self.draft.syntax(offset, what)),
            Word::Reference("@") => Err(self.draft.syntax(offset, "a name is missing behind @")),
            _ => {
                let what = "named grammars are not supported: write the grammar here, as %lark {…}";
                Err(self.draft.unsupported(offset, what))
            }
        }
    }

    /// A name, and how its parameter is computed where it has one.
    fn reference(&mut self) -> Result<Kind, GrammarError> {
        let name = self.name("a name")?;
        let parameter = if self.take_sign("::") { Some(self.parameter()?) } else { None };
        if parameter.is_some() && is_terminal(&name.text) {
            let what = format!("terminals have no parameters, and {:?} is one", name.text);
            return Err(self.draft.syntax(name.offset, what));
        }
        Ok(Kind::Name(name.text, parameter))
    }

    /// `"…"`, or `"a".."z"`, of which each end is one character.
    fn text_or_range(&mut self) -> Result<Kind, GrammarError> {
        let offset = self.offset();
        let Word::Text(text, case) = self.take() else { return Err(self.expected("a string")) };
        if !self.take_sign("..") {
            return Ok(Kind::Text(text, case));
        }
        let end = self.offset();
        let Word::Text(last, last_case) = self.take() else {
            return Err(self.draft.syntax(end, "a range ends with a string of one character"));
        };
        if case == Case::Ignored || last_case == Case::Ignored {
            return Err(self
                .draft
                .syntax(offset, "a range has no flags: write a regular expression"));
        }
        let only = |text: &str, offset| {
            let mut chars = text.chars();
            let char = chars.next().filter(|_| chars.next().is_none());
            char.ok_or_else(|| {
                self.draft.syntax(offset, "each end of a range is a string of one character")
            })
        };
        let (low, high) = (only(&text, offset)?, only(&last, end)?);
        if low > high {
            let what = format!("range {low:?} to {high:?}: the first must not be over the second");
            return Err(self.draft.syntax(offset, what));
        }
        Ok(Kind::Range(low, high))
    }

    /// `%lark {…}`.
    fn nested(&mut self) -> Result<Kind, GrammarError> {
        self.take();
        if !self.take_sign("{") {
            return Err(self.expected("a { behind %lark"));
        }
        let source = self.deeper(Self::source)?;
        match self.take_sign("}") {
            true => Ok(Kind::Grammar(Box::new(source))),
            false => Err(self.expected("a } behind the inner grammar")),
        }
    }
}

impl Node {
    /// Whether nothing was written: the empty text, but not as `""`.
    fn is_empty(&self) -> bool {
        matches!(&self.kind, Kind::Sequence(parts) if parts.is_empty())
    }
}
