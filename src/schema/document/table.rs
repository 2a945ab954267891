//! The keywords of all drafts: since when and until when, where schemas stand in their values, and
//! who reads them.
//!
//! This is the one list of them. What searches documents for schemas and what reads keywords both
//! go by it, so that neither knows a place that the other does not.

use super::super::draft::Draft;
use super::super::json::Json;
use super::dialect::{Dialect, Vocabulary};
use super::reader::{Reader, Reading};
use super::{arrays, branches, notes, numbers, objects, references, texts, types};

/// A keyword of some drafts.
pub(super) struct Keyword {
    pub(super) name: &'static str,
    /// The first draft that has it, and the last.
    since: Draft,
    until: Draft,
    /// What a metaschema must have in force for it to be a keyword.
    vocabulary: Vocabulary,
    /// Where its value has schemas.
    pub(super) schemas: Schemas,
    /// Takes it into what a schema asserts.
    pub(super) read: Read,
}

/// Reads a keyword's value into what the schema asserts.
type Read = fn(&mut Reader, &str, &Json) -> Reading;

/// Where a keyword's value has schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schemas {
    None,
    /// It is one.
    One,
    /// It is a list of them.
    List,
    /// It is one, or a list of them.
    OneOrList,
    /// Its members are, but those that are arrays.
    Members,
}

/// What a word is in a dialect.
pub(super) enum Word {
    Keyword(&'static Keyword),
    /// A word of another draft than this one, such as `id` behind draft 4.
    OfOtherDrafts,
    /// Of a vocabulary that the metaschema leaves out.
    LeftOut,
    Unknown,
}

/// Looks a word up.
pub(super) fn look_up(name: &str, dialect: Dialect) -> Word {
    let mut named = KEYWORDS.iter().filter(|keyword| keyword.name == name).peekable();
    if named.peek().is_none() {
        return Word::Unknown;
    }
    // One word may be a keyword twice, of different drafts.
    let draft = dialect.draft;
    match named.find(|keyword| (keyword.since..=keyword.until).contains(&draft)) {
        None => Word::OfOtherDrafts,
        Some(keyword) if dialect.has(keyword.vocabulary) => Word::Keyword(keyword),
        Some(_) => Word::LeftOut,
    }
}

impl Keyword {
    /// A keyword of every draft, without schemas in its value.
    const fn new(name: &'static str, vocabulary: Vocabulary, read: Read) -> Self {
        let (since, until) = (Draft4, Draft202012);
        Self { name, since, until, vocabulary, schemas: Schemas::None, read }
    }

    /// The same, but not of drafts before one.
    const fn since(self, since: Draft) -> Self {
        Self { since, ..self }
    }

    /// The same, but not of drafts behind one.
    const fn until(self, until: Draft) -> Self {
        Self { until, ..self }
    }

