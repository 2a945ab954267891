//! `$ref`, `$dynamicRef` and `$recursiveRef`.

use super::super::error::SchemaError;
use super::super::json::Json;
use super::super::keywords::{DynamicReference, SchemaId};
use super::reader::{Outcome, Reader};
use super::registry::Target;

pub(super) fn reference(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let target = target(reader, keyword, value)?;
    let schema = reader.loader.schema_at(target.site)?;
    refer(reader, schema);
    Ok(Outcome::exact())
}

/// `$dynamicRef`: like `$ref`, unless what it leads to is a dynamic anchor.
pub(super) fn dynamic(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
    let target = target(reader, keyword, value)?;
    let initial = reader.loader.schema_at(target.site)?;
    match target.dynamic_anchor {
        Some(anchor) => refer_dynamically(reader, anchor, initial),
        None => refer(reader, initial),
    }
    Ok(Outcome::exact())
}

/// `$recursiveRef`: to the root of the resource, or, if that has `$recursiveAnchor`, of the outermost.
pub(super) fn recursive(
    reader: &mut Reader<'_, '_>,
    keyword: &str,
    value: &Json,
) -> Result<Outcome, SchemaError> {
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

fn target(reader: &mut Reader<'_, '_>, keyword: &str, value: &Json) -> Result<Target, SchemaError> {
    let Json::String(text) = value else {
        return Err(reader.wrong(keyword, value, "a reference, as a string"));
    };
    reader.loader.registry.resolve(reader.site, text)
}

/// Beside another reference, to be in all of is the same.
fn refer(reader: &mut Reader<'_, '_>, schema: SchemaId) {
    match reader.keywords.reference {
        None => reader.keywords.reference = Some(schema),
        Some(_) => reader.keywords.all_of.push(schema),
    }
}

fn refer_dynamically(reader: &mut Reader<'_, '_>, anchor: String, initial: SchemaId) {
    reader.loader.dynamic_anchors.insert(anchor.clone());
    reader.keywords.dynamic_reference = Some(DynamicReference { anchor, initial });
}
