//! What a formula allows, split by type, and the boolean operations on it.
//!
//! Null and booleans are flags; numbers and strings regular languages, which are closed under all
//! three operations, so that nothing is lost there. Shapes of arrays and objects are closed under
//! the meet; a complement of one is several, one for each demand that may be broken. So
//! alternatives multiply, and [`MOST_SHAPES`] bounds them.
//!
//! Laws: `meet`, `join` and `without` are the intersection, union and difference of the sets of
//! values. Forms of equal sets need not be equal: what is empty for deeper reasons shows in the
//! extent (`extent.rs`).

use std::sync::Arc;

use super::array::{ArrayId, ArrayShape};
use super::distinct::ValueId;
use super::object::{ObjectId, ObjectShape};
use super::{Algebra, MOST_SHAPES};
use crate::regex::ExprId;
use crate::schema::SchemaError;

/// The bytes that are put together in the time that a part of a language takes.
const PART: usize = 32;
/// And in the time that two shapes take to be compared.
const PAIR: usize = 4 << 10;

/// The values that a node allows, of each type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// Whether `null` is allowed.
    pub(crate) null: bool,
    /// Whether `false` is allowed, and whether `true` is.
    pub(crate) booleans: [bool; 2],
    /// Texts whose value is allowed, however it is spelled.
    pub(super) numbers: ExprId,
    /// The spellings to write: a matter of style, which no complement turns round.
    pub(super) spellings: ExprId,
    /// Decoded texts.
    pub(crate) strings: ExprId,
    /// Alternatives, ascending.
    pub(crate) arrays: Vec<ArrayId>,
    /// Alternatives, ascending.
    pub(crate) objects: Vec<ObjectId>,
}

impl Form {
    /// No value. It has no numbers, so its style is asked for nowhere: see [`Algebra::join`].
    pub(super) fn nothing() -> Self {
        Self {
            null: false,
            booleans: [false; 2],
            numbers: ExprId::NOTHING,
            spellings: ExprId::ANYTHING,
            strings: ExprId::NOTHING,
            arrays: Vec::new(),
            objects: Vec::new(),
        }
    }

    /// Whether it allows no value, as far as can be seen without a look inside its languages and
    /// shapes.
    pub(super) fn is_nothing(&self) -> bool {
        !self.null
            && self.booleans == [false; 2]
            && self.numbers == ExprId::NOTHING
            && self.strings == ExprId::NOTHING
            && self.arrays.is_empty()
            && self.objects.is_empty()
    }
}

impl Algebra {
    /// Every value, of the numbers all those of which it is decided what they are multiples of:
    /// another number's text is in no language and in no complement.
    pub(super) fn everything(&mut self) -> Form {
        Form {
            null: true,
            booleans: [true; 2],
            numbers: self.any_number,
            spellings: ExprId::ANYTHING,
            strings: self.any_text,
            arrays: vec![self.array_id(ArrayShape::ANY)],
            objects: vec![self.object_id(ObjectShape::any())],
        }
    }

    /// What both allow.
    ///
    /// Styles are met as well: what `integer` and a constant ask for is asked for by both.
    pub(super) fn meet(&mut self, a: &Form, b: &Form) -> Result<Form, SchemaError> {
        Ok(Form {
            null: a.null && b.null,
            booleans: [0, 1].map(|of| a.booleans[of] && b.booleans[of]),
            numbers: self.both_numbers(a.numbers, b.numbers),
            spellings: self.both(a.spellings, b.spellings),
            strings: self.both_texts(a.strings, b.strings),
            arrays: self.meet_all(&a.arrays, &b.arrays, Self::meet_arrays)?,
            objects: self.meet_all(&a.objects, &b.objects, Self::meet_objects)?,
        })
    }

    /// What either allows.
    ///
    /// A form without numbers has no say in how numbers are written: `anyOf` of a string and an
    /// integer writes integers as the integer alone would.
    pub(super) fn join(&mut self, a: &Form, b: &Form) -> Result<Form, SchemaError> {
        let spellings = match (a.numbers, b.numbers) {
            (ExprId::NOTHING, _) => b.spellings,
            (_, ExprId::NOTHING) => a.spellings,
            _ => self.either(a.spellings, b.spellings),
        };
        Ok(Form {
            null: a.null || b.null,
            booleans: [0, 1].map(|of| a.booleans[of] || b.booleans[of]),
            numbers: self.either(a.numbers, b.numbers),
            spellings,
            strings: self.either(a.strings, b.strings),
            arrays: self.joined(&a.arrays, &b.arrays)?,
            objects: self.joined(&a.objects, &b.objects)?,
        })
    }

