//! The changes that may make a value conform, each of which keeps what it says.
//!
//! | wanted | given | becomes |
//! |---|---|---|
//! | number | `"42"` | `42` |
//! | string | `42` | `"42"` |
//! | boolean, null | `"True"`, `"None"` | `true`, `null` |
//! | array, object | `"[1]"`, `"{a: 1}"` | `[1]`, `{"a": 1}` |
//! | array of x | x | `[x]` |
//! | x | `[x]` | x |
//! | `IN_PROGRESS` | `"in progress"` | `"IN_PROGRESS"` |
//! | `first_name` | `{"First-Name": 1}` | `{"first_name": 1}` |
//! | no member | `{"a": null}` | `{}` |
//!
//! Not among them, as they change what is said: numbers rounded, truths out of numbers, parts of strings,
//! defaults, nearest names.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::edit::Class;
use super::super::parse::is_number;
use super::super::patch::{Change, ValueEdit, ValueRule, child};
use super::super::{Options, Salvage, stringified};
use crate::schema::json::Json;
use crate::schema::{Fault, Wanted};

/// A value with faults, and what may be tried.
#[derive(Debug)]
pub(super) struct Need {
    pub(super) pointer: String,
    pub(super) candidates: Vec<Candidate>,
}

/// A change that may make a value conform.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) edits: Vec<ValueEdit>,
    /// Of those that help, the cheapest are taken.
    pub(super) cost: usize,
    /// Whether it helps only where nothing is wrong afterwards, within the value too.
    pub(super) must_be_whole: bool,
    /// Whether the value goes.
    pub(super) removes: bool,
}

/// The most ways to satisfy a branch that are put together.
const WAYS: usize = 8;

/// What may be tried with each value that has faults, in the order of their pointers.
pub(super) fn candidates(json: &Json, faults: &[&Fault], options: &Options) -> Vec<Need> {
    let mut by_pointer: BTreeMap<&str, Vec<&Fault>> = BTreeMap::new();
    for fault in faults {
        by_pointer.entry(&fault.instance).or_default().push(fault);
    }
    let mut needs = Vec::new();
    for (pointer, faults) in by_pointer {
        let mut candidates = Vec::new();
        // Faults of one value are put right together.
        for candidate in ways(json, &faults, options) {
            if !candidates.contains(&candidate) {
                candidates.push(candidate);
            }
        }
        if !candidates.is_empty() {
            needs.push(Need { pointer: pointer.to_owned(), candidates });
        }
    }
    needs
}

/// The ways to put right all faults of one value, or of one branch.
///
/// What is at several places within one branch must all be put right, so their ways are combined, up to a
/// limit. A place that nothing can be tried with makes the branch hopeless.
fn ways(json: &Json, faults: &[&Fault], options: &Options) -> Vec<Candidate> {
    let mut ways: Vec<Candidate> = Vec::new();
    let mut places: BTreeMap<&str, Vec<Candidate>> = BTreeMap::new();
    for fault in faults {
        let found = at(json, fault, faults, options);
        let known = places.entry(&fault.instance).or_default();
        for candidate in found {
            if !known.contains(&candidate) {
                known.push(candidate);
            }
        }
    }
    for (place, found) in places {
        if found.is_empty() && faults.iter().any(|fault| fault.instance != place) {
            return Vec::new();
        }
        ways = match ways.is_empty() {
            true => found,
            false => {
                ways.iter().flat_map(|way| found.iter().map(|other| way.with(other))).collect()
            }
        };
        ways.truncate(WAYS);
    }
    ways
}

impl Candidate {
    /// A candidate of one edit.
    fn new(edit: ValueEdit, cost: usize) -> Self {
        let removes = edit.change == Change::Remove;
        Self { edits: vec![edit], cost, must_be_whole: false, removes }
    }

    /// Both together.
    fn with(&self, other: &Self) -> Self {
        let edits = self.edits.iter().chain(&other.edits).cloned().collect();
        let must_be_whole = self.must_be_whole || other.must_be_whole;
        Self { edits, cost: self.cost + other.cost, must_be_whole, removes: false }
    }
}

/// What may put one fault right.
fn at(json: &Json, fault: &Fault, beside: &[&Fault], options: &Options) -> Vec<Candidate> {
    let pointer = fault.instance.as_str();
    let Some((_, value)) = json.locate(pointer) else { return Vec::new() };
    let place = Place { pointer, value, options };
    let mut found = match &fault.wanted {
        Wanted::Types(types) => types.iter().flat_map(|kind| place.of_type(kind)).collect(),
        Wanted::OneOf(values) => place.one_of(values),
        Wanted::Without { unexpected, known } => place.without(unexpected, known, beside),
        Wanted::Name(name) => place.with_name(name),
        Wanted::Branch(branches) => {
            let branch = |faults: &Vec<Fault>| {
                let faults: Vec<&Fault> = faults.iter().collect();
                let mut ways = ways(json, &faults, options);
                ways.iter_mut().for_each(|way| way.must_be_whole = true);
                ways
            };
            branches.iter().flat_map(branch).collect()
        }
        Wanted::Other => Vec::new(),
    };
    found.extend(place.unwrapped());
    found.extend(place.dropped());
    found
}

