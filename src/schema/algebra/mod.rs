//! Schemas as an algebra: what a combination of schemas allows, split by type.
//!
//! A [`NodeId`] is a formula over schemas. Its [`Form`] says, for each of JSON's types apart, which
//! values it holds of: for null and booleans as flags, for numbers and strings as regular languages,
//! and for arrays and objects as alternatives of shapes, each a plain list of demands. Forms are
//! closed under `and`, `or` and `not`, so `allOf`, `oneOf`, `not`, `if` and siblings of all kinds are
//! the same few operations.
//!
//! Forms are made on demand. The values inside arrays and objects are nodes again, looked at when a
//! text leads there: recursion costs nothing, and a schema costs what is used of it.
//!
//! Laws, held by the walks and the suites in `tests/`: a value is of a node's form exactly if the
//! schemas it is made of say so.

mod array;
mod cells;
mod constant;
mod distinct;
mod evaluated;
mod extent;
mod fill;
mod finish;
mod form;
mod listed;
mod object;
mod read;
mod rest;
mod scope;
mod unlike;
mod within;
mod written;

pub(crate) use array::{ArrayId, ArrayShape};
pub(crate) use cells::Cell;
pub(crate) use distinct::ValueId;
pub(crate) use extent::{NEVER, plus};
pub(crate) use form::Form;
pub(crate) use object::{Name, ObjectId, ObjectShape};
pub(crate) use rest::{Items, Members};
pub(crate) use written::{written, written_byte};

use std::sync::Arc;

use hashbrown::HashMap;

use super::document::Document;
use super::error::SchemaError;
use super::json::Json;
use super::keywords::{Keywords, SchemaId};
use super::number::{Numbers, Spelling};
use super::options::Options;
use super::report::{Enforcement, Entry};
use crate::interner::Interner;
use crate::regex::{Automaton, ByteSet, Count, ExprId, Shortest};

/// A formula over schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

impl NodeId {
    /// Every value.
    pub(crate) const ANY: Self = Self(0);
    /// No value.
    pub(crate) const NONE: Self = Self(1);
}

/// What a formula is made of. Invariant: as the constructors of [`Algebra`] make it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Node {
    Any,
    None,
    /// What a schema says where the scope was reached.
    Schema(SchemaId, ScopeId),
    /// Any of some values, by the number of their list; numbers in the spelling of the schema.
    Constants(u32),
    /// Any of some values that were read, by the number of their list; numbers in any spelling.
    Values(u32),
    /// Neither of `Any`, `None` nor of another `Not`.
    Not(NodeId),
    /// At least two, ascending, none an `And`.
    And(Box<[NodeId]>),
    /// At least two, ascending, none an `Or`.
    Or(Box<[NodeId]>),
}

/// What the dynamic anchors mean: those of the outermost resources that led here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct ScopeId(u32);

