//! The form of a schema, keyword by keyword.
//!
//! Keywords beside each other all hold, so the form of a schema is the meet of what each says, and
//! the order in which they are met changes nothing but the cost. The two exceptions come last:
//! `unevaluatedItems` and `unevaluatedProperties` speak of what all their siblings have not looked
//! at (JSON Schema 2020-12, core, section 11).
//!
//! A form is kept for each schema, scope and tracking it was asked for. Schemas in place, as behind
//! `$ref` or in `allOf`, are read at once; those of members and items become nodes and are read
//! when a text comes to them.

use std::sync::Arc;

use super::array::Counted;
use super::evaluated::Tracking;
use super::{Algebra, ArrayShape, Form, Name, NodeId, ObjectShape, ScopeId};
use crate::regex::ExprId;
use crate::schema::Draft;
use crate::schema::SchemaError;
use crate::schema::keywords::{Assertions, Condition, Keywords, SchemaId, Types};
use crate::schema::number::Spelling;

/// A schema, where it is reached, and whether what it evaluates is kept.
pub(super) type Key = (SchemaId, ScopeId, Tracking);

/// Where a schema is read: its own scope, and whether to keep what it evaluates.
#[derive(Debug, Clone, Copy)]
struct Reading {
    scope: ScopeId,
    tracking: Tracking,
}

impl Algebra {
    /// What a schema allows.
    pub(super) fn read(
        &mut self,
        schema: SchemaId,
        scope: ScopeId,
    ) -> Result<Arc<Form>, SchemaError> {
        self.read_tracked((schema, scope, Tracking::Off))
    }

    /// The form of a schema, from what is kept or read now. While it is read, `None` stands in its
    /// place: who comes upon that has gone round a circle of references without a value between,
    /// which says nothing that could be enforced, and it is refused with its place.
    fn read_tracked(&mut self, key: Key) -> Result<Arc<Form>, SchemaError> {
        match self.read.get(&key) {
            Some(Some(form)) => return Ok(Arc::clone(form)),
            Some(None) => {
                self.is_loop = true;
                let reason = "the schema refers to itself before it looks into a value";
                return Err(self.refused(key.0, "$ref", reason));
            }
            None => {}
        }
        self.deeper()?;
        self.read.insert(key, None);
        // Limits and refusals name the schema that is being read, so its place is set and set back.
        let before = std::mem::replace(&mut self.at, key.0);
        let form = self.read_place(key);
        self.at = before;
        self.depth -= 1;
        match form {
            Ok(form) => {
                let form = Arc::new(form);
                self.read.insert(key, Some(Arc::clone(&form)));
                Ok(form)
            }
            Err(error) => {
                // Another way to it may not fail.
                self.read.remove(&key);
                Err(error)
            }
        }
    }

    fn read_place(&mut self, key: Key) -> Result<Form, SchemaError> {
        let document = Arc::clone(&self.document);
        match &document.places[key.0.index()].assertions {
            Assertions::Always(true) => Ok(self.everything()),
            Assertions::Always(false) => Ok(Form::nothing()),
            Assertions::Keywords(keywords) => self.read_keywords(keywords, key),
        }
    }

    /// The meet of all keywords of one schema. Where one of the two `unevaluated` keywords stands,
    /// everything beside it is tracked, as it needs to know what that looked at; elsewhere only if
    /// a schema around it asks, since tracked forms have more alternatives.
    fn read_keywords(&mut self, keywords: &Keywords, key: Key) -> Result<Form, SchemaError> {
        let (schema, scope, tracking) = key;
        let is_last =
            keywords.unevaluated_items.is_none() && keywords.unevaluated_properties.is_none();
        let tracking = if is_last { tracking } else { Tracking::On };
        let reading = Reading { scope: self.entered(scope, schema), tracking };
        let mut form = self.own_form(keywords, reading)?;
        form = self.read_references(keywords, reading, form)?;
        for &part in &keywords.all_of {
            form = self.meet_schema(&form, part, reading)?;
        }
        for parts in &keywords.any_of {
            let any = self.any_of(parts, reading)?;
            form = self.meet(&form, &any)?;
        }
        if let Some(parts) = &keywords.one_of {
            let one = self.one_of(parts, reading)?;
            form = self.meet(&form, &one)?;
        }
        if let Some(not) = keywords.not {
            // What is evaluated under `not` is evaluated nowhere: its annotations are dropped
            // (core, section 7.7.1.2), so it is read without tracking.
            let not = self.read(not, reading.scope)?;
            form = self.without(&form, &not)?;
        }
        if let Some(condition) = &keywords.condition {
            let chosen = self.condition(condition, reading)?;
            form = self.meet(&form, &chosen)?;
        }
        for (name, part) in &keywords.dependent_schemas {
            let dependent = self.dependent(name, *part, reading)?;
            form = self.meet(&form, &dependent)?;
        }
        if let Some(node) = keywords.unevaluated_items {
            let node = self.schema(node, reading.scope);
            self.demand_of_unevaluated_items(&mut form, node)?;
        }
        if let Some(node) = keywords.unevaluated_properties {
            let node = self.schema(node, reading.scope);
            self.demand_of_unevaluated_properties(&mut form, node)?;
        }
        Ok(form)
    }

