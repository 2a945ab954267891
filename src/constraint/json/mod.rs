//! JSON as an automaton: a state for every beginning of a text that a schema allows.
//!
//! JSON's own syntax is deterministic, so a state is one place in it, and beside that place all the
//! readings of the schema that are still possible. A reading of an open array or object is a
//! [`Thread`](level::Thread): a shape, what was read of it, and the level above that goes on when it
//! closes. Readings that need the same value share it: a level points to the *set* of threads that
//! wait for it, as in a graph-structured stack (Tomita 1985). So alternatives add up and never multiply.
//!
//! Every thread can be finished, which is checked when it is made; so no state is a dead end.
//! States are interned: equal beginnings are one state, and steps are remembered.
//!
//! Laws, held by `tests/json_schema_walks.rs`: every walk ends in a text that a validator accepts, and
//! every valid value is a walk.

mod arrays;
mod candidates;
mod escapable;
mod escape;
mod key_mask;
mod keys;
mod known;
mod level;
mod mask;
mod rest;
mod strings;
mod text_mask;
mod unlike;
mod values;

use std::sync::Arc;

use hashbrown::HashMap;

use super::{ConstraintError, Size};
use crate::interner::Interner;
use crate::regex::{ByteSet, ExprId};
use crate::schema::algebra::{Algebra, NEVER, NodeId, ObjectId};
use crate::schema::{Order, Schema};
use crate::vocab::TokenMask;
use escape::Escape;
use level::{LevelId, Thread, ThreadId};
pub(super) use mask::Found;

/// A beginning of a text, by what may follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct StateId(u32);

/// A text read so far, as the text before and a byte; [`TextId::EMPTY`] begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct TextId(u32);

/// Values that are waited for, by the number of their list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct WantsId(u32);

/// Languages that a text is read in, by the number of their list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct ReadingId(u32);

/// Keys that are read, by the number of their list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct CursorsId(u32);

/// A state: a place, and what of the white space there is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct State {
    place: Place,
    /// The language of the white space that may go on here; nothing within strings and the like.
    space: ExprId,
    /// The text of the item at hand, where arrays must know whether it is new.
    item: Option<TextId>,
}

/// A place in JSON's syntax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    /// Before a value.
    Value(WantsId),
    /// Behind `[`.
    FirstItem(LevelId),
    /// Behind `{`.
    FirstKey(LevelId),
    /// Behind a comma in an object.
    NextKey(LevelId),
    /// Within a key, with the text so far.
    Key(CursorsId, TextId, Escape),
    /// Behind a key.
    Colon(WantsId),
    /// Behind a value in an array or object.
    After(LevelId),
    /// Within `null`, `true` or `false`, with the number of letters read.
    Literal(Word, u8, LevelId),
    /// Within a number: the texts that it may go on with.
    Number(ReadingId),
    /// Within a string: what it may go on with, decoded, and the escape that has begun.
    String(ReadingId, Escape),
    /// Behind the whole text.
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Word {
    /// As RFC 8259, section 3, writes them: in lower case and whole.
    Null,
    True,
    False,
}

/// A key that is read for a thread: the names that it may become, and the language of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Cursor {
    thread: ThreadId,
    /// The range of the thread's candidates that begin as the key does.
    /// Both are the same where no name begins so.
    low: u32,
    high: u32,
    /// Nothing where only names may come.
    unnamed: ExprId,
}

