//! A schema read: what each place of a document asserts, whatever draft it was written in.
//!
//! Differences of drafts end here. A tuple `items` is `prefix_items`, `dependencies` are split by
//! kind, a boolean `exclusiveMinimum` has become an exclusive bound, siblings that a draft ignores
//! beside `$ref` are gone.

use super::draft::Draft;
use super::json::Json;
use crate::regex::ExprId;

/// A schema of a [`Document`], at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SchemaId(pub(crate) u32);

impl SchemaId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A resource of a document: what an `$id` names, with the schemas inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ResourceId(pub(crate) u32);

/// A schema at its place.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Where it stands: a JSON pointer within the document asked for, or the address of another
    /// document with its pointer behind `#`.
    pub(crate) pointer: String,
    pub(crate) resource: ResourceId,
    /// The draft that it is written in: in draft 4 `1.0` is no integer.
    pub(crate) draft: Draft,
    pub(crate) assertions: Assertions,
}

/// What a schema asserts.
#[derive(Debug, Clone)]
pub(crate) enum Assertions {
    /// `true` or `false`.
    Always(bool),
    Keywords(Box<Keywords>),
}

/// The assertion keywords of one schema object. Absent is `None` or empty, and asserts nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Keywords {
    /// `$ref`, resolved.
    pub(crate) reference: Option<SchemaId>,
    /// `$dynamicRef` or `$recursiveRef`.
    pub(crate) dynamic_reference: Option<DynamicReference>,

    pub(crate) types: Option<Types>,
    /// `const` is an `enum` of one.
    pub(crate) constant: Option<Json>,
    pub(crate) members: Option<Vec<Json>>,

    /// The language of number texts that `minimum`, `maximum`, both exclusive ones and `multipleOf`
    /// allow together.
    pub(crate) number: Option<ExprId>,
    /// The language of decoded texts that `minLength`, `maxLength`, `pattern` and `format` allow
    /// together.
    pub(crate) string: Option<ExprId>,

    pub(crate) prefix_items: Vec<SchemaId>,
    /// For items behind the prefix.
    pub(crate) items: Option<SchemaId>,
    pub(crate) contains: Option<Contains>,
    pub(crate) min_items: u64,
    pub(crate) max_items: Option<u64>,
    pub(crate) unique_items: bool,
    pub(crate) unevaluated_items: Option<SchemaId>,

    /// As written, so in the order to write them in.
    pub(crate) properties: Vec<(String, SchemaId)>,
    /// The language of keys (decoded), and what their values are.
    pub(crate) pattern_properties: Vec<(ExprId, SchemaId)>,
    pub(crate) additional_properties: Option<SchemaId>,
    pub(crate) property_names: Option<SchemaId>,
    pub(crate) required: Vec<String>,
    /// Where the first is present, the others are required.
    pub(crate) dependent_required: Vec<(String, Vec<String>)>,
    pub(crate) dependent_schemas: Vec<(String, SchemaId)>,
    pub(crate) min_properties: u64,
    pub(crate) max_properties: Option<u64>,
    pub(crate) unevaluated_properties: Option<SchemaId>,

    pub(crate) all_of: Vec<SchemaId>,
    /// Of each list one schema holds.
    pub(crate) any_of: Vec<Vec<SchemaId>>,
    pub(crate) one_of: Option<Vec<SchemaId>>,
    pub(crate) not: Option<SchemaId>,
    pub(crate) condition: Option<Condition>,
}

impl Keywords {
    /// Shows every schema that is named, to be looked at or replaced.
    pub(crate) fn for_each_schema(&mut self, mut show: impl FnMut(&mut SchemaId)) {
        let listed = [&mut self.prefix_items, &mut self.all_of];
        listed.into_iter().flatten().for_each(&mut show);
        self.any_of.iter_mut().chain(&mut self.one_of).flatten().for_each(&mut show);
        let named = [&mut self.properties, &mut self.dependent_schemas];
        named.into_iter().flatten().for_each(|(_, schema)| show(schema));
        self.pattern_properties.iter_mut().for_each(|(_, schema)| show(schema));
        self.contains.iter_mut().for_each(|contains| show(&mut contains.schema));
        self.dynamic_reference.iter_mut().for_each(|dynamic| show(&mut dynamic.initial));
        if let Some(Condition { condition, then, otherwise }) = &mut self.condition {
            show(condition);
            then.iter_mut().chain(otherwise).for_each(&mut show);
        }
        let single = [
            &mut self.reference,
            &mut self.items,
            &mut self.unevaluated_items,
            &mut self.additional_properties,
            &mut self.property_names,
            &mut self.unevaluated_properties,
            &mut self.not,
        ];
        single.into_iter().flatten().for_each(show);
    }
}

/// A reference whose target depends on the schemas that led here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct DynamicReference {
    /// The anchor's name; empty for `$recursiveRef`.
    pub(crate) anchor: String,
    /// Its target where no outer resource has the anchor.
    pub(crate) initial: SchemaId,
}

/// `contains` with its counts; a draft without `minContains` has 1 and no maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Contains {
    pub(crate) schema: SchemaId,
    pub(crate) min: u64,
    pub(crate) max: Option<u64>,
    /// Whether items that match count as evaluated (2020-12).
    pub(crate) evaluates: bool,
}

/// `if` with its branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Condition {
    pub(crate) condition: SchemaId,
    pub(crate) then: Option<SchemaId>,
    pub(crate) otherwise: Option<SchemaId>,
}

/// The types that a value may be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Types {
    pub(crate) null: bool,
    pub(crate) boolean: bool,
    pub(crate) number: bool,
    /// Within the numbers: all that have no fraction, `1.0` among them but in draft 4.
    pub(crate) integer: bool,
    pub(crate) string: bool,
    pub(crate) array: bool,
    pub(crate) object: bool,
}