    /// What the keywords say that look at no other schema in place.
    fn own_form(&mut self, keywords: &Keywords, reading: Reading) -> Result<Form, SchemaError> {
        // The members' and items' keywords are only looked at where the type leaves such values:
        // what `{"type": "string", "items": …}` says of items is never read.
        let mut form = self.everything();
        if let Some(types) = keywords.types {
            let draft = self.document.places[self.at.index()].draft;
            self.keep_types(&mut form, types, draft);
        }
        if let Some(language) = keywords.number {
            form.numbers = self.both_numbers(form.numbers, language);
        }
        if let Some(language) = keywords.string {
            form.strings = self.both_texts(form.strings, language);
        }
        if !form.arrays.is_empty() {
            let shape = self.array_shape(keywords, reading);
            form.arrays = self.possible_array(shape)?.into_iter().collect();
        }
        if !form.objects.is_empty() {
            let shape = self.object_shape(keywords, reading)?;
            form.objects = self.possible_object(shape)?.into_iter().collect();
        }
        if let Some(value) = &keywords.constant {
            let constant = self.constants_form(std::slice::from_ref(value))?;
            form = self.meet(&form, &constant)?;
        }
        if let Some(values) = &keywords.members {
            let members = self.constants_form(values)?;
            form = self.meet(&form, &members)?;
        }
        Ok(form)
    }

    /// Takes away the values of types that are not named. Integers are numbers by their value and
    /// not by their text, so `1.0` stays one; in the usual spelling they are nevertheless written
    /// with digits alone.
    fn keep_types(&mut self, form: &mut Form, types: Types, draft: Draft) {
        form.null &= types.null;
        if !types.boolean {
            form.booleans = [false; 2];
        }
        if !types.number {
            form.numbers = ExprId::NOTHING;
            if types.integer {
                let exprs = self.automaton.exprs_mut();
                form.numbers = match draft {
                    // There `1.0` is no integer.
                    Draft::Draft4 => self.numbers.digits_only(exprs),
                    _ => self.numbers.integers(exprs),
                };
                if self.spelling == Spelling::Usual {
                    form.spellings = self.numbers.digits_only(self.automaton.exprs_mut());
                }
            }
        }
        if !types.string {
            form.strings = ExprId::NOTHING;
        }
        if !types.array {
            form.arrays.clear();
        }
        if !types.object {
            form.objects.clear();
        }
    }

    /// What the keywords of arrays demand, as one shape. Without `contains` nothing is counted;
    /// with it, items of its schema are, and they count as evaluated where the draft says so.
    fn array_shape(&mut self, keywords: &Keywords, reading: Reading) -> ArrayShape {
        let prefix =
            keywords.prefix_items.iter().map(|&item| self.schema(item, reading.scope)).collect();
        let rest = keywords.items.map_or(NodeId::ANY, |item| self.schema(item, reading.scope));
        let mut counted = Vec::new();
        let mut matching = None;
        if let Some(contains) = keywords.contains {
            let node = self.schema(contains.schema, reading.scope);
            counted.push(Counted { from: 0, node, min: contains.min, max: contains.max });
            matching = contains.evaluates.then_some(node);
        }
        let evaluated = match reading.tracking {
            Tracking::On => self.evaluated_items(keywords, matching),
            Tracking::Off => ArrayShape::ANY.evaluated,
        };
        ArrayShape {
            prefix,
            rest,
            counted,
            min: keywords.min_items,
            max: keywords.max_items,
            is_unique: keywords.unique_items,
            has_equal: false,
            unlike: Vec::new(),
            evaluated,
        }
    }

