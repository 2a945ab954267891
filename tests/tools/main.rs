//! Tool calls: what the shapes allow, judged by parsers that know nothing of the grammars and by a
//! validator of JSON Schema.

mod command;
mod judge;
#[path = "../tiny/random.rs"]
mod random;
mod sets;
mod shapes;
#[path = "../support/mod.rs"]
mod support;

use serde_json::{Value, json};
use tokenrail::constraint::Constraint;
use tokenrail::grammar::{Grammar, ToolOptions, ToolSet};
use tokenrail::schema::Options;
use tokenrail::vocab::{TokenId, Vocabulary};

use random::Random;

/// Functions of which one's name begins another's, with references, lists and values of two types.
fn declared() -> Value {
    json!([
        {"name": "get", "parameters": {"type": "object", "required": ["id"],
            "properties": {"id": {"$ref": "#/$defs/id"}}, "additionalProperties": false,
            "$defs": {"id": {"type": "integer", "minimum": 1, "maximum": 99}}}},
        {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object",
            "properties": {"city": {"type": "string", "maxLength": 9},
                "days": {"type": "integer", "minimum": 1, "maximum": 7}, "unit": {"enum": ["C", "F"]}},
            "required": ["city"], "additionalProperties": false}}},
        {"name": "note", "parameters": {"properties": {
            "urgent": {"type": ["boolean", "null"]},
            "tags": {"type": "array", "items": {"type": "string", "maxLength": 5}, "maxItems": 2},
            "due": {"type": ["string", "integer"], "maxLength": 8, "maximum": 9, "minimum": 0}},
            "additionalProperties": false}},
        {"name": "ping"},
    ])
}

fn tools() -> ToolSet {
    let (tools, faults) = ToolSet::read(&declared(), &Options::default()).expect("a list");
    assert_eq!(faults, []);
    tools
}

fn constraint(tools: &ToolSet, options: &ToolOptions) -> Constraint {
    let bytes: Vec<u8> = (0..=255).collect();
    let vocabulary = Vocabulary::new(bytes.chunks(1), ["<tool_call>", "</tool_call>", "<end>"]);
    let grammar = Grammar::tools(tools, options).expect("all tools fit");
    Constraint::new(&grammar, &vocabulary).expect("it compiles")
}

/// A text of `most` bytes at most, drawn among all that may follow but `avoided`.
fn walk(constraint: &Constraint, seed: u64, most: usize, avoided: &[u8]) -> String {
    let (mut random, mut matcher) = (Random::from_seed(seed), constraint.matcher());
    let mut bytes = Vec::new();
    while matcher.stop().expect("within limits").is_none() {
        let mask = matcher.mask_within(most - bytes.len()).unwrap_or_else(|error| {
            panic!("seed {seed}: {error} after {:?}", String::from_utf8_lossy(&bytes))
        });
        let is_drawn = |id: &TokenId| !avoided.contains(&(id.0 as u8)) || id.0 > 255;
        let legal: Vec<TokenId> = mask.iter().filter(is_drawn).collect();
        assert!(
            !legal.is_empty(),
            "seed {seed}: a dead end after {:?}",
            String::from_utf8_lossy(&bytes)
        );
        let id = legal[random.below(legal.len())];
        assert!(matcher.advance(id).expect("within limits"), "seed {seed}");
        bytes.extend_from_slice(constraint.vocabulary().bytes(id));
    }
    String::from_utf8(bytes).expect("texts are UTF-8")
}