    /// The same, with schemas in its value.
    const fn of(self, schemas: Schemas) -> Self {
        Self { schemas, ..self }
    }
}

use Draft::{Draft4, Draft6, Draft7, Draft201909, Draft202012};
use Schemas::{List, Members, One, OneOrList};
use Vocabulary::{Applicator, Core, Format, Notes, Unevaluated, Validation};

/// Grouped by the vocabularies of 2020-12.
static KEYWORDS: [Keyword; 63] = [
    Keyword::new("$schema", Core, notes::name),
    Keyword::new("$vocabulary", Core, notes::name).since(Draft201909),
    Keyword::new("id", Core, notes::name).until(Draft4),
    Keyword::new("$id", Core, notes::name).since(Draft6),
    Keyword::new("$anchor", Core, notes::name).since(Draft201909),
    Keyword::new("$dynamicAnchor", Core, notes::name).since(Draft202012),
    Keyword::new("$recursiveAnchor", Core, notes::flag).since(Draft201909).until(Draft201909),
    // Old drafts have it hide what stands beside it: see `reader`.
    Keyword::new("$ref", Core, references::reference),
    Keyword::new("$dynamicRef", Core, references::dynamic).since(Draft202012),
    Keyword::new("$recursiveRef", Core, references::recursive)
        .since(Draft201909)
        .until(Draft201909),
    // Where schemas are kept to be referred to: found in the search, and loaded when they are.
    // 2019-09 moved them to `$defs`, but real schemas go on with the old name.
    Keyword::new("definitions", Core, notes::note).of(Members),
    Keyword::new("$defs", Core, notes::note).of(Members).since(Draft201909),
    Keyword::new("$comment", Core, notes::note).since(Draft7),
    Keyword::new("allOf", Applicator, branches::all_of).of(List),
    Keyword::new("anyOf", Applicator, branches::any_of).of(List),
    Keyword::new("oneOf", Applicator, branches::one_of).of(List),
    Keyword::new("not", Applicator, branches::not).of(One),
    Keyword::new("if", Applicator, branches::condition).of(One).since(Draft7),
    Keyword::new("then", Applicator, branches::branch).of(One).since(Draft7),
    Keyword::new("else", Applicator, branches::branch).of(One).since(Draft7),
    Keyword::new("items", Applicator, arrays::items).of(OneOrList),
    Keyword::new("prefixItems", Applicator, arrays::prefix_items).of(List).since(Draft202012),
    Keyword::new("additionalItems", Applicator, arrays::additional_items).of(One),
    Keyword::new("contains", Applicator, arrays::contains).of(One).since(Draft6),
    Keyword::new("properties", Applicator, objects::properties).of(Members),
    Keyword::new("patternProperties", Applicator, objects::pattern_properties).of(Members),
    Keyword::new("additionalProperties", Applicator, objects::additional_properties).of(One),
    Keyword::new("propertyNames", Applicator, objects::property_names).of(One).since(Draft6),
    Keyword::new("dependentSchemas", Applicator, objects::dependent_schemas)
        .of(Members)
        .since(Draft201909),
    // The metaschemas of 2019-09 and 2020-12 still have it.
    Keyword::new("dependencies", Applicator, objects::dependencies).of(Members),
    Keyword::new("unevaluatedItems", Unevaluated, arrays::unevaluated).of(One).since(Draft201909),
    Keyword::new("unevaluatedProperties", Unevaluated, objects::unevaluated)
        .of(One)
        .since(Draft201909),
    Keyword::new("type", Validation, types::types),
    Keyword::new("enum", Validation, types::members),
    Keyword::new("const", Validation, types::constant).since(Draft6),
    // Draft 4 has booleans beside bounds, which are read where bounds are.
    Keyword::new("minimum", Validation, numbers::bound),
    Keyword::new("maximum", Validation, numbers::bound),
    Keyword::new("exclusiveMinimum", Validation, numbers::exclusive),
    Keyword::new("exclusiveMaximum", Validation, numbers::exclusive),
    Keyword::new("multipleOf", Validation, numbers::multiple_of),
    Keyword::new("minLength", Validation, texts::length),
    Keyword::new("maxLength", Validation, texts::length),
    Keyword::new("pattern", Validation, texts::pattern),
    // In 2020-12 there are two vocabularies of formats; either makes it a keyword.
    Keyword::new("format", Format, texts::format),
    Keyword::new("minItems", Validation, arrays::count),
    Keyword::new("maxItems", Validation, arrays::count),
    Keyword::new("uniqueItems", Validation, arrays::unique_items),
    Keyword::new("minContains", Validation, arrays::contains_count).since(Draft201909),
    Keyword::new("maxContains", Validation, arrays::contains_count).since(Draft201909),
    Keyword::new("required", Validation, objects::required),
    Keyword::new("dependentRequired", Validation, objects::dependent_required).since(Draft201909),
    Keyword::new("minProperties", Validation, objects::count),
    Keyword::new("maxProperties", Validation, objects::count),
    Keyword::new("title", Notes, notes::note),
    Keyword::new("description", Notes, notes::note),
    Keyword::new("default", Notes, notes::note),
    Keyword::new("examples", Notes, notes::note).since(Draft6),
    Keyword::new("deprecated", Notes, notes::note).since(Draft201909),
    Keyword::new("readOnly", Notes, notes::note).since(Draft7),
    Keyword::new("writeOnly", Notes, notes::note).since(Draft7),
    // Draft 7 leaves it open whether these assert; no later draft has them do so.
    Keyword::new("contentEncoding", Notes, notes::content).since(Draft7),
    Keyword::new("contentMediaType", Notes, notes::content).since(Draft7),
    Keyword::new("contentSchema", Notes, notes::content).of(One).since(Draft201909),
];
