//! Schemas that say the same are one.
//!
//! Documents repeat themselves: every branch of a `oneOf` writes out the same property. What reads
//! schemas keeps what it made of each, and sees that a value of one schema is not outside of it; so each
//! repeated schema is replaced by the first that says the same.
//!
//! Of `{"a": {"type": "array", "items": {"type": "number"}}, "b": {"$ref": "#/…/a"}, "c": …}`, where `c`
//! writes out what `a` does, all three are the schema of `a`, and so are their items.
//!
//! Law: only what schemas assert is looked at, the order of properties and what dynamic references would
//! find included. Schemas that lead back to themselves are not found to be the same as others.

use hashbrown::HashMap;

use super::Resource;
use crate::schema::draft::Draft;
use crate::schema::keywords::{Assertions, Keywords, Place, ResourceId, SchemaId};

/// What tells schemas apart; the schemas inside are named by those that they are the same as.
#[derive(PartialEq, Eq, Hash)]
struct Said {
    keywords: Keywords,
    draft: Draft,
    /// Where dynamic references find anchors, it matters by which resource they came.
    resource: Option<ResourceId>,
}

/// Names in every schema, and as the root, the first of those that are the same.
pub(super) fn unite(places: &mut [Place], root: SchemaId, resources: &[Resource]) -> SchemaId {
    let mut united = United::new(places.len());
    let mut known: HashMap<Said, SchemaId> = HashMap::new();
    // A schema stands before those inside it, so these are known when it is looked at.
    for index in (0..places.len()).rev() {
        let id = SchemaId(u32::try_from(index).expect("sites are limited"));
        let place = &places[index];
        let Assertions::Keywords(keywords) = &place.assertions else { continue };
        let has_anchors = !resources[place.resource.0 as usize].dynamic_anchors.is_empty();
        let mut keywords = Keywords::clone(keywords);
        keywords.for_each_schema(|schema| *schema = united.same(*schema));
        if let Some(target) = only_reference(&keywords).filter(|_| !has_anchors) {
            united.refer(id, target);
            continue;
        }
        let resource = has_anchors.then_some(place.resource);
        let said = Said { keywords, draft: place.draft, resource };
        let same = *known.entry(said).or_insert(id);
        united.join(id, same);
    }
    for place in places {
        if let Assertions::Keywords(keywords) = &mut place.assertions {
            keywords.for_each_schema(|schema| *schema = united.first(*schema));
        }
    }
    united.first(root)
}

/// What a schema refers to that does nothing else.
fn only_reference(keywords: &Keywords) -> Option<SchemaId> {
    let only = Keywords { reference: keywords.reference, ..Keywords::default() };
    keywords.reference.filter(|_| *keywords == only)
}

/// Which schemas are the same, by the last of each.
struct United {
    /// A schema that is the same, for each; itself where no other is known.
    same: Vec<SchemaId>,
    /// For the last of those that say the same: the first of them.
    first: Vec<SchemaId>,
}

impl United {
    /// So many schemas, each the same as itself.
    fn new(count: usize) -> Self {
        let all: Vec<SchemaId> = (0..count as u32).map(SchemaId).collect();
        Self { same: all.clone(), first: all }
    }

    /// The last of those that are the same.
    ///
    /// The way is halved as it is gone (Tarjan and van Leeuwen 1984), so a long chain of references is
    /// not gone along for each of them.
    fn same(&mut self, mut schema: SchemaId) -> SchemaId {
        while self.same[schema.index()] != schema {
            let next = self.same[schema.index()];
            self.same[schema.index()] = self.same[next.index()];
            schema = next;
        }
        schema
    }

    /// The first of those that say the same.
    fn first(&mut self, schema: SchemaId) -> SchemaId {
        let same = self.same(schema);
        self.first[same.index()]
    }

    /// A schema says the same as a later one.
    fn join(&mut self, schema: SchemaId, later: SchemaId) {
        self.same[schema.index()] = later;
        self.first[later.index()] = schema;
    }

    /// A schema refers to another and says nothing itself. One that refers to itself stays what it is.
    fn refer(&mut self, schema: SchemaId, target: SchemaId) {
        self.same[schema.index()] = self.same(target);
    }
}
