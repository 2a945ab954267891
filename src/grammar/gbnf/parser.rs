//! Rules, alternatives and what stands in them, by recursive descent.
//!
//! | production | is |
//! |---|---|
//! | grammar | rules, up to the end, each of which begins its line |
//! | rule | name, options in brackets, `::=`, alternatives, at most one look-ahead `(=…)` |
//! | alternatives | sequences, `\|` between them |
//! | sequence | items up to a `\|`, a `)`, a look-ahead or the next rule; none is the empty text |
//! | item | element, then at most one of `*`, `+`, `?`, `{m}`, `{m,}`, `{m,n}` |
//! | element | string, class, `.`, token, group, macro, rule |
//!
//! White space, newlines included, and comments may stand between any two of these: a rule ends
//! where the next begins, that is before a name that `::=` follows.

use std::collections::BTreeSet;

use super::options::Options;
use super::scan::{ClassKind, Definition, Scanner, defined_names};
use crate::grammar::draft::Draft;
use crate::grammar::rules::{Body, RuleId, TokenPattern};
use crate::grammar::{GrammarError, Limits};
use crate::regex::{Count, ExprId};
use crate::vocab::TokenId;

/// A source while it is read, rule by rule.
#[derive(Debug)]
pub(super) struct Parser<'s, 'd> {
    pub(super) scan: Scanner<'s>,
    pub(super) draft: &'d mut Draft<'s>,
    pub(super) limits: &'d Limits,
    /// The names of rules: what else is called so is no macro.
    names: BTreeSet<&'s str>,
    /// How many groups are open.
    pub(super) depth: usize,
    /// Whether a look-ahead is being read.
    pub(super) is_ahead: bool,
}

/// A rule as it was read.
#[derive(Debug)]
pub(super) struct RuleSource {
    pub(super) id: RuleId,
    pub(super) name: String,
    pub(super) offset: usize,
    pub(super) body: Body,
    pub(super) options: Options,
    pub(super) lookahead: Option<Lookahead>,
}

/// What must follow a rule's text.
#[derive(Debug)]
pub(super) struct Lookahead {
    pub(super) body: Body,
    pub(super) offset: usize,
}

impl<'s, 'd> Parser<'s, 'd> {
    pub(super) fn new(source: &'s str, draft: &'d mut Draft<'s>, limits: &'d Limits) -> Self {
        let names = defined_names(source).collect();
        Self { scan: Scanner::new(source), draft, limits, names, depth: 0, is_ahead: false }
    }

    /// Reads all rules.
    pub(super) fn rules(&mut self) -> Result<Vec<RuleSource>, GrammarError> {
        let mut rules = Vec::new();
        loop {
            self.scan.skip_space();
            let Some(next) = self.scan.peek() else {
                return Ok(rules);
            };
            let Some(definition) = self.scan.definition() else {
                let what = match next {
                    ')' => "this ) closes no group".to_owned(),
                    _ if rules.is_empty() => "a grammar is rules: write name ::= …".to_owned(),
                    _ => format!("{next:?} begins no rule: write name ::= …"),
                };
                return Err(self.wrong(self.scan.at, what));
            };
            if !self.scan.begins_line(definition.offset) {
                let what = format!(
                    "rule {:?} begins behind another: write it on a line of its own",
                    definition.name
                );
                return Err(self.wrong(definition.offset, what));
            }
            rules.push(self.rule(&definition)?);
        }
    }

    /// A rule from behind its `::=`.
    fn rule(&mut self, definition: &Definition<'_>) -> Result<RuleSource, GrammarError> {
        let &Definition { name, offset, options } = definition;
        let options = options.map_or(Ok(Options::default()), |at| {
            Options::read(self.scan.moved_to(at), self.draft)
        })?;
        let id = self.draft.rule(name, offset);
        let body = self.alternatives()?;
        let lookahead = self.lookahead()?;
        Ok(RuleSource { id, name: name.to_owned(), offset, body, options, lookahead })
    }

