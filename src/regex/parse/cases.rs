//! What follows a place of a pattern, case by case of what may stand before it.
//!
//! A pattern is lowered from its end, so that what follows a part is known when the part is read, and
//! what stands before it is not. A look-behind therefore waits, in a [`Case`], until enough text has
//! been put before it to decide it; a look-ahead constrains what follows at once.
//!
//! Behind `x(?<=ab)c`, say, stands the rest `c`. Then comes the look-behind, which makes a segment: the
//! empty text, up to which all must end with `ab`. Then comes `x`, which goes to the front of the
//! segment. One character does not decide what takes two, so the segment stays open, and whatever
//! comes before `x` joins it. Once it is long enough, or begins the text, it is intersected with the
//! texts that end with `ab`, and is an expression like others.
//!
//! Cases may overlap: a text is matched if one of them has it. Nothing is lost by that, and it spares
//! the complements that telling them apart would take.

use std::collections::BTreeMap;

use crate::regex::expr::{ExprId, Exprs};
use crate::regex::length::Unit;

/// A language of the texts that may stand before a place, and how much text decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Before {
    pub(super) language: ExprId,
    /// Whether a text is in the language follows from its last characters, so many; `None` where it
    /// takes the whole text. Of 1, any text but the empty one decides.
    pub(super) reach: Option<u32>,
}

/// Text that stands in front of an undecided [`Before`]: its beginning belongs to what is not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Segment {
    text: ExprId,
    before: Before,
}

/// One way to go on: the segments one after the other, then the rest. All that stands in front of
/// the end of each segment, from the text's begin, is as the segment asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    segments: Vec<Segment>,
    rest: ExprId,
}

/// The ways to go on from a place, any of which will do; no two have the same segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cases(Vec<Case>);

/// An assertion's two sides overlap in a way that is not told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entangled;

impl Before {
    /// Both languages are asked for at one place: what decides the one that sees further decides both.
    fn and(self, other: Self, exprs: &mut Exprs) -> Self {
        let reach = self.reach.zip(other.reach).map(|(a, b)| a.max(b));
        Self { language: exprs.and([self.language, other.language]), reach }
    }

    /// All else is asked for.
    pub(super) fn negated(self, exprs: &mut Exprs) -> Self {
        Self { language: exprs.not(self.language), ..self }
    }

    /// Whether it does not depend on what stands before `text`.
    fn is_decided_by(self, text: ExprId, exprs: &Exprs) -> bool {
        match self.reach {
            Some(1) => !exprs.is_nullable(text),
            Some(reach) => exprs.lengths_in(Unit::Chars, text).least >= reach,
            None => false,
        }
    }
}

impl Cases {
    /// `rest` follows, whatever stands before.
    pub(super) fn of(rest: ExprId) -> Self {
        Self(vec![Case { segments: Vec::new(), rest }])
    }

    /// Any case of either.
    pub(super) fn or(self, other: Self, exprs: &mut Exprs) -> Self {
        Self::joined(self.0.into_iter().chain(other.0), exprs)
    }

    /// The cases with a text of `expr` put before each.
    pub(super) fn behind(self, expr: ExprId, exprs: &mut Exprs) -> Self {
        let mut moved = Vec::with_capacity(self.0.len());
        for case in self.0 {
            case.put_behind(expr, exprs, &mut moved);
        }
        Self::joined(moved, exprs)
    }

    /// The cases where what stands before is as `before` asks.
    pub(super) fn after(mut self, before: Before, exprs: &mut Exprs) -> Self {
        for case in &mut self.0 {
            case.ask(before, exprs);
        }
        Self::joined(self.0, exprs)
    }

    /// The cases where what follows is in `language`, of whose texts the first `reach` bytes decide.
    ///
    /// # Errors
    /// [`Entangled`] where an undecided look-behind divides what follows.
    pub(super) fn ahead(
        mut self,
        language: ExprId,
        reach: Option<u32>,
        exprs: &mut Exprs,
    ) -> Result<Self, Entangled> {
        for case in &mut self.0 {
            case.ask_ahead(language, reach, exprs)?;
        }
        Ok(Self::joined(self.0, exprs))
    }

    /// The cases where nothing follows.
    ///
    /// What stands between an open look-behind and this place must then be empty as well.
    pub(super) fn at_end(mut self, exprs: &mut Exprs) -> Self {
        for case in &mut self.0 {
            for segment in &mut case.segments {
                segment.text = exprs.and([segment.text, ExprId::EMPTY]);
            }
            case.rest = exprs.and([case.rest, ExprId::EMPTY]);
        }
        Self::joined(self.0, exprs)
    }

    /// The texts where nothing stands before.
    pub(super) fn at_start(&self, exprs: &mut Exprs) -> ExprId {
        let texts: Vec<ExprId> = self.0.iter().map(|case| case.at_start(exprs)).collect();
        exprs.or(texts)
    }

