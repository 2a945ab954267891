//! Why a text is refused: where, what would be legal, and in which rules.
//!
//! An explanation is for people, and made only when it is asked for; following a text keeps nothing
//! for it. The open rules are found by going up the callers of the items at hand, one way of
//! possibly many, so that ambiguous grammars have short explanations too.

use std::collections::BTreeMap;
use std::fmt;

use super::engine::Engine;
use super::sets::{Place, SetId};
use super::{ConstraintError, Matcher};
use crate::grammar::RuleId;
use crate::regex::ByteSet;
use crate::vocab::{TokenId, TokenMask, Vocabulary};

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
    /// How the tokens are called that stand here.
    names: BTreeMap<TokenId, String>,
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
/// The most tokens that are given.
const TOKENS: usize = 8;
/// The most tokens that are spelt out for people.
const SPELLED: usize = 3;

impl Explanation {
    /// Explains why `found` may not follow a state.
    fn new(
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
        Ok(Self { offset, found, expected, tokens, may_end, rules, names: BTreeMap::new() })
    }

    /// Nothing follows an end of sequence.
    fn after_the_end(found: Found) -> Self {
        let (expected, tokens, rules) = (Vec::new(), Vec::new(), Vec::new());
        let names = BTreeMap::new();
        Self { offset: 0, found, expected, tokens, may_end: true, rules, names }
    }

    /// Calls its tokens as a vocabulary does.
    fn named(mut self, vocabulary: &Vocabulary) -> Self {
        let found = match self.found {
            Found::Token(id) => Some(id),
            Found::Byte(_) | Found::End => None,
        };
        let ids = self.tokens.iter().copied().chain(found);
        self.names = ids.map(|id| (id, name(id, vocabulary))).collect();
        self
    }

    /// How a token is called.
    fn name(&self, id: TokenId) -> String {
        self.names.get(&id).cloned().unwrap_or_else(|| format!("token {id}"))
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
        let constraint = self.constraint.clone();
        let vocabulary = constraint.vocabulary();
        let bytes = vocabulary.bytes(token);
        let mut engine = constraint.engine();
        let why = match self.set(&mut engine)? {
            None => {
                let first = bytes.first().map(|&byte| Found::Byte(byte));
                Explanation::after_the_end(first.unwrap_or(Found::Token(token)))
            }
            Some(mut at) => {
                let (mut offset, mut found) = (bytes.len(), Found::Token(token));
                for (index, &byte) in bytes.iter().enumerate() {
                    let Some(next) = engine.step(at, byte)? else {
                        (offset, found) = (index, Found::Byte(byte));
                        break;
                    };
                    at = next;
                }
                Explanation::new(&mut engine, at, offset, found)?
            }
        };
        Ok(Some(why.named(vocabulary)))
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
        let why = match ahead.set(&mut engine)? {
            None => Explanation::after_the_end(found),
            Some(at) => Explanation::new(&mut engine, at, count, found)?,
        };
        Ok(Some(why.named(constraint.vocabulary())))
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}, ", self.offset)?;
        match self.found {
            Found::Byte(byte) => write!(f, "\"{}\"", byte.escape_ascii())?,
            Found::Token(id) => f.write_str(&self.name(id))?,
            Found::End => f.write_str("the end")?,
        }
        let mut expected: Vec<String> = self.expected.iter().map(|&range| spell(range)).collect();
        expected.extend(self.tokens.iter().take(SPELLED).map(|&id| self.name(id)));
        if self.tokens.len() > SPELLED {
            expected.push("other tokens".to_owned());
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

/// A special token by its name, another one by its id and text.
fn name(id: TokenId, vocabulary: &Vocabulary) -> String {
    match vocabulary.special_name(id) {
        Some(name) => name.to_owned(),
        None if vocabulary.bytes(id).is_empty() => format!("token {id}"),
        None => format!("token {id} (\"{}\")", vocabulary.bytes(id).escape_ascii()),
    }
}

/// The bytes of a set as ranges, ascending.
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

/// A range as people write it; bytes that cannot be seen are spelled.
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
