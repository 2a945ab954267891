//! Values that differ: the shortest of a node, and whether there are enough of them.
//!
//! `uniqueItems` takes every value away from the items behind it. So a node is asked for as many
//! values as an array needs and has already; which items they are for is a matching (Kuhn 1955), and
//! since what a value costs does not depend on the item that has it, to take values as they become
//! longer, each if all so far can still be placed, finds the least sum (Edmonds 1971).
//!
//! Law: values of null, booleans, numbers and strings are listed shortest first, without end where
//! asked. Of nodes with arrays and objects so many are listed as `listed.rs` says, and none longer than
//! [`LONGEST_LISTED`]; where there are more, there are taken to be enough, each as long as the last that
//! is listed, and as the shortest where none is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::extent::{Estimate, NEVER, plus, times};
use super::fill::is_met;
use super::rest::{Items, Members};
use super::{Algebra, ArrayId, Form, NodeId, listed, written, written_byte};
use crate::regex::ExprId;
use crate::schema::SchemaError;
use crate::schema::json::Json;
use crate::schema::number::Decimal;

/// A value, the same for every spelling of it, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ValueId(u32);

/// Values are compared down to here.
const DEEPEST: usize = 1 << 9;
/// The most values that items behind another are kept free for.
const MOST_NEEDED: usize = 64;
/// The most bytes of a value that is listed: longer ones cost more to tell apart than they are worth.
pub(super) const LONGEST_LISTED: u32 = 1 << 10;
/// The most values that are looked at for one array: more are as long as the last.
const MOST_DISTINCT: usize = 1 << 10;

/// Values of a node, shortest first.
#[derive(Debug)]
struct Shortest {
    listed: Vec<(u32, ValueId)>,
    /// What each further value takes, where there may be more.
    further: Option<u32>,
    /// Whether there may be fewer further ones than are needed.
    has_unlisted: bool,
}

impl Algebra {
    /// The number of a value. Text that is no JSON within the depth is a value of its own, and
    /// equal to itself alone.
    pub(crate) fn value_id(&mut self, text: &str) -> ValueId {
        let value = Json::parse(text, DEEPEST).map(|value| value.canonical());
        let plain = value.unwrap_or_else(|_| text.to_owned());
        ValueId(self.values.intern(plain.into()))
    }

    /// The text of a value, in a plain form.
    fn value_text(&self, value: ValueId) -> &str {
        self.values.get(value.0)
    }

    /// A value by its number; `None` where it is no JSON.
    pub(super) fn read_value(&self, value: ValueId) -> Option<Json> {
        Json::parse(self.value_text(value), DEEPEST).ok()
    }

    /// The values by their numbers, without what is no JSON.
    pub(super) fn read_values(&self, values: &[ValueId]) -> Vec<Json> {
        values.iter().filter_map(|&value| self.read_value(value)).collect()
    }

    /// The values that the items behind the next one may need, where those are to differ: an item
    /// that takes none of them leaves to the others what they had.
    pub(crate) fn needed_values(
        &mut self,
        id: ArrayId,
        items: &Items,
    ) -> Result<Vec<ValueId>, SchemaError> {
        let shape = self.array(id).clone();
        let mut behind = Items { count: items.count + 1, ..items.clone() };
        behind.counted.resize(shape.counted.len(), 0);
        if !shape.is_unique || is_met(&shape, &behind) {
            return Ok(Vec::new());
        }
        let counted = shape.counted.iter().map(|of| of.min).fold(0, u64::saturating_add);
        let needed = shape.min.saturating_sub(items.count).saturating_add(counted);
        let most = needed.min(MOST_NEEDED as u64) as usize + items.values.len();
        let mut values = Vec::new();
        loop {
            let mut estimate = Estimate::default();
            for place in behind.count..=(shape.prefix.len() as u64).max(behind.count) {
                let at = Items { count: place, ..behind.clone() };
                for (node, _) in self.kinds(&shape, &at, &mut estimate) {
                    let shortest = self.shortest_values(node, most, &mut estimate)?;
                    values.extend(shortest.listed.into_iter().take(most));
                }
            }
            if estimate.is_empty() {
                break;
            }
            for node in estimate.into_nodes() {
                self.extent(node)?;
            }
        }
        values.sort_unstable();
        values.dedup();
        values.retain(|(_, value)| items.values.binary_search(value).is_err());
        Ok(values.into_iter().map(|(_, value)| value).collect())
    }