    /// What follows, where that is the same whatever stands before.
    pub(super) fn only_rest(&self) -> Option<ExprId> {
        match &self.0[..] {
            [] => Some(ExprId::NOTHING),
            [case] if case.segments.is_empty() => Some(case.rest),
            _ => None,
        }
    }

    /// What follows in the case that asks nothing of what stands before.
    pub(super) fn unasked(&self) -> ExprId {
        let unasked = self.0.iter().find(|case| case.segments.is_empty());
        unasked.map_or(ExprId::NOTHING, |case| case.rest)
    }

    /// Whether the text may end here, in a case that asks for something before.
    pub(super) fn may_end_asking(&self, exprs: &Exprs) -> bool {
        self.0.iter().any(|case| {
            let is_nullable = |segment: &Segment| exprs.is_nullable(segment.text);
            !case.segments.is_empty()
                && case.segments.iter().all(is_nullable)
                && exprs.is_nullable(case.rest)
        })
    }

    /// The cases as pairs of what is asked before and what follows; `None` where text stands between.
    pub(super) fn pairs(&self) -> Option<Vec<(Option<Before>, ExprId)>> {
        let pair = |case: &Case| match case.segments[..] {
            [] => Some((None, case.rest)),
            [segment] if segment.text == ExprId::EMPTY => Some((Some(segment.before), case.rest)),
            _ => None,
        };
        self.0.iter().map(pair).collect()
    }

    /// How many cases there are: each costs as much as the others.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The cases that can be, those with the same segments as one.
    ///
    /// The order of a map makes equal cases compare as equal, and expressions the same in every run.
    fn joined(cases: impl IntoIterator<Item = Case>, exprs: &mut Exprs) -> Self {
        let mut rests: BTreeMap<Vec<Segment>, Vec<ExprId>> = BTreeMap::new();
        for case in cases {
            let is_never = |segment: &Segment| {
                segment.text == ExprId::NOTHING || segment.before.language == ExprId::NOTHING
            };
            if case.rest != ExprId::NOTHING && !case.segments.iter().any(is_never) {
                rests.entry(case.segments).or_default().push(case.rest);
            }
        }
        let join = |(segments, rests)| Case { segments, rest: exprs.or(rests) };
        Self(rests.into_iter().map(join).collect())
    }
}

impl Case {
    /// Adds the case with a text of `expr` before it: where the empty text leaves open what others
    /// decide, as two.
    fn put_behind(mut self, expr: ExprId, exprs: &mut Exprs, cases: &mut Vec<Self>) {
        let mut expr = expr;
        while let Some(&first) = self.segments.first() {
            let text = exprs.concat([expr, first.text]);
            if first.before.reach == Some(1) && exprs.is_nullable(text) {
                let mut open = self.clone();
                open.segments[0].text = ExprId::EMPTY;
                cases.push(open);
                let not_empty = exprs.not(ExprId::EMPTY);
                expr = exprs.and([text, first.before.language, not_empty]);
            } else if first.before.is_decided_by(text, exprs) {
                expr = exprs.and([text, first.before.language]);
            } else {
                self.segments[0].text = text;
                cases.push(self);
                return;
            }
            self.segments.remove(0);
        }
        self.rest = exprs.concat([expr, self.rest]);
        cases.push(self);
    }

    /// Asks for something before the place: with what is asked there already, or as a new segment.
    fn ask(&mut self, before: Before, exprs: &mut Exprs) {
        match self.segments.first_mut() {
            Some(first) if first.text == ExprId::EMPTY => {
                first.before = first.before.and(before, exprs);
            }
            _ => self.segments.insert(0, Segment { text: ExprId::EMPTY, before }),
        }
    }

    /// Asks for something behind the place. Where an open segment stands there, the segment's text alone
    /// can be asked, as it is not yet joined with the rest; so it has to be long enough to answer.
    fn ask_ahead(
        &mut self,
        language: ExprId,
        reach: Option<u32>,
        exprs: &mut Exprs,
    ) -> Result<(), Entangled> {
        let is_empty = |segment: &Segment| segment.text == ExprId::EMPTY;
        let Some(first) = self.segments.iter_mut().find(|segment| !is_empty(segment)) else {
            self.rest = exprs.and([self.rest, language]);
            return Ok(());
        };
        let least = exprs.lengths(first.text).least;
        if reach.is_none_or(|reach| least < reach) {
            return Err(Entangled);
        }
        first.text = exprs.and([first.text, language]);
        Ok(())
    }

    /// The texts of the case where it begins the text: then every segment has all of what it asks of.
    fn at_start(&self, exprs: &mut Exprs) -> ExprId {
        let mut text = ExprId::EMPTY;
        for segment in &self.segments {
            let longer = exprs.concat([text, segment.text]);
            text = exprs.and([longer, segment.before.language]);
        }
        exprs.concat([text, self.rest])
    }
}
