//! Finds the schemas of a document, and what names them: `$id`, anchors and `$schema`.
//!
//! A schema's place decides whether these words name anything: within `enum`, `const` and words
//! that are no keywords they are values like others. What a place may hold is in the table of
//! keywords, and differs by draft, so that a resource in another draft than the one around it is
//! searched by its own.

use super::super::draft::Draft;
use super::super::error::SchemaError;
use super::super::json::{Json, escape};
use super::address;
use super::dialect::{Dialect, Origin};
use super::registry::{Anchor, Registry, Site, SiteId};
use super::table::{Schemas, Word, look_up};

/// A schema to be looked at.
#[derive(Debug)]
pub(super) struct Visit<'j> {
    /// An index of the registry's documents.
    pub(super) source: usize,
    /// The schema itself, or what stands in its place.
    pub(super) json: &'j Json,
    /// Within the document; `path` is the same in numbers of children.
    pub(super) pointer: String,
    pub(super) path: Vec<u32>,
    /// Of the schema around it.
    pub(super) resource: usize,
}

/// How many metaschemas may have metaschemas that are not of a draft.
const METASCHEMAS: usize = 8;

impl Registry<'_> {
    /// Finds every schema at and below a place. A list of what is left takes the place of recursion.
    pub(super) fn scan(&mut self, first: Visit<'_>) -> Result<SiteId, SchemaError> {
        let (source, pointer) = (first.source, first.pointer.clone());
        let mut left = vec![first];
        while let Some(visit) = left.pop() {
            // A reference may have led here before the search did.
            if !self.sources[source].sites.contains_key(&visit.pointer) {
                self.visit(visit, &mut left)?;
            }
        }
        Ok(self.sources[source].sites[&pointer])
    }

    /// Gives a schema its site, takes in its names, and puts the schemas below it on the list.
    fn visit<'j>(
        &mut self,
        visit: Visit<'j>,
        left: &mut Vec<Visit<'j>>,
    ) -> Result<(), SchemaError> {
        let Visit { source, json, pointer, path, resource } = visit;
        let site = Site { source, pointer: pointer.clone(), path: path.clone(), resource };
        let site = self.add_site(site)?;
        // Booleans have nothing below, and what is no schema is refused when it is read.
        let Json::Object(members) = json else { return Ok(()) };
        let resource = self.identify(site, json)?;
        self.sites[site.index()].resource = resource;
        let dialect = self.resources[resource].dialect;
        for (index, (key, value)) in members.iter().enumerate() {
            let Word::Keyword(keyword) = look_up(key, dialect) else { continue };
            let count = match (keyword.schemas, value) {
                (Schemas::None, _) => continue,
                (_, Json::Array(items)) => items.len(),
                (Schemas::Members, Json::Object(members)) => members.len(),
                _ => 1,
            };
            // Before the pointers are made: below a long one there may be very many.
            self.charge((pointer.len() + key.len()).saturating_mul(count))?;
            // A schema below this one: behind the keyword by further steps, which the tail spells.
            let below = |steps: &[usize], tail: &str, json: &'j Json| {
                let steps = [&[index], steps].concat();
                let steps =
                    steps.iter().map(|&step| u32::try_from(step).expect("sources are limited"));
                let path = path.iter().copied().chain(steps).collect();
                let pointer = format!("{pointer}/{}{tail}", escape(key));
                Visit { source, json, pointer, path, resource }
            };
            match (keyword.schemas, value) {
                (Schemas::List | Schemas::OneOrList, Json::Array(items)) => {
                    let items = items.iter().enumerate().filter(|(_, item)| is_schema(item));
                    left.extend(items.map(|(at, item)| below(&[at], &format!("/{at}"), item)));
                }
                (Schemas::Members, Json::Object(members)) => {
                    let members =
                        members.iter().enumerate().filter(|(_, (_, item))| is_schema(item));
                    left.extend(members.map(|(at, (name, item))| {
                        below(&[at], &format!("/{}", escape(name)), item)
                    }));
                }
                (Schemas::One | Schemas::OneOrList, value) if is_schema(value) => {
                    left.push(below(&[], "", value));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes in what names a schema, and returns the resource that it belongs to: its own if it has
    /// an address, else that of the schema around it.
    fn identify(&mut self, site: SiteId, json: &Json) -> Result<usize, SchemaError> {
        let outer = self.sites[site.index()].resource;
        let is_root = self.resources[outer].root == site;
        if is_root {
            let around = self.resources[outer].dialect;
            self.resources[outer].dialect = self.dialect(site, json, around)?;
        }
        let around = self.resources[outer].dialect;
        // A schema within another is a resource of its own if the words around it say so. Those of its
        // own `$schema` do as well, but for `id`: in drafts behind 4 that is no keyword, and real
        // schemas hold parts of draft 4 whose references are meant for the whole document.
        let named = json.get("$schema").and_then(|schema| match schema {
            Json::String(address) => Draft::from_address(address),
            _ => None,
        });
        let named = named.filter(|&draft| !is_root && draft != Draft::Draft4);
        let draft = named.unwrap_or(around.draft);
        let hides_id = draft.hides_siblings_of_references() && json.get("$ref").is_some();
        let id = json.get(draft.id_keyword()).filter(|_| !hides_id);
        let resource = match id {
            None => outer,
            Some(id) => self.named_by_id(site, json, id)?,
        };
        self.anchor(site, resource, json)?;
        Ok(resource)
    }

    /// Takes in an `$id`, and returns the resource that it stands for or stands in.
    ///
    /// Until draft 7 it is also what `$anchor` is now: a fragment names the place, whether an
    /// address stands before it or not.
    fn named_by_id(&mut self, site: SiteId, json: &Json, id: &Json) -> Result<usize, SchemaError> {
        let outer = self.sites[site.index()].resource;
        let (is_root, around) = (self.resources[outer].root == site, self.resources[outer].dialect);
        let fault = |registry: &Self, expected: &str| SchemaError::Keyword {
            pointer: registry.pointer(site),
            keyword: around.draft.id_keyword().to_owned(),
            expected: expected.to_owned(),
            found: id.describe(),
        };
        let Json::String(id) = id else { return Err(fault(self, "an address, as a string")) };
        let resolved = address::resolve(&self.resources[outer].address, id)
            .map_err(|_| fault(self, "an address as in RFC 3986"))?;
        let resource = match id.starts_with('#') {
            true => outer,
            // The address that the document was asked for by stays known beside its own.
            false if is_root => {
                self.resources[outer].address = resolved.address;
                self.name(outer);
                outer
            }
            false => {
                let dialect = self.dialect(site, json, around)?;
                self.add_resource(&resolved.address, site, dialect)
            }
        };
        if !resolved.fragment.is_empty() {
            if !self.resources[resource].dialect.reads_fragment_ids() {
                return Err(fault(self, "an address without a fragment, which is $anchor now"));
            }
            let anchor = Anchor { site, is_dynamic: false };
            self.resources[resource].anchors.entry(resolved.fragment).or_insert(anchor);
        }
        Ok(resource)
    }

    /// Takes in `$anchor`, `$dynamicAnchor` and `$recursiveAnchor`. A dynamic anchor is a plain one
    /// too, for references that are not dynamic.
    fn anchor(&mut self, site: SiteId, resource: usize, json: &Json) -> Result<(), SchemaError> {
        let draft = self.resources[resource].dialect.draft;
        // Both share one space of names within a resource.
        let keywords = [("$anchor", Draft::Draft201909), ("$dynamicAnchor", Draft::Draft202012)];
        for (keyword, _) in keywords.into_iter().filter(|(_, since)| draft >= *since) {
            match json.get(keyword) {
                None => {}
                Some(Json::String(name)) => {
                    let is_dynamic = keyword == "$dynamicAnchor";
                    let anchor = Anchor { site, is_dynamic };
                    self.resources[resource].anchors.insert(name.to_string(), anchor);
                    if is_dynamic {
                        self.with_dynamic_anchor
                            .entry(name.to_string())
                            .or_default()
                            .push(resource);
                    }
                }
                Some(other) => {
                    return Err(SchemaError::Keyword {
                        pointer: self.pointer(site),
                        keyword: keyword.to_owned(),
                        expected: "a name, as a string".to_owned(),
                        found: other.describe(),
                    });
                }
            }
        }
        let is_recursive = json.get("$recursiveAnchor") == Some(&Json::Bool(true));
        if is_recursive && draft == Draft::Draft201909 && self.resources[resource].root == site {
            self.resources[resource].is_recursive = true;
            self.with_dynamic_anchor.entry(String::new()).or_default().push(resource);
        }
        Ok(())
    }

    /// The dialect that `$schema` names, or that of the schema around. It is read at the roots of
    /// resources alone: elsewhere it names nothing.
    fn dialect(
        &mut self,
        site: SiteId,
        json: &Json,
        around: Dialect,
    ) -> Result<Dialect, SchemaError> {
        let address = match json.get("$schema") {
            None => return Ok(around),
            Some(Json::String(address)) => address,
            Some(other) => {
                return Err(SchemaError::Keyword {
                    pointer: self.pointer(site),
                    keyword: "$schema".to_owned(),
                    expected: "the address of a metaschema, as a string".to_owned(),
                    found: other.describe(),
                });
            }
        };
        self.dialect_at(address).map_err(|reason| SchemaError::UnknownDraft {
            pointer: format!("{}/$schema", self.pointer(site)),
            address: address.to_string(),
            reason,
        })
    }

    /// The dialect of a metaschema: that of the draft it is written in, less what its `$vocabulary`
    /// leaves out. Inside an error, why it is not known.
    ///
    /// A metaschema may be written in the words of another, so that a draft is reached after some
    /// steps, or never; the vocabulary is that of the first.
    fn dialect_at(&self, address: &str) -> Result<Dialect, String> {
        let mut address = address.to_owned();
        let mut vocabulary = None;
        for _ in 0..METASCHEMAS {
            if let Some(draft) = Draft::from_address(&address) {
                let dialect = Dialect::of(draft, Origin::Named);
                let Some(vocabulary) = &vocabulary else { return Ok(dialect) };
                return dialect.with_vocabularies(vocabulary).map_err(|vocabulary| {
                    format!(
                        "its metaschema demands the vocabulary {vocabulary:?}, which is not known"
                    )
                });
            }
            // Metaschemas are asked for without the empty fragment that old drafts write.
            let bare = address.strip_suffix('#').unwrap_or(&address);
            let metaschema = self.document(bare).map_err(|error| error.to_string())?;
            let metaschema = metaschema
                .ok_or("drafts 4, 6, 7, 2019-09 and 2020-12 are; a resolver may know others")?;
            vocabulary = vocabulary.or_else(|| metaschema.get("$vocabulary").cloned());
            match metaschema.get("$schema") {
                Some(Json::String(next)) => address = next.to_string(),
                _ => return Err("its metaschema has no $schema".to_owned()),
            }
        }
        Err("its metaschema leads from one to another, and to no draft".to_owned())
    }
}

/// Whether a value can be a schema in any draft. Draft 4 has booleans in two places only, but
/// elsewhere they can mean nothing else.
fn is_schema(json: &Json) -> bool {
    matches!(json, Json::Object(_) | Json::Bool(_))
}
