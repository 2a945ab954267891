//! Every schema of every document by its address, anchor and pointer.
//!
//! A document is searched for schemas where keywords have them, whether they are used or not, as
//! each may have an `$id` or anchor that a reference names. Elsewhere nothing is a schema, unless a
//! reference points there.
//!
//! Documents are the one asked for, the metaschemas of all drafts, and what a resolver gives.
//! Nothing is fetched.
//!
//! Invariants: the place of every schema that was found has one [`Site`]; of two resources with one
//! address the first that was found has it.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::error::SchemaError;
use super::super::json::{Json, TooDeep};
use super::super::options::Options;
use super::address;
use super::dialect::Dialect;
use super::scan::Visit;

/// A place at which a schema stands, or is said to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SiteId(u32);

impl SiteId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a schema stands.
#[derive(Debug)]
pub(super) struct Site {
    /// An index of [`Registry::sources`].
    pub(super) source: usize,
    /// Within its document.
    pub(super) pointer: String,
    /// The same as numbers of children, which need no search.
    pub(super) path: Vec<u32>,
    /// An index of [`Registry::resources`].
    pub(super) resource: usize,
}

/// What an `$id` names, or a document.
#[derive(Debug)]
pub(super) struct Resource {
    /// Absolute, without a fragment.
    pub(super) address: String,
    /// Where pointers into it begin.
    pub(super) root: SiteId,
    /// Of all its schemas but those of resources within it.
    pub(super) dialect: Dialect,
    pub(super) anchors: HashMap<String, Anchor>,
    /// Whether its root has `$recursiveAnchor`.
    pub(super) is_recursive: bool,
}

/// A place that a name leads to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    /// Where it leads.
    pub(super) site: SiteId,
    /// Whether dynamic references look for it in the resources they came through.
    pub(super) is_dynamic: bool,
}

/// A document: the one asked for, or one that a reference leads to.
#[derive(Debug)]
pub(super) struct Source {
    /// What stands before pointers into it: nothing for the document asked for.
    label: String,
    /// Shared, so that it can be walked while others are added.
    pub(super) root: Arc<Json>,
    /// The schemas that were found in it, by their pointers.
    pub(super) sites: HashMap<String, SiteId>,
}

/// What a reference leads to.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) site: SiteId,
    /// The name of the dynamic anchor, if it is one.
    pub(super) dynamic_anchor: Option<String>,
}

/// All documents that were come across.
#[derive(Debug)]
pub(super) struct Registry<'o> {
    /// The resolver and the limits.
    pub(super) options: &'o Options,
    pub(super) sources: Vec<Source>,
    pub(super) sites: Vec<Site>,
    pub(super) resources: Vec<Resource>,
    /// Resources by their addresses; the first that has one keeps it.
    by_address: HashMap<String, usize>,
    /// The resources that have a dynamic anchor of a name; those with `$recursiveAnchor` by no name.
    pub(super) with_dynamic_anchor: HashMap<String, Vec<usize>>,
    /// Of all pointers.
    pointer_bytes: usize,
}

impl<'o> Registry<'o> {
    pub(super) fn new(options: &'o Options) -> Self {
        Self {
            options,
            sources: Vec::new(),
            sites: Vec::new(),
            resources: Vec::new(),
            by_address: HashMap::new(),
            with_dynamic_anchor: HashMap::new(),
            pointer_bytes: 0,
        }
    }

    /// Takes a document in, and returns its root. `dialect` is that of a document that names none.
    pub(super) fn add(
        &mut self,
        address: &str,
        json: Json,
        dialect: Dialect,
    ) -> Result<SiteId, SchemaError> {
        let limit = self.options.limits.documents;
        if self.sources.len() > limit {
            let (what, value) = ("number of documents", self.sources.len());
            return Err(SchemaError::Limit {
                what,
                value,
                limit,
                pointer: Some(address.to_owned()),
            });
        }
        let source = self.sources.len();
        let label = if source == 0 { String::new() } else { format!("{address}#") };
        let root = Arc::new(json);
        self.sources.push(Source { label, root: Arc::clone(&root), sites: HashMap::new() });
        // The resource is known before its root, which is the next site.
        let site = SiteId(u32::try_from(self.sites.len()).expect("sites are limited"));
        let resource = self.add_resource(address, site, dialect);
        self.scan(Visit { source, json: &root, pointer: String::new(), path: Vec::new(), resource })
    }

