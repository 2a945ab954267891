//! Members of objects that must not be some values.
//!
//! `not` of a constant, and items that must differ, exclude whole objects. Which of those an object may
//! still become is kept in its thread, and each member splits the ways: it has the value of one of them,
//! or of none. What a key of theirs leads to is so known at its quote, and such keys are told from all
//! others by the masks.
//!
//! Law: no key ends, and none begins, where its object could only become an excluded one. Every text of
//! finite schemas is gone through in `tests/json_schema/differing.rs`, in both orders of members.

use super::level::{OpenObject, ThreadId};
use super::{Machine, TextId};
use crate::constraint::ConstraintError;
use crate::schema::algebra::{NEVER, NodeId, ObjectShape};

/// Keys of excluded objects: those that may come, and those that may not.
type Keys = (Vec<Box<str>>, Vec<Box<str>>);

impl Machine {
    /// The keys not known by name of objects that this one must not become: those that may come, and
    /// those behind which it would have to become one.
    ///
    /// Names are no matter here: each is a candidate of its own. Keys of the second kind count as taken,
    /// so that no beginning of a key leads to them alone.
    pub(super) fn agreeing_candidates(
        &mut self,
        shape: &ObjectShape,
        object: &OpenObject,
    ) -> Result<Keys, ConstraintError> {
        let (mut known, mut closed) = (Vec::new(), Vec::new());
        for key in self.algebra.agreeing_keys(shape, &object.members) {
            let mut may_come = false;
            for (node, next) in self.unnamed_members(shape, object, &key) {
                may_come |=
                    self.algebra.extent(node)? != NEVER && self.object_thread(next)?.is_some();
            }
            let keys = if may_come { &mut known } else { &mut closed };
            keys.push(Box::from(&*key));
        }
        Ok((known, closed))
    }

    /// What keys that begin with a text go on with, of those that come and are told from others.
    ///
    /// Such a key may need a longer way to the end behind it than others, and may have a shorter one
    /// where those are taken; so it is looked at by itself.
    pub(super) fn known_behind(&self, thread: ThreadId, text: TextId) -> Vec<Box<[u8]>> {
        let begin = self.text(text);
        let known = self.candidates.get(&thread).map_or(&[][..], |of| &of.known);
        let behind = known.iter().filter_map(|key| key.as_bytes().strip_prefix(&begin[..]));
        behind.map(Box::from).collect()
    }

    /// The ways to read a member, each in all ways to agree with what the object must not become.
    ///
    /// A value that is one of an excluded object's leaves that object excluded; any other value leaves
    /// none, as one part that differs is enough.
    pub(super) fn parted(
        &mut self,
        shape: &ObjectShape,
        object: &OpenObject,
        name: u32,
        ways: Vec<(NodeId, OpenObject)>,
    ) -> Vec<(NodeId, OpenObject)> {
        if shape.agreeing(&object.members).is_empty() {
            return ways;
        }
        let mut parted = Vec::new();
        for parting in self.algebra.member_partings(shape, &object.members, name) {
            for (node, next) in &ways {
                let mut next = next.clone();
                next.members.unlike.clone_from(&parting.unlike);
                parted.push((self.algebra.and([*node, parting.node]), next));
            }
        }
        parted
    }
}
