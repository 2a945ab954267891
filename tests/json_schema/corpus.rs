//! Real schemas with instances known as valid or not.

use std::collections::BTreeMap;

use serde_json::Value;

use super::expected::EXPECTED;
use super::judge::Judge;
use super::schemas::engine::{Order, Tokenrail};
use super::schemas::json_text::Separators;
use super::schemas::trial::{Kind, Trial, tokenized};
use super::{SAMPLE, cases, of_the_model, verdict};

#[test]
fn schemas_are_decided_as_they_are_labelled() {
    let engine = Tokenrail { vocabulary: of_the_model().clone(), order: Order::Any };
    let (mut wrong, mut counts) = (Vec::new(), BTreeMap::new());
    let cases = cases(SAMPLE);
    for case in &cases {
        let instances = tokenized(case, &engine.vocabulary, Separators::SPACED);
        let trial = Trial::run(&engine, &case.schema, &instances);
        let expected = EXPECTED.iter().find(|(id, _)| *id == case.id);
        *counts.entry(trial.worst().map_or("passed", |worst| worst.kind.name())).or_insert(0) += 1;
        match (trial.worst(), expected) {
            (None, Some((_, reason))) => {
                wrong.push(format!("{}: passes, though expected not to: {reason}", case.id));
            }
            (Some(worst), known) if known.is_none() || worst.kind >= Kind::WrongAccept => {
                wrong.push(format!("{}: {}: {}", case.id, worst.kind.name(), worst.detail));
            }
            _ => {}
        }
    }
    verdict(&format!("labels {counts:?}"), cases.len(), &wrong);
}

#[test]
fn the_judge_agrees_with_the_labels() {
    // In the whole corpus it differs in none but where it cannot compile a pattern.
    for case in cases(SAMPLE) {
        let Ok(judge) = Judge::new(&case.schema) else { continue };
        for instance in &case.instances {
            let value: Value = serde_json::from_str(&instance.source).expect("an instance is JSON");
            let found = judge.is_valid(&value);
            assert_eq!(found, instance.is_valid, "{}: {:.300}", case.id, instance.source);
        }
    }
}
