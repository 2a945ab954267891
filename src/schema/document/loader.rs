//! Loads every schema that can be reached from the root through keywords and references.
//!
//! The list of schemas is its own queue: what a schema names is put behind it, once, and read in
//! its turn. So schemas are numbered from the root outwards, loops of references end, and nothing
//! recurses.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::draft::Draft;
use super::super::error::SchemaError;
use super::super::format::Format;
use super::super::json::Json;
use super::super::keywords::{Assertions, Place, ResourceId, SchemaId};
use super::super::number::Numbers;
use super::super::options::{Options, WhiteSpace};
use super::super::report::{Entry, Report};
use super::address::NO_ADDRESS;
use super::dialect::{Dialect, Origin};
use super::policy::{self, Finding};
use super::reader::Reader;
use super::registry::{Registry, SiteId};
use super::{Document, Resource};
use crate::regex::{Count, ExprId, Exprs, PatternLimits, Syntax, parse};

/// What was loaded so far.
#[derive(Debug)]
pub(super) struct Loader<'o> {
    /// The policy, the limits, and what is known of formats.
    pub(super) options: &'o Options,
    /// Where everything stands.
    pub(super) registry: Registry<'o>,
    /// Every language of the document is an expression of this one store.
    pub(super) exprs: Exprs,
    /// Of the spelling that the options ask for.
    pub(super) numbers: Numbers,
    /// The languages of formats by name; `None` of those that are not known.
    pub(super) formats: HashMap<String, Option<Format>>,
    /// The languages of patterns.
    pub(super) patterns: HashMap<String, ExprId>,
    /// Schemas in the order in which they were come to; those behind `read` are not read yet.
    pub(super) places: Vec<Place>,
    /// Where each of them stands.
    sites: Vec<SiteId>,
    /// The other way round.
    schemas: HashMap<SiteId, SchemaId>,
    /// The names that dynamic references have; empty for `$recursiveRef`.
    dynamic_anchors: HashSet<String>,
    /// Those that came since anchors were last loaded.
    new_anchors: Vec<String>,
    /// The resources that have a schema that is loaded.
    entered: HashSet<usize>,
    /// Those that came since anchors were last loaded.
    new_resources: Vec<usize>,
    pub(super) entries: Vec<Entry>,
    /// Entries that are not exact.
    pub(super) findings: Vec<Finding>,
}

/// Loads a document from its root.
///
/// Dynamic references make it a fixed point: the anchors they may find are those of the resources
/// that were entered, and loading these may enter more.
pub(super) fn load(json: Json, options: &Options) -> Result<Document, SchemaError> {
    let mut loader = Loader::new(options);
    // A draft in the options is as good as one in the schema; 2020-12 is only assumed.
    let dialect = match options.draft {
        Some(draft) => Dialect::of(draft, Origin::Named),
        None => Dialect::of(Draft::Draft202012, Origin::Assumed),
    };
    let site = loader.registry.add(NO_ADDRESS, json, dialect)?;
    let root = loader.schema_at(site)?;
    let mut read = 0;
    while read < loader.places.len() {
        while read < loader.places.len() {
            loader.read(read)?;
            read += 1;
        }
        // What was read may refer to anchors of resources that were entered.
        loader.enter_anchors()?;
    }
    // Only now is it known how each schema is used, which a policy goes by.
    let resources = loader.resources();
    policy::apply(&mut loader, &resources)?;
    let draft = loader.registry.resource_of(site).dialect.draft;
    let report = Report { entries: loader.entries, draft };
    let Loader { mut exprs, numbers, places, .. } = loader;
    let white_space = white_space(&mut exprs, options)?;
    Ok(Document { places, root, resources, exprs, numbers, white_space, report })
}

