//! Free text with parts in it that a grammar governs: tool calls, and a section of reasoning.

use super::draft::Draft;
use super::rules::{Attributes, Body, RuleId, TokenPattern};
use super::{Grammar, GrammarError, Limits};
use crate::regex::{ByteSet, Count, ExprId};

/// Free text in which a trigger opens a part that follows a grammar; behind it free text goes on.
///
/// A trigger is met where it first ends, and a trigger that begins another waits for neither: after
/// `<tool` both its own part and the rest of `<tool_b` may follow. Half a trigger is plain text.
///
/// ```
/// use tokenrail::grammar::{Grammar, Tag, Tags, Trigger};
///
/// let call = Grammar::regex(r"\{[a-z]*\}</call>")?;
/// let tags = Tags {
///     tags: vec![Tag { trigger: Trigger::Text("<call>".into()), part: call }],
///     excluded: vec!["<secret>".into()],
///     ..Tags::default()
/// };
/// let grammar = Grammar::tags(&tags)?;
/// # Ok::<(), tokenrail::grammar::GrammarError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Tags {
    /// The governed parts.
    pub tags: Vec<Tag>,
    /// Texts that the free text does not contain.
    pub excluded: Vec<String>,
    /// How many governed parts there are.
    pub parts: Parts,
    /// A section before everything else.
    pub reasoning: Option<Reasoning>,
}

/// A governed part of a text, from its trigger to its own end.
///
/// ```
/// use tokenrail::grammar::{Grammar, Tag, Trigger};
///
/// // What closes the part is the end of its grammar: `part` says where free text goes on.
/// let part = Grammar::regex(r"[a-z_]+\([0-9, ]*\)</call>")?;
/// let tag = Tag { trigger: Trigger::Text("<call>".into()), part };
/// assert_eq!(tag.trigger, Trigger::Text("<call>".into()));
/// # Ok::<(), tokenrail::grammar::GrammarError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Tag {
    /// What opens it.
    pub trigger: Trigger,
    /// What follows the trigger, the text that closes it included.
    pub part: Grammar,
}

/// What opens a governed part: a text wherever it is complete, or one token of the vocabulary.
///
/// ```
/// use tokenrail::grammar::{Grammar, GrammarError, Tag, Tags, Trigger};
///
/// let opened_by = |trigger| {
///     let tag = Tag { trigger, part: Grammar::regex("[0-9]+")? };
///     Grammar::tags(&Tags { tags: vec![tag], ..Tags::default() })
/// };
/// assert!(opened_by(Trigger::Text("$".into())).is_ok());
/// assert!(opened_by(Trigger::Regex("USD|EUR".into())).is_ok());
/// let everywhere = opened_by(Trigger::Regex("x*".into())).unwrap_err();
/// assert!(matches!(everywhere, GrammarError::EmptyMarker { .. }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// This text.
    Text(String),
    /// A text that matches, as soon as one does; in the syntax of [`Grammar::regex`].
    Regex(String),
    /// The token with this name, such as `<|tool_call|>`.
    Token(String),
}

/// How many governed parts a text has to have before it may end.
///
/// ```
/// use tokenrail::grammar::{Grammar, Parts, Tag, Tags, Trigger};
///
/// let call = Tag { trigger: Trigger::Text("<call>".into()), part: Grammar::regex("[a-z]+;")? };
/// let forced = Tags { tags: vec![call], parts: Parts::One, ..Tags::default() };
/// let grammar = Grammar::tags(&forced)?;
/// # Ok::<(), tokenrail::grammar::GrammarError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Parts {
    /// Any number.
    #[default]
    Any,
    /// At least one.
    Some,
    /// Exactly one, and nothing behind it.
    One,
}

/// A section of free text that ends with a text of its own, before anything else.
///
/// Triggers and excluded texts mean nothing in it. The section ends where its close first is.
///
/// ```
/// use tokenrail::grammar::{Grammar, Reasoning, Tags};
///
/// let thoughts = Reasoning {
///     open: String::new(),
///     close: "</think>".into(),
///     max_tokens: Some(512),
/// };
/// let grammar = Grammar::tags(&Tags { reasoning: Some(thoughts), ..Tags::default() })?;
/// # Ok::<(), tokenrail::grammar::GrammarError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reasoning {
    /// What it begins with, such as `<think>`; empty where the prompt has it already.
    pub open: String,
    /// What ends it, such as `</think>`.
    pub close: String,
    /// The most tokens of it; then the close comes next. At least 1.
    pub max_tokens: Option<u32>,
}

impl Grammar {
    /// Makes a grammar of free text in which triggers open governed parts.
    ///
    /// # Errors
    /// [`GrammarError::EmptyMarker`] for a trigger or close without text; those of
    /// [`Grammar::regex`] for a trigger's pattern; [`GrammarError::Limit`].
    pub fn tags(tags: &Tags) -> Result<Self, GrammarError> {
        let mut draft = Draft::new("", &Limits::default())?;
        let triggers = triggers(&mut draft, tags)?;
        let excluded: Vec<&[u8]> = tags.excluded.iter().map(String::as_bytes).collect();
        let excluded = draft.exprs.literals(&excluded);
        let mut segments = Vec::new();
        for (tag, trigger) in tags.tags.iter().zip(&triggers) {
            let part = Body::call(draft.embed(&tag.part));
            let free = match trigger.expr {
                Some(_) => Body::terminal(free_until(&mut draft, trigger, &triggers, excluded)),
                None => Body::terminal(free_text(&mut draft, &triggers, excluded)),
            };
            let token = match &tag.trigger {
                Trigger::Token(name) => Body::Token(TokenPattern::Named(name.clone())),
                _ => Body::EMPTY,
            };
            segments.push(draft.sequence(vec![free, token, part]));
        }
        let segment = draft.choice(segments);
        let tail = Body::terminal(free_text(&mut draft, &triggers, excluded));
        let body = match tags.parts {
            Parts::Any => vec![draft.repeat(segment, Count::ANY), tail],
            Parts::Some => vec![draft.repeat(segment, Count { min: 1, max: None }), tail],
            Parts::One => vec![segment],
        };
        let body = draft.sequence(body);
        let reasoning = tags.reasoning.iter().map(|section| section.body(&mut draft));
        let mut whole = reasoning.collect::<Result<Vec<_>, _>>()?;
        whole.push(body);
        let whole = draft.sequence(whole);
        let start = draft.rule("tags", 0);
        draft.define(start, 0, whole, Attributes::default())?;
        draft.finish(start)
    }
}

