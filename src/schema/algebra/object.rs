//! Shapes of objects.
//!
//! A shape is a conjunction: names with what their values must be, rules for all other keys by
//! language, demands that some property exists, implications between names, and a number of
//! properties. A name's node has the rules met into it already; rules speak of other keys alone.
//!
//! Law: the meet of two shapes is one shape; the difference of two is several, one for each demand
//! that can be broken. Unlike arrays, objects have a shape for every broken demand: a broken rule
//! is a demand of one property, and a broken demand of one property is a rule.

use std::sync::Arc;

use hashbrown::HashMap;

use super::array::{least, united};
use super::distinct::ValueId;
use super::evaluated::EvaluatedKeys;
use super::{Algebra, NodeId};
use crate::regex::ExprId;
use crate::schema::SchemaError;
use crate::schema::json::Json;

/// A shape of objects, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ObjectId(pub(super) u32);

/// Objects that meet every one of these demands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ObjectShape {
    /// The keys that are known by name, in the order to write them in.
    pub(crate) names: Vec<Name>,
    /// What the values of all other keys must be of, by the keys' language.
    pub(crate) rules: Vec<(ExprId, NodeId)>,
    /// Properties of which there must be one.
    pub(crate) demands: Vec<Demand>,
    /// Where the first name is present, the second must be.
    pub(crate) implied: Vec<(u32, u32)>,
    pub(crate) min: u64,
    pub(crate) max: Option<u64>,
    /// Values that it must not be, ascending.
    pub(crate) unlike: Vec<ValueId>,
    /// What `unevaluatedProperties` would not look at.
    pub(super) evaluated: EvaluatedKeys,
}

/// A key that is known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Name {
    /// By its number among the algebra's names.
    pub(crate) name: u32,
    /// What its value must be of. [`NodeId::NONE`] forbids the key.
    pub(crate) node: NodeId,
    pub(crate) is_required: bool,
}

/// That there is a property with a key of a language and a value of a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Demand {
    pub(crate) language: ExprId,
    /// Keys of the language that do not count, ascending.
    pub(crate) except: Vec<u32>,
    pub(crate) node: NodeId,
}

impl ObjectShape {
    /// Every object.
    pub(super) fn any() -> Self {
        Self {
            names: Vec::new(),
            rules: Vec::new(),
            demands: Vec::new(),
            implied: Vec::new(),
            min: 0,
            max: None,
            unlike: Vec::new(),
            evaluated: EvaluatedKeys::default(),
        }
    }

    /// The bytes it takes, roughly.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>()
            + self.names.len() * size_of::<Name>()
            + self.rules.len() * size_of::<(ExprId, NodeId)>()
            + self.demands.len() * size_of::<Demand>()
            + self.implied.len() * size_of::<(u32, u32)>()
            + self.unlike.len() * size_of::<ValueId>()
    }

    /// The place of a name among those known.
    fn position(&self, name: u32) -> Option<usize> {
        self.names.iter().position(|known| known.name == name)
    }
}

impl Algebra {
    /// The number of a shape, in a normal form. The names keep their order, as that is the order in
    /// which they are written; a rule that leaves no other key says all that other rules could.
    pub(super) fn object_id(&mut self, mut shape: ObjectShape) -> ObjectId {
        shape.rules.sort_unstable();
        shape.rules.dedup();
        if let Some(&closing) = shape.rules.iter().find(|rule| self.closes(rule)) {
            shape.rules = vec![closing];
        }
        shape.demands.sort_unstable();
        shape.demands.dedup();
        shape.implied.sort_unstable();
        shape.implied.dedup();
        self.made += shape.size();
        ObjectId(self.objects.intern(Arc::new(shape)))
    }

    /// Whether a rule leaves no key but those known by name.
    fn closes(&self, rule: &(ExprId, NodeId)) -> bool {
        *rule == (self.any_text, NodeId::NONE)
    }

