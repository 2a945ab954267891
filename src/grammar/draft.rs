//! A grammar while its front end reads it: rules may be named before they are defined.

use std::collections::{BTreeMap, HashMap};

use super::places::Places;
use super::rules::{Attributes, Body, Rule, RuleId, TokenPattern};
use super::{Grammar, GrammarError, Limits, Place};
use crate::regex::{Count, ExprId, Exprs};

/// The rules read so far.
#[derive(Debug)]
pub(super) struct Draft<'s> {
    /// Combines terminals.
    pub(super) exprs: Exprs,
    places: Places<'s>,
    limits: Limits,
    /// The parts of expressions that were gone through so far.
    spent: usize,
    rules: Vec<Named>,
    /// The tokens that were named, with the byte of the first place of each.
    tokens: HashMap<TokenPattern, usize>,
    by_name: BTreeMap<String, RuleId>,
}

/// A name with what is known of it.
#[derive(Debug)]
struct Named {
    name: String,
    first_use: usize,
    definition: Option<(usize, Body, Attributes)>,
    /// Where it is defined in the source of another grammar, which it was taken over from.
    elsewhere: Option<Place>,
}

impl<'s> Draft<'s> {
    /// Starts a grammar of a source within the limits.
    pub(super) fn new(source: &'s str, limits: &Limits) -> Result<Self, GrammarError> {
        limits.check("source bytes", source.len(), limits.source_bytes, None)?;
        Ok(Self {
            exprs: Exprs::default(),
            places: Places::new(source),
            limits: limits.clone(),
            spent: 0,
            rules: Vec::new(),
            tokens: HashMap::new(),
            by_name: BTreeMap::new(),
        })
    }

    /// The rule called `name`, used or defined at byte `offset`.
    pub(super) fn rule(&mut self, name: &str, offset: usize) -> RuleId {
        if let Some(&id) = self.by_name.get(name) {
            return id;
        }
        let id = self.declare(name, offset);
        self.by_name.insert(name.to_owned(), id);
        id
    }

    /// A new rule, to be defined by its id: its name is for messages and may be taken.
    pub(super) fn declare(&mut self, name: &str, offset: usize) -> RuleId {
        let id = RuleId(u32::try_from(self.rules.len()).expect("sources are below 4 GiB"));
        self.rules.push(Named {
            name: name.to_owned(),
            first_use: offset,
            definition: None,
            elsewhere: None,
        });
        id
    }

    /// Defines a rule at byte `offset`.
    pub(super) fn define(
        &mut self,
        rule: RuleId,
        offset: usize,
        body: Body,
        attributes: Attributes,
    ) -> Result<(), GrammarError> {
        let named = &mut self.rules[rule.index()];
        if let Some((first, ..)) = named.definition {
            return Err(GrammarError::DuplicateRule {
                name: named.name.clone(),
                first_line: self.places.at(first).line,
                place: self.places.at(offset),
            });
        }
        named.definition = Some((offset, body, attributes));
        Ok(())
    }

    /// Defines a rule that the source does not name; messages call it by `parent`.
    pub(super) fn define_unnamed(
        &mut self,
        parent: &str,
        offset: usize,
        body: Body,
        attributes: Attributes,
    ) -> RuleId {
        let id = self.declare(parent, offset);
        self.rules[id.index()].definition = Some((offset, body, attributes));
        id
    }

    /// Defines a rule as it is in another grammar's source.
    pub(super) fn define_as(
        &mut self,
        rule: RuleId,
        body: Body,
        attributes: Attributes,
        elsewhere: Place,
    ) {
        let named = &mut self.rules[rule.index()];
        named.definition = Some((0, body, attributes));
        named.elsewhere = Some(elsewhere);
    }

    /// Tokens that the source names at byte `offset`.
    pub(super) fn token(&mut self, pattern: TokenPattern, offset: usize) -> Body {
        // Places are for messages, and each takes a look at its line.
        if self.tokens.len() < MOST_TOKENS {
            self.tokens.entry(pattern.clone()).or_insert(offset);
        }
        Body::Token(pattern)
    }

    /// Refuses a nesting depth over the limit.
    pub(super) fn check_depth(&self, depth: usize, offset: usize) -> Result<(), GrammarError> {
        self.check("nesting depth", depth, self.limits.nesting, offset)
    }

    /// Refuses to go on when the expressions, and so many more, are over the limit.
    pub(super) fn check_parts(&self, more: usize, offset: usize) -> Result<(), GrammarError> {
        self.check("parts", self.exprs.len().saturating_add(more), self.limits.parts, offset)
    }

    /// Counts the parts of expressions that are about to be put together; refuses more than the
    /// limit in all.
    pub(super) fn spend(&mut self, exprs: &[ExprId], offset: usize) -> Result<(), GrammarError> {
        let parts: usize = exprs.iter().map(|&expr| self.exprs.width(expr)).sum();
        self.spent = self.spent.saturating_add(parts);
        self.check("parts", self.spent, self.limits.parts, offset)
    }

