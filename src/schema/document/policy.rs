//! What becomes of keywords that are not enforced exactly.
//!
//! To leave an assertion out allows more values, and to allow none allows fewer; but below `not` it
//! is the other way round for the whole schema, and below `if` or `oneOf` it is both at once. So
//! each schema is marked with the ways in which it is used, along the paths that lead to it from
//! the root.
//!
//! Law, held by `tests/policies.rs`: under `Sound` the whole schema allows no value that it should
//! not, and under `Complete` it allows every value that it should. Where a schema is used both
//! ways, neither can be had, and the keyword is an error.

use std::collections::HashMap;

use super::super::error::SchemaError;
use super::super::keywords::{Assertions, Keywords, Place, SchemaId};
use super::super::options::Policy;
use super::super::report::{Enforcement, Entry};
use super::Resource;
use super::loader::Loader;
use crate::regex::ExprId;

/// A keyword that is not enforced exactly.
#[derive(Debug)]
pub(super) struct Finding {
    /// The schema that has it.
    pub(super) schema: SchemaId,
    /// Of the report.
    pub(super) entry: usize,
    pub(super) wider: Wider,
}

/// What lets a schema allow all that a keyword would allow, and more.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wider {
    /// Nothing has to be done: the keyword was left out when it was read.
    Nothing,
    /// The language of strings without the format.
    NoFormat(Option<ExprId>),
    /// Members that no keyword names are all allowed.
    AllMembers,
}

/// How a schema is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Uses {
    /// To allow more in it may allow more in the whole.
    upward: bool,
    /// To allow more in it may allow less in the whole.
    downward: bool,
}

/// Which way an assertion is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    /// More values than it should.
    Wider,
    /// Fewer values than it should.
    Narrower,
}