    /// What the value of a key must be of that a shape does not know by name.
    ///
    /// The meet of the rules whose language has it.
    pub(crate) fn unnamed(&mut self, rules: &[(ExprId, NodeId)], key: &str) -> NodeId {
        let mut met = Vec::new();
        for &(language, node) in rules {
            if language == self.any_text || self.matches(language, key) {
                met.push(node);
            }
        }
        self.and(met)
    }

    /// The objects of both shapes; `None` where there can be none.
    ///
    /// Kept for each pair, as readings of nested schemas ask for the same pairs again and again.
    pub(super) fn meet_objects(
        &mut self,
        a: ObjectId,
        b: ObjectId,
    ) -> Result<Option<ObjectId>, SchemaError> {
        if a == b {
            return Ok(Some(a));
        }
        if let Some(&known) = self.object_meets.get(&(a, b)) {
            return Ok(known);
        }
        let (one, other) = (Arc::clone(self.object(a)), Arc::clone(self.object(b)));
        let names = self.meet_names(&one, &other);
        let shape = ObjectShape {
            names,
            rules: [&one.rules[..], &other.rules].concat(),
            demands: [&one.demands[..], &other.demands].concat(),
            implied: [&one.implied[..], &other.implied].concat(),
            min: one.min.max(other.min),
            max: least(one.max, other.max),
            unlike: united(&one.unlike, &other.unlike),
            evaluated: one.evaluated.union(&other.evaluated),
        };
        let met = self.possible_object(shape)?;
        self.object_meets.insert((a, b), met);
        Ok(met)
    }

    /// The names of both: those of the first in their order, then the second's own.
    ///
    /// A name that one side alone knows is under the rules of the other, as for that one it is any
    /// other key.
    fn meet_names(&mut self, one: &ObjectShape, other: &ObjectShape) -> Vec<Name> {
        let of_other: HashMap<u32, Name> = other.names.iter().map(|of| (of.name, *of)).collect();
        let of_one: HashMap<u32, ()> = one.names.iter().map(|of| (of.name, ())).collect();
        let mut names = Vec::with_capacity(one.names.len() + other.names.len());
        for &name in &one.names {
            let met = match of_other.get(&name.name) {
                Some(met) => *met,
                None => self.as_unnamed(name.name, &other.rules),
            };
            let node = self.and([name.node, met.node]);
            names.push(Name { node, is_required: name.is_required || met.is_required, ..name });
        }
        for &name in other.names.iter().filter(|of| !of_one.contains_key(&of.name)) {
            let met = self.as_unnamed(name.name, &one.rules);
            let node = self.and([met.node, name.node]);
            names.push(Name { node, ..name });
        }
        names
    }

    /// What rules say of a name that their shape does not know.
    fn as_unnamed(&mut self, name: u32, rules: &[(ExprId, NodeId)]) -> Name {
        if rules.is_empty() {
            return Name { name, node: NodeId::ANY, is_required: false };
        }
        let text = self.name_text(name).clone();
        Name { name, node: self.unnamed(rules, &text), is_required: false }
    }

    /// The objects of `a` that are not of `b`: one alternative for each demand of `b` that may be
    /// broken.
    ///
    /// Where nothing of `a` is in `b`, or one broken demand leaves all of `a`, the answer is `a`
    /// itself: without that, taking away what is not there would split it for nothing.
    pub(super) fn object_without(
        &mut self,
        a: ObjectId,
        b: ObjectId,
    ) -> Result<Vec<ObjectId>, SchemaError> {
        if self.meet_objects(a, b)?.is_none() {
            return Ok(vec![a]);
        }
        let taken = self.object(b).clone();
        let mut left = Vec::new();
        for broken in self.broken_objects(&taken) {
            let Some(broken) = self.possible_object(broken)? else { continue };
            match self.meet_objects(a, broken)? {
                Some(whole) if whole == a => return Ok(vec![a]),
                met => left.extend(met),
            }
        }
        Ok(left)
    }

