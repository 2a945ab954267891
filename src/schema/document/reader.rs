//! Reads one schema object, keyword by keyword.
//!
//! It knows where the schema stands and what stands beside a keyword; what a keyword means is in
//! the files of the families. Every member of the object ends as one entry of the report.

use super::super::error::SchemaError;
use super::super::json::{Json, escape};
use super::super::keywords::{Assertions, Keywords, SchemaId};
use super::super::report::{Enforcement, Entry};
use super::dialect::Dialect;
use super::loader::Loader;
use super::policy::{Finding, Wider};
use super::registry::SiteId;
use super::table::{Word, look_up};
use crate::regex::ExprId;

/// A schema object that is being read.
#[derive(Debug)]
pub(super) struct Reader<'r, 'o> {
    /// Takes what is found.
    pub(super) loader: &'r mut Loader<'o>,
    /// Where the schema stands.
    pub(super) site: SiteId,
    /// In whose words it is written.
    pub(super) dialect: Dialect,
    /// As written; no name stands twice.
    members: &'r [(String, Json)],
    /// What it was found to assert so far.
    pub(super) keywords: Keywords,
    /// The language of `format`, which is joined to the others last: a policy may leave it out.
    pub(super) format: Option<ExprId>,
}

/// What becomes of a keyword, or what is wrong with it.
pub(super) type Reading = Result<Outcome, SchemaError>;

/// What becomes of a keyword.
#[derive(Debug)]
pub(super) struct Outcome {
    /// What the report says, before a policy has its say.
    enforcement: Enforcement,
    /// Why, where it is not exact.
    reason: Option<String>,
    /// What allows more, where the keyword is not enforced.
    wider: Wider,
}

impl Outcome {
    /// It is enforced as it says.
    pub(super) fn exact() -> Self {
        Self { enforcement: Enforcement::Exact, reason: None, wider: Wider::Nothing }
    }

    /// It asserts nothing, and is not meant to.
    pub(super) fn note() -> Self {
        Self { enforcement: Enforcement::Annotation, ..Self::exact() }
    }

    /// It asserts nothing here, which may surprise.
    pub(super) fn without_effect(reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::note() }
    }

    /// It would assert something, and is not enforced. Nothing was taken from it, which is to allow
    /// more.
    pub(super) fn refused(reason: impl Into<String>) -> Self {
        Self { enforcement: Enforcement::Refused, ..Self::without_effect(reason) }
    }

    /// It is enforced in part, and allows more than it should.
    pub(super) fn over(reason: impl Into<String>) -> Self {
        Self { enforcement: Enforcement::Over, ..Self::without_effect(reason) }
    }

    /// Like [`refused`](Self::refused), but other keywords mean something else without this one:
    /// what allows more is to allow all members.
    pub(super) fn refused_with_other_members(reason: impl Into<String>) -> Self {
        Self { wider: Wider::AllMembers, ..Self::refused(reason) }
    }

    /// Of a format whose language is wider or narrower than it.
    pub(super) fn inexact(enforcement: Enforcement, reason: impl Into<String>) -> Self {
        Self { enforcement, wider: Wider::NoFormat(None), ..Self::without_effect(reason) }
    }
}

impl<'r, 'o> Reader<'r, 'o> {
    /// A schema of which nothing was read yet.
    pub(super) fn new(
        loader: &'r mut Loader<'o>,
        site: SiteId,
        members: &'r [(String, Json)],
    ) -> Self {
        let dialect = loader.registry.resource_of(site).dialect;
        Self { loader, site, dialect, members, keywords: Keywords::default(), format: None }
    }

    /// Reads every keyword, and writes an entry of the report for each.
    pub(super) fn read(mut self, schema: SchemaId) -> Result<Assertions, SchemaError> {
        let hides = self.dialect.draft.hides_siblings_of_references();
        // Until draft 7 an object with `$ref` is a reference and nothing else.
        let has_reference = hides && self.sibling("$ref").is_some();
        let findings = self.loader.findings.len();
        for (name, value) in self.members {
            let outcome = if has_reference && name != "$ref" {
                Outcome::without_effect(format!("`$ref` hides it in {}", self.dialect.draft))
            } else {
                self.keyword(name, value)?
            };
            self.report(schema, name, outcome)?;
        }
        // The format comes last, so that the language without it is known: a policy may want it.
        if let Some(format) = self.format {
            let without = self.keywords.string;
            self.restrict_string(format);
            for finding in &mut self.loader.findings[findings..] {
                if matches!(finding.wider, Wider::NoFormat(_)) {
                    finding.wider = Wider::NoFormat(without);
                }
            }
        }
        Ok(Assertions::Keywords(Box::new(self.keywords)))
    }

