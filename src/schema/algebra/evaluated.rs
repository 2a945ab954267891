//! What `unevaluatedItems` and `unevaluatedProperties` need to know: which parts of a value other
//! keywords have looked at.
//!
//! Only schemas that use those keywords keep it, as alternatives that differ in nothing else would
//! be told apart by it.
//!
//! What is kept is an annotation of the specification (JSON Schema 2020-12, core, section 11),
//! carried in the shapes: an alternative says for all of its values at once what was looked at. So
//! a meet has what either side looked at, and a difference has what its first side did.

use super::{Algebra, ArrayShape, Form, NodeId, ObjectShape};
use crate::regex::ExprId;
use crate::schema::SchemaError;
use crate::schema::keywords::Keywords;

/// Whether forms say what was evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tracking {
    /// Forms are of values alone, and fewer.
    Off,
    /// Shapes carry what was looked at, and values that differ in it are of different alternatives.
    On,
}

/// The items that other keywords have looked at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct EvaluatedItems {
    /// The first so many; all where there is no number.
    pub(super) first: Option<u64>,
    /// Those of these nodes, wherever they stand.
    pub(super) matching: Vec<NodeId>,
}

/// The keys that other keywords have looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct EvaluatedKeys {
    /// Ascending.
    pub(super) names: Vec<u32>,
    pub(super) languages: Vec<ExprId>,
}

impl EvaluatedItems {
    /// No item.
    pub(super) const NONE: Self = Self { first: Some(0), matching: Vec::new() };
    /// Every item, so that nothing is left for `unevaluatedItems`.
    pub(super) const ALL: Self = Self { first: None, matching: Vec::new() };

    pub(super) fn union(&self, other: &Self) -> Self {
        let mut matching = [&self.matching[..], &other.matching].concat();
        matching.sort_unstable();
        matching.dedup();
        let first = self.first.zip(other.first).map(|(a, b)| a.max(b));
        Self { first, matching }
    }
}

impl EvaluatedKeys {
    pub(super) fn union(&self, other: &Self) -> Self {
        let mut names = [&self.names[..], &other.names].concat();
        names.sort_unstable();
        names.dedup();
        let mut languages = [&self.languages[..], &other.languages].concat();
        languages.sort_unstable();
        languages.dedup();
        Self { names, languages }
    }
}

impl Algebra {
    /// Demands a node of all items that no other keyword has looked at.
    pub(super) fn demand_of_unevaluated_items(
        &mut self,
        form: &mut Form,
        node: NodeId,
    ) -> Result<(), SchemaError> {
        let mut arrays = Vec::new();
        for id in std::mem::take(&mut form.arrays) {
            let mut shape = ArrayShape::clone(self.array(id));
            if let Some(first) = shape.evaluated.first {
                // An item behind the prefix that `contains` matched counts as looked at, which no
                // index tells: so it is of one of those nodes, or of the node that is demanded.
                let matching = shape.evaluated.matching.clone();
                let demand = self.or(matching.into_iter().chain([node]));
                let prefix = vec![NodeId::ANY; usize::try_from(first).unwrap_or(0)];
                let rest = ArrayShape { prefix, rest: demand, ..ArrayShape::ANY };
                shape.evaluated = EvaluatedItems::ALL;
                let ids = [self.array_id(rest), self.array_id(shape)];
                arrays.extend(self.meet_arrays(ids[1], ids[0])?);
            } else {
                arrays.push(id);
            }
        }
        arrays.sort_unstable();
        arrays.dedup();
        form.arrays = arrays;
        Ok(())
    }

    /// Demands a node of all properties that no other keyword has looked at.
    pub(super) fn demand_of_unevaluated_properties(
        &mut self,
        form: &mut Form,
        node: NodeId,
    ) -> Result<(), SchemaError> {
        let mut objects = Vec::new();
        for id in std::mem::take(&mut form.objects) {
            let mut shape = ObjectShape::clone(self.object(id));
            let evaluated = std::mem::take(&mut shape.evaluated);
            for name in &mut shape.names {
                let text = self.name_text(name.name).clone();
                let is_evaluated = evaluated.names.binary_search(&name.name).is_ok()
                    || evaluated.languages.iter().any(|&of| self.matches(of, &text));
                if !is_evaluated {
                    name.node = self.and([name.node, node]);
                }
            }
            for &name in &evaluated.names {
                if !shape.names.iter().any(|known| known.name == name) {
                    let known = self.known_name(name, &shape);
                    shape.names.push(known);
                }
            }
            let mut others = self.any_text;
            for &language in &evaluated.languages {
                others = self.minus(others, language);
            }
            if others != ExprId::NOTHING {
                shape.rules.push((others, node));
            }
            // From here on all keys count as looked at, for a schema around this one.
            shape.evaluated.languages = vec![self.any_text];
            objects.extend(self.possible_object(shape)?);
        }
        objects.sort_unstable();
        objects.dedup();
        form.objects = objects;
        Ok(())
    }

    /// A name that only becomes known here, with what the rules say of it. It has to be known, as
    /// the rule for all others that follows must not hold of it.
    fn known_name(&mut self, name: u32, shape: &ObjectShape) -> super::Name {
        let text = self.name_text(name).clone();
        let node = self.unnamed(&shape.rules, &text);
        super::Name { name, node, is_required: false }
    }

    /// What a schema's own keywords have looked at, of arrays.
    ///
    /// `items` looks at all that the prefix leaves, whatever it says of them.
    pub(super) fn evaluated_items(
        &mut self,
        keywords: &Keywords,
        matching: Option<NodeId>,
    ) -> EvaluatedItems {
        if keywords.items.is_some() {
            return EvaluatedItems::ALL;
        }
        EvaluatedItems {
            first: Some(keywords.prefix_items.len() as u64),
            matching: matching.into_iter().collect(),
        }
    }

    /// What a schema's own keywords have looked at, of objects.
    ///
    /// `additionalProperties` looks at all that the other two leave, so with it every key is looked
    /// at.
    pub(super) fn evaluated_keys(&mut self, keywords: &Keywords) -> EvaluatedKeys {
        let mut names: Vec<u32> =
            keywords.properties.iter().map(|(name, _)| self.name(name)).collect();
        names.sort_unstable();
        let mut languages: Vec<ExprId> =
            keywords.pattern_properties.iter().map(|&(language, _)| language).collect();
        if keywords.additional_properties.is_some() {
            languages = vec![self.any_text];
        }
        languages.sort_unstable();
        languages.dedup();
        EvaluatedKeys { names, languages }
    }
}