    /// The objects of a shape that are none of some values.
    pub(super) fn object_unlike(
        &mut self,
        id: ObjectId,
        values: &[ValueId],
    ) -> Result<Option<ObjectId>, SchemaError> {
        let mut shape = ObjectShape::clone(self.object(id));
        shape.unlike = united(&shape.unlike, values);
        self.possible_object(shape)
    }

    /// A shape for each way to break a demand of a shape.
    ///
    /// A required name is missing, a name has a wrong value, an implication fails, a key that is
    /// not known by name has a wrong value, no property is as demanded, or there are too few or too
    /// many.
    fn broken_objects(&mut self, shape: &ObjectShape) -> Vec<ObjectShape> {
        let with = |names: Vec<Name>| ObjectShape { names, ..ObjectShape::any() };
        let absent = |name| Name { name, node: NodeId::NONE, is_required: false };
        let mut broken = Vec::new();
        for name in &shape.names {
            if name.is_required {
                broken.push(with(vec![absent(name.name)]));
            }
            let node = self.not(name.node);
            broken.push(with(vec![Name { node, is_required: true, ..*name }]));
        }
        for &(first, second) in shape.implied.iter().filter(|(first, second)| first != second) {
            let present = Name { name: first, node: NodeId::ANY, is_required: true };
            broken.push(with(vec![present, absent(second)]));
        }
        let mut except: Vec<u32> = shape.names.iter().map(|name| name.name).collect();
        except.sort_unstable();
        for &(language, node) in &shape.rules {
            let node = self.not(node);
            let demands = vec![Demand { language, except: except.clone(), node }];
            broken.push(ObjectShape { demands, ..ObjectShape::any() });
        }
        for demand in &shape.demands {
            broken.push(self.none_of(demand));
        }
        for members in self.read_values(&shape.unlike) {
            if let Json::Object(members) = members {
                broken.push(self.constant_object(&members));
            }
        }
        if let Some(fewer) = shape.min.checked_sub(1) {
            broken.push(ObjectShape { max: Some(fewer), ..ObjectShape::any() });
        }
        if let Some(more) = shape.max.and_then(|max| max.checked_add(1)) {
            broken.push(ObjectShape { min: more, ..ObjectShape::any() });
        }
        broken
    }

    /// That no property is such a one.
    ///
    /// The keys that do not count become names that may have any value, as else the rule would hold
    /// of them too.
    fn none_of(&mut self, demand: &Demand) -> ObjectShape {
        let names =
            demand.except.iter().map(|&name| Name { name, node: NodeId::ANY, is_required: false });
        let names = names.collect();
        let rules = vec![(demand.language, self.not(demand.node))];
        ObjectShape { names, rules, ..ObjectShape::any() }
    }

    /// The shape in its plainest form; `None` where it clearly has no object.
    ///
    /// What one demand says of others is drawn out: implied names become required, what has no
    /// value is forbidden, and bounds that the names see to are dropped, as counting properties
    /// would tell objects apart for nothing.
    pub(super) fn possible_object(
        &mut self,
        mut shape: ObjectShape,
    ) -> Result<Option<ObjectId>, SchemaError> {
        self.require_implied(&mut shape);
        for index in 0..shape.names.len() {
            if self.is_surely_empty(shape.names[index].node)? {
                if shape.names[index].is_required {
                    return Ok(None);
                }
                shape.names[index].node = NodeId::NONE;
            }
        }
        for index in 0..shape.rules.len() {
            if self.is_surely_empty(shape.rules[index].1)? {
                shape.rules[index].1 = NodeId::NONE;
            }
        }
        let required = shape.names.iter().filter(|name| name.is_required).count() as u64;
        let is_closed = shape.rules.iter().any(|rule| self.closes(rule));
        let possible = shape.names.iter().filter(|name| name.node != NodeId::NONE).count() as u64;
        let most = if is_closed { least(shape.max, Some(possible)) } else { shape.max };
        if most.is_some_and(|most| most < shape.min.max(required)) {
            return Ok(None);
        }
        if required >= shape.min {
            shape.min = 0;
        }
        if is_closed && shape.max.is_some_and(|max| max >= possible) {
            shape.max = None;
        }
        if !self.settle_demands(&mut shape)? {
            return Ok(None);
        }
        for value in std::mem::take(&mut shape.unlike) {
            if self.may_be_object(value, &shape) {
                shape.unlike.push(value);
            }
        }
        Ok(Some(self.object_id(shape)))
    }