/// The formulas over the schemas of a document, with the forms that were asked for.
#[derive(Debug, Clone)]
pub(crate) struct Algebra {
    document: Arc<Document>,
    /// The languages of number texts and of decoded strings.
    pub(crate) automaton: Automaton,
    /// Makes the languages of numbers: ranges, multiples, integers.
    numbers: Numbers,
    /// One character of a string, in UTF-8.
    any_char: ExprId,
    /// All texts of a string.
    any_text: ExprId,
    /// All texts of a number.
    any_number: ExprId,
    /// Whether constants are written in every spelling.
    spelling: Spelling,
    /// The first two are `Any` and `None`, as [`NodeId::ANY`] and [`NodeId::NONE`] say.
    nodes: Interner<Node>,
    /// Ascending by anchor; the first is empty.
    scopes: Interner<Vec<(String, SchemaId)>>,
    /// Names of properties, so that shapes are compared by numbers.
    names: Interner<Arc<str>>,
    constants: Interner<Vec<Json>>,
    /// Ascending.
    value_lists: Interner<Vec<ValueId>>,
    /// The values of arrays that must know them, in a plain form.
    values: Interner<Box<str>>,
    /// What values consist of, as far as was asked.
    parts: HashMap<ValueId, Arc<unlike::Parts>>,
    /// The shapes that are of one value alone.
    constant_arrays: HashMap<ArrayId, ValueId>,
    constant_objects: HashMap<ObjectId, ValueId>,
    objects: Interner<Arc<ObjectShape>>,
    arrays: Interner<Arc<ArrayShape>>,
    /// The bytes of all shapes, formulas and languages that were put together, those made again
    /// included: a measure of the work.
    made: usize,
    forms: HashMap<NodeId, Arc<Form>>,
    /// Forms of schemas in place; `None` while one is read.
    read: HashMap<read::Key, Option<Arc<Form>>>,
    /// The required names of shapes, with the bytes that each takes with its value.
    required: HashMap<ObjectId, Arc<[rest::Required]>>,
    /// What may serve for the demands of shapes.
    servers: HashMap<ObjectId, Arc<[finish::Servers]>>,
    /// Intersections of shapes that were asked for; `None` is empty.
    object_meets: HashMap<(ObjectId, ObjectId), Option<ObjectId>>,
    array_meets: HashMap<(ArrayId, ArrayId), Option<ArrayId>>,
    /// The bytes that finish arrays of items that differ, and objects that more than required names
    /// decide about.
    array_rests: HashMap<(ArrayId, Items), u32>,
    object_rests: HashMap<(ObjectId, Members), u32>,
    /// Those that are known for good.
    extents: HashMap<NodeId, u32>,
    /// The shortest values of nodes, so many; `None` where these are not known.
    listed: HashMap<(NodeId, usize), Option<Arc<listed::Listed>>>,
    /// Of the shapes whose unknown keys were asked about.
    cells: HashMap<ObjectId, Arc<[Cell]>>,
    /// The nodes that are looked into for contradictions.
    looking: Vec<NodeId>,
    /// Whether what failed last came back to a schema that is being read.
    is_loop: bool,
    /// Forms that are being made inside each other, at most [`DEEPEST`].
    depth: usize,
    /// The schema that is read, to name in errors.
    at: SchemaId,
}

/// Alternatives of one type.
const MOST_SHAPES: usize = 1024;
/// Schemas within schemas, without a value between.
const DEEPEST: usize = 500;
/// The bytes of shapes, formulas and languages that may be put together. Alternatives that exclude
/// each other multiply them.
const MOST_MADE: usize = 1 << 30;
/// The bytes of all states of languages.
const MOST_LANGUAGES: usize = 384 << 20;
/// Automaton states that may be looked at to see whether a language is empty.
const FUEL: u32 = 1 << 19;

impl Algebra {
    /// The algebra of a document, over texts that are finished with bytes of `alphabet`. The
    /// language of white space is taken along, so that the automaton knows its bytes.
    ///
    /// Nothing is read yet: the first form is made when one is asked for. The automaton must know
    /// beforehand which bytes its languages tell apart, so those that later languages will are
    /// gathered from the whole document.
    pub(crate) fn new(document: Arc<Document>, options: &Options, alphabet: ByteSet) -> Self {
        let mut exprs = document.exprs.clone();
        let (any_char, any_text) = (exprs.any_char(), exprs.any_text());
        let numbers = document.numbers.clone();
        // Of numbers of many digits it is not decided what they are multiples of.
        let is_counted = |keywords: &Keywords| {
            keywords.number.is_some() || keywords.types.is_some_and(|types| types.integer)
        };
        let any_number = match document.keywords().any(is_counted) {
            true => numbers.decided_by_multiples(),
            false => numbers.any(),
        };
        for byte in told_apart(&document).iter() {
            exprs.byte(ByteSet::range(byte, byte));
        }
        let automaton = Automaton::new(exprs, written::costs(alphabet));
        // These two have fixed numbers.
        let mut nodes = Interner::default();
        nodes.intern(Node::Any);
        nodes.intern(Node::None);
        let mut scopes = Interner::default();
        scopes.intern(Vec::new());
        let at = document.root;
        Self {
            document,
            automaton,
            numbers,
            any_char,
            any_text,
            any_number,
            spelling: options.numbers,
            nodes,
            scopes,
            names: Interner::default(),
            constants: Interner::default(),
            value_lists: Interner::default(),
            values: Interner::default(),
            parts: HashMap::new(),
            constant_arrays: HashMap::new(),
            constant_objects: HashMap::new(),
            objects: Interner::default(),
            arrays: Interner::default(),
            made: 0,
            forms: HashMap::new(),
            read: HashMap::new(),
            required: HashMap::new(),
            object_meets: HashMap::new(),
            array_meets: HashMap::new(),
            servers: HashMap::new(),
            array_rests: HashMap::new(),
            object_rests: HashMap::new(),
            extents: HashMap::new(),
            listed: HashMap::new(),
            cells: HashMap::new(),
            looking: Vec::new(),
            is_loop: false,
            depth: 0,
            at,
        }
    }