/// Applies the policy to every finding.
///
/// # Errors
/// [`SchemaError::Refused`] with all keywords that cannot be left as they are.
pub(super) fn apply(loader: &mut Loader<'_>, resources: &[Resource]) -> Result<(), SchemaError> {
    if loader.findings.is_empty() {
        return Ok(());
    }
    let uses = uses(&loader.places, resources);
    // All are collected, so that one error names everything there is to change.
    let mut refused = Vec::new();
    for finding in std::mem::take(&mut loader.findings) {
        let found = loader.entries[finding.entry].enforcement;
        let uses = uses[finding.schema.index()];
        // What is off in the wanted way already may stay; what is not is replaced as a whole.
        let is_settled = match direction(loader.options.policy, uses) {
            None => settle_as_it_is(&mut loader.entries[finding.entry], uses),
            Some(wanted) => {
                match (wanted, found) {
                    (Direction::Wider, Enforcement::Over)
                    | (Direction::Narrower, Enforcement::Under) => {}
                    (Direction::Wider, _) => widen(&mut loader.places, &finding),
                    (Direction::Narrower, _) => {
                        loader.places[finding.schema.index()].assertions =
                            Assertions::Always(false);
                    }
                }
                let is_sound = loader.options.policy == Policy::Sound;
                loader.entries[finding.entry].enforcement =
                    if is_sound { Enforcement::Under } else { Enforcement::Over };
                true
            }
        };
        if !is_settled || loader.options.policy != Policy::Strict && uses.are_mixed() {
            refused.push(loader.entries[finding.entry].clone());
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(SchemaError::Refused { entries: refused }) }
}

/// Which way a schema may be off under a policy; `None` where it must stay as it is.
fn direction(policy: Policy, uses: Uses) -> Option<Direction> {
    match (policy, uses) {
        (Policy::Strict, _) => None,
        _ if uses.are_mixed() => None,
        // Where less here is more in the whole, the ways change places.
        (Policy::Complete, Uses { downward: false, .. })
        | (Policy::Sound, Uses { downward: true, .. }) => Some(Direction::Wider),
        _ => Some(Direction::Narrower),
    }
}

/// Reports a keyword as it is, in its effect on the whole schema. Whether it may stay so.
fn settle_as_it_is(entry: &mut Entry, uses: Uses) -> bool {
    // What is off one way here may be off the other way in the whole.
    let reason = entry.reason.get_or_insert_default();
    if uses.are_mixed() {
        reason.push_str("; it is used below `not`, `if` or `oneOf`, where this works both ways");
    }
    entry.enforcement = match entry.enforcement {
        Enforcement::Over if uses == Uses::DOWNWARD => Enforcement::Under,
        Enforcement::Under if uses.downward => Enforcement::Over,
        other => other,
    };
    entry.enforcement != Enforcement::Refused
}

/// Lets the schema of a finding allow more, so that nothing is refused for want of its keyword.
fn widen(places: &mut Vec<Place>, finding: &Finding) {
    // A schema that allows everything, to stand for all members.
    let everything = SchemaId(u32::try_from(places.len()).expect("sites are limited"));
    let place = &mut places[finding.schema.index()];
    let Assertions::Keywords(keywords) = &mut place.assertions else { return };
    match finding.wider {
        Wider::Nothing => {}
        Wider::NoFormat(without) => keywords.string = without,
        Wider::AllMembers => {
            keywords.pattern_properties.clear();
            keywords.additional_properties = Some(everything);
            let place = Place { assertions: Assertions::Always(true), ..place.clone() };
            places.push(place);
        }
    }
}

/// How each schema is used, by way of those that use it.
fn uses(places: &[Place], resources: &[Resource]) -> Vec<Uses> {
    let mut uses = vec![Uses::default(); places.len()];
    // The root has the first id: to allow more in it is to allow more.
    uses[0] = Uses::UPWARD;
    let mut changed = vec![SchemaId(0)];
    let mut by_name: HashMap<&str, (Uses, Vec<SchemaId>)> = HashMap::new();
    for (name, schema) in resources.iter().flat_map(|resource| &resource.dynamic_anchors) {
        by_name.entry(name).or_default().1.push(*schema);
    }
    while let Some(schema) = changed.pop() {
        let Assertions::Keywords(keywords) = &places[schema.index()].assertions else { continue };
        let own = uses[schema.index()];
        let mut below = parts(keywords);
        if let Some(reference) = &keywords.dynamic_reference {
            below.push((reference.initial, Uses::UPWARD));
            // All that have the name are used alike, and are looked at again only when that grows.
            let known = by_name.entry(&reference.anchor).or_default();
            if known.0 != known.0.with(own) {
                known.0 = known.0.with(own);
                below.extend(known.1.iter().map(|&schema| (schema, Uses::UPWARD)));
            }
        }
        for (below, effect) in below {
            let before = uses[below.index()];
            uses[below.index()] = before.with(own.through(effect));
            if uses[below.index()] != before {
                changed.push(below);
            }
        }
    }
    uses
}

/// The schemas that a schema uses wherever it is used, and what to allow more there does here.
fn parts(keywords: &Keywords) -> Vec<(SchemaId, Uses)> {
    let mut upward: Vec<SchemaId> = [
        keywords.reference,
        keywords.items,
        keywords.unevaluated_items,
        keywords.additional_properties,
        keywords.property_names,
        keywords.unevaluated_properties,
    ]
    .into_iter()
    .flatten()
    .collect();
    upward.extend(&keywords.prefix_items);
    upward.extend(&keywords.all_of);
    upward.extend(keywords.any_of.iter().flatten());
    upward.extend(keywords.properties.iter().map(|(_, schema)| schema));
    upward.extend(keywords.pattern_properties.iter().map(|(_, schema)| schema));
    upward.extend(keywords.dependent_schemas.iter().map(|(_, schema)| schema));
    // Whatever else depends on these, such as what they evaluate, grows when they allow more.
    let mut parts: Vec<_> = upward.into_iter().map(|schema| (schema, Uses::UPWARD)).collect();
    parts.extend(keywords.not.map(|schema| (schema, Uses::DOWNWARD)));
    parts.extend(keywords.one_of.iter().flatten().map(|&schema| (schema, Uses::BOTH)));
    if let Some(condition) = keywords.condition {
        parts.push((condition.condition, Uses::BOTH));
        let branches = [condition.then, condition.otherwise].into_iter().flatten();
        parts.extend(branches.map(|schema| (schema, Uses::UPWARD)));
    }
    if let Some(contains) = keywords.contains {
        let use_of_items = if contains.max.is_some() { Uses::BOTH } else { Uses::UPWARD };
        parts.push((contains.schema, use_of_items));
    }
    parts
}

impl Uses {
    /// As a part that must hold, like a branch of `allOf`.
    const UPWARD: Self = Self { upward: true, downward: false };
    /// As a part that must not hold, like that of `not`.
    const DOWNWARD: Self = Self { upward: false, downward: true };
    /// As a part that decides between others, like `if`, or that must hold alone, as in `oneOf`.
    const BOTH: Self = Self { upward: true, downward: true };

    /// Whether any change in it may change the whole either way.
    fn are_mixed(self) -> bool {
        self == Self::BOTH
    }

    /// Of a schema that is used in both of these ways.
    fn with(self, other: Self) -> Self {
        Self { upward: self.upward || other.upward, downward: self.downward || other.downward }
    }

    /// Of a part that is used in a way by a schema that is used so.
    fn through(self, part: Self) -> Self {
        Self {
            upward: self.upward && part.upward || self.downward && part.downward,
            downward: self.upward && part.downward || self.downward && part.upward,
        }
    }
}