    /// Requires what present names imply, and drops what can imply nothing more.
    ///
    /// Goes round until nothing changes, as what was just required may imply more. An implication
    /// whose first name is forbidden, or whose second is required, holds already.
    fn require_implied(&mut self, shape: &mut ObjectShape) {
        let implied = std::mem::take(&mut shape.implied);
        let mut left: Vec<(usize, usize)> = Vec::new();
        for (first, second) in implied {
            let of = [first, second].map(|name| {
                shape.position(name).unwrap_or_else(|| {
                    let unnamed = self.as_unnamed(name, &shape.rules);
                    shape.names.push(unnamed);
                    shape.names.len() - 1
                })
            });
            left.push((of[0], of[1]));
        }
        loop {
            let before = left.len();
            left.retain(|&(first, second)| {
                let is_required = shape.names[first].is_required;
                shape.names[second].is_required |= is_required;
                let can_be = shape.names[first].node != NodeId::NONE;
                can_be && !is_required && !shape.names[second].is_required
            });
            if left.len() == before {
                break;
            }
        }
        let name = |index: usize| shape.names[index].name;
        shape.implied = left.iter().map(|&(first, second)| (name(first), name(second))).collect();
    }

    /// Drops what required names see to already; `false` where no property can be such a one.
    ///
    /// A demand for a property with any value is met by a required name that counts for it.
    fn settle_demands(&mut self, shape: &mut ObjectShape) -> Result<bool, SchemaError> {
        let mut left = Vec::new();
        'each: for demand in std::mem::take(&mut shape.demands) {
            let mut candidates = 0;
            for index in 0..shape.names.len() {
                let name = shape.names[index];
                if !self.counts(&demand, name.name) || name.node == NodeId::NONE {
                    continue;
                }
                if demand.node == NodeId::ANY && name.is_required {
                    continue 'each;
                }
                let both = self.and([name.node, demand.node]);
                candidates += usize::from(!self.is_surely_empty(both)?);
            }
            if candidates == 0 && !self.has_unnamed(shape, &demand)? {
                return Ok(false);
            }
            left.push(demand);
        }
        shape.demands = left;
        Ok(true)
    }

    /// Whether a key counts for a demand.
    pub(crate) fn counts(&mut self, demand: &Demand, name: u32) -> bool {
        if demand.except.binary_search(&name).is_ok() {
            return false;
        }
        let text = self.name_text(name).clone();
        demand.language == self.any_text || self.matches(demand.language, &text)
    }

    /// Whether a key that is not known by name could be one of `some`. Where the key's language is
    /// finite, all of its keys may be taken, which is not looked into.
    fn has_unnamed(&mut self, shape: &ObjectShape, demand: &Demand) -> Result<bool, SchemaError> {
        let keys = self.unnamed_keys(&shape.rules);
        let keys = self.both_texts(keys, demand.language);
        self.is_inhabited(keys)
    }

    /// The keys not known by name that rules leave any value.
    ///
    /// Rules of other nodes leave the key some value, or are found out when that is asked for.
    pub(crate) fn unnamed_keys(&mut self, rules: &[(ExprId, NodeId)]) -> ExprId {
        let mut keys = self.any_text;
        for &(language, node) in rules {
            if node == NodeId::NONE {
                keys = if language == self.any_text {
                    ExprId::NOTHING
                } else {
                    self.minus(keys, language)
                };
            }
        }
        keys
    }
}