    /// The state of a language behind a byte; nothing where no text goes on so.
    ///
    /// A Brzozowski derivative (1964), with one test more: a language that has no text any more is
    /// nothing, whatever expression it is. So a state that is not nothing can be finished.
    ///
    /// # Errors
    /// [`SchemaError::Limit`].
    pub(crate) fn step(&mut self, language: ExprId, byte: u8) -> Result<ExprId, SchemaError> {
        let class = self.automaton.class_of(byte);
        let next = self.automaton.step(language, class);
        let is_alive = next != ExprId::NOTHING && self.shortest(next)? != NEVER;
        Ok(if is_alive { next } else { ExprId::NOTHING })
    }

    /// How many characters a language's texts may have, where it has all texts of so many.
    ///
    /// That is what `minLength` and `maxLength` alone make. Masks of such languages are tables by
    /// length, and no text has to be walked.
    pub(crate) fn lengths(&self, language: ExprId) -> Option<Count> {
        let (part, count) = self.automaton.exprs().repeated(language)?;
        (part == self.any_char).then_some(count)
    }

    /// The language of the white space between tokens.
    pub(crate) fn white_space(&self) -> ExprId {
        self.document.white_space
    }

    /// The language of all texts.
    pub(crate) fn any_text(&self) -> ExprId {
        self.any_text
    }

    /// A text behind which a language begins, with the shortest text of it.
    ///
    /// Shortest as it is written. Goes along bytes that bring the end nearer by what they take, the
    /// least such byte each time; nothing is added where the language has no text.
    ///
    /// # Errors
    /// [`SchemaError::Limit`].
    pub(crate) fn shortest_text(
        &mut self,
        mut language: ExprId,
        mut text: Vec<u8>,
    ) -> Result<Vec<u8>, SchemaError> {
        while let Some((byte, next)) = self.nearest(language)? {
            text.push(byte);
            language = next;
        }
        Ok(text)
    }

    /// The first byte of that text, and the language behind it; `None` where there is none.
    pub(crate) fn nearest(
        &mut self,
        language: ExprId,
    ) -> Result<Option<(u8, ExprId)>, SchemaError> {
        if self.automaton.is_nullable(language) {
            return Ok(None);
        }
        let left = self.shortest(language)?;
        for byte in self.automaton.representatives().to_vec() {
            let next = self.step(language, byte)?;
            let rest = plus(self.shortest(next)?, written_byte(byte).into());
            if next != ExprId::NOTHING && rest <= left {
                return Ok(Some((byte, next)));
            }
        }
        Ok(None)
    }

    /// The root of the document, and every schema it leads to.
    pub(crate) fn root(&mut self) -> NodeId {
        let root = self.document.root;
        self.schema(root, ScopeId(0))
    }