impl<'o> Loader<'o> {
    /// Nothing is loaded yet.
    fn new(options: &'o Options) -> Self {
        let mut exprs = Exprs::default();
        Self {
            options,
            registry: Registry::new(options),
            numbers: Numbers::new(&mut exprs, options.numbers),
            exprs,
            formats: HashMap::new(),
            patterns: HashMap::new(),
            places: Vec::new(),
            sites: Vec::new(),
            schemas: HashMap::new(),
            dynamic_anchors: HashSet::new(),
            new_anchors: Vec::new(),
            entered: HashSet::new(),
            new_resources: Vec::new(),
            entries: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The schema at a site, which is queued if it was not come to before. Until it is read its
    /// place says `true`.
    pub(super) fn schema_at(&mut self, site: SiteId) -> Result<SchemaId, SchemaError> {
        if let Some(&known) = self.schemas.get(&site) {
            return Ok(known);
        }
        let id = SchemaId(u32::try_from(self.places.len()).expect("sites are limited"));
        let pointer = self.registry.pointer(site);
        self.registry.charge(pointer.len())?;
        let resource = self.registry.sites[site.index()].resource;
        let draft = self.registry.resources[resource].dialect.draft;
        if self.entered.insert(resource) {
            self.new_resources.push(resource);
        }
        let resource = ResourceId(u32::try_from(resource).expect("sites are limited"));
        self.places.push(Place { pointer, resource, draft, assertions: Assertions::Always(true) });
        self.sites.push(site);
        self.schemas.insert(site, id);
        Ok(id)
    }

    /// Reads the schema whose turn it is.
    fn read(&mut self, index: usize) -> Result<(), SchemaError> {
        let site = self.sites[index];
        let at = &self.registry.sites[site.index()];
        // The document is shared, so that it can be read while the registry takes in others.
        let root = Arc::clone(&self.registry.sources[at.source].root);
        let json = root.follow(&at.path).expect("sites are made where a value stands");
        let schema = SchemaId(u32::try_from(index).expect("sites are limited"));
        self.places[index].assertions = match json {
            Json::Bool(value) => Assertions::Always(*value),
            Json::Object(members) => Reader::new(self, site, members).read(schema)?,
            _ => {
                let (pointer, found) = (self.registry.pointer(site), json.describe());
                return Err(SchemaError::NotASchema { pointer, found });
            }
        };
        Ok(())
    }

    /// Loads the anchors that dynamic references may lead to: of resources that were entered, those
    /// whose names are referred to. Each pair of both is looked at once, when the later comes.
    fn enter_anchors(&mut self) -> Result<(), SchemaError> {
        for resource in std::mem::take(&mut self.new_resources) {
            for name in self.registry.dynamic_names(resource) {
                if self.dynamic_anchors.contains(&name) {
                    self.load_anchor(resource, &name)?;
                }
            }
        }
        for name in std::mem::take(&mut self.new_anchors) {
            let resources = self.registry.with_dynamic_anchor.get(&name).cloned();
            for resource in resources.unwrap_or_default() {
                if self.entered.contains(&resource) {
                    self.load_anchor(resource, &name)?;
                }
            }
        }
        Ok(())
    }

    /// Loads what a dynamic reference by a name finds in a resource.
    fn load_anchor(&mut self, resource: usize, name: &str) -> Result<(), SchemaError> {
        if let Some(site) = self.registry.dynamic_anchor(resource, name) {
            self.schema_at(site)?;
        }
        Ok(())
    }

    /// Takes note of a name that a dynamic reference has.
    pub(super) fn name_dynamically(&mut self, name: &str) {
        if self.dynamic_anchors.insert(name.to_owned()) {
            self.new_anchors.push(name.to_owned());
        }
    }

    /// What dynamic references find in each resource, in the order of their ids. Resources that were
    /// never entered have nothing.
    fn resources(&self) -> Vec<Resource> {
        let anchors = |resource: usize| {
            let names = self.registry.dynamic_names(resource).into_iter();
            let loaded =
                names.filter(|name| self.dynamic_anchors.contains(name)).filter_map(|name| {
                    let site = self.registry.dynamic_anchor(resource, &name)?;
                    Some((name, *self.schemas.get(&site)?))
                });
            Resource { dynamic_anchors: loaded.collect() }
        };
        (0..self.registry.resources.len()).map(anchors).collect()
    }
}

/// The language of the white space between tokens.
pub(in crate::schema) fn white_space(
    exprs: &mut Exprs,
    options: &Options,
) -> Result<ExprId, SchemaError> {
    match &options.white_space {
        WhiteSpace::Compact => Ok(ExprId::EMPTY),
        WhiteSpace::Flexible { max_run } => {
            let space = exprs.byte(b" \t\n\r".iter().copied().collect());
            Ok(exprs.repeat(space, Count { min: 0, max: Some(u32::from(*max_run)) }))
        }
        WhiteSpace::Pattern(pattern) => {
            let limits = &options.limits;
            let limits = PatternLimits { nesting: limits.nesting, exprs: limits.parts };
            let parsed = parse(pattern, &Syntax::RUST, &limits, exprs);
            parsed.map_err(|error| SchemaError::Pattern {
                pointer: String::new(),
                pattern: pattern.clone(),
                offset: error.offset,
                what: error.kind.to_string(),
            })
        }
    }
}
