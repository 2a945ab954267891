//! Definitions to rules.
//!
//! Ignored text is made explicit: it may follow each terminal. So whatever matches a terminal here
//! matches the ignored text behind it too, except in rules with attributes that are a terminal each:
//! their text is captured, counted and ended without, and the ignored text follows their calls.
//!
//! That way the engine needs to know nothing of ignored text, parts of rules that are regular may
//! become one expression with the ignored text in it, and each grammar within a grammar brings its
//! own.

use std::collections::BTreeMap;

use super::budget;
use super::ending;
use super::parser::shown;
use super::schema;
use super::syntax::{Definition, Kind, Node, Source, is_terminal};
use super::terminals::Terminals;
use crate::grammar::draft::Draft;
use crate::grammar::rules::{Attributes, Body, Marker, RuleId};
use crate::grammar::{GrammarError, Parameter};
use crate::regex::{ByteSet, Count, ExprId};

/// Defines a grammar's rules, and gives the one to start from.
pub(super) fn lower(source: &Source, draft: &mut Draft) -> Result<RuleId, GrammarError> {
    check_names(&source.definitions, draft)?;
    let terminals = Terminals::new(&source.definitions, draft)?;
    let skip = skip(source, &terminals, draft)?;
    let mut lowering = Lowering {
        draft,
        terminals,
        rules: BTreeMap::new(),
        skip,
        skipped: BTreeMap::new(),
        has_parameter: false,
    };
    lowering.declare(&source.definitions);
    let mut lowered = Vec::new();
    for definition in source.definitions.iter().filter(|it| !it.name.is_terminal()) {
        lowered.push(lowering.rule(definition)?);
    }
    let start = lowering.start(source)?;
    budget::apply(&mut lowered, draft)?;
    for Lowered { id, definition, body, attributes } in lowered {
        draft.define(id, definition.name.offset, body, attributes)?;
    }
    Ok(start)
}

/// A rule that is not yet defined.
#[derive(Debug)]
pub(super) struct Lowered<'g> {
    pub(super) id: RuleId,
    pub(super) definition: &'g Definition,
    pub(super) body: Body,
    pub(super) attributes: Attributes,
}

/// A grammar while its rules are made.
#[derive(Debug)]
pub(super) struct Lowering<'g, 'd, 's> {
    pub(super) draft: &'d mut Draft<'s>,
    pub(super) terminals: Terminals<'g>,
    /// By their names, which hold in this grammar alone.
    rules: BTreeMap<&'g str, Callee>,
    /// Ignored text, of which there may be none.
    skip: Option<ExprId>,
    /// Terminals with ignored text behind them.
    skipped: BTreeMap<ExprId, ExprId>,
    /// Whether the rule at hand has a parameter.
    has_parameter: bool,
}

/// What is known of a rule where it is called.
#[derive(Debug, Clone, Copy)]
struct Callee {
    id: RuleId,
    has_parameter: bool,
    /// Whether ignored text follows its calls, and not the terminals within.
    is_skipped_behind: bool,
}

impl<'g> Lowering<'g, '_, '_> {
    /// Gives every rule its id, so that rules can call those behind them.
    fn declare(&mut self, definitions: &'g [Definition]) {
        for definition in definitions.iter().filter(|definition| !definition.name.is_terminal()) {
            let name = &definition.name;
            let callee = Callee {
                id: self.draft.declare(&name.text, name.offset),
                has_parameter: definition.has_parameter,
                is_skipped_behind: is_lexeme(definition),
            };
            self.rules.insert(&name.text, callee);
        }
    }