    /// What a node allows.
    ///
    /// Made when first asked for, and kept. Nodes inside shapes are not looked at, so a schema that
    /// contains itself behind a value costs what a text uses of it.
    ///
    /// # Errors
    /// [`SchemaError`].
    pub(crate) fn form(&mut self, node: NodeId) -> Result<Arc<Form>, SchemaError> {
        if let Some(form) = self.forms.get(&node) {
            return Ok(Arc::clone(form));
        }
        self.deeper()?;
        let form = self.make_form(node);
        self.depth -= 1;
        let form = form?;
        self.forms.insert(node, Arc::clone(&form));
        Ok(form)
    }

    /// The form of a node, from the forms of its parts. Callers keep it.
    fn make_form(&mut self, node: NodeId) -> Result<Arc<Form>, SchemaError> {
        Ok(match self.nodes.get(node.0).clone() {
            Node::Any => Arc::new(self.everything()),
            Node::None => Arc::new(Form::nothing()),
            Node::Schema(schema, scope) => self.read(schema, scope)?,
            Node::Constants(values) => {
                let values = self.constants.get(values).clone();
                Arc::new(self.constants_form(&values)?)
            }
            Node::Values(values) => {
                let values = self.value_lists.get(values).clone();
                Arc::new(self.values_form(&values)?)
            }
            Node::Not(inner) => {
                let inner = self.form(inner)?;
                Arc::new(self.complement(&inner)?)
            }
            Node::And(parts) => self.meet_form(&parts)?,
            Node::Or(parts) => {
                let mut whole = self.form(parts[0])?;
                for &part in &parts[1..] {
                    let part = self.form(part)?;
                    whole = Arc::new(self.join(&whole, &part)?);
                }
                whole
            }
        })
    }

    /// What all parts allow.
    ///
    /// Complements are taken away from the others: mostly little of them is there, and a complement by
    /// itself is an alternative for each way to be outside.
    fn meet_form(&mut self, parts: &[NodeId]) -> Result<Arc<Form>, SchemaError> {
        let mut whole: Option<Arc<Form>> = None;
        let mut outside = Vec::new();
        for &part in parts {
            if let Node::Not(inner) = *self.nodes.get(part.0) {
                outside.push(inner);
                continue;
            }
            let part = self.form(part)?;
            whole = Some(match whole {
                Some(whole) => Arc::new(self.meet(&whole, &part)?),
                None => part,
            });
        }
        let mut whole = whole.unwrap_or_else(|| Arc::new(self.everything()));
        for inner in outside {
            if whole.is_nothing() {
                break;
            }
            let inner = self.form(inner)?;
            whole = Arc::new(self.without(&whole, &inner)?);
        }
        Ok(whole)
    }

    /// The values of all nodes.
    ///
    /// In a normal form: flat, ascending, each part once, without `Any`; opposites make
    /// [`NodeId::NONE`]. So formulas that differ in order alone are one node with one form.
    pub(crate) fn and(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        let mut flat = Vec::new();
        for part in parts {
            match self.nodes.get(part.0) {
                Node::And(inner) => flat.extend_from_slice(inner),
                Node::Any => {}
                _ => flat.push(part),
            }
        }
        flat.sort_unstable();
        flat.dedup();
        let is_opposite = |part: &NodeId| match self.nodes.get(part.0) {
            Node::Not(inner) => flat.binary_search(inner).is_ok(),
            _ => false,
        };
        if flat.contains(&NodeId::NONE) || flat.iter().any(is_opposite) {
            return NodeId::NONE;
        }
        match flat[..] {
            [] => NodeId::ANY,
            [only] => only,
            _ => self.node(Node::And(flat.into())),
        }
    }

    /// The values of any of the nodes.
    ///
    /// In the same normal form. Opposites are not looked for: with them the node is right and not
    /// in its plainest form.
    pub(crate) fn or(&mut self, parts: impl IntoIterator<Item = NodeId>) -> NodeId {
        let mut flat = Vec::new();
        for part in parts {
            match self.nodes.get(part.0) {
                Node::Or(inner) => flat.extend_from_slice(inner),
                Node::None => {}
                _ => flat.push(part),
            }
        }
        flat.sort_unstable();
        flat.dedup();
        if flat.contains(&NodeId::ANY) {
            return NodeId::ANY;
        }
        match flat[..] {
            [] => NodeId::NONE,
            [only] => only,
            _ => self.node(Node::Or(flat.into())),
        }
    }