    /// The fewest bytes of values that all differ, so many of each node and none of those read;
    /// [`NEVER`] where there are not enough.
    pub(super) fn distinct_bytes(
        &mut self,
        chosen: &[(NodeId, u64)],
        read: &[ValueId],
        estimate: &mut Estimate,
    ) -> Result<u32, SchemaError> {
        let needed = chosen.iter().map(|&(_, count)| count).fold(0, u64::saturating_add);
        if let [(only, 1)] = chosen {
            return Ok(self.estimated(*only, estimate));
        }
        let most = needed.min(MOST_DISTINCT as u64) as usize;
        let mut kinds = Vec::with_capacity(chosen.len());
        for &(node, count) in chosen {
            let mut shortest = self.shortest_values(node, most, estimate)?;
            shortest.listed.retain(|(_, value)| read.binary_search(value).is_err());
            kinds.push((shortest, count));
        }
        let has_unlisted = kinds.iter().any(|(shortest, _)| shortest.has_unlisted);
        if has_unlisted && needed > listed::MOST_NEEDED as u64 {
            return Err(self.over("arrays or objects that must differ", listed::MOST_NEEDED));
        }
        Ok(match &kinds[..] {
            [(only, count)] => first_bytes(only, *count),
            _ => matched_bytes(&kinds, needed),
        })
    }

    /// The shortest values of a node, so many or all there are.
    fn shortest_values(
        &mut self,
        node: NodeId,
        most: usize,
        estimate: &mut Estimate,
    ) -> Result<Shortest, SchemaError> {
        let form = self.form(node)?;
        let (mut listed, mut further) = match self.plain_values(&form, most)? {
            Some(listed) if listed.len() > most => {
                let longest = listed.iter().map(|&(bytes, _)| bytes).max();
                (listed, longest)
            }
            Some(listed) => (listed, None),
            None => {
                let numbers = self.written_numbers(&form)?;
                let strings = plus(self.shortest(form.strings)?, 2);
                (Vec::new(), Some(self.shortest(numbers)?.min(strings)))
            }
        };
        let mut has_unlisted = false;
        if !form.arrays.is_empty() || !form.objects.is_empty() {
            match self.listed(node, most)? {
                Some(of) => {
                    let longest = of.values.last().map(|&(bytes, _)| bytes);
                    further = longest.filter(|_| of.has_more);
                    has_unlisted = of.has_more;
                    listed = of.values.clone();
                }
                None => {
                    let mut least = further.unwrap_or(NEVER);
                    for &shape in &form.arrays {
                        let rest = self.array_rest_by(shape, &Items::NONE, estimate)?;
                        least = least.min(plus(rest, 1));
                    }
                    for &shape in &form.objects {
                        let rest = self.object_rest_by(shape, &Members::NONE, estimate)?;
                        least = least.min(plus(rest, 1));
                    }
                    further = (least != NEVER).then_some(least);
                }
            }
        }
        let mut listed: Vec<(u32, ValueId)> =
            listed.into_iter().map(|(bytes, value)| (bytes, self.json_id(&value))).collect();
        listed.sort_unstable();
        Ok(Shortest { listed, further, has_unlisted })
    }

    pub(crate) fn json_id(&mut self, value: &Json) -> ValueId {
        ValueId(self.values.intern(value.canonical().into()))
    }

    /// The values of a form that are no arrays and no objects: the shortest of each type, one more
    /// than asked for at most; `None` where some of these are too long to be listed.
    pub(super) fn plain_values(
        &mut self,
        form: &Form,
        most: usize,
    ) -> Result<Option<Vec<(u32, Json)>>, SchemaError> {
        let mut values = Vec::new();
        values.extend(form.null.then_some((4, Json::Null)));
        for (of, bytes) in [(false, 5), (true, 4)] {
            values.extend(form.booleans[usize::from(of)].then_some((bytes, Json::Bool(of))));
        }
        let numbers = self.number_values(form, most + 1)?;
        let (Some(numbers), Some(texts)) = (numbers, self.texts(form.strings, most + 1)?) else {
            return Ok(None);
        };
        values.extend(numbers);
        for text in texts {
            let bytes = plus(written(text.as_bytes()), 2);
            values.push((bytes, Json::String(text.into())));
        }
        Ok(Some(values))
    }

    /// The shortest numbers of a form: texts are looked at in order, and whenever those of known
    /// values are too many, all texts of these are taken away.
    fn number_values(
        &mut self,
        form: &Form,
        most: usize,
    ) -> Result<Option<Vec<(u32, Json)>>, SchemaError> {
        let mut language = self.written_numbers(form)?;
        let (mut values, mut known) = (Vec::new(), hashbrown::HashSet::new());
        loop {
            let Some(texts) = self.texts(language, most + 8)? else { return Ok(None) };
            let is_all = texts.len() < most + 8;
            for text in texts {
                let Some(value) = Decimal::parse(&text) else { continue };
                if known.insert(value.to_string()) {
                    values.push((written(text.as_bytes()), Json::Number(text.into())));
                    if values.len() == most {
                        return Ok(Some(values));
                    }
                }
            }
            if is_all {
                return Ok(Some(values));
            }
            for (_, value) in &values {
                if let Json::Number(text) = value {
                    let equal = self.equal_number(text)?;
                    language = self.minus(language, equal);
                }
            }
        }
    }

