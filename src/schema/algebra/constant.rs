//! The forms of single values.
//!
//! `const` and `enum` compare values and not texts (JSON Schema 2020-12, validation, sections 6.1.2
//! and 6.1.3): `1`, `1.0` and `10e-1` are equal, and so are objects with their members in another
//! order.

use super::array::ArrayShape;
use super::distinct::ValueId;
use super::{Algebra, Form, Name, NodeId, ObjectShape};
use crate::regex::ExprId;
use crate::schema::SchemaError;
use crate::schema::json::Json;
use crate::schema::number::{Decimal, Spelling};

impl Algebra {
    /// Any of the values.
    ///
    /// Numbers hold in every text of their value; in the usual spelling they are written as the
    /// schema writes them.
    pub(super) fn constants_form(&mut self, values: &[Json]) -> Result<Form, SchemaError> {
        let mut form = Form::nothing();
        let (mut numbers, mut spellings, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for value in values {
            match value {
                Json::Null => form.null = true,
                Json::Bool(value) => form.booleans[usize::from(*value)] = true,
                Json::Number(text) => {
                    numbers.push(self.equal_number(text)?);
                    spellings.push(text.to_string());
                    // As short as it can be, beside as it was written.
                    spellings.extend(Decimal::parse(text).map(|value| value.to_string()));
                }
                Json::String(text) => texts.push(text.as_bytes()),
                Json::Array(items) => {
                    let shape = self.constant_array(items);
                    let (id, value) = (self.array_id(shape), self.json_id(value));
                    self.constant_arrays.insert(id, value);
                    form.arrays.push(id);
                }
                Json::Object(members) => {
                    let shape = self.constant_object(members);
                    let (id, value) = (self.object_id(shape), self.json_id(value));
                    self.constant_objects.insert(id, value);
                    form.objects.push(id);
                }
            }
        }
        let exprs = self.automaton.exprs_mut();
        form.strings = exprs.literals(&texts);
        if !numbers.is_empty() {
            form.numbers = exprs.or(numbers);
            form.spellings = match self.spelling {
                Spelling::Any => ExprId::ANYTHING,
                Spelling::Usual => {
                    let spellings: Vec<&[u8]> = spellings.iter().map(String::as_bytes).collect();
                    exprs.literals(&spellings)
                }
            };
        }
        form.arrays.sort_unstable();
        form.arrays.dedup();
        form.objects.sort_unstable();
        form.objects.dedup();
        Ok(form)
    }

    /// Any of some values that were read, in any spelling.
    ///
    /// Numbers that are too long to be compared are only those texts.
    pub(super) fn values_form(&mut self, values: &[ValueId]) -> Result<Form, SchemaError> {
        let (mut values, mut long) = (self.read_values(values), Vec::new());
        values.retain(|value| match value {
            Json::Number(text) if self.equal_number(text).is_err() => {
                long.push(text.clone());
                false
            }
            _ => true,
        });
        let mut form = self.constants_form(&values)?;
        if !long.is_empty() {
            let long: Vec<&[u8]> = long.iter().map(|text| text.as_bytes()).collect();
            let long = self.automaton.exprs_mut().literals(&long);
            form.numbers = self.either(form.numbers, long);
        }
        form.spellings = ExprId::ANYTHING;
        Ok(form)
    }

    /// All texts of a number's value. A number whose exponent or digits are beyond what is compared
    /// is refused by name.
    pub(super) fn equal_number(&mut self, text: &str) -> Result<ExprId, SchemaError> {
        let value = Decimal::parse(text);
        let equal =
            value.and_then(|value| self.numbers.equal_to(self.automaton.exprs_mut(), &value).ok());
        equal.ok_or_else(|| self.refused(self.at, "const", "the number is too long"))
    }

    /// Exactly so many items, each a constant of its own: nested values become nodes, and are
    /// looked into when a text is within them.
    pub(super) fn constant_array(&mut self, items: &[Json]) -> ArrayShape {
        let length = items.len() as u64;
        let prefix = items.iter().map(|item| self.constants(vec![item.clone()])).collect();
        ArrayShape { prefix, rest: NodeId::NONE, min: length, max: Some(length), ..ArrayShape::ANY }
    }

    /// All members required and every other key without a value.
    pub(super) fn constant_object(&mut self, members: &[(String, Json)]) -> ObjectShape {
        let mut names = Vec::with_capacity(members.len());
        for (name, value) in members {
            let node = self.constants(vec![value.clone()]);
            names.push(Name { name: self.name(name), node, is_required: true });
        }
        ObjectShape { names, rules: vec![(self.any_text, NodeId::NONE)], ..ObjectShape::any() }
    }
}
