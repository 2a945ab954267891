//! Values of Rust types (feature `schemars`): what their schemas allow, `serde` takes.

#[path = "tiny/random.rs"]
mod random;
mod support;

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokenrail::constraint::Constraint;
use tokenrail::generate::{Options, TypedGenerator};
use tokenrail::grammar::Grammar;
use tokenrail::schema::{self, Schema};
use tokenrail::vocab::Vocabulary;

use random::Random;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "read by Debug alone")]
struct Order {
    /// Who gets it.
    name: Option<String>,
    items: Vec<Item>,
    #[serde(default)]
    urgent: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[allow(dead_code, reason = "read by Debug alone")]
enum Item {
    Book {
        pages: u16,
    },
    // A schema of `f32` has no bounds, and texts of hundreds of digits are out of its range.
    Parcel {
        #[schemars(range(min = 0.0, max = 1e6))]
        weight: f32,
        parts: Option<Box<Item>>,
    },
}

/// Draws texts that a type's schema allows; `serde` has to take each.
fn check<T: JsonSchema + DeserializeOwned + Debug>(texts: usize, refused: &[&str]) {
    let schema = Schema::of::<T>(&schema::Options::default()).expect("its keywords are enforced");
    let bytes: Vec<u8> = (0..=255).collect();
    let vocabulary = Vocabulary::new(bytes.chunks(1), ["<end>"]);
    let constraint = Constraint::new(&Grammar::schema(&schema), &vocabulary).expect("it compiles");
    for seed in 0..texts as u64 {
        let (mut random, mut matcher) = (Random::from_seed(seed), constraint.matcher());
        let mut text = Vec::new();
        while matcher.stop().expect("within limits").is_none() {
            let mask = matcher.mask_within(400 - text.len()).expect("within limits");
            // `-0` is an integer for a schema, but a fraction for `serde_json`.
            let legal: Vec<_> = mask.iter().filter(|id| id.0 != u32::from(b'-')).collect();
            let id = legal[random.below(legal.len())];
            assert!(matcher.advance(id).expect("within limits"));
            text.extend_from_slice(vocabulary.bytes(id));
        }
        let value = serde_json::from_slice::<T>(&text);
        assert!(value.is_ok(), "seed {seed}: {value:?} of {}", String::from_utf8_lossy(&text));
    }
    for text in refused {
        assert!(serde_json::from_str::<T>(text).is_err(), "{text}");
        assert!(constraint.matcher().explain_bytes(text.as_bytes()).expect("in limits").is_some());
    }
}

#[test]
fn what_a_schema_allows_is_a_value() {
    check::<bool>(5, &["1", "null"]);
    check::<(u8, i16)>(20, &["[1]", "[256, 0]", "[0, 40000]"]);
    check::<Option<String>>(20, &["1", "[]"]);
    check::<Order>(40, &["{}", r#"{"items": [{"kind": "book"}]}"#, r#"{"items": [], "price": 1}"#]);
}

#[test]
fn a_model_gives_values() {
    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Capital {
        #[schemars(length(max = 12))]
        city: String,
        #[schemars(range(min = 1, max = 9))]
        millions: u8,
    }
    let capitals = TypedGenerator::<Capital>::new(support::model(), &schema::Options::default());
    let capitals = capitals.expect("the type's schema is enforced");
    let options = Options { max_tokens: 64, ..Options::default() };
    let capital = capitals.generate("The capital of France as JSON:", &options);
    let capital = capital.expect("it fits");
    assert!(capital.city.chars().count() <= 12 && (1..=9).contains(&capital.millions));
}