    /// What it does not allow.
    ///
    /// Within everything: texts of numbers of which it is not decided what they are multiples of
    /// stay out of a form and of its complement.
    pub(super) fn complement(&mut self, form: &Form) -> Result<Form, SchemaError> {
        let everything = self.everything();
        self.without(&everything, form)
    }

    /// What the first allows and the second does not.
    ///
    /// Alternatives of the second are taken away one after the other, as what is of none of them is
    /// left. Each step may break one demand of the alternative in as many ways as it has demands.
    pub(super) fn without(&mut self, a: &Form, b: &Form) -> Result<Form, SchemaError> {
        let constant = |algebra: &Self, of| algebra.constant_arrays.get(&of).copied();
        let (values, others) = self.told(&b.arrays, constant);
        let mut arrays = self.take_values(&a.arrays, &values, Self::array_unlike)?;
        for taken in others {
            arrays = self.take_all(&arrays, taken, Self::array_without)?;
            arrays = self.outermost(arrays, Self::is_array_within)?;
        }
        let constant = |algebra: &Self, of| algebra.constant_objects.get(&of).copied();
        let (values, others) = self.told(&b.objects, constant);
        let mut objects = self.take_values(&a.objects, &values, Self::object_unlike)?;
        for taken in others {
            objects = self.take_all(&objects, taken, Self::object_without)?;
            objects = self.outermost(objects, Self::is_object_within)?;
        }
        Ok(Form {
            null: a.null && !b.null,
            booleans: [0, 1].map(|of| a.booleans[of] && !b.booleans[of]),
            numbers: self.minus(a.numbers, b.numbers),
            spellings: a.spellings,
            strings: self.minus(a.strings, b.strings),
            arrays,
            objects,
        })
    }

    /// What exactly one of the forms allows.
    ///
    /// The alternatives are disjoint: each branch without all others. The order of taking away
    /// changes nothing, and a branch of which nothing is left is not looked at further.
    pub(super) fn exactly_one(&mut self, forms: &[Arc<Form>]) -> Result<Form, SchemaError> {
        let mut one = Form::nothing();
        for (index, form) in forms.iter().enumerate() {
            let mut alone = Form::clone(form);
            for (other, taken) in forms.iter().enumerate() {
                if other != index && !alone.is_nothing() {
                    alone = self.without(&alone, taken)?;
                }
            }
            one = self.join(&one, &alone)?;
        }
        Ok(one)
    }

    /// The texts of number texts to write: in style, unless no text of the value is.
    ///
    /// Style yields where it contradicts itself: `{"type": "integer", "const": 1.0}` asks for
    /// digits alone and for `1.0`, and still has its value in some text.
    pub(crate) fn written_numbers(&mut self, form: &Form) -> Result<ExprId, SchemaError> {
        let styled = self.both(form.numbers, form.spellings);
        Ok(if self.is_inhabited(styled)? { styled } else { form.numbers })
    }

    /// Every pair of alternatives, without those that are empty.
    fn meet_all<T: Copy + Ord>(
        &mut self,
        a: &[T],
        b: &[T],
        meet: impl Fn(&mut Self, T, T) -> Result<Option<T>, SchemaError>,
    ) -> Result<Vec<T>, SchemaError> {
        let mut all = Vec::new();
        for &one in a {
            for &other in b {
                self.made += PAIR;
                all.extend(meet(self, one, other)?);
            }
        }
        self.distinct(all)
    }

    /// The values of alternatives that are one value each, ascending, and the others.
    fn told<T: Copy>(
        &self,
        of: &[T],
        constant: impl Fn(&Self, T) -> Option<ValueId>,
    ) -> (Vec<ValueId>, Vec<T>) {
        let mut values: Vec<ValueId> = of.iter().filter_map(|&of| constant(self, of)).collect();
        values.sort_unstable();
        values.dedup();
        (values, of.iter().copied().filter(|&of| constant(self, of).is_none()).collect())
    }