    /// What the keywords of objects demand, as one shape. A name's node has the rules for its text
    /// met into it already, so that whoever reads the shape needs the rules for unknown keys alone.
    /// `additionalProperties` becomes a rule over the keys that neither `properties` nor a pattern
    /// took: what is left of all texts once the patterns are taken away.
    fn object_shape(
        &mut self,
        keywords: &Keywords,
        reading: Reading,
    ) -> Result<ObjectShape, SchemaError> {
        let mut shape = ObjectShape { min: keywords.min_properties, ..ObjectShape::any() };
        shape.max = keywords.max_properties;
        let schema = |algebra: &mut Self, of: SchemaId| algebra.schema(of, reading.scope);
        let mut others = self.any_text;
        for &(language, value) in &keywords.pattern_properties {
            let value = schema(self, value);
            shape.rules.push((language, value));
            if keywords.additional_properties.is_some() {
                others = self.minus(others, language);
            }
        }
        let patterns = shape.rules.clone();
        for (name, value) in &keywords.properties {
            let matched = self.unnamed(&patterns, name);
            let value = schema(self, *value);
            let node = self.and([value, matched]);
            let name = self.name(name);
            shape.names.push(Name { name, node, is_required: false });
        }
        if let Some(value) = keywords.additional_properties {
            let value = schema(self, value);
            if value != NodeId::ANY && others != ExprId::NOTHING {
                shape.rules.push((others, value));
            }
        }
        if let Some(names) = keywords.property_names {
            let language = self.read(names, reading.scope)?.strings;
            // A key that `propertyNames` refuses may have no value: one more rule, of no value.
            let refused = self.minus(self.any_text, language);
            self.add_rule(&mut shape, (refused, NodeId::NONE));
        }
        self.require(&mut shape, keywords);
        if reading.tracking == Tracking::On {
            shape.evaluated = self.evaluated_keys(keywords);
        }
        Ok(shape)
    }

    /// Adds a rule that the names known so far are under as well.
    fn add_rule(&mut self, shape: &mut ObjectShape, rule: (ExprId, NodeId)) {
        for index in 0..shape.names.len() {
            let Name { name, node, .. } = shape.names[index];
            let text = self.name_text(name).clone();
            if rule.0 == self.any_text || self.matches(rule.0, &text) {
                shape.names[index].node = self.and([node, rule.1]);
            }
        }
        shape.rules.push(rule);
    }

    /// Marks the required names. Those that `properties` does not know become known here, with what
    /// the rules say of them, behind all others: so declared names keep their order. What
    /// `dependentRequired` asks for stays an implication, as neither name needs to be there.
    fn require(&mut self, shape: &mut ObjectShape, keywords: &Keywords) {
        // By a table, as `required` may be as long as `properties`, and looking each up would take
        // the product.
        let mut places: hashbrown::HashMap<u32, usize> =
            shape.names.iter().enumerate().map(|(at, of)| (of.name, at)).collect();
        for required in &keywords.required {
            let name = self.name(required);
            let at = *places.entry(name).or_insert_with(|| {
                shape.names.push(Name { name, node: NodeId::ANY, is_required: false });
                shape.names.len() - 1
            });
            if at >= keywords.properties.len() {
                shape.names[at].node = self.unnamed(&shape.rules, required);
            }
            shape.names[at].is_required = true;
        }
        for (first, others) in &keywords.dependent_required {
            let first = self.name(first);
            for other in others {
                let other = self.name(other);
                // That a name implies itself says nothing.
                shape.implied.extend((first != other).then_some((first, other)));
            }
        }
    }