/// A schema as an automaton.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    algebra: Algebra,
    /// The language of white space.
    space: ExprId,
    /// Whether members come in the order in which the schema names them.
    order: Order,
    /// Which characters may be written by escapes.
    escapes: crate::schema::Escapes,
    states: Interner<State>,
    /// Ascending lists of nodes with the level behind each.
    wants: Interner<Box<[(NodeId, LevelId)]>>,
    /// Ascending lists of languages with the level behind each.
    readings: Interner<Box<[(ExprId, LevelId)]>>,
    /// Ascending lists of keys that are read, one for each thread.
    cursors: Interner<Box<[Cursor]>>,
    threads: Interner<Thread>,
    /// Ascending lists of threads; the first is behind the whole text.
    levels: Interner<Box<[ThreadId]>>,
    /// Texts of keys and items: each byte points to those before it, so beginnings are shared.
    texts: Interner<(TextId, u8)>,
    /// Steps that were taken, by the state's number and the byte in one; `None` leads nowhere.
    steps: HashMap<u64, Option<StateId>>,
    /// The keys that may come next, as far as was asked.
    candidates: HashMap<ThreadId, Arc<candidates::Candidates>>,
    /// The bytes that they hold.
    candidate_bytes: usize,
    /// The places of the names of shapes by text.
    ranks: HashMap<ObjectId, Arc<[u32]>>,
    /// What the next item may be, by level and by where in the item's text it begins.
    item_wants: HashMap<(LevelId, u32), Option<WantsId>>,
    /// The fewest bytes that close all that is open, for each level that was asked about.
    level_rests: HashMap<LevelId, u32>,
    /// The same behind a key that is compared with no other, for each thread.
    other_rests: HashMap<ThreadId, u32>,
    /// Characters with which a language goes on and that an escape can become.
    escapables: HashMap<(ExprId, Escape), Arc<[escapable::Escapable]>>,
    /// The plain tokens that stay within a language, and the most bytes needed behind one.
    plain_masks: HashMap<ExprId, (Arc<TokenMask>, u32)>,
    /// The tokens that may follow within keys that are compared with no other.
    other_masks: HashMap<StateId, Arc<TokenMask>>,
    /// What is known of values and of white space, wherever they stand.
    known_values: HashMap<known::ValueKey, Arc<known::Known>>,
    known_spaces: HashMap<known::SpaceKey, Arc<known::Known>>,
    /// The bytes that both hold.
    known_bytes: usize,
}

impl Machine {
    /// Makes the automaton of a schema. Texts are finished with bytes of `alphabet`.
    pub(super) fn new(schema: &Schema, alphabet: ByteSet) -> Self {
        let algebra = schema.algebra(alphabet);
        let space = algebra.white_space();
        let mut levels = Interner::default();
        levels.intern(Box::from([]));
        levels.intern(Box::from([ThreadId::OPEN]));
        let mut texts = Interner::default();
        // The empty text has nothing before it, not even itself.
        texts.intern((TextId(u32::MAX), 0));
        Self {
            algebra,
            space,
            order: schema.options().order,
            escapes: schema.options().escapes,
            states: Interner::default(),
            wants: Interner::default(),
            readings: Interner::default(),
            cursors: Interner::default(),
            threads: Interner::default(),
            levels,
            texts,
            steps: HashMap::new(),
            candidates: HashMap::new(),
            candidate_bytes: 0,
            ranks: HashMap::new(),
            item_wants: HashMap::new(),
            level_rests: HashMap::new(),
            other_rests: HashMap::new(),
            escapables: HashMap::new(),
            plain_masks: HashMap::new(),
            other_masks: HashMap::new(),
            known_values: HashMap::new(),
            known_spaces: HashMap::new(),
            known_bytes: 0,
        }
    }

    /// The state before a text; `None` where the schema allows none.
    ///
    /// # Errors
    /// [`ConstraintError`] for limits.
    pub(super) fn start(&mut self) -> Result<Option<StateId>, ConstraintError> {
        let root = self.algebra.root();
        if self.algebra.extent(root)? == NEVER {
            return Ok(None);
        }
        let wants = self.wants_id(vec![(root, LevelId::OVER)]);
        // No white space before the text, as there is none behind it.
        let state = State { place: Place::Value(wants), space: ExprId::EMPTY, item: None };
        Ok(Some(self.state_id(state)))
    }

    /// The state behind a byte; `None` where no text goes on so.
    ///
    /// Kept, so that a text which goes through the same states again costs look-ups alone.
    ///
    /// # Errors
    /// [`ConstraintError`] for limits.
    pub(super) fn step(
        &mut self,
        from: StateId,
        byte: u8,
    ) -> Result<Option<StateId>, ConstraintError> {
        let state = *self.states.get(from.0);
        if !state.place.bytes().contains(byte) {
            return Ok(None);
        }
        let key = u64::from(from.0) << 8 | u64::from(byte);
        if let Some(&known) = self.steps.get(&key) {
            return Ok(known);
        }
        let next = self.find_step(state, byte)?.map(|next| self.state_id(next));
        self.steps.insert(key, next);
        Ok(next)
    }