    /// `(=…)`, behind a rule's body.
    fn lookahead(&mut self) -> Result<Option<Lookahead>, GrammarError> {
        let offset = self.scan.at;
        if !self.scan.eat("(=") {
            return Ok(None);
        }
        self.is_ahead = true;
        let body = self.nested(offset)?;
        self.is_ahead = false;
        Ok(Some(Lookahead { body, offset }))
    }

    /// Alternatives up to what cannot be in them.
    fn alternatives(&mut self) -> Result<Body, GrammarError> {
        let mut parts = vec![self.sequence()?];
        while self.scan.eat("|") {
            parts.push(self.sequence()?);
        }
        Ok(if parts.len() == 1 { parts.swap_remove(0) } else { self.draft.choice(parts) })
    }

    /// Items one after the other, regular ones as one terminal.
    fn sequence(&mut self) -> Result<Body, GrammarError> {
        let mut parts = Vec::new();
        loop {
            self.scan.skip_space();
            let is_end = matches!(self.scan.peek(), None | Some('|' | ')'))
                || self.scan.rest().starts_with("(=")
                || self.scan.is_definition();
            if is_end {
                break;
            }
            parts.push(self.item()?);
            self.draft.check_parts(parts.len(), self.scan.at)?;
        }
        Ok(match parts.is_empty() {
            true => Body::terminal(ExprId::EMPTY),
            false => self.draft.sequence(parts),
        })
    }

    /// An element with its quantifier.
    fn item(&mut self) -> Result<Body, GrammarError> {
        let start = self.scan.at;
        let element = self.element()?;
        let end = self.scan.at;
        self.scan.skip_space();
        let Some(count) = self.quantifier()? else {
            return Ok(element);
        };
        self.scan.skip_space();
        if matches!(self.scan.peek(), Some('*' | '+' | '?' | '{')) {
            let element = self.scan.slice(start..end);
            let shown = if element.len() > 20 { "(…)" } else { element };
            let what =
                format!("a quantifier cannot follow another: put {shown} and the first in ( )");
            return Err(self.wrong(self.scan.at, what));
        }
        Ok(match count.max {
            Some(0) => Body::terminal(ExprId::EMPTY),
            _ => self.draft.repeat(element, count),
        })
    }

    /// The quantifier that is next, if one is.
    fn quantifier(&mut self) -> Result<Option<Count>, GrammarError> {
        let count = match self.scan.peek() {
            Some('*') => Count::ANY,
            Some('+') => Count { min: 1, max: None },
            Some('?') => Count::OPTIONAL,
            Some('{') => return self.counted().map(Some),
            _ => return Ok(None),
        };
        self.scan.at += 1;
        Ok(Some(count))
    }

    /// `{m}`, `{m,}`, `{m,n}`, or `{m,-1}` as XGrammar prints it.
    fn counted(&mut self) -> Result<Count, GrammarError> {
        let start = self.scan.at;
        self.scan.at += 1;
        self.scan.skip_space();
        if !self.scan.peek().is_some_and(|char| char.is_ascii_digit()) {
            return Err(self.not_a_count());
        }
        let min = self.scan.number(self.draft)?;
        self.scan.skip_space();
        let mut max = Some(min);
        if self.scan.eat(",") {
            self.scan.skip_space();
            let is_open = self.scan.eat("-1") || self.scan.peek() == Some('}');
            max = if is_open { None } else { Some(self.scan.number(self.draft)?) };
        }
        self.scan.skip_space();
        if !self.scan.eat("}") {
            return Err(self.not_a_count());
        }
        if let Some(max) = max.filter(|&max| max < min) {
            let what = format!("a repetition of {min} to {max}: write the lower number first");
            return Err(self.wrong(start, what));
        }
        Ok(Count { min, max })
    }