    /// A rule's body and attributes.
    fn rule(&mut self, definition: &'g Definition) -> Result<Lowered<'g>, GrammarError> {
        self.has_parameter = definition.has_parameter;
        let Callee { id, is_skipped_behind, .. } = self.rules[&*definition.name.text];
        let given = &definition.attributes;
        let skip = if is_skipped_behind { self.skip.take() } else { None };
        let (body, marker) = match given.ends_early() {
            true => ending::body(definition, self)?,
            false => (self.body(&definition.body)?, None),
        };
        self.skip = skip.or(self.skip);
        let marker = marker.map(|expr| Marker {
            expr,
            capture: given.stop_capture.clone(),
            is_hidden: given.marker.as_ref().is_some_and(|marker| marker.is_hidden),
        });
        let name = || definition.name.text.clone();
        let capture = given.capture.clone().map(|given| given.unwrap_or_else(name));
        let Definition { attributes: given, .. } = definition;
        let (max_tokens, temperature) = (given.max_tokens, given.temperature);
        let attributes = Attributes { capture, marker, max_tokens, temperature };
        Ok(Lowered { id, definition, body, attributes })
    }

    /// The rule `start`, or one around it with the ignored text that may stand there.
    fn start(&mut self, source: &Source) -> Result<RuleId, GrammarError> {
        let Some(&callee) = self.rules.get("start") else {
            return Err(self.terminals.undefined("start", source.offset, self.draft));
        };
        if callee.has_parameter {
            let what = "rule \"start\" has a parameter, which nothing passes: start from another";
            return Err(self.draft.syntax(source.offset, what));
        }
        let is_skipped = source.options.is_skipped_first || callee.is_skipped_behind;
        let Some(skip) = self.skip.filter(|_| is_skipped) else { return Ok(callee.id) };
        let before = if source.options.is_skipped_first { skip } else { ExprId::EMPTY };
        let behind = if callee.is_skipped_behind { skip } else { ExprId::EMPTY };
        let parts = vec![Body::terminal(before), Body::call(callee.id), Body::terminal(behind)];
        let body = self.draft.sequence(parts);
        Ok(self.draft.define_unnamed("start", source.offset, body, Attributes::default()))
    }

    /// The body of a node. Regular parts of it become terminals of the rule, side by side and in a
    /// row as one; what is no text stays what it is. Recursion is as deep as groups are nested.
    fn body(&mut self, node: &Node) -> Result<Body, GrammarError> {
        let offset = node.offset;
        Ok(match &node.kind {
            Kind::Choice(parts) => {
                let parts = self.bodies(parts, offset)?;
                self.draft.choice(parts)
            }
            Kind::Sequence(parts) if parts.is_empty() => Body::terminal(ExprId::EMPTY),
            Kind::Sequence(parts) => {
                let parts = self.bodies(parts, offset)?;
                self.draft.sequence(parts)
            }
            Kind::When(condition, part) => {
                if !self.has_parameter {
                    let what = "%if stands in rules with a parameter: define this one as name::_";
                    return Err(self.draft.syntax(offset, what));
                }
                Body::When(condition.clone(), Box::new(self.body(part)?))
            }
            Kind::Repeat(part, count) => {
                let part = self.body(part)?;
                match count.max {
                    Some(0) => Body::terminal(ExprId::EMPTY),
                    _ => self.draft.repeat(part, *count),
                }
            }
            Kind::Name(name, parameter) if !is_terminal(name) => {
                self.call(name, *parameter, offset)?
            }
            Kind::Token(pattern) => {
                let token = self.draft.token(pattern.clone(), offset);
                self.skipped_behind(token)
            }
            Kind::Schema(text) => {
                let body = schema::body(text, offset, self.draft)?;
                self.skipped_behind(body)
            }
            Kind::Grammar(source) => {
                let start = lower(source, self.draft)?;
                self.skipped_behind(Body::call(start))
            }
            _ => {
                let expr = self.terminals.expression(node, "a part with & or ~", self.draft)?;
                self.terminal(expr, offset)?
            }
        })
    }

    /// The bodies of parts that are about to be put together.
    fn bodies(&mut self, parts: &[Node], offset: usize) -> Result<Vec<Body>, GrammarError> {
        let bodies = parts.iter().map(|part| self.body(part));
        let bodies = bodies.collect::<Result<Vec<Body>, _>>()?;
        if bodies.len() > 1 {
            let exprs: Vec<ExprId> = bodies.iter().filter_map(Body::expr).collect();
            self.draft.spend(&exprs, offset)?;
        }
        Ok(bodies)
    }

    /// A call of a rule, which gets a parameter exactly if it has one.
    fn call(
        &mut self,
        name: &str,
        parameter: Option<Parameter>,
        offset: usize,
    ) -> Result<Body, GrammarError> {
        let Some(&callee) = self.rules.get(name) else {
            return Err(self.terminals.undefined(name, offset, self.draft));
        };
        let is_computed = !matches!(parameter, None | Some(Parameter::Constant(_)));
        let name = shown(name);
        let what = match parameter {
            None if callee.has_parameter => {
                format!("rule {name:?} has a parameter: pass one, as {name}::0")
            }
            Some(_) if !callee.has_parameter => {
                format!("rule {name:?} has no parameter: define it as {name}::_ to give it one")
            }
            Some(_) if is_computed && !self.has_parameter => {
                let what = "the rule at hand has no parameter to compute with: pass a number";
                return Err(self.draft.syntax(offset, what));
            }
            _ => {
                let call = Body::Call(callee.id, parameter.unwrap_or(Parameter::Constant(0)));
                return Ok(match callee.is_skipped_behind {
                    true => self.skipped_behind(call),
                    false => call,
                });
            }
        };
        Err(self.draft.syntax(offset, what))
    }

    /// The body with ignored text behind it.
    fn skipped_behind(&mut self, body: Body) -> Body {
        match self.skip {
            Some(skip) => self.draft.sequence(vec![body, Body::terminal(skip)]),
            None => body,
        }
    }

    /// A terminal with ignored text behind it; none behind the empty text, which is no terminal.
    fn terminal(&mut self, expr: ExprId, offset: usize) -> Result<Body, GrammarError> {
        let Some(skip) = self.skip else { return Ok(Body::terminal(expr)) };
        if let Some(&skipped) = self.skipped.get(&expr) {
            return Ok(Body::terminal(skipped));
        }
        self.draft.spend(&[expr], offset)?;
        let exprs = &mut self.draft.exprs;
        let skipped = match exprs.is_nullable(expr) {
            false => exprs.concat([expr, skip]),
            true => {
                let any = exprs.byte(ByteSet::ALL);
                let some = exprs.concat([any, ExprId::ANYTHING]);
                let some = exprs.and([expr, some]);
                let skipped = exprs.concat([some, skip]);
                exprs.or([ExprId::EMPTY, skipped])
            }
        };
        self.skipped.insert(expr, skipped);
        Ok(Body::terminal(skipped))
    }
}

/// Refuses names that are defined twice.
fn check_names(definitions: &[Definition], draft: &Draft) -> Result<(), GrammarError> {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for Definition { name, .. } in definitions {
        if let Some(first) = first.insert(&name.text, name.offset) {
            return Err(GrammarError::DuplicateRule {
                name: shown(&name.text),
                first_line: draft.place(first).line,
                place: draft.place(name.offset),
            });
        }
    }
    Ok(())
}

/// The ignored text.
fn skip(
    source: &Source,
    terminals: &Terminals,
    draft: &mut Draft,
) -> Result<Option<ExprId>, GrammarError> {
    if source.ignored.is_empty() {
        return Ok(None);
    }
    let mut parts = Vec::new();
    for node in &source.ignored {
        parts.push(terminals.expression(node, "%ignore", draft)?);
    }
    let once = draft.exprs.or(parts);
    let count = if source.options.is_skipped_once { Count::OPTIONAL } else { Count::ANY };
    Ok(Some(draft.exprs.repeat(once, count)))
}

/// Whether a rule is a terminal with attributes.
fn is_lexeme(definition: &Definition) -> bool {
    let Definition { attributes, body, .. } = definition;
    let is_terminal = match &body.bare().kind {
        Kind::Name(name, _) => is_terminal(name),
        Kind::Text(..) | Kind::Range(..) | Kind::Pattern { .. } | Kind::Substring(_) => true,
        Kind::Both(_) | Kind::Not(_) => true,
        _ => false,
    };
    attributes.ends_early() || attributes.are_given() && is_terminal
}
