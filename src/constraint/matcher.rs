//! One text on its way through a grammar.
//!
//! A matcher keeps the steps of its text as a list that forks share, and beside each step the parser
//! state behind it. When the engine has forgotten its states, the text is followed again from the
//! steps; so a matcher never depends on what other sequences of its constraint do.

use std::sync::Arc;

use super::captures::{self, Captured, Written};
use super::engine::Engine;
use super::sets::SetId;
use super::{Constraint, ConstraintError};
use crate::vocab::{TokenId, TokenMask};

/// Follows one text. Any order of calls is legal; a refused or failed call changes nothing.
///
/// ```
/// use tokenrail::constraint::{Constraint, ConstraintError, Matcher};
/// use tokenrail::vocab::TokenId;
///
/// /// Follows tokens as long as they are legal, and tells how many were.
/// fn follow(matcher: &mut Matcher, tokens: &[TokenId]) -> Result<usize, ConstraintError> {
///     for (count, &token) in tokens.iter().enumerate() {
///         if !matcher.advance(token)? {
///             return Ok(count);
///         }
///     }
///     Ok(tokens.len())
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Matcher {
    pub(super) constraint: Constraint,
    /// The way here, last step first; forks share it.
    path: Option<Arc<Node>>,
}

/// A step of a text.
#[derive(Debug)]
struct Node {
    before: Option<Arc<Node>>,
    piece: Piece,
    /// The state behind it, in the engine's `generation`.
    set: SetId,
    generation: u64,
    /// The number of steps, this one included.
    count: usize,
}

#[derive(Debug, Clone)]
enum Piece {
    Token(TokenId),
    Bytes(Arc<[u8]>),
    /// An end of sequence: nothing follows.
    End,
}

/// Why nothing more can be written: the end was, or it is all that may come.
///
/// ```
/// use tokenrail::constraint::{Constraint, Stop};
/// use tokenrail::grammar::Grammar;
/// use tokenrail::vocab::{TokenId, Vocabulary};
///
/// let vocabulary = Vocabulary::new([b"a".as_slice()], ["<end>"]);
/// let mut matcher = Constraint::new(&Grammar::regex("a")?, &vocabulary)?.matcher();
/// assert_eq!(matcher.stop()?, None);
/// matcher.advance(TokenId(0))?;
/// assert_eq!(matcher.stop()?, Some(Stop::Complete));
/// matcher.advance(TokenId(1))?;
/// assert_eq!(matcher.stop()?, Some(Stop::EndOfSequence));
/// # Ok::<(), tokenrail::constraint::ConstraintError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// An end of sequence was written.
    EndOfSequence,
    /// The text is whole, and nothing but its end may follow.
    Complete,
}

impl Matcher {
    pub(super) fn new(constraint: Constraint) -> Self {
        Self { constraint, path: None }
    }