    /// Where a reference that stands at `from` leads. Documents that it needs are taken in.
    ///
    /// # Errors
    /// [`SchemaError::Reference`] where there is no schema.
    pub(super) fn resolve(&mut self, from: SiteId, reference: &str) -> Result<Target, SchemaError> {
        let base = self.resource_of(from).address.clone();
        // Errors name both what is written and what it was resolved to.
        let fault = |registry: &Self, address: &str, reason: String| SchemaError::Reference {
            pointer: registry.pointer(from),
            reference: reference.to_owned(),
            address: address.to_owned(),
            reason,
        };
        let resolved =
            address::resolve(&base, reference).map_err(|reason| fault(self, reference, reason))?;
        let (address, fragment) = (&resolved.address, &resolved.fragment);
        let Some(resource) = self.resource_at(address, from)? else {
            let reason =
                format!("nothing is known by the address {address:?}; a resolver may know it");
            return Err(fault(self, address, reason));
        };
        let found = match fragment.as_str() {
            "" => Ok(Anchor { site: self.resources[resource].root, is_dynamic: false }),
            pointer if pointer.starts_with('/') => {
                self.pointed(resource, pointer)?.map(|site| Anchor { site, is_dynamic: false })
            }
            anchor => self.resources[resource]
                .anchors
                .get(anchor)
                .copied()
                .ok_or_else(|| format!("{address:?} has no anchor {anchor:?}")),
        };
        let Anchor { site, is_dynamic } =
            found.map_err(|reason| fault(self, &format!("{address}#{fragment}"), reason))?;
        Ok(Target { site, dynamic_anchor: is_dynamic.then(|| fragment.clone()) })
    }

    /// The resource at an absolute address, taken in if need be.
    fn resource_at(&mut self, address: &str, from: SiteId) -> Result<Option<usize>, SchemaError> {
        if let Some(&known) = self.by_address.get(address) {
            return Ok(Some(known));
        }
        let Some(json) = self.document(address)? else { return Ok(None) };
        // A document that names no draft is in that of the schema that refers to it.
        let dialect = self.resource_of(from).dialect;
        let root = self.add(address, json, dialect)?;
        Ok(Some(self.sites[root.index()].resource))
    }

    /// The document at an address: a metaschema, or what the resolver knows.
    pub(super) fn document(&self, address: &str) -> Result<Option<Json>, SchemaError> {
        let given = match address::metaschema(address) {
            Some(known) => return Ok(Json::from_value(known, usize::MAX).ok()),
            // A metaschema is never asked for elsewhere: what a draft says is not up to a resolver.
            None => self.options.resolver.as_ref().and_then(|resolver| resolver.resolve(address)),
        };
        let limit = self.options.limits.depth;
        let json = given.map(|value| Json::from_value(&value, limit)).transpose();
        json.map_err(|TooDeep| SchemaError::Limit {
            what: "nesting depth",
            value: limit + 1,
            limit,
            pointer: Some(address.to_owned()),
        })
    }

    /// What a pointer leads to from a resource's root; inside, why it leads nowhere.
    fn pointed(
        &mut self,
        resource: usize,
        pointer: &str,
    ) -> Result<Result<SiteId, String>, SchemaError> {
        let start = &self.sites[self.resources[resource].root.index()];
        let source = start.source;
        let whole = format!("{}{pointer}", start.pointer);
        if let Some(&known) = self.sources[source].sites.get(&whole) {
            return Ok(Ok(known));
        }
        let root = Arc::clone(&self.sources[source].root);
        let located = root.follow(&start.path).and_then(|value| value.locate(pointer));
        let Some((rest, json)) = located else {
            return Ok(Err(format!("there is nothing at {pointer}")));
        };
        if !matches!(json, Json::Object(_) | Json::Bool(_)) {
            return Ok(Err(format!("at {pointer} is {}, not a schema", json.describe())));
        }
        // No keyword has a schema here, so none was looked for; now it is one.
        let path = [&start.path[..], &rest].concat();
        let resource = self.resource_around(source, &whole).unwrap_or(resource);
        self.scan(Visit { source, json, pointer: whole, path, resource }).map(Ok)
    }

