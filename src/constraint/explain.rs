//! Why a text is refused: where, what would be legal, and in which rules.
//!
//! An explanation is for people, and made only when it is asked for; following a text keeps nothing
//! for it. The open rules are found by going up the callers of the items at hand, one way of
//! possibly many, so that ambiguous grammars have short explanations too.

use std::fmt;

use super::engine::Engine;
use super::sets::{Place, SetId};
use super::{ConstraintError, Matcher};
use crate::grammar::RuleId;
use crate::regex::ByteSet;
use crate::vocab::{TokenId, TokenMask};

/// Why a token or text may not come next.
///
/// ```
/// use tokenrail::constraint::Constraint;
/// use tokenrail::grammar::Grammar;
/// use tokenrail::vocab::Vocabulary;
///
/// let bytes: Vec<u8> = (0..=255).collect();
/// let vocabulary = Vocabulary::new(bytes.chunks(1), ["<end>"]);
/// let constraint = Constraint::new(&Grammar::gbnf("root ::= \"x=\" digits\ndigits ::= digits [0-9] | [0-9]")?, &vocabulary)?;
/// let explanation = constraint.matcher().explain_bytes(b"x=a")?.expect("a is no digit");
/// assert_eq!(explanation.to_string(), "at byte 2, \"a\": expected 0-9, in root > digits");
/// # Ok::<(), tokenrail::constraint::ConstraintError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The number of bytes before the first illegal one.
    pub offset: usize,
    /// What stands there.
    pub found: Found,
    /// The bytes that would be legal there, as ranges with both ends included, ascending.
    pub expected: Vec<(u8, u8)>,
    /// The tokens that would be legal there by their ids and not by their text: the first few.
    pub tokens: Vec<TokenId>,
    /// Whether the text might end there.
    pub may_end: bool,
    /// The rules that are open there, outermost first, one list for each of up to four readings.
    pub rules: Vec<Vec<String>>,
}

/// What is illegal at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// This byte.
    Byte(u8),
    /// This token, which has no text.
    Token(TokenId),
    /// The end of the text, which comes too early.
    End,
}

/// The most readings that are told apart.
const READINGS: usize = 4;
/// The most open rules that are named: outer ones beyond are left out.
const DEPTH: usize = 32;
/// The most tokens that are named.
const TOKENS: usize = 8;

impl Explanation {
    /// Explains why `found` may not follow a state.
    pub(super) fn new(
        engine: &mut Engine,
        at: SetId,
        offset: usize,
        found: Found,
    ) -> Result<Self, ConstraintError> {
        let mut legal = ByteSet::NONE;
        for byte in 0..=255 {
            if engine.step(at, byte)?.is_some() {
                legal.insert(byte);
            }
        }
        let tokens = engine.token_masks(at).flat_map(TokenMask::iter).take(TOKENS).collect();
        let set = engine.set(at);
        let places = set.items.iter().map(|item| item.behind);
        let mut rules: Vec<Vec<String>> = Vec::new();
        for place in places.chain(set.tokens.iter().map(|token| token.behind)) {
            let open = open_rules(engine, place, at).into_iter().rev();
            let names: Vec<String> =
                open.map(|rule| engine.program().rule(rule).name.clone()).collect();
            if !rules.contains(&names) {
                rules.push(names);
            }
        }
        rules.truncate(READINGS);
        let (expected, may_end) = (ranges(legal), set.is_accepting);
        Ok(Self { offset, found, expected, tokens, may_end, rules })
    }

    /// Nothing follows an end of sequence.
    fn after_the_end(found: Found) -> Self {
        let (expected, tokens, rules) = (Vec::new(), Vec::new(), Vec::new());
        Self { offset: 0, found, expected, tokens, may_end: true, rules }
    }
}