    /// The other values.
    ///
    /// De Morgan's laws are not applied: the form of the inside mostly exists already, and is taken
    /// from everything.
    pub(crate) fn not(&mut self, node: NodeId) -> NodeId {
        match *self.nodes.get(node.0) {
            Node::Any => NodeId::NONE,
            Node::None => NodeId::ANY,
            Node::Not(inner) => inner,
            _ => self.node(Node::Not(node)),
        }
    }

    /// Any of the values.
    pub(crate) fn constants(&mut self, values: Vec<Json>) -> NodeId {
        let values = self.constants.intern(values);
        self.node(Node::Constants(values))
    }

    /// How many shapes of arrays and objects were made, and the bytes that they take, roughly.
    pub(crate) fn shapes(&self) -> (usize, usize) {
        let (arrays, objects) = (self.arrays.values(), self.objects.values());
        let bytes = arrays.iter().map(|shape| shape.size()).sum::<usize>()
            + objects.iter().map(|shape| shape.size()).sum::<usize>();
        (arrays.len() + objects.len(), bytes)
    }

    /// Any of some values that were read.
    pub(crate) fn any_of_values(&mut self, values: &[ValueId]) -> NodeId {
        let values = self.value_lists.intern(values.to_vec());
        self.node(Node::Values(values))
    }

    /// What a node is without some values, and these, where it was made so.
    ///
    /// Items that differ are one node with more and more values taken away; what is known of the node
    /// alone holds for all of these.
    fn excluded(&mut self, node: NodeId) -> Option<(NodeId, Vec<ValueId>)> {
        let taken = |of: NodeId| match *self.nodes.get(of.0) {
            Node::Not(inner) => match *self.nodes.get(inner.0) {
                Node::Values(values) => Some(self.value_lists.get(values).clone()),
                _ => None,
            },
            _ => None,
        };
        if let Node::And(parts) = self.nodes.get(node.0) {
            let parts = parts.to_vec();
            let at = parts.iter().position(|&part| taken(part).is_some())?;
            let values = taken(parts[at])?;
            let whole = parts.into_iter().enumerate().filter(|&(of, _)| of != at);
            let whole: Vec<NodeId> = whole.map(|(_, part)| part).collect();
            return Some((self.and(whole), values));
        }
        Some((NodeId::ANY, taken(node)?))
    }

    /// The number of a property's name.
    pub(crate) fn name(&mut self, text: &str) -> u32 {
        self.names.intern(text.into())
    }

    /// The name with a number.
    pub(crate) fn name_text(&self, name: u32) -> &Arc<str> {
        self.names.get(name)
    }

    /// A shape by its number.
    pub(crate) fn object(&self, shape: ObjectId) -> &Arc<ObjectShape> {
        self.objects.get(shape.0)
    }

    /// A shape by its number.
    pub(crate) fn array(&self, shape: ArrayId) -> &Arc<ArrayShape> {
        self.arrays.get(shape.0)
    }

    /// The fewest bytes that a text of a language is written with; [`NEVER`] where it has none.
    ///
    /// Searched with [`FUEL`], as an intersection may have a product of states. What was found is
    /// kept in the automaton, for every state on the way.
    ///
    /// # Errors
    /// [`SchemaError::Limit`].
    pub(crate) fn shortest(&mut self, language: ExprId) -> Result<u32, SchemaError> {
        let mut fuel = FUEL;
        let known = self.automaton.shortest(language, &mut fuel);
        if fuel < FUEL {
            self.check_made()?;
        }
        match known {
            Ok(Shortest::Bytes(length)) => Ok(length),
            Ok(Shortest::None) => Ok(NEVER),
            Err(_) => Err(self.over("automaton states of an intersection", FUEL as usize)),
        }
    }