    /// The shortest texts of a language, as they are written; so many or all there are. `None` where
    /// one of these is too long to be listed.
    ///
    /// Beginnings are taken by the length of the shortest text that they can become, of equal ones the
    /// longest: so one text is gone through to its end before others are begun.
    pub(super) fn texts(
        &mut self,
        language: ExprId,
        most: usize,
    ) -> Result<Option<Vec<String>>, SchemaError> {
        let mut found = Vec::new();
        let mut open = BinaryHeap::new();
        if self.is_inhabited(language)? {
            open.push(Reverse((0, Reverse(0), Vec::new(), Some(language))));
        }
        while let Some(Reverse((bytes, Reverse(so_far), text, language))) = open.pop() {
            if found.len() == most {
                break;
            }
            if bytes > LONGEST_LISTED {
                return Ok(None);
            }
            let Some(language) = language else {
                found.extend(String::from_utf8(text));
                continue;
            };
            if self.automaton.is_nullable(language) {
                open.push(Reverse((so_far, Reverse(so_far), text.clone(), None)));
            }
            for byte in 0..=255_u8 {
                let next = self.step(language, byte)?;
                if next != ExprId::NOTHING {
                    let so_far = plus(so_far, written_byte(byte).into());
                    let bytes = plus(so_far, self.shortest(next)?);
                    open.push(Reverse((
                        bytes,
                        Reverse(so_far),
                        [&text[..], &[byte]].concat(),
                        Some(next),
                    )));
                }
            }
        }
        Ok(Some(found))
    }

    /// The plain texts of some values.
    pub(super) fn canonical(&self, values: &[ValueId]) -> Vec<String> {
        values.iter().map(|&value| self.value_text(value).to_owned()).collect()
    }
}

/// The bytes of the first so many values.
fn first_bytes(shortest: &Shortest, count: u64) -> u32 {
    let listed = shortest.listed.iter().map(|&(bytes, _)| bytes);
    let mut left = count;
    let mut sum = 0;
    let further = shortest.further.unwrap_or(NEVER);
    for bytes in listed.filter(|&bytes| bytes <= further) {
        if left == 0 {
            break;
        }
        sum = plus(sum, bytes);
        left -= 1;
    }
    plus(sum, times(further, left))
}

/// The bytes of values for several kinds, so many of each.
fn matched_bytes(kinds: &[(Shortest, u64)], needed: u64) -> u32 {
    // Each value with the kinds that have it; a further value is one of its kind alone.
    let mut values: Vec<(u32, Vec<usize>)> = Vec::new();
    let mut places: hashbrown::HashMap<ValueId, usize> = hashbrown::HashMap::new();
    for (kind, (shortest, count)) in kinds.iter().enumerate() {
        for &(bytes, value) in &shortest.listed {
            let place = *places.entry(value).or_insert_with(|| {
                values.push((bytes, Vec::new()));
                values.len() - 1
            });
            values[place].1.push(kind);
        }
        let more = usize::try_from(*count).unwrap_or(MOST_DISTINCT).min(MOST_DISTINCT);
        values.extend(shortest.further.iter().flat_map(|&of| vec![(of, vec![kind]); more]));
    }
    values.sort();
    let mut taken: Vec<Vec<usize>> = vec![Vec::new(); kinds.len()];
    let (mut sum, mut count) = (0, 0);
    for value in 0..values.len() {
        if count < needed && place(value, &values, kinds, &mut taken, &mut vec![false; kinds.len()])
        {
            sum = plus(sum, values[value].0);
            count += 1;
        }
    }
    if count == needed { sum } else { NEVER }
}

/// Finds a place for a value, if need be by moving others on: an augmenting path.
fn place(
    value: usize,
    values: &[(u32, Vec<usize>)],
    kinds: &[(Shortest, u64)],
    taken: &mut [Vec<usize>],
    tried: &mut [bool],
) -> bool {
    for &kind in &values[value].1 {
        if std::mem::replace(&mut tried[kind], true) {
            continue;
        }
        if (taken[kind].len() as u64) < kinds[kind].1 {
            taken[kind].push(value);
            return true;
        }
        for at in 0..taken[kind].len() {
            if place(taken[kind][at], values, kinds, taken, tried) {
                taken[kind][at] = value;
                return true;
            }
        }
    }
    false
}