    /// What a quantifier may follow.
    fn element(&mut self) -> Result<Body, GrammarError> {
        match self.scan.peek() {
            Some('"') => {
                let text = self.scan.text(self.draft)?;
                self.draft.check_parts(text.value.len(), text.offset)?;
                Ok(Body::terminal(self.draft.exprs.literal(text.value.as_bytes())))
            }
            Some('[') => self.class(),
            Some('(') => {
                let offset = self.scan.at;
                self.scan.at += 1;
                self.nested(offset)
            }
            Some('<' | '!') => self.token(),
            Some('.') => {
                self.scan.at += 1;
                Ok(Body::terminal(self.draft.exprs.any_char()))
            }
            _ => self.named(),
        }
    }

    /// The alternatives of a group that was opened at `offset`, up to behind its `)`.
    fn nested(&mut self, offset: usize) -> Result<Body, GrammarError> {
        self.depth += 1;
        self.draft.check_depth(self.depth, offset)?;
        let body = self.alternatives()?;
        if self.scan.rest().starts_with("(=") {
            let what =
                "a look-ahead cannot stand here: write one, behind a rule's last alternative";
            return Err(self.wrong(self.scan.at, what));
        }
        if !self.scan.eat(")") {
            return Err(self.wrong(offset, "this group is not closed: write ) behind it"));
        }
        self.depth -= 1;
        Ok(body)
    }

    /// `[…]`, or `[^…]` for any other character.
    fn class(&mut self) -> Result<Body, GrammarError> {
        let (ranges, kind) = self.scan.class(self.draft)?;
        let exprs = &mut self.draft.exprs;
        Ok(Body::terminal(match kind {
            ClassKind::Plain => exprs.chars(ranges),
            ClassKind::Negated => exprs.chars_except(ranges),
        }))
    }

    /// `<[id]>` or `<name>`, or any token but that one behind `!`.
    fn token(&mut self) -> Result<Body, GrammarError> {
        let offset = self.scan.at;
        let is_negated = self.scan.eat("!");
        if !self.scan.eat("<") {
            return Err(self.wrong(offset, "! stands before a token: write !<[id]> or !<name>"));
        }
        let token = if self.scan.eat("[") {
            let id = TokenId(self.scan.number(self.draft)?);
            if !self.scan.eat("]>") {
                return Err(self.wrong(offset, "this token is not closed: write <[id]>"));
            }
            TokenPattern::Ids(vec![(id, id)])
        } else {
            let rest = self.scan.rest();
            let end = rest.find(['>', '\n']).filter(|&end| end > 0 && rest[end..].starts_with('>'));
            let Some(end) = end else {
                return Err(self.wrong(offset, "this token is not closed: write <name>"));
            };
            self.scan.at += end + 1;
            TokenPattern::Named(format!("<{}>", &rest[..end]))
        };
        let token = if is_negated { TokenPattern::Not(Box::new(token)) } else { token };
        Ok(self.draft.token(token, offset))
    }

    /// A macro or a rule; the macro only where no rule is called so.
    fn named(&mut self) -> Result<Body, GrammarError> {
        let offset = self.scan.at;
        let names = &self.names;
        let Some(name) = self.scan.reference(|name| names.contains(name)) else {
            let what = match self.scan.peek() {
                Some(char @ ('*' | '+' | '?' | '{')) => format!("{char} has nothing to repeat"),
                Some(char) => {
                    format!("{char:?} is not read here: write a string, class, group or rule")
                }
                None => "a rule ends too soon: write a string, class, group or rule".to_owned(),
            };
            return Err(self.wrong(offset, what));
        };
        if !self.names.contains(name)
            && let Some(body) = self.macro_call(name, offset)?
        {
            return Ok(body);
        }
        Ok(Body::call(self.draft.rule(name, offset)))
    }

    pub(super) fn wrong(&self, offset: usize, what: impl Into<String>) -> GrammarError {
        self.draft.syntax(offset, what)
    }

    fn not_a_count(&self) -> GrammarError {
        self.wrong(self.scan.at, "a repetition is {m}, {m,} or {m,n}")
    }
}