    /// Whether the text may end here.
    pub(super) fn is_accepting(&self, state: StateId) -> bool {
        match self.states.get(state.0).place {
            Place::Done => true,
            Place::Number(reading) => self.reading(reading).iter().any(|&(language, level)| {
                level == LevelId::OVER && self.algebra.automaton.is_nullable(language)
            }),
            _ => false,
        }
    }

    /// Whether the text can only end here.
    pub(super) fn is_over(&self, state: StateId) -> bool {
        self.states.get(state.0).place == Place::Done
    }

    /// The step itself. Within keys, strings, numbers and words white space has no place; elsewhere
    /// it may stand.
    fn find_step(&mut self, state: State, byte: u8) -> Result<Option<State>, ConstraintError> {
        let inside = match state.place {
            Place::Key(cursors, text, escape) => {
                return self.step_key(state, (cursors, text, escape), byte);
            }
            Place::String(reading, escape) => self.step_string(state, (reading, escape), byte)?,
            Place::Number(reading) => return self.step_number(state, reading, byte),
            Place::Literal(word, at, level) => self.step_literal(state, (word, at, level), byte)?,
            _ => return self.step_structure(state, byte),
        };
        Ok(inside)
    }

    /// A step where white space may stand.
    ///
    /// The state keeps what white space may still come, so a limit of it is a language like others.
    /// Where that needs more of it, as indentation does, nothing else may stand yet.
    fn step_structure(&mut self, state: State, byte: u8) -> Result<Option<State>, ConstraintError> {
        if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            let class = self.algebra.automaton.class_of(byte);
            let space = self.algebra.automaton.step(state.space, class);
            let is_alive = space != ExprId::NOTHING && self.algebra.shortest(space)? != NEVER;
            return Ok(is_alive.then(|| self.noted(State { space, ..state }, byte)));
        }
        if !self.algebra.automaton.is_nullable(state.space) {
            return Ok(None);
        }
        match (state.place, byte) {
            (Place::Value(wants), _) => self.begin_value(state, wants, byte),
            (Place::FirstItem(level), b']') => self.close(state, level, byte),
            (Place::FirstItem(level), _) => {
                let start = self.item_start(state);
                match self.item_wants(level, start)? {
                    Some(wants) => self.begin_value(self.in_item(state, level), wants, byte),
                    None => Ok(None),
                }
            }
            (Place::FirstKey(level) | Place::NextKey(level), b'"') => self.begin_key(state, level),
            (Place::FirstKey(level), b'}') => self.close(state, level, byte),
            (Place::Colon(wants), b':') => Ok(Some(self.spaced(state, Place::Value(wants), byte))),
            (Place::After(level), _) => self.step_after(state, level, byte),
            _ => Ok(None),
        }
    }

    /// A step behind a value in an array or object.
    ///
    /// In objects a comma leads only to threads in which a further key may come.
    fn step_after(
        &mut self,
        state: State,
        level: LevelId,
        byte: u8,
    ) -> Result<Option<State>, ConstraintError> {
        let is_array = self.is_array(level);
        match (byte, is_array) {
            (b']', true) | (b'}', false) => self.close(state, level, byte),
            (b',', true) => {
                let noted = self.noted(state, byte);
                let state = self.in_item(noted, level);
                let start = self.item_start(state);
                let wants = self.item_wants(level, start)?;
                Ok(wants.map(|wants| State {
                    place: Place::Value(wants),
                    space: self.space,
                    ..state
                }))
            }
            (b',', false) => {
                let level = self.continuing(level)?;
                Ok(level.map(|level| self.spaced(state, Place::NextKey(level), byte)))
            }
            _ => Ok(None),
        }
    }

    /// A place behind a byte at which white space may begin.
    fn spaced(&mut self, state: State, place: Place, byte: u8) -> State {
        self.noted(State { place, space: self.space, ..state }, byte)
    }

    /// The state with a byte noted, where the text of an item is kept.
    fn noted(&mut self, state: State, byte: u8) -> State {
        let item = state.item.map(|text| self.text_id(text, byte));
        State { item, ..state }
    }

    /// The number of a state, the same for an equal one.
    fn state_id(&mut self, state: State) -> StateId {
        StateId(self.states.intern(state))
    }

    /// The text with a byte more.
    fn text_id(&mut self, before: TextId, byte: u8) -> TextId {
        TextId(self.texts.intern((before, byte)))
    }

    /// The bytes of a text.
    fn text(&self, mut text: TextId) -> Vec<u8> {
        let mut bytes = Vec::new();
        while text != TextId::EMPTY {
            let (before, byte) = *self.texts.get(text.0);
            bytes.push(byte);
            text = before;
        }
        bytes.reverse();
        bytes
    }

    /// The number of a list of wants, in whatever order they come.
    fn wants_id(&mut self, mut wants: Vec<(NodeId, LevelId)>) -> WantsId {
        wants.sort_unstable();
        wants.dedup();
        WantsId(self.wants.intern(wants.into()))
    }

    /// The number of a list of readings, in whatever order they come.
    fn reading_id(&mut self, mut reading: Vec<(ExprId, LevelId)>) -> ReadingId {
        reading.sort_unstable();
        reading.dedup();
        ReadingId(self.readings.intern(reading.into()))
    }

    /// The languages of a reading, each with the level behind it.
    fn reading(&self, reading: ReadingId) -> &[(ExprId, LevelId)] {
        self.readings.get(reading.0)
    }

    /// What was made so far.
    pub(super) fn size(&self) -> Size {
        let (shapes, bytes) = self.algebra.shapes();
        Size {
            shapes,
            expressions: self.algebra.automaton.exprs().len(),
            states: self.states.len(),
            bytes: bytes + self.memory(),
        }
    }

    /// The bytes it holds, roughly.
    ///
    /// Counts by sizes that are about right: it is compared with a limit, and nothing is allocated
    /// by it.
    pub(super) fn memory(&self) -> usize {
        let plain = self.plain_masks.values().map(|known| &known.0);
        let mask = plain.chain(self.other_masks.values()).next();
        let mask = mask.map_or(0, |mask| size_of_val(mask.words()));
        (self.plain_masks.len() + self.other_masks.len()) * mask
            + self.states.len() * 64
            + self.steps.len() * 32
            + self.threads.len() * 160
            + self.levels.len() * 64
            + self.texts.len() * 24
            + self.candidate_bytes
            + self.known_bytes
            + self.algebra.automaton.memory()
    }
}