    /// Whether a language has a text.
    ///
    /// Of intersections and complements only a search can tell, which is the one for the shortest
    /// text.
    fn is_inhabited(&mut self, language: ExprId) -> Result<bool, SchemaError> {
        Ok(self.shortest(language)? != NEVER)
    }

    /// Whether a text is of a language.
    ///
    /// Stops at the first byte with which no text goes on.
    fn matches(&mut self, language: ExprId, text: &str) -> bool {
        let mut state = language;
        for byte in text.bytes() {
            let class = self.automaton.class_of(byte);
            state = self.automaton.step(state, class);
            if state == ExprId::NOTHING {
                return false;
            }
        }
        self.automaton.is_nullable(state)
    }

    /// The node of a schema; those that are `true` or `false` in any spelling are no formulas of
    /// their own.
    fn schema(&mut self, schema: SchemaId, scope: ScopeId) -> NodeId {
        match self.document.always(schema) {
            Some(true) => NodeId::ANY,
            Some(false) => NodeId::NONE,
            None => self.node(Node::Schema(schema, scope)),
        }
    }

    /// The number of a formula that is in normal form.
    fn node(&mut self, node: Node) -> NodeId {
        let parts = match &node {
            Node::And(parts) | Node::Or(parts) => parts.len(),
            _ => 0,
        };
        self.made += size_of::<Node>() + parts * size_of::<NodeId>();
        NodeId(self.nodes.intern(node))
    }

    /// Counts one form more inside another, which whoever calls it takes back. Reading is
    /// recursive, and schemas in place may be nested without a value between.
    fn deeper(&mut self) -> Result<(), SchemaError> {
        if self.depth >= DEEPEST {
            return Err(self.over("schemas within schemas", DEEPEST));
        }
        self.depth += 1;
        Ok(())
    }

    /// An error when too much was made of shapes, formulas or languages.
    fn check_made(&self) -> Result<(), SchemaError> {
        if self.made > MOST_MADE {
            return Err(self.over("bytes of shapes", MOST_MADE));
        }
        if self.automaton.memory() > MOST_LANGUAGES {
            return Err(self.over("bytes of languages", MOST_LANGUAGES));
        }
        Ok(())
    }

    /// The error of a limit, at the place in the schema that is being read.
    fn over(&self, what: &'static str, limit: usize) -> SchemaError {
        let pointer = Some(self.document.places[self.at.index()].pointer.clone());
        SchemaError::Limit { what, value: limit + 1, limit, pointer }
    }

    /// A keyword that cannot be enforced where it stands.
    fn refused(&self, schema: SchemaId, keyword: &str, reason: &str) -> SchemaError {
        let place = &self.document.places[schema.index()].pointer;
        let entry = Entry {
            pointer: format!("{place}/{keyword}"),
            keyword: keyword.to_owned(),
            enforcement: Enforcement::Refused,
            reason: Some(reason.to_owned()),
        };
        SchemaError::Refused { entries: vec![entry] }
    }
}

/// The bytes that languages may come to tell apart which no keyword's language does: those of
/// constants, and all where arrays must know their items.
fn told_apart(document: &Document) -> ByteSet {
    let mut bytes = ByteSet::NONE;
    for keywords in document.keywords() {
        if keywords.unique_items {
            return ByteSet::ALL;
        }
        for value in keywords.constant.iter().chain(keywords.members.iter().flatten()) {
            tell_apart(value, &mut bytes);
        }
    }
    bytes
}

/// Adds the bytes of a constant's texts. Recursion is as deep as schemas are nested.
fn tell_apart(value: &Json, bytes: &mut ByteSet) {
    match value {
        Json::Null | Json::Bool(_) => {}
        Json::Number(_) => b"0123456789.-+eE".iter().for_each(|&byte| bytes.insert(byte)),
        Json::String(text) => text.bytes().for_each(|byte| bytes.insert(byte)),
        Json::Array(items) => items.iter().for_each(|item| tell_apart(item, bytes)),
        Json::Object(members) => members.iter().for_each(|(_, value)| tell_apart(value, bytes)),
    }
}