    /// Reads one keyword, if the dialect has it.
    fn keyword(&mut self, name: &str, value: &Json) -> Reading {
        match look_up(name, self.dialect) {
            Word::Keyword(keyword) => (keyword.read)(self, keyword.name, value),
            Word::OfOtherDrafts => {
                Ok(Outcome::without_effect(format!("it is no keyword of {}", self.dialect.draft)))
            }
            Word::LeftOut => {
                Ok(Outcome::without_effect("the metaschema leaves its vocabulary out"))
            }
            Word::Unknown => Ok(Outcome::without_effect("it is no keyword")),
        }
    }

    /// Writes the entry of a keyword, and takes note of one that is not exact.
    fn report(
        &mut self,
        schema: SchemaId,
        name: &str,
        outcome: Outcome,
    ) -> Result<(), SchemaError> {
        let Outcome { enforcement, reason, wider } = outcome;
        let pointer = format!("{}/{}", self.pointer(), escape(name));
        self.loader.registry.charge(pointer.len())?;
        if matches!(enforcement, Enforcement::Refused | Enforcement::Over | Enforcement::Under) {
            let entry = self.loader.entries.len();
            self.loader.findings.push(Finding { schema, entry, wider });
        }
        self.loader.entries.push(Entry { pointer, keyword: name.to_owned(), enforcement, reason });
        Ok(())
    }

    /// The schema at a place below this one: `steps` leads there.
    ///
    /// The registry has found all schemas where keywords have them, so that what it does not know
    /// is none.
    pub(super) fn schema(&mut self, steps: &[&str], value: &Json) -> Result<SchemaId, SchemaError> {
        let mut pointer = self.loader.registry.sites[self.site.index()].pointer.clone();
        for step in steps {
            pointer.push('/');
            pointer.push_str(&escape(step));
        }
        let source = self.loader.registry.sites[self.site.index()].source;
        match self.loader.registry.sources[source].sites.get(&pointer) {
            Some(&site) => self.loader.schema_at(site),
            None => Err(SchemaError::NotASchema {
                pointer: self.loader.registry.labelled(source, &pointer),
                found: value.describe(),
            }),
        }
    }

    /// The schemas of a list, in its order.
    pub(super) fn list(
        &mut self,
        keyword: &str,
        items: &[Json],
    ) -> Result<Vec<SchemaId>, SchemaError> {
        let schema = |(at, item): (usize, &Json)| self.schema(&[keyword, &at.to_string()], item);
        items.iter().enumerate().map(schema).collect()
    }

    /// A count: an integer that is not negative, however it is spelled. Beyond 64 bits it saturates.
    pub(super) fn count(&self, keyword: &str, value: &Json) -> Result<u64, SchemaError> {
        let count = match value {
            Json::Number(text) => super::count::parse(text),
            _ => None,
        };
        count.ok_or_else(|| self.wrong(keyword, value, "a non-negative integer"))
    }

    /// A list of names, in its order. One that stands twice says nothing new.
    pub(super) fn names(&self, keyword: &str, value: &Json) -> Result<Vec<String>, SchemaError> {
        const NAMES: &str = "a list of names";
        let Json::Array(items) = value else { return Err(self.wrong(keyword, value, NAMES)) };
        let name = |item: &Json| match item {
            Json::String(name) => Ok(name.to_string()),
            _ => Err(self.wrong(keyword, item, NAMES)),
        };
        items.iter().map(name).collect()
    }

    /// The value of a keyword that stands in this schema. `None` also where the word is none of the
    /// dialect, as `minContains` in draft 7.
    pub(super) fn sibling(&self, name: &str) -> Option<&'r Json> {
        let (_, value) = self.members.iter().find(|(key, _)| key == name)?;
        matches!(look_up(name, self.dialect), Word::Keyword(_)).then_some(value)
    }

    /// Allows only strings of a language. Other types are not concerned, here as below.
    pub(super) fn restrict_string(&mut self, language: ExprId) {
        let both =
            self.keywords.string.map_or(language, |old| self.loader.exprs.and([old, language]));
        self.keywords.string = Some(both);
    }

    /// Allows only numbers whose text is in a language.
    pub(super) fn restrict_number(&mut self, language: ExprId) {
        let both =
            self.keywords.number.map_or(language, |old| self.loader.exprs.and([old, language]));
        self.keywords.number = Some(both);
    }

    /// That a keyword's value is none that it may have.
    pub(super) fn wrong(&self, keyword: &str, found: &Json, expected: &str) -> SchemaError {
        SchemaError::Keyword {
            pointer: self.pointer(),
            keyword: keyword.to_owned(),
            expected: expected.to_owned(),
            found: found.describe(),
        }
    }

    /// The JSON pointer of a keyword, or of a member of it, for errors.
    pub(super) fn pointer_of(&self, keyword: &str, member: Option<&str>) -> String {
        let member = member.map_or_else(String::new, |key| format!("/{}", escape(key)));
        format!("{}/{keyword}{member}", self.pointer())
    }

    /// The JSON pointer of the schema, for errors.
    pub(super) fn pointer(&self) -> String {
        self.loader.registry.pointer(self.site)
    }
}
