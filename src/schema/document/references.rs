//! `$ref`, `$dynamicRef` and `$recursiveRef`.
//!
//! A reference is the schema that it leads to, which may be one that is being read, or the schema
//! that has the reference: nothing is copied. What is a loop without an end is for those to say who
//! ask what it allows.

use super::super::error::SchemaError;
use super::super::json::Json;
use super::super::keywords::{DynamicReference, SchemaId};
use super::reader::{Outcome, Reader, Reading};
use super::registry::Target;

/// Reads `$ref`: to a schema by address, anchor or pointer.
pub(super) fn reference(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let target = target(reader, keyword, value)?;
    let schema = reader.loader.schema_at(target.site)?;
    refer(reader, schema);
    Ok(Outcome::exact())
}

/// Reads `$dynamicRef`: like `$ref`, unless what it leads to is a dynamic anchor. Then the
/// outermost resource on the way here that has the anchor says what is meant (2020-12, section
/// 8.2.3.2).
pub(super) fn dynamic(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    let target = target(reader, keyword, value)?;
    let initial = reader.loader.schema_at(target.site)?;
    match target.dynamic_anchor {
        Some(anchor) => refer_dynamically(reader, anchor, initial),
        None => refer(reader, initial),
    }
    Ok(Outcome::exact())
}

/// Reads `$recursiveRef`: to the root of the resource, or, if that has `$recursiveAnchor`, of the
/// outermost resource that has it too (2019-09, section 8.2.4.2).
pub(super) fn recursive(reader: &mut Reader, keyword: &str, value: &Json) -> Reading {
    if *value != Json::String("#".into()) {
        return Err(reader.wrong(keyword, value, "\"#\""));
    }
    let resource = reader.loader.registry.resource_of(reader.site);
    let (root, is_recursive) = (resource.root, resource.is_recursive);
    let initial = reader.loader.schema_at(root)?;
    if is_recursive {
        refer_dynamically(reader, String::new(), initial);
    } else {
        refer(reader, initial);
    }
    Ok(Outcome::exact())
}

/// Where the text of a reference leads. Documents that it needs are taken in.
fn target(reader: &mut Reader<'_, '_>, keyword: &str, value: &Json) -> Result<Target, SchemaError> {
    let Json::String(text) = value else {
        return Err(reader.wrong(keyword, value, "a reference, as a string"));
    };
    let mut target = reader.loader.registry.resolve(reader.site, text);
    if let Err(SchemaError::Reference { pointer, .. }) = &mut target {
        *pointer = reader.pointer_of(keyword, None);
    }
    target
}

/// Adds a reference. Beside another, to be in all of is the same: both apply to the value, and both
/// evaluate its members.
fn refer(reader: &mut Reader<'_, '_>, schema: SchemaId) {
    match reader.keywords.reference {
        None => reader.keywords.reference = Some(schema),
        Some(_) => reader.keywords.all_of.push(schema),
    }
}

/// Adds a reference whose target is chosen later, and remembers the name: anchors of that name are
/// loaded even if nothing else leads to them.
fn refer_dynamically(reader: &mut Reader<'_, '_>, anchor: String, initial: SchemaId) {
    reader.loader.name_dynamically(&anchor);
    reader.keywords.dynamic_reference = Some(DynamicReference { anchor, initial });
}