    /// Each alternative without some values: these stay what they are, and are told the values.
    ///
    /// So taking away constants never makes more alternatives of one, however many they are. That an
    /// array or object differs in one of its parts is no alternative here but is followed in the text.
    fn take_values<T: Copy + Ord>(
        &mut self,
        from: &[T],
        values: &[ValueId],
        unlike: impl Fn(&mut Self, T, &[ValueId]) -> Result<Option<T>, SchemaError>,
    ) -> Result<Vec<T>, SchemaError> {
        if values.is_empty() {
            return Ok(from.to_vec());
        }
        let mut all = Vec::new();
        for &one in from {
            all.extend(unlike(self, one, values)?);
        }
        self.distinct(all)
    }

    /// Each alternative without what another takes away.
    fn take_all<T: Copy + Ord>(
        &mut self,
        from: &[T],
        taken: T,
        take: impl Fn(&mut Self, T, T) -> Result<Vec<T>, SchemaError>,
    ) -> Result<Vec<T>, SchemaError> {
        let mut all = Vec::new();
        for &one in from {
            self.made += PAIR;
            all.extend(take(self, one, taken)?);
        }
        self.distinct(all)
    }

    /// All alternatives of both, each once.
    fn joined<T: Copy + Ord>(&mut self, a: &[T], b: &[T]) -> Result<Vec<T>, SchemaError> {
        self.distinct([a, b].concat())
    }

    /// Alternatives in order and each once, so that equal forms are found equal; an error over
    /// [`MOST_SHAPES`], and where too much was made of them.
    pub(super) fn distinct<T: Copy + Ord>(
        &mut self,
        mut all: Vec<T>,
    ) -> Result<Vec<T>, SchemaError> {
        self.check_made()?;
        all.sort_unstable();
        all.dedup();
        if all.len() > MOST_SHAPES {
            return Err(self.over("alternatives of arrays or objects", MOST_SHAPES));
        }
        Ok(all)
    }

    /// The intersection of two languages.
    pub(super) fn both(&mut self, a: ExprId, b: ExprId) -> ExprId {
        let both = self.automaton.exprs_mut().and([a, b]);
        self.counted(both)
    }

    /// The same of languages within all texts, which is left out where the other says enough.
    ///
    /// Every language of strings is within all texts, so the intersection with all texts is the
    /// other language. The arena does not know that, and would keep the conjunction as a node that
    /// every step carries along.
    pub(super) fn both_texts(&mut self, a: ExprId, b: ExprId) -> ExprId {
        self.both_within(self.any_text, a, b)
    }

    /// The same of languages within all numbers.
    pub(super) fn both_numbers(&mut self, a: ExprId, b: ExprId) -> ExprId {
        self.both_within(self.any_number, a, b)
    }

    /// The intersection of two languages within `all`, without `all` where it adds nothing.
    fn both_within(&mut self, all: ExprId, a: ExprId, b: ExprId) -> ExprId {
        match (a == all, b == all) {
            (true, _) => b,
            (_, true) => a,
            _ => self.both(a, b),
        }
    }

    /// The union of two languages.
    pub(super) fn either(&mut self, a: ExprId, b: ExprId) -> ExprId {
        let either = self.automaton.exprs_mut().or([a, b]);
        self.counted(either)
    }

    /// What is in the first language and not in the second.
    ///
    /// Plain cases are settled here, as a complement is a node that has to be searched for its
    /// shortest text.
    pub(super) fn minus(&mut self, a: ExprId, b: ExprId) -> ExprId {
        match (a, b) {
            (ExprId::NOTHING, _) | (_, ExprId::NOTHING) => a,
            _ if a == b => ExprId::NOTHING,
            _ => {
                let exprs = self.automaton.exprs_mut();
                let not = exprs.not(b);
                let rest = exprs.and([a, not]);
                self.counted(rest)
            }
        }
    }

    /// A language that was put together, which takes as long as it has parts.
    fn counted(&mut self, language: ExprId) -> ExprId {
        self.made += self.automaton.exprs().width(language) * PART;
        language
    }
}
