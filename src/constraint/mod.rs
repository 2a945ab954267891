//! Constraints: which tokens may come next, so that the text stays within a grammar.
//!
//! A [`Constraint`] is a grammar compiled for a vocabulary: made once, shared between sequences. A
//! [`Matcher`] follows one sequence: it masks the tokens that may not come next, advances, goes
//! back, and forks.
//!
//! Laws, held by `tests/constrain`: a token is in the mask exactly if [`Matcher::advance`] accepts
//! it, an end of sequence exactly if the text may end or the grammar names it; no mask leads into a
//! dead end; any tokenization of a legal text is legal; going back and forking equal beginning anew.
//!
//! From the compiled grammar upward: `program` has the rules as automata, `language` adds the
//! automaton of terminals and the tokens that are meant by their ids. `closure` makes a parser state
//! of what a step leads to, `sets` stores each distinct one once, `engine` steps between them and
//! remembers. `completion` and `distance` know how far the end is; `walk` goes from a state to a
//! mask. Matchers of one constraint share all of it, behind one lock.
//!
//! ```
//! use tokenrail::constraint::Constraint;
//! use tokenrail::grammar::Grammar;
//! use tokenrail::vocab::{TokenId, Vocabulary};
//!
//! let vocabulary = Vocabulary::new([b"y".as_slice(), b"es", b"no", b"e", b"s", b"n", b"o"], ["<end>"]);
//! let constraint = Constraint::new(&Grammar::choices(&["yes", "no"])?, &vocabulary)?;
//! let mut matcher = constraint.matcher();
//! assert!(matcher.advance(TokenId(0))?);
//! let legal: Vec<u32> = matcher.mask()?.iter().map(|id| id.0).collect();
//! assert_eq!(legal, [1, 3], "es and e");
//! # Ok::<(), tokenrail::constraint::ConstraintError>(())
//! ```

mod budget;
mod captures;
mod closure;
mod completion;
mod distance;
mod engine;
mod error;
mod explain;
mod forced;
mod inside;
mod json;
mod language;
mod matcher;
mod program;
mod sets;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use captures::Captured;
pub use error::ConstraintError;
pub use explain::{Explanation, Found};
pub use matcher::{Matcher, Stop};

use crate::grammar::{Body, Grammar, TokenPattern, most_like};
use crate::regex::{Automaton, ByteSet};
use crate::vocab::{TokenId, TokenMask, TokenTrie, Vocabulary};
use engine::Engine;
use json::Machine;
use language::Language;
use program::Program;

/// A grammar compiled for a vocabulary. Clones share what texts have led to, so that every sequence
/// profits from the states and masks that others have come to.
///
/// ```
/// use tokenrail::constraint::{Constraint, ConstraintError};
/// use tokenrail::grammar::Grammar;
/// use tokenrail::vocab::Vocabulary;
///
/// fn date(vocabulary: &Vocabulary) -> Result<Constraint, ConstraintError> {
///     Constraint::new(&Grammar::regex("[0-9]{4}-[0-9]{2}-[0-9]{2}")?, vocabulary)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Constraint {
    shared: Arc<Shared>,
}

/// How much a constraint has made: what a grammar or a schema costs.
///
/// ```
/// use tokenrail::constraint::Size;
///
/// let of_both = |a: Size, b: Size| a.bytes + b.bytes;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// What arrays and objects of schemas may be, each alternative for itself.
    pub shapes: usize,
    /// Parts of regular languages: of terminals, of strings, keys and numbers, and their states.
    pub expressions: usize,
    /// Parser states and places in JSON.
    pub states: usize,
    /// The bytes of all of these, roughly.
    pub bytes: usize,
}

/// What all matchers of a constraint share.
#[derive(Debug)]
struct Shared {
    vocabulary: Vocabulary,
    trie: Arc<TokenTrie>,
    engine: Mutex<Engine>,
}