impl Reasoning {
    /// The section with its open and close.
    pub(super) fn body(&self, draft: &mut Draft<'_>) -> Result<Body, GrammarError> {
        if self.close.is_empty() {
            return Err(GrammarError::EmptyMarker { what: "close of reasoning" });
        }
        let open = Body::terminal(draft.exprs.literal(self.open.as_bytes()));
        let close = draft.exprs.literal(self.close.as_bytes());
        let text = without(draft, close);
        let attributes = Attributes { max_tokens: self.max_tokens, ..Attributes::default() };
        let thoughts = draft.define_unnamed("reasoning", 0, Body::terminal(text), attributes);
        Ok(Body::Sequence(vec![open, Body::call(thoughts), Body::terminal(close)]))
    }
}

/// A trigger that is text, as the language of its texts.
struct TextTrigger {
    /// `None` for one that is a token.
    expr: Option<ExprId>,
    /// The length of its only text in bytes, where it has one.
    length: Option<usize>,
}

/// The texts that begin a tag, each with the tags that it may begin.
fn triggers(draft: &mut Draft<'_>, tags: &Tags) -> Result<Vec<TextTrigger>, GrammarError> {
    let mut triggers = Vec::with_capacity(tags.tags.len());
    for tag in &tags.tags {
        let trigger = match &tag.trigger {
            Trigger::Text(text) => {
                let expr = Some(draft.exprs.literal(text.as_bytes()));
                TextTrigger { expr, length: Some(text.len()) }
            }
            Trigger::Regex(pattern) => {
                let expr = Some(super::regex::pattern(pattern, &Limits::default(), draft)?);
                TextTrigger { expr, length: None }
            }
            Trigger::Token(_) => TextTrigger { expr: None, length: None },
        };
        if trigger.expr.is_some_and(|expr| draft.exprs.is_nullable(expr)) {
            return Err(GrammarError::EmptyMarker { what: "trigger" });
        }
        triggers.push(trigger);
    }
    Ok(triggers)
}

/// Text that contains no trigger and nothing excluded.
fn free_text(draft: &mut Draft<'_>, triggers: &[TextTrigger], excluded: ExprId) -> ExprId {
    let exprs: Vec<ExprId> = triggers.iter().filter_map(|trigger| trigger.expr).collect();
    let unwanted = draft.exprs.or(exprs.into_iter().chain([excluded]));
    without(draft, unwanted)
}

/// Text up to the end of the first trigger, which is this one.
fn free_until(
    draft: &mut Draft<'_>,
    trigger: &TextTrigger,
    triggers: &[TextTrigger],
    excluded: ExprId,
) -> ExprId {
    let own = trigger.expr.unwrap_or(ExprId::NOTHING);
    let exprs = &mut draft.exprs;
    let all = exprs.or(triggers.iter().filter_map(|trigger| trigger.expr));
    let text = exprs.any_text();
    let ended = exprs.concat([text, own]);
    let earlier = match trigger.length {
        // An occurrence that begins earlier is longer than this one up to the end.
        Some(length) => {
            let from = exprs.concat([all, ExprId::ANYTHING]);
            let byte = exprs.byte(ByteSet::ALL);
            let longer = Count { min: u32::try_from(length + 1).unwrap_or(u32::MAX), max: None };
            let longer = exprs.repeat(byte, longer);
            exprs.and([from, longer])
        }
        // An occurrence that ends earlier has something behind it.
        None => exprs.longer_than(all),
    };
    let earlier = exprs.concat([ExprId::ANYTHING, earlier]);
    let unwanted = exprs.concat([ExprId::ANYTHING, excluded, ExprId::ANYTHING]);
    let unwanted = exprs.or([earlier, unwanted]);
    let allowed = exprs.not(unwanted);
    exprs.and([ended, allowed])
}

/// Text that does not contain a text of `part`.
pub(super) fn without(draft: &mut Draft<'_>, part: ExprId) -> ExprId {
    let exprs = &mut draft.exprs;
    let containing = exprs.concat([ExprId::ANYTHING, part, ExprId::ANYTHING]);
    exprs.not_text(containing)
}

impl Draft<'_> {
    /// Takes over all rules of a checked grammar, and gives its start.
    pub(super) fn embed(&mut self, grammar: &Grammar) -> RuleId {
        let exprs = self.exprs.absorb(grammar.exprs());
        let rules: Vec<RuleId> =
            grammar.rules().iter().map(|rule| self.declare(&rule.name, 0)).collect();
        for (rule, &id) in grammar.rules().iter().zip(&rules) {
            let body =
                rule.body.translated(&|expr| exprs[expr.index()], &|rule| rules[rule.index()]);
            let mut attributes = rule.attributes.clone();
            if let Some(marker) = &mut attributes.marker {
                marker.expr = exprs[marker.expr.index()];
            }
            self.define_as(id, body, attributes, rule.place.clone());
        }
        rules[grammar.start().index()]
    }
}