    /// Appends a token, be it legal by its text, by its id, or as an end of sequence. `false` where
    /// it may not come next.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    pub fn advance(&mut self, token: TokenId) -> Result<bool, ConstraintError> {
        self.advance_all(&[token])
    }

    /// Appends all tokens, or none where one may not come.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    ///
    /// ```
    /// use tokenrail::constraint::Constraint;
    /// use tokenrail::grammar::Grammar;
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// let vocabulary = Vocabulary::new([b"a".as_slice(), b"b"], ["<end>"]);
    /// let mut matcher = Constraint::new(&Grammar::regex("ab")?, &vocabulary)?.matcher();
    /// assert!(!matcher.advance_all(&[TokenId(0), TokenId(0)])?);
    /// assert!(matcher.advance_all(&[TokenId(0), TokenId(1), TokenId(2)])?, "it is where it was");
    /// # Ok::<(), tokenrail::constraint::ConstraintError>(())
    /// ```
    pub fn advance_all(&mut self, tokens: &[TokenId]) -> Result<bool, ConstraintError> {
        let mut next = self.clone();
        if next.follow(tokens)? < tokens.len() {
            return Ok(false);
        }
        *self = next;
        Ok(true)
    }

    /// The number of tokens from the first that may come next, one after the other. Appends none.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    ///
    /// ```
    /// use tokenrail::constraint::Constraint;
    /// use tokenrail::grammar::Grammar;
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// let vocabulary = Vocabulary::new([b"a".as_slice(), b"b"], ["<end>"]);
    /// let matcher = Constraint::new(&Grammar::regex("aab*")?, &vocabulary)?.matcher();
    /// assert_eq!(matcher.validate(&[TokenId(0), TokenId(0), TokenId(2), TokenId(1)])?, 3);
    /// # Ok::<(), tokenrail::constraint::ConstraintError>(())
    /// ```
    pub fn validate(&self, tokens: &[TokenId]) -> Result<usize, ConstraintError> {
        self.clone().follow(tokens)
    }

    /// Appends bytes up to the first that may not come, as one step, and tells how many. They count
    /// as one token of the rules' budgets.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    pub fn advance_bytes(&mut self, bytes: &[u8]) -> Result<usize, ConstraintError> {
        let constraint = self.constraint.clone();
        let mut engine = constraint.engine();
        let Some(mut set) = self.set(&mut engine)? else {
            return Ok(0);
        };
        let mut count = 0;
        for &byte in bytes {
            let Some(next) = engine.step(set, byte)? else {
                break;
            };
            set = next;
            count += 1;
        }
        if count > 0 {
            let set = engine.end_token(set)?;
            self.push(Piece::Bytes(bytes[..count].into()), set, &engine);
        }
        Ok(count)
    }

    /// Takes back the last `count` steps; all of them where there are fewer.
    ///
    /// ```
    /// use tokenrail::constraint::Constraint;
    /// use tokenrail::grammar::Grammar;
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// let vocabulary = Vocabulary::new([b"a".as_slice(), b"b"], ["<end>"]);
    /// let mut matcher = Constraint::new(&Grammar::regex("ab|b")?, &vocabulary)?.matcher();
    /// let before = matcher.mask()?;
    /// assert!(matcher.advance_all(&[TokenId(0), TokenId(1)])?);
    /// matcher.rollback(2);
    /// assert_eq!(matcher.mask()?, before);
    /// # Ok::<(), tokenrail::constraint::ConstraintError>(())
    /// ```
    pub fn rollback(&mut self, count: usize) {
        for _ in 0..count {
            let Some(node) = self.path.take() else {
                return;
            };
            self.path.clone_from(&node.before);
        }
    }

    /// A second matcher in the same state. It shares the way here, so this takes no time.
    #[must_use]
    pub fn fork(&self) -> Self {
        self.clone()
    }

    /// The tokens that may come next. Ends of sequence are among them exactly where the text may
    /// end. None are left once an end of sequence was appended.
    ///
    /// The mask is shared with all matchers that come to an equal state: it is made the first time,
    /// and looked up from then on.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    pub fn mask(&mut self) -> Result<Arc<TokenMask>, ConstraintError> {
        let constraint = self.constraint.clone();
        let mut engine = constraint.engine();
        let Some(at) = self.set(&mut engine)? else {
            return Ok(Arc::new(TokenMask::new(constraint.vocabulary().len())));
        };
        Ok(engine.allowed(at, constraint.vocabulary())?.mask)
    }

    /// Writes [`mask`](Self::mask) into words as inference engines read them: bit `id % 32` of word
    /// `id / 32`. Bits past the vocabulary, such as those of a padded row of logits, become 0.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`]; [`ConstraintError::FewWords`] when the words do not hold the
    /// vocabulary.
    ///
    /// ```
    /// use tokenrail::constraint::Constraint;
    /// use tokenrail::grammar::Grammar;
    /// use tokenrail::vocab::Vocabulary;
    ///
    /// let vocabulary = Vocabulary::new([b"a".as_slice(), b"b"], ["<end>"]);
    /// let mut matcher = Constraint::new(&Grammar::regex("b?")?, &vocabulary)?.matcher();
    /// let mut words = [u32::MAX; 2];
    /// matcher.mask_into(&mut words)?;
    /// assert_eq!(words, [0b110, 0]);
    /// # Ok::<(), tokenrail::constraint::ConstraintError>(())
    /// ```
    pub fn mask_into(&mut self, words: &mut [u32]) -> Result<(), ConstraintError> {
        let mask = self.mask()?;
        let (needed, given) = (mask.words().len(), words.len());
        let Some((now, rest)) = words.split_at_mut_checked(needed) else {
            return Err(ConstraintError::FewWords { needed, given });
        };
        now.copy_from_slice(mask.words());
        rest.fill(0);
        Ok(())
    }

    /// The masks after each node of a tree of drafted tokens, whose parents come before them; `None`
    /// where the node or one above it may not come, and where a parent is no earlier node. Appends
    /// none.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    ///
    /// ```
    /// use tokenrail::constraint::Constraint;
    /// use tokenrail::grammar::Grammar;
    /// use tokenrail::vocab::{TokenId, Vocabulary};
    ///
    /// let vocabulary = Vocabulary::new([b"a".as_slice(), b"b"], ["<end>"]);
    /// let matcher = Constraint::new(&Grammar::regex("a(b|ab)")?, &vocabulary)?.matcher();
    /// let drafted = [(TokenId(0), None), (TokenId(1), Some(0)), (TokenId(0), Some(1))];
    /// let masks = matcher.draft_masks(&drafted)?;
    /// assert!(masks[0].as_ref().is_some_and(|mask| mask.count() == 2), "a or b behind a");
    /// assert!(masks[1].as_ref().is_some_and(|mask| mask.contains(TokenId(2))), "ab is whole");
    /// assert!(masks[2].is_none(), "nothing follows ab");
    /// # Ok::<(), tokenrail::constraint::ConstraintError>(())
    /// ```
    pub fn draft_masks(
        &self,
        nodes: &[(TokenId, Option<usize>)],
    ) -> Result<Vec<Option<Arc<TokenMask>>>, ConstraintError> {
        let mut matchers: Vec<Option<Self>> = Vec::with_capacity(nodes.len());
        let mut masks = Vec::with_capacity(nodes.len());
        for &(token, parent) in nodes {
            let before = match parent {
                None => Some(self),
                Some(parent) => matchers.get(parent).and_then(Option::as_ref),
            };
            let mut next = before.cloned();
            if let Some(matcher) = &mut next
                && !matcher.advance(token)?
            {
                next = None;
            }
            masks.push(next.as_mut().map(Self::mask).transpose()?);
            matchers.push(next);
        }
        Ok(masks)
    }

    /// Whether the text may end here: exactly then its ends of sequence are in the mask. `true` still
    /// behind one of them.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    pub fn is_accepting(&mut self) -> Result<bool, ConstraintError> {
        let constraint = self.constraint.clone();
        let mut engine = constraint.engine();
        let set = self.set(&mut engine)?;
        Ok(set.is_none_or(|set| engine.set(set).is_accepting))
    }

    /// Why nothing more can be written; `None` where something can.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    pub fn stop(&mut self) -> Result<Option<Stop>, ConstraintError> {
        let constraint = self.constraint.clone();
        let mut engine = constraint.engine();
        let Some(at) = self.set(&mut engine)? else {
            return Ok(Some(Stop::EndOfSequence));
        };
        let is_over = engine.set(at).is_accepting && !engine.has_step(at)?;
        Ok(is_over.then_some(Stop::Complete))
    }

    /// The named parts of a text that may end here, by where they begin; none where it may not. Of a
    /// text with several readings, one is given.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    pub fn captures(&mut self) -> Result<Vec<Captured>, ConstraintError> {
        let constraint = self.constraint.clone();
        captures::captures(&mut constraint.engine().language, &self.written())
    }

    /// The temperature that the grammar asks for here, where all its readings ask for the same.
    ///
    /// # Errors
    /// [`ConstraintError::Limit`].
    pub fn temperature(&mut self) -> Result<Option<f32>, ConstraintError> {
        let constraint = self.constraint.clone();
        let mut engine = constraint.engine();
        Ok(self.set(&mut engine)?.and_then(|at| engine.temperature(at)))
    }

    /// The number of steps so far: tokens, and runs of bytes appended at once.
    #[must_use]
    pub fn len(&self) -> usize {
        self.path.as_ref().map_or(0, |node| node.count)
    }

    /// Whether nothing was appended yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.path.is_none()
    }

    /// Appends tokens up to the first that may not come, and tells how many.
    fn follow(&mut self, tokens: &[TokenId]) -> Result<usize, ConstraintError> {
        let constraint = self.constraint.clone();
        let mut engine = constraint.engine();
        for (count, &token) in tokens.iter().enumerate() {
            let Some(at) = self.set(&mut engine)? else {
                return Ok(count);
            };
            let piece = match self.constraint.step(&mut engine, at, token)? {
                Some(next) => Some((Piece::Token(token), next)),
                None if engine.set(at).is_accepting
                    && constraint.vocabulary().eos().contains(&token) =>
                {
                    Some((Piece::End, at))
                }
                None => None,
            };
            let Some((piece, next)) = piece else {
                return Ok(count);
            };
            self.push(piece, next, &engine);
        }
        Ok(tokens.len())
    }

    /// The text so far, with the tokens that it was written in.
    fn written(&self) -> Written {
        let mut written = Written::default();
        for piece in self.pieces() {
            let start = written.symbols.len();
            match piece {
                Piece::End => {}
                Piece::Bytes(bytes) => written.symbols.extend(bytes.iter().copied().map(Some)),
                Piece::Token(id) => {
                    let bytes = self.constraint.vocabulary().bytes(id);
                    written.symbols.extend(bytes.iter().copied().map(Some));
                    if bytes.is_empty() {
                        written.symbols.push(None);
                    }
                    written.tokens.push((start, written.symbols.len(), id));
                }
            }
        }
        written
    }

    /// The steps so far, first to last.
    fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::with_capacity(self.len());
        let mut at = self.path.as_ref();
        while let Some(node) = at {
            pieces.push(node.piece.clone());
            at = node.before.as_ref();
        }
        pieces.reverse();
        pieces
    }

    /// Adds a step behind the way so far.
    fn push(&mut self, piece: Piece, set: SetId, engine: &Engine) {
        let count = self.len() + 1;
        let generation = engine.generation();
        let before = self.path.take();
        self.path = Some(Arc::new(Node { before, piece, set, generation, count }));
    }

    /// The state here; `None` behind an end of sequence. Where the engine began anew, the text is
    /// followed again.
    pub(super) fn set(&mut self, engine: &mut Engine) -> Result<Option<SetId>, ConstraintError> {
        engine.make_room();
        if let Some(node) = &self.path
            && node.generation != engine.generation()
        {
            let pieces = self.pieces();
            self.path = None;
            for piece in pieces {
                self.replay(piece, engine)?;
            }
        }
        match &self.path {
            None => engine.start(),
            Some(node) if matches!(node.piece, Piece::End) => Ok(None),
            Some(node) => Ok(Some(node.set)),
        }
    }

    /// Takes a step again, after the engine forgot its states.
    fn replay(&mut self, piece: Piece, engine: &mut Engine) -> Result<(), ConstraintError> {
        let before = match &self.path {
            None => engine.start()?.expect("a constraint has a legal text"),
            Some(node) => node.set,
        };
        const LEGAL: &str = "what was legal stays legal";
        let set = match &piece {
            Piece::End => before,
            Piece::Token(token) => self.constraint.step(engine, before, *token)?.expect(LEGAL),
            Piece::Bytes(bytes) => {
                let mut set = before;
                for &byte in bytes.iter() {
                    set = engine.step(set, byte)?.expect(LEGAL);
                }
                engine.end_token(set)?
            }
        };
        self.push(piece, set, engine);
        Ok(())
    }
}

impl Constraint {
    /// The state after a token, read as its text and as its id.
    fn step(
        &self,
        engine: &mut Engine,
        from: SetId,
        token: TokenId,
    ) -> Result<Option<SetId>, ConstraintError> {
        let bytes = self.vocabulary().bytes(token);
        let mut text = Some(from).filter(|_| !bytes.is_empty());
        for &byte in bytes {
            let Some(at) = text else {
                break;
            };
            text = engine.step(at, byte)?;
        }
        let id = engine.step_token(from, token)?;
        let next = match (text, id) {
            (Some(text), Some(id)) => Some(engine.union(text, id)),
            (next, None) | (None, next) => next,
        };
        next.map(|set| engine.end_token(set)).transpose()
    }
}

impl Drop for Node {
    /// In a loop: a long text is a long list.
    fn drop(&mut self) {
        let mut next = self.before.take();
        while let Some(mut node) = next.and_then(Arc::into_inner) {
            next = node.before.take();
        }
    }
}