    /// The resource of the innermost schema around a place that is no schema's.
    fn resource_around(&self, source: usize, pointer: &str) -> Option<usize> {
        let sites = &self.sources[source].sites;
        let mut ends = pointer.rmatch_indices('/').map(|(end, _)| end);
        let around = ends.find_map(|end| sites.get(&pointer[..end]))?;
        Some(self.sites[around.index()].resource)
    }

    /// Adds a resource; where its address is taken already, the first keeps it.
    pub(super) fn add_resource(&mut self, address: &str, root: SiteId, dialect: Dialect) -> usize {
        let index = self.resources.len();
        let (address, anchors) = (address.to_owned(), HashMap::new());
        self.resources.push(Resource { address, root, dialect, anchors, is_recursive: false });
        self.name(index);
        index
    }

    /// Makes a resource known by its address.
    pub(super) fn name(&mut self, resource: usize) {
        let address = self.resources[resource].address.clone();
        self.by_address.entry(address).or_insert(resource);
    }

    /// The names by which dynamic references find something in a resource, in order.
    pub(super) fn dynamic_names(&self, resource: usize) -> Vec<String> {
        let resource = &self.resources[resource];
        let anchors = resource.anchors.iter().filter(|(_, anchor)| anchor.is_dynamic);
        let mut names: Vec<String> = anchors.map(|(name, _)| name.clone()).collect();
        names.extend(resource.is_recursive.then(String::new));
        names.sort_unstable();
        names
    }

    /// The place that a dynamic reference by a name finds in a resource; by no name, `$recursiveRef`.
    pub(super) fn dynamic_anchor(&self, resource: usize, name: &str) -> Option<SiteId> {
        let resource = &self.resources[resource];
        if name.is_empty() {
            return resource.is_recursive.then_some(resource.root);
        }
        let anchor = resource.anchors.get(name).filter(|anchor| anchor.is_dynamic);
        anchor.map(|anchor| anchor.site)
    }

    /// Adds a schema's site.
    ///
    pub(super) fn add_site(&mut self, site: Site) -> Result<SiteId, SchemaError> {
        let limit = self.options.limits.places;
        if self.sites.len() >= limit {
            let (what, value) = ("number of schemas", self.sites.len() + 1);
            return Err(SchemaError::Limit { what, value, limit, pointer: None });
        }
        self.charge(site.pointer.len())?;
        let id = SiteId(u32::try_from(self.sites.len()).expect("sites are limited"));
        self.sources[site.source].sites.insert(site.pointer.clone(), id);
        self.sites.push(site);
        Ok(id)
    }

    /// Counts the bytes of a pointer, for the limit of all of them together.
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), SchemaError> {
        self.pointer_bytes = self.pointer_bytes.saturating_add(bytes);
        let (value, limit) = (self.pointer_bytes, self.options.limits.pointer_bytes);
        if value <= limit {
            return Ok(());
        }
        Err(SchemaError::Limit { what: "bytes of JSON pointers", value, limit, pointer: None })
    }

    /// The resource that a site belongs to.
    pub(super) fn resource_of(&self, site: SiteId) -> &Resource {
        &self.resources[self.sites[site.index()].resource]
    }

    /// The pointer of a site, with the address of its document unless that is the one asked for.
    pub(super) fn pointer(&self, site: SiteId) -> String {
        let site = &self.sites[site.index()];
        self.labelled(site.source, &site.pointer)
    }

    /// A pointer into a document, as reports and errors name it.
    pub(super) fn labelled(&self, source: usize, pointer: &str) -> String {
        format!("{}{pointer}", self.sources[source].label)
    }
}
