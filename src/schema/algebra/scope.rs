//! Dynamic scopes: which resource an anchor means depends on the resources that led to it.
//!
//! A scope is no list of the resources that were passed, which would grow with the text, but of
//! what their dynamic anchors mean. So scopes are as many as anchors can be combined, and forms that are
//! kept by scope are found again.

use super::{Algebra, ScopeId};
use crate::schema::keywords::{DynamicReference, SchemaId};

impl Algebra {
    /// The scope inside a schema: the dynamic anchors of its resource are known, unless an outer
    /// resource has the same.
    pub(super) fn entered(&mut self, scope: ScopeId, schema: SchemaId) -> ScopeId {
        let resource = self.document.places[schema.index()].resource;
        let anchors = &self.document.resources[resource.0 as usize].dynamic_anchors;
        if anchors.is_empty() {
            return scope;
        }
        let mut known = self.scopes.get(scope.0).clone();
        for (anchor, target) in anchors {
            if !known.iter().any(|(name, _)| name == anchor) {
                known.push((anchor.clone(), *target));
            }
        }
        known.sort_unstable();
        ScopeId(self.scopes.intern(known))
    }

    /// What a dynamic reference leads to: the anchor of the outermost resource that has it, else
    /// what the reference would mean without scope (JSON Schema 2020-12, core, section 8.2.3.2).
    pub(super) fn dynamic_target(&self, reference: &DynamicReference, scope: ScopeId) -> SchemaId {
        let known = self.scopes.get(scope.0).iter();
        let mut targets = known.filter(|(name, _)| *name == reference.anchor);
        targets.next().map_or(reference.initial, |(_, target)| *target)
    }
}