    /// The form met with what references in place lead to. A dynamic reference leads where the
    /// scope says (core, section 8.2.3.2), which is why forms are kept by scope as well.
    fn read_references(
        &mut self,
        keywords: &Keywords,
        reading: Reading,
        mut form: Form,
    ) -> Result<Form, SchemaError> {
        if let Some(target) = keywords.reference {
            form = self.meet_schema(&form, target, reading)?;
        }
        if let Some(dynamic) = &keywords.dynamic_reference {
            let target = self.dynamic_target(dynamic, reading.scope);
            form = self.meet_schema(&form, target, reading)?;
        }
        Ok(form)
    }

    /// A form met with that of another schema in place, which is read with the same scope and
    /// tracking.
    fn meet_schema(
        &mut self,
        form: &Form,
        schema: SchemaId,
        reading: Reading,
    ) -> Result<Form, SchemaError> {
        let part = self.read_tracked((schema, reading.scope, reading.tracking))?;
        self.meet(form, &part)
    }

    /// What at least one branch allows. Without tracking this is the join. With it, a value under
    /// two branches has both branches' parts evaluated, and one under the first alone only that
    /// one's: these are different alternatives, and they are made disjoint.
    fn any_of(&mut self, parts: &[SchemaId], reading: Reading) -> Result<Form, SchemaError> {
        if reading.tracking == Tracking::Off {
            let mut any = Form::nothing();
            for &part in parts {
                let part = self.read(part, reading.scope)?;
                any = self.join(&any, &part)?;
            }
            return Ok(any);
        }
        // Which branches hold decides what is evaluated, so every combination is an alternative.
        // Invariant: `some` is what one of the branches so far allows, `none` what none of them
        // does.
        let (mut some, mut none) = (Form::nothing(), self.everything());
        for &part in parts {
            let part = self.read_tracked((part, reading.scope, Tracking::On))?;
            let with = self.meet(&some, &part)?;
            let without = self.without(&some, &part)?;
            let first = self.meet(&none, &part)?;
            none = self.without(&none, &part)?;
            some = self.join(&with, &without)?;
            some = self.join(&some, &first)?;
        }
        Ok(some)
    }

    /// What exactly one branch allows. No branch needs telling apart for tracking, as in each
    /// alternative one alone holds.
    fn one_of(&mut self, parts: &[SchemaId], reading: Reading) -> Result<Form, SchemaError> {
        let mut forms = Vec::with_capacity(parts.len());
        for &part in parts {
            forms.push(self.read_tracked((part, reading.scope, reading.tracking))?);
        }
        self.exactly_one(&forms)
    }

    /// `if` with `then` and `else`: those for which the condition holds and `then` does, joined
    /// with those for which it fails and `else` does. A missing branch demands nothing. What the
    /// condition evaluates counts where it holds (core, section 10.2.2.1), and its complement
    /// carries nothing.
    fn condition(&mut self, condition: &Condition, reading: Reading) -> Result<Form, SchemaError> {
        let Reading { scope, tracking } = reading;
        let holds = self.read_tracked((condition.condition, scope, tracking))?;
        let mut fails = self.complement(&holds)?;
        let mut holds = Form::clone(&holds);
        if let Some(then) = condition.then {
            holds = self.meet_schema(&holds, then, reading)?;
        }
        if let Some(otherwise) = condition.otherwise {
            fails = self.meet_schema(&fails, otherwise, reading)?;
        }
        self.join(&holds, &fails)
    }

    /// That a schema holds of objects with a key.
    ///
    /// Everything without the key is joined with what has the key and is of the schema. The two are
    /// disjoint, so that tracking needs no more. Values that are no objects are in the first part
    /// alone: for them the keyword does not apply.
    fn dependent(
        &mut self,
        name: &str,
        schema: SchemaId,
        reading: Reading,
    ) -> Result<Form, SchemaError> {
        let name = self.name(name);
        let mut present = self.everything();
        let with = |node, is_required| ObjectShape {
            names: vec![Name { name, node, is_required }],
            ..ObjectShape::any()
        };
        let shapes = [with(NodeId::ANY, true), with(NodeId::NONE, false)];
        let [with_key, without_key] = shapes.map(|shape| self.object_id(shape));
        present.objects = vec![with_key];
        let mut holds = self.meet_schema(&present, schema, reading)?;
        let mut others = self.everything();
        others.objects = vec![without_key];
        // Of what is no object the keyword says nothing.
        holds = Form { objects: holds.objects, ..Form::nothing() };
        self.join(&others, &holds)
    }
}
