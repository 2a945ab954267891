//! Whether an object can be finished, without the way.
//!
//! A thread is made at every key that a mask looks at, and of each it must be known that it can be
//! finished. Where properties are demanded, the shortest way is a search over what may serve for what;
//! that there is a way mostly shows in a count (a case of the marriage theorem, Hall 1935): where as many properties may serve for each open demand
//! as there are open demands, each can have one of its own.
//!
//! Law: the count says yes only where the search finds a way; where the count does not suffice, the search
//! decides.

use std::sync::Arc;

use super::rest::Members;
use super::{Algebra, NEVER, ObjectId, ObjectShape};
use crate::schema::SchemaError;

/// Keys that are not known by name count as enough where there are so many.
const ENOUGH: usize = 64;

/// What may serve for a demand.
#[derive(Debug)]
pub(super) struct Servers {
    /// Places of names, ascending.
    names: Vec<usize>,
    /// Whether [`ENOUGH`] keys that are not known by name may.
    has_keys: bool,
}

impl Servers {
    /// How many there are beside what was read.
    fn open(&self, members: &Members) -> usize {
        let keys = if self.has_keys { ENOUGH.saturating_sub(members.unnamed.len()) } else { 0 };
        let is_open = |&&at: &&usize| at >= members.next as usize && !members.has(at);
        self.names.iter().filter(is_open).count() + keys
    }
}

impl Algebra {
    /// Whether an object can be finished, so whether its rest is not [`NEVER`].
    ///
    /// # Errors
    /// [`SchemaError`].
    pub(crate) fn may_finish(
        &mut self,
        id: ObjectId,
        members: &Members,
    ) -> Result<bool, SchemaError> {
        let shape = self.object(id).clone();
        let is_counted = shape.max.is_some() || shape.min > 0 || !shape.implied.is_empty();
        if !shape.demands.is_empty()
            && !is_counted
            && shape.agreeing(members).is_empty()
            && self.may_require(&shape, members)?
        {
            let servers = self.servers(id)?;
            let of = servers.iter().enumerate().filter(|&(demand, _)| !members.meets(demand));
            let counts: Vec<usize> = of.map(|(_, servers)| servers.open(members)).collect();
            if counts.iter().all(|&count| count >= counts.len()) {
                return Ok(true);
            }
        }
        Ok(self.object_rest(id, members)? != NEVER)
    }

    /// Whether the brace alone finishes an object.
    ///
    /// # Errors
    /// [`SchemaError`].
    pub(crate) fn may_close(
        &mut self,
        id: ObjectId,
        members: &Members,
    ) -> Result<bool, SchemaError> {
        let demands = self.object(id).demands.len();
        let is_met = (0..demands).all(|demand| members.meets(demand));
        Ok(is_met && self.object_rest(id, members)? == 1)
    }

    /// Whether every required name that was not read may still come.
    ///
    /// No demand is taken into account: each is served by a property beside the required ones.
    fn may_require(&mut self, shape: &ObjectShape, members: &Members) -> Result<bool, SchemaError> {
        for (at, name) in shape.names.iter().enumerate() {
            if name.is_required && !members.has(at) {
                let is_open = at >= members.next as usize;
                if !is_open || self.extent(name.node)? == NEVER {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// What may serve for each demand of a shape, kept for each shape.
    ///
    /// # Errors
    /// [`SchemaError`], for limits of the languages of keys and the extents of values.
    fn servers(&mut self, id: ObjectId) -> Result<Arc<[Servers]>, SchemaError> {
        if let Some(known) = self.servers.get(&id) {
            return Ok(Arc::clone(known));
        }
        let shape = self.object(id).clone();
        let mut all = Vec::with_capacity(shape.demands.len());
        for demand in &shape.demands {
            let mut servers = Servers { names: Vec::new(), has_keys: false };
            for (at, name) in shape.names.iter().enumerate() {
                let node = self.and([name.node, demand.node]);
                if self.counts(demand, name.name) && self.extent(node)? != NEVER {
                    servers.names.push(at);
                }
            }
            for cell in self.cells(id)?.iter() {
                let language = self.both_texts(cell.language, demand.language);
                let node = self.and([cell.node, demand.node]);
                let keys = self.free_keys(language, (&shape, &Members::NONE), ENOUGH)?;
                servers.has_keys |= keys.len() >= ENOUGH && self.extent(node)? != NEVER;
            }
            all.push(servers);
        }
        let all: Arc<[Servers]> = all.into();
        self.servers.insert(id, Arc::clone(&all));
        Ok(all)
    }
}