impl Constraint {
    /// Compiles a grammar for a vocabulary.
    ///
    /// # Errors
    /// [`ConstraintError::EmptyLanguage`], [`ConstraintError::EmptySchema`] and [`ConstraintError::Unwritable`] when nothing could be
    /// written, [`ConstraintError::UnknownToken`], and limits.
    ///
    /// ```
    /// use tokenrail::constraint::Constraint;
    /// use tokenrail::grammar::Grammar;
    /// use tokenrail::vocab::Vocabulary;
    ///
    /// let bytes: Vec<u8> = (0..=255).collect();
    /// let vocabulary = Vocabulary::new(bytes.chunks(1), ["<end>"]);
    /// let constraint = Constraint::new(&Grammar::regex("(ab){2,}")?, &vocabulary)?;
    /// assert_eq!(constraint.matcher().advance_bytes(b"ababac")?, 5);
    /// # Ok::<(), tokenrail::constraint::ConstraintError>(())
    /// ```
    pub fn new(grammar: &Grammar, vocabulary: &Vocabulary) -> Result<Self, ConstraintError> {
        let program = Arc::new(Program::new(grammar)?);
        let tokens = program.patterns().iter().map(|pattern| {
            let mask = resolve(pattern, vocabulary);
            mask.ok_or_else(|| unknown(pattern, grammar, vocabulary))
        });
        let tokens = tokens.collect::<Result<Vec<_>, _>>()?.into();
        let alphabet = alphabet(vocabulary);
        let mut limits = grammar.limits().clone();
        limits.alternatives = limits.alternatives.max(2 * grammar.exprs().widest());
        let language = |alphabet| -> Result<Language, ConstraintError> {
            let machines = program.schemas().iter().map(|schema| {
                let mut machine = Machine::new(schema, alphabet);
                let start = machine.start()?;
                Ok((machine, start))
            });
            Ok(Language {
                program: Arc::clone(&program),
                automaton: Automaton::new(grammar.exprs().clone(), alphabet),
                machines: machines.collect::<Result<_, ConstraintError>>()?,
                tokens: Arc::clone(&tokens),
                limits: limits.clone(),
            })
        };
        let mut engine = Engine::new(language(alphabet)?);
        let Some(start) = engine.start()? else {
            return Err(why_empty(grammar, alphabet, &mut |alphabet| {
                Ok(Engine::new(language(alphabet)?).start()?.is_some())
            })?);
        };
        let (shortest, limit) = (engine.distance(start)?, grammar.limits().shortest_text);
        if shortest as usize > limit {
            let what = "bytes of the shortest legal text";
            return Err(ConstraintError::Limit { what, value: shortest as usize, limit });
        }
        let trie = Arc::clone(vocabulary.trie());
        let shared = Shared { vocabulary: vocabulary.clone(), trie, engine: Mutex::new(engine) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Starts to follow a text, from its begin. Takes no time: make one for each sequence.
    #[must_use]
    pub fn matcher(&self) -> Matcher {
        Matcher::new(self.clone())
    }

    /// The vocabulary it was compiled for.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.shared.vocabulary
    }

    /// The number of parser states that texts have led to so far.
    #[must_use]
    pub fn state_count(&self) -> usize {
        self.engine().set_count()
    }

    /// The bytes that the states take, roughly.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.engine().memory()
    }

    /// What was made of it so far: when it was compiled, and for the texts that were followed.
    ///
    /// ```
    /// use tokenrail::constraint::Constraint;
    /// use tokenrail::grammar::Grammar;
    /// use tokenrail::schema::{Options, Schema};
    /// use tokenrail::vocab::Vocabulary;
    ///
    /// let bytes: Vec<u8> = (0..=255).collect();
    /// let vocabulary = Vocabulary::new(bytes.chunks(1), ["<end>"]);
    /// let schema = Schema::parse(r#"{"type": "array", "items": {"type": "object"}}"#, &Options::default())?;
    /// let constraint = Constraint::new(&Grammar::schema(&schema), &vocabulary)?;
    /// let compiled = constraint.size();
    /// constraint.matcher().advance_bytes(b"[{")?;
    /// assert!(constraint.size().states > compiled.states, "states are made when a text comes to them");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn size(&self) -> Size {
        self.engine().size()
    }

    /// The engine. What a panic interrupted is at worst a step that is not remembered.
    fn engine(&self) -> MutexGuard<'_, Engine> {
        self.shared.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes that have a token of their own: every text of these can be written to its end.