impl Place {
    /// The bytes that JSON's syntax has here, whatever the schema says.
    ///
    /// A walk of the vocabulary would try every byte at every state. Nearly all of them are told
    /// here, and take no room among the steps that are kept.
    fn bytes(self) -> ByteSet {
        const STRING: ByteSet = ByteSet::ALL;
        const VALUE: ByteSet = ByteSet::of(b" \t\n\r\"[{-0123456789tfn");
        const FIRST_ITEM: ByteSet = ByteSet::of(b" \t\n\r\"[{-0123456789tfn]");
        const FIRST_KEY: ByteSet = ByteSet::of(b" \t\n\r\"}");
        const NEXT_KEY: ByteSet = ByteSet::of(b" \t\n\r\"");
        const COLON: ByteSet = ByteSet::of(b" \t\n\r:");
        const AFTER: ByteSet = ByteSet::of(b" \t\n\r,]}");
        const NUMBER: ByteSet = ByteSet::of(b" \t\n\r0123456789-+.eE,]}");
        match self {
            Self::Key(..) | Self::String(..) => STRING,
            Self::Literal(word, at, _) => {
                let letter = word.text().get(usize::from(at)..=usize::from(at));
                letter.map_or(ByteSet::NONE, ByteSet::of)
            }
            Self::Done => ByteSet::NONE,
            Self::Value(_) => VALUE,
            Self::FirstItem(_) => FIRST_ITEM,
            Self::FirstKey(_) => FIRST_KEY,
            Self::NextKey(_) => NEXT_KEY,
            Self::Colon(_) => COLON,
            Self::After(_) => AFTER,
            Self::Number(_) => NUMBER,
        }
    }
}

impl TextId {
    const EMPTY: Self = Self(0);
}