impl Matcher {
    /// Why a token may not come next; `None` where it may. Of a token without text, what might stand
    /// in its stead.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    pub fn explain(&mut self, token: TokenId) -> Result<Option<Explanation>, ConstraintError> {
        if self.validate(&[token])? == 1 {
            return Ok(None);
        }
        let bytes = self.constraint.vocabulary().bytes(token).to_vec();
        let constraint = self.constraint.clone();
        let mut engine = constraint.engine();
        let Some(mut at) = self.set(&mut engine)? else {
            return Ok(Some(Explanation::after_the_end(Found::Token(token))));
        };
        for (offset, &byte) in bytes.iter().enumerate() {
            match engine.step(at, byte)? {
                Some(next) => at = next,
                None => {
                    return Explanation::new(&mut engine, at, offset, Found::Byte(byte)).map(Some);
                }
            }
        }
        Explanation::new(&mut engine, at, bytes.len(), Found::Token(token)).map(Some)
    }

    /// Why a text that comes next is no whole one; `None` where it is.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    pub fn explain_bytes(&mut self, bytes: &[u8]) -> Result<Option<Explanation>, ConstraintError> {
        let mut ahead = self.clone();
        let count = ahead.advance_bytes(bytes)?;
        if count == bytes.len() && ahead.is_accepting()? {
            return Ok(None);
        }
        let found = bytes.get(count).map_or(Found::End, |&byte| Found::Byte(byte));
        let constraint = self.constraint.clone();
        let mut engine = constraint.engine();
        match ahead.set(&mut engine)? {
            None => Ok(Some(Explanation::after_the_end(found))),
            Some(at) => Explanation::new(&mut engine, at, count, found).map(Some),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}, ", self.offset)?;
        match self.found {
            Found::Byte(byte) => write!(f, "\"{}\"", byte.escape_ascii())?,
            Found::Token(id) => write!(f, "token {id}")?,
            Found::End => f.write_str("the end")?,
        }
        let mut expected: Vec<String> = self.expected.iter().map(|&range| spell(range)).collect();
        if let Some((first, others)) = self.tokens.split_first() {
            let others = if others.is_empty() { "" } else { " or others" };
            expected.push(format!("token {first}{others}"));
        }
        if self.may_end {
            expected.push("the end".to_owned());
        }
        write!(f, ": expected {}", expected.join(" or "))?;
        if let Some(rules) = self.rules.first() {
            write!(f, ", in {}", rules.join(" > "))?;
        }
        Ok(())
    }
}

/// The rules that are open at a place, innermost first: of one way up the callers.
pub(super) fn open_rules(engine: &Engine, place: Place, at: SetId) -> Vec<RuleId> {
    let mut rules = Vec::new();
    let (mut place, mut set) = (place, at);
    while rules.len() < DEPTH {
        let rule = engine.program().state(place.state).rule();
        if rules.last() != Some(&rule) {
            rules.push(rule);
        }
        let origin = place.origin.seen_from(set);
        if origin == SetId::ROOT {
            break;
        }
        let calls = engine.set(origin).calls_of(rule, place.frame);
        // A rule that calls itself first is no way up.
        let outer = calls.iter().find(|call| {
            let caller = engine.program().state(call.behind.state).rule();
            caller != rule || call.behind.origin != SetId::SELF
        });
        let Some(call) = outer.or(calls.first()) else {
            break;
        };
        (place, set) = (call.behind, origin);
    }
    rules
}

fn ranges(set: ByteSet) -> Vec<(u8, u8)> {
    let mut ranges: Vec<(u8, u8)> = Vec::new();
    for byte in set.iter() {
        match ranges.last_mut() {
            Some((_, high)) if *high + 1 == byte => *high = byte,
            _ => ranges.push((byte, byte)),
        }
    }
    ranges
}

fn spell((low, high): (u8, u8)) -> String {
    let shown = |byte: u8| match byte {
        b' ' => "space".to_owned(),
        byte => byte.escape_ascii().to_string(),
    };
    match high - low {
        0 => shown(low),
        1 => format!("{} or {}", shown(low), shown(high)),
        _ => format!("{}-{}", shown(low), shown(high)),
    }
}