fn alphabet(vocabulary: &Vocabulary) -> ByteSet {
    let trie = vocabulary.trie();
    let nodes = trie.nodes().iter().enumerate();
    nodes
        .filter(|(index, node)| node.depth() == 1 && !trie.tokens(*index).is_empty())
        .map(|(_, node)| node.byte())
        .collect()
}

/// The tokens that a pattern stands for; `None` where the vocabulary has none of those it names.
fn resolve(pattern: &TokenPattern, vocabulary: &Vocabulary) -> Option<TokenMask> {
    let ids = (0..).map(TokenId).take(vocabulary.len());
    let mut mask = TokenMask::new(vocabulary.len());
    match pattern {
        TokenPattern::Named(name) => {
            let is_it = |id: &TokenId| match vocabulary.special_name(*id) {
                Some(special) => special == name,
                None => vocabulary.bytes(*id) == name.as_bytes(),
            };
            ids.filter(is_it).for_each(|id| mask.insert(id));
        }
        TokenPattern::Ids(ranges) => {
            let is_in = |id: &TokenId| ranges.iter().any(|(low, high)| (low..=high).contains(&id));
            ids.filter(is_in).for_each(|id| mask.insert(id));
        }
        TokenPattern::Not(inner) => {
            // Without a token that the vocabulary lacks, there are all it has.
            let inner = resolve(inner, vocabulary).unwrap_or_default();
            let is_end = |id: &TokenId| vocabulary.eos().contains(id);
            ids.filter(|id| !inner.contains(*id) && !is_end(id)).for_each(|id| mask.insert(id));
            return Some(mask);
        }
    }
    Some(mask).filter(|mask| !mask.is_empty())
}

/// A pattern names tokens that the vocabulary lacks.
fn unknown(pattern: &TokenPattern, grammar: &Grammar, vocabulary: &Vocabulary) -> ConstraintError {
    let place = grammar.token_place(pattern).cloned();
    let (name, suggestion) = match pattern {
        TokenPattern::Named(name) => {
            let ids = (0..).map(TokenId).take(vocabulary.len());
            let known = ids.filter_map(|id| vocabulary.special_name(id));
            (name.clone(), most_like(name, known))
        }
        TokenPattern::Ids(ranges) => {
            let spelled = |(low, high): &(TokenId, TokenId)| match low == high {
                true => low.to_string(),
                false => format!("{low}-{high}"),
            };
            let ranges: Vec<String> = ranges.iter().map(spelled).collect();
            (format!("<[{}]>", ranges.join(",")), None)
        }
        TokenPattern::Not(inner) => return unknown(inner, grammar, vocabulary),
    };
    ConstraintError::UnknownToken { name, suggestion, place }
}

/// Why no text can be written: the grammar has none, or bytes are missing.
fn why_empty(
    grammar: &Grammar,
    alphabet: ByteSet,
    has_text: &mut dyn FnMut(ByteSet) -> Result<bool, ConstraintError>,
) -> Result<ConstraintError, ConstraintError> {
    let start = &grammar.rules()[grammar.start().index()];
    if !has_text(ByteSet::ALL)? {
        let place = Some(start.place.clone()).filter(|place| !place.text.is_empty());
        return Ok(match start.body {
            Body::Schema(_) => ConstraintError::EmptySchema { place },
            _ => ConstraintError::EmptyLanguage { rule: start.name.clone(), place },
        });
    }
    let mut needed = Vec::new();
    for byte in alphabet.complement().iter() {
        let others = ByteSet::range(byte, byte).complement();
        if !has_text(others)? {
            needed.push(byte.escape_ascii().to_string());
        }
    }
    let missing = match needed.is_empty() {
        false => format!("no token is the byte {} alone", needed.join(" alone, nor ")),
        true => "too many bytes have no token of their own".to_owned(),
    };
    Ok(ConstraintError::Unwritable { missing })
}