    /// The body one part after the other; regular parts become one terminal.
    pub(super) fn sequence(&mut self, parts: Vec<Body>) -> Body {
        let flat = parts.into_iter().flat_map(|part| match part {
            Body::Sequence(inner) => inner,
            part => vec![part],
        });
        let mut joined: Vec<Body> = Vec::new();
        let mut run = Vec::new();
        for part in flat {
            match part.expr() {
                Some(expr) => run.push(expr),
                None => {
                    self.close_run(&mut run, &mut joined);
                    joined.push(part);
                }
            }
        }
        self.close_run(&mut run, &mut joined);
        if joined.len() == 1 { joined.swap_remove(0) } else { Body::Sequence(joined) }
    }

    /// Any of the parts; regular parts become one terminal.
    pub(super) fn choice(&mut self, parts: Vec<Body>) -> Body {
        let regular: Vec<_> = parts.iter().filter_map(Body::expr).collect();
        let mut joined: Vec<Body> =
            parts.into_iter().filter(|part| part.expr().is_none()).collect();
        if !regular.is_empty() {
            let regular = self.exprs.or(regular);
            joined.insert(0, Body::terminal(regular));
        }
        if joined.len() == 1 { joined.swap_remove(0) } else { Body::Choice(joined) }
    }

    /// A part so many times; a regular part stays regular.
    pub(super) fn repeat(&mut self, part: Body, count: Count) -> Body {
        match part.expr() {
            Some(expr) => Body::terminal(self.exprs.repeat(expr, count)),
            None => Body::Repeat(Box::new(part), count),
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Line and column of an offset.
    pub(super) fn place(&self, offset: usize) -> Place {
        self.places.at(offset)
    }

    /// An error of the notation, with its place.
    pub(super) fn syntax(&self, offset: usize, what: impl Into<String>) -> GrammarError {
        GrammarError::Syntax { what: what.into(), place: self.place(offset) }
    }

    /// A refusal of what the notation has and is not done here, with its place.
    pub(super) fn unsupported(&self, offset: usize, what: impl Into<String>) -> GrammarError {
        GrammarError::Unsupported { what: what.into(), place: self.place(offset) }
    }

    /// Checks that every name is defined, and that every rule can finish.
    pub(super) fn finish(self, start: RuleId) -> Result<Grammar, GrammarError> {
        let mut rules = Vec::with_capacity(self.rules.len());
        for named in &self.rules {
            let Some((offset, body, attributes)) = named.definition.clone() else {
                return Err(GrammarError::UndefinedRule {
                    name: named.name.clone(),
                    suggestion: self.most_like(&named.name),
                    place: self.place(named.first_use),
                });
            };
            rules.push(Rule {
                name: named.name.clone(),
                place: named.elsewhere.clone().unwrap_or_else(|| self.place(offset)),
                body,
                attributes,
            });
        }
        let places = &self.places;
        let tokens = self.tokens.into_iter().map(|(token, offset)| (token, places.at(offset)));
        let tokens = tokens.collect();
        let grammar = Grammar::new(rules, start, self.exprs, self.limits)?;
        Ok(Grammar { tokens, ..grammar })
    }

    /// Refuses a value over its limit; the place takes a look at the line, so it is found last.
    fn check(
        &self,
        what: &'static str,
        value: usize,
        limit: usize,
        offset: usize,
    ) -> Result<(), GrammarError> {
        let place = (value > limit).then(|| self.place(offset));
        self.limits.check(what, value, limit, place)
    }

    /// The defined name that is most like an undefined one, if one is.
    fn most_like(&self, name: &str) -> Option<String> {
        let defined = self.rules.iter().filter(|rule| rule.definition.is_some());
        most_like(name, defined.map(|rule| rule.name.as_str()))
    }

    /// Makes the regular parts in a row one terminal.
    fn close_run(&mut self, run: &mut Vec<ExprId>, joined: &mut Vec<Body>) {
        if !run.is_empty() {
            joined.push(Body::terminal(self.exprs.concat(run.drain(..))));
        }
    }
}

/// The most tokens of which places are kept.
const MOST_TOKENS: usize = 256;

/// The name that is most like a wrong one, if one is.
pub(crate) fn most_like<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    most_alike(name, names).first().map(|&nearest| nearest.to_owned())
}

/// The names that are like a wrong one, the nearest first: at most every third letter is another.
/// Long names are not compared.
pub(crate) fn most_alike<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    const LONGEST: usize = 64;
    let reach = |other: &str| name.len().max(other.len()) / 3;
    let mut near: Vec<(usize, &str)> = names
        .filter(|other| name.len().max(other.len()) <= LONGEST)
        .filter(|other| name.len().abs_diff(other.len()) <= reach(other))
        .map(|other| (strsim::damerau_levenshtein(name, other), other))
        .filter(|(distance, other)| *distance <= reach(other))
        .collect();
    near.sort_unstable();
    near.into_iter().map(|(_, other)| other).collect()
}
