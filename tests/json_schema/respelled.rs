//! Valid instances in other spellings: white space, escapes, and keys in another order.

use serde_json::Value;
use tokenrail::constraint::Constraint;

use super::random::Random;
use super::schemas::engine::{self, Order};
use super::schemas::json_text::{Json, Kind};
use super::schemas::vocabularies::bytes;
use super::{cases, verdict};

/// The schemas that are tried of the file beside the checkout.
const SAMPLE: usize = 120;
/// The spellings of each instance.
const SPELLINGS: u64 = 3;

#[test]
fn other_spellings_of_valid_instances_are_accepted() {
    let vocabulary = bytes();
    let (mut tried, mut wrong) = (0, Vec::new());
    for case in cases(SAMPLE) {
        let Ok(grammar) = engine::grammar(&case.schema, Order::Any) else { continue };
        let Ok(constraint) = Constraint::new(&grammar, &vocabulary) else { continue };
        for (index, instance) in case.instances.iter().enumerate() {
            let json = Json::parse(&instance.source);
            for seed in (0..SPELLINGS).filter(|_| instance.is_valid) {
                let mut text = String::new();
                respell(&json, &mut Random::from_seed(seed), &mut text);
                assert_same_value(&instance.source, &text);
                tried += 1;
                match constraint.matcher().explain_bytes(text.as_bytes()) {
                    Ok(None) => {}
                    Ok(Some(why)) => wrong.push(format!(
                        "{}, instance {index}, seed {seed}: {why}: {text:.200}",
                        case.id
                    )),
                    Err(error) => {
                        wrong.push(format!("{}, instance {index}, seed {seed}: {error}", case.id))
                    }
                }
            }
        }
    }
    verdict("other spellings", tried, &wrong);
}

/// Writes the same value another way. Numbers keep their spelling.
fn respell(json: &Json<'_>, random: &mut Random, out: &mut String) {
    match &json.kind {
        Kind::Atom => out.push_str(json.text),
        Kind::Text => respell_string(json.text, random, out),
        Kind::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                space(random, out);
                respell(item, random, out);
                space(random, out);
            }
            out.push(']');
        }
        Kind::Object(entries) => {
            let mut left: Vec<_> = entries.iter().collect();
            out.push('{');
            for index in 0..entries.len() {
                let (key, value) = left.swap_remove(random.below(left.len()));
                out.push_str(if index == 0 { "" } else { "," });
                space(random, out);
                respell_string(key, random, out);
                space(random, out);
                out.push(':');
                space(random, out);
                respell(value, random, out);
                space(random, out);
            }
            out.push('}');
        }
    }
}

/// White space, mostly none, never so much that a limit of its length is met.
fn space(random: &mut Random, out: &mut String) {
    const SPACES: [&str; 12] = ["", "", "", "", "", "", " ", "  ", "\n", "\t", "\r\n", "\n   "];
    out.push_str(SPACES[random.below(SPACES.len())]);
}

/// A string with some characters as escapes; one with a lone surrogate stays as it is.
fn respell_string(written: &str, random: &mut Random, out: &mut String) {
    let Ok(string) = serde_json::from_str::<String>(written) else {
        out.push_str(written);
        return;
    };
    out.push('"');
    for character in string.chars() {
        let plain = Value::String(character.to_string()).to_string();
        match random.below(6) {
            0 => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    let hexadecimal = format!("{unit:04x}");
                    let is_upper = random.below(2) == 0;
                    out.push_str("\\u");
                    out.push_str(&if is_upper { hexadecimal.to_uppercase() } else { hexadecimal });
                }
            }
            1 if character == '/' => out.push_str("\\/"),
            _ => out.push_str(&plain[1..plain.len() - 1]),
        }
    }
    out.push('"');
}

/// The judge of this file's own writer: both texts are one value.
fn assert_same_value(one: &str, other: &str) {
    let value = |text: &str| serde_json::from_str::<Value>(text).expect("it is JSON");
    assert_eq!(value(one), value(other), "{other}");
}
