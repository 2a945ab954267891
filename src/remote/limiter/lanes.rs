//! Who waits, and whose turn it is.

use std::collections::VecDeque;

use super::{Lane, Need, Ticket, Turn};

/// Those who wait, in lanes. Within one they go in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: [VecDeque<Waiting>; 3],
    /// How many have gone.
    gone: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) ticket: Ticket,
    pub(super) need: Need,
}

/// Of so many turns one is that of whoever has waited longest, so that no lane waits forever.
const FAIR: u64 = 8;

impl Lanes {
    pub(super) fn join(&mut self, waiting: Waiting, lane: Lane, turn: Turn) {
        let lane = &mut self.lanes[lane as usize];
        match turn {
            Turn::New => lane.push_back(waiting),
            Turn::Again => lane.push_front(waiting),
        }
    }

    /// Whose turn it is. Nobody goes before them: else what needs much would wait for as long as there
    /// is what needs little.
    pub(super) fn next(&self) -> Option<&Waiting> {
        self.lanes[self.lane()?].front()
    }

    /// The one whose turn it is goes.
    pub(super) fn take(&mut self) -> Option<Waiting> {
        let lane = self.lane()?;
        self.gone += 1;
        self.lanes[lane].pop_front()
    }

    /// Someone goes away; tells whether they were there.
    pub(super) fn leave(&mut self, ticket: Ticket) -> bool {
        self.lanes.iter_mut().any(|lane| {
            let place = lane.iter().position(|waiting| waiting.ticket == ticket);
            place.and_then(|place| lane.remove(place)).is_some()
        })
    }

    pub(super) fn count(&self) -> usize {
        self.lanes.iter().map(VecDeque::len).sum()
    }

    fn lane(&self) -> Option<usize> {
        let waiting = (0..self.lanes.len()).filter(|lane| !self.lanes[*lane].is_empty());
        if self.gone % FAIR == FAIR - 1 {
            // Tickets are numbered in the order in which they came.
            return waiting.min_by_key(|lane| self.lanes[*lane].front().map(|first| first.ticket));
        }
        waiting.min()
    }
}