/// A value that something is wrong with.
struct Place<'j> {
    pointer: &'j str,
    value: &'j Json,
    options: &'j Options,
}

impl Place<'_> {
    /// An edit of the faulty value, at its place.
    fn edit(&self, rule: ValueRule, change: Change, class: Class) -> ValueEdit {
        let (pointer, was) = (self.pointer.to_owned(), self.value.written());
        ValueEdit { rule, pointer, was, change, class }
    }

    /// The faulty value with another in its place.
    fn replaced(&self, rule: ValueRule, now: &Json, cost: usize) -> Candidate {
        Candidate::new(self.edit(rule, Change::Replace(now.written()), Class::Normalising), cost)
    }

    /// Ways to make a value of a type.
    fn of_type(&self, kind: &str) -> Vec<Candidate> {
        let replaced = |rule, now: Json, cost| vec![self.replaced(rule, &now, cost)];
        match (kind, self.value) {
            ("integer" | "number", Json::String(text)) => self.number(text),
            ("boolean", Json::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
                "true" => replaced(ValueRule::Coerce, Json::Bool(true), 1),
                "false" => replaced(ValueRule::Coerce, Json::Bool(false), 1),
                _ => Vec::new(),
            },
            ("null", Json::String(text))
                if matches!(text.trim(), "null" | "None" | "NULL" | "Null") =>
            {
                replaced(ValueRule::Coerce, Json::Null, 1)
            }
            ("string", Json::Number(text)) => {
                replaced(ValueRule::Coerce, Json::String(text.clone()), 1)
            }
            ("array", Json::String(text)) => match stringified(text, '[', self.options) {
                Some(json) => replaced(ValueRule::Unstringify, json, 1),
                None => self.wrapped(),
            },
            ("object", Json::String(text)) => match stringified(text, '{', self.options) {
                Some(json) => replaced(ValueRule::Unstringify, json, 1),
                None => Vec::new(),
            },
            ("array", _) => self.wrapped(),
            _ => Vec::new(),
        }
    }

    /// The value as the only item of a list, where a list is wanted.
    fn wrapped(&self) -> Vec<Candidate> {
        vec![self.replaced(ValueRule::WrapArray, &Json::Array(vec![self.value.clone()]), 2)]
    }

    /// The number that a string is, perhaps with a currency and separators of thousands.
    fn number(&self, text: &str) -> Vec<Candidate> {
        let trimmed = text.trim();
        if is_number(trimmed) {
            return vec![self.replaced(ValueRule::Coerce, &Json::Number(trimmed.into()), 1)];
        }
        let bare = trimmed
            .trim_matches(|char: char| char.is_whitespace() || matches!(char, '$' | '€' | '£'));
        let bare = bare.replace([',', '_'], "");
        if !self.options.allow.contains(&Salvage::Currency) || !is_number(&bare) {
            return Vec::new();
        }
        let edit = self.edit(ValueRule::Coerce, Change::Replace(bare), Class::Guess);
        vec![Candidate::new(edit, 1)]
    }

    /// The values that are this one but for case and dashes, or for its type.
    fn one_of(&self, values: &[Value]) -> Vec<Candidate> {
        let text = match self.value {
            Json::String(text) => text,
            Json::Number(text) => text,
            _ => return Vec::new(),
        };
        let is_string = matches!(self.value, Json::String(_));
        let mut found = Vec::new();
        for value in values {
            let (rule, is_meant) = match value {
                Value::String(option) => (ValueRule::FoldEnum, folded(option) == folded(text)),
                Value::Number(option) => {
                    (ValueRule::Coerce, is_string && option.to_string() == text.trim())
                }
                Value::Bool(option) => {
                    (ValueRule::Coerce, option.to_string() == text.trim().to_lowercase())
                }
                _ => (ValueRule::Coerce, false),
            };
            if is_meant {
                let edit = self.edit(rule, Change::Replace(value.to_string()), Class::Normalising);
                found.push(Candidate::new(edit, 1));
            }
        }
        found
    }

    /// The object with names as the schema writes them, or without those that it does not know.
    ///
    /// Every unexpected name must be one that is meant, or be dropped by a rule: to put right one of two
    /// helps nothing.
    fn without(
        &self,
        unexpected: &[String],
        known: &[String],
        beside: &[&Fault],
    ) -> Vec<Candidate> {
        let Json::Object(members) = self.value else { return Vec::new() };
        let wanted = beside.iter().filter(|fault| fault.instance == self.pointer);
        let wanted = wanted.filter_map(|fault| match &fault.wanted {
            Wanted::Name(name) => Some(name),
            _ => None,
        });
        let mut free: Vec<&String> = known.iter().chain(wanted).collect();
        free.sort_unstable();
        free.dedup();
        free.retain(|name| self.value.get(name).is_none());
        let mut edits = Vec::new();
        for name in unexpected {
            let mut meant = free.iter().filter(|known| folded(known) == folded(name));
            let same = members.iter().filter(|(other, _)| folded(other) == folded(name)).count();
            match (meant.next(), meant.next(), same) {
                (Some(known), None, 1) => edits.push(self.renamed(name, known)),
                _ if self.options.allow.contains(&Salvage::ExtraMembers) => {
                    edits.extend(self.member(name).map(|(pointer, was)| ValueEdit {
                        rule: ValueRule::DropProperty,
                        pointer,
                        was,
                        change: Change::Remove,
                        class: Class::Lossy,
                    }));
                }
                _ => return Vec::new(),
            }
        }
        vec![Candidate { edits, cost: 1, must_be_whole: false, removes: false }]
    }

    /// The object with a name that it has but for case and dashes.
    fn with_name(&self, name: &str) -> Vec<Candidate> {
        let Json::Object(members) = self.value else { return Vec::new() };
        let mut same = members.iter().filter(|(other, _)| folded(other) == folded(name));
        match (same.next(), same.next()) {
            (Some((other, _)), None) => vec![Candidate::new(self.renamed(other, name), 1)],
            _ => Vec::new(),
        }
    }

    /// A member under another name, with its value as it was.
    fn renamed(&self, from: &str, to: &str) -> ValueEdit {
        let (pointer, was) = self.member(from).unwrap_or_default();
        let change = Change::Move(child(self.pointer, to));
        ValueEdit { rule: ValueRule::RenameKey, pointer, was, change, class: Class::Normalising }
    }

    /// The pointer of a member and what stands there.
    fn member(&self, name: &str) -> Option<(String, String)> {
        Some((child(self.pointer, name), self.value.get(name)?.written()))
    }

    /// What the value holds, where it is only around that.
    ///
    /// These help only where nothing is wrong afterwards: what is unwrapped is lost sight of.
    fn unwrapped(&self) -> Vec<Candidate> {
        let mut found = Vec::new();
        let mut whole = |rule, now: &Json, cost| {
            found.push(Candidate { must_be_whole: true, ..self.replaced(rule, now, cost) });
        };
        match self.value {
            Json::Array(items) => {
                if let [item] = items.as_slice() {
                    let candidate = self.replaced(ValueRule::UnwrapSingleton, item, 3);
                    found.push(Candidate { must_be_whole: true, ..candidate });
                }
            }
            Json::Object(members) if self.pointer.is_empty() => {
                let is_echo = self.value.get("type") == Some(&Json::String("object".into()));
                match (members.as_slice(), self.value.get("properties")) {
                    (_, Some(inner)) if is_echo => whole(ValueRule::UnwrapSchemaEcho, inner, 3),
                    // It is as near as to put a list around what stands there or in it, where one is wanted.
                    ([(_, inner @ (Json::Array(_) | Json::Object(_)))], _) => {
                        whole(ValueRule::UnwrapEnvelope, inner, 2)
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        found
    }

    /// That the value is left out: null may be, and items where that is allowed.
    fn dropped(&self) -> Vec<Candidate> {
        let Some((_, last)) = self.pointer.rsplit_once('/') else { return Vec::new() };
        let is_item = last.bytes().all(|byte| byte.is_ascii_digit());
        if *self.value == Json::Null && !is_item {
            let edit = self.edit(ValueRule::DropNullOptional, Change::Remove, Class::Normalising);
            return vec![Candidate::new(edit, 1)];
        }
        if is_item && self.options.allow.contains(&Salvage::BadItems) {
            let edit = self.edit(ValueRule::DropItem, Change::Remove, Class::Lossy);
            return vec![Candidate::new(edit, 9)];
        }
        Vec::new()
    }
}

/// A name without case, dashes and spaces.
fn folded(name: &str) -> String {
    let is_kept = |char: &char| !matches!(char, '-' | '_' | ' ' | '.');
    name.trim().chars().filter(is_kept).flat_map(char::to_lowercase).collect()
}

/// How many of the values that are wanted a string names.
pub(super) fn named(text: &str, wanted: &Wanted) -> usize {
    let Wanted::OneOf(values) = wanted else { return 0 };
    let text = text.to_lowercase();
    let is_named =
        |value: &&Value| value.as_str().is_some_and(|name| text.contains(&name.to_lowercase()));
    values.iter().filter(is_named).count()
}
