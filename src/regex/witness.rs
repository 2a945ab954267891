//! A text that an intersection matches, found along one of its parts.
//!
//! A search of an intersection makes states of all its parts together, and these are as many as ways
//! to combine them. Mostly a shortest text of the part that needs the longest one is matched by the
//! others as well; to see that, each part is stepped by itself, through states that many
//! intersections have in common.
//!
//! Law: the length that is given is that of a shortest match, as no match of an intersection is
//! shorter than its parts'. Where none is given nothing is known.

use super::automaton::Automaton;
use super::expr::{Expr, ExprId};
use super::shortest::Distance;

/// The most bytes of a match that is gone through.
const LONGEST: u32 = 1 << 12;

impl Automaton {
    /// The length of an intersection's shortest match, where one of its parts tells.
    pub(super) fn witnessed(&mut self, state: ExprId) -> Option<u32> {
        let Expr::And(parts) = self.exprs.node(state).clone() else { return None };
        let Distance::AtLeast(bound @ 0..=LONGEST) = self.distance(state) else { return None };
        let leads = |part: &&ExprId| self.distance(**part) == Distance::Exactly(bound);
        let leading = *parts.iter().find(leads)?;
        let mut others: Vec<ExprId> = parts.into_iter().filter(|&part| part != leading).collect();
        let classes = self.usable_classes();
        let (mut at, mut left, mut turn) = (leading, bound, 0);
        while left > 0 {
            at = self.nearest_part(at, left);
            let (next, class, rest) = self.nearer(at, left, (&classes, &mut turn))?;
            for other in &mut others {
                *other = self.step(*other, class);
            }
            if others.contains(&ExprId::NOTHING) {
                return None;
            }
            (at, left) = (next, rest);
        }
        others.iter().all(|&other| self.is_nullable(other)).then_some(bound)
    }

    /// An alternative with a match of a length, of a state that has one: it has fewer states behind it
    /// than all alternatives together.
    fn nearest_part(&mut self, state: ExprId, length: u32) -> ExprId {
        let Expr::Or(parts) = self.exprs.node(state).clone() else { return state };
        let is_nearest = |part: &ExprId| self.distance(*part) == Distance::Exactly(length);
        parts.into_iter().find(is_nearest).unwrap_or(state)
    }

    /// A step that brings the end as much nearer as it takes: the state, the class of the byte and
    /// what is left behind it. The class of the turn is tried first, which is that of the step before.
    fn nearer(
        &mut self,
        state: ExprId,
        left: u32,
        (classes, turn): (&[(u8, u32)], &mut usize),
    ) -> Option<(ExprId, u8, u32)> {
        for at in (0..classes.len()).map(|ahead| (*turn + ahead) % classes.len()) {
            let (class, cost) = classes[at];
            let Some(rest) = left.checked_sub(cost) else { continue };
            let next = self.step(state, class);
            if next != ExprId::NOTHING && self.distance(next) == Distance::Exactly(rest) {
                *turn = at;
                return Some((next, class, rest));
            }
        }
        None
    }
}
