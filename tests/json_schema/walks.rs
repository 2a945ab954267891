//! Walks under the mask end in texts that the judge accepts, and the mask is what `advance` takes.

use tokenrail::constraint::{Constraint, Matcher, Stop};
use tokenrail::vocab::{TokenId, TokenMask, Vocabulary};

use super::judge::{Judge, Sentence};
use super::random::Random;
use super::schemas::corpus::Case;
use super::schemas::engine::{self, Dialect, Draft, Order};
use super::schemas::suite::{self, Group};
use super::{cases, of_the_model, verdict};

/// The schemas that are walked of the file beside the checkout.
const SAMPLE: usize = 100;
/// Of the suite one group in so many is walked; prime, so that all files have their turn.
const GROUP_STEP: usize = 7;
/// The tokens of a walk, if its schema has an end so near.
const BUDGET: usize = 80;
/// The schemas whose masks are compared with `advance`, token by token.
const COMPARED: usize = 12;

/// How a walk chooses among legal tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Any, with equal chances.
    Uniform,
    /// Rather what closes something, and the end as soon as there is one.
    Finishing,
}

#[test]
fn walks_end_in_valid_texts() {
    let vocabulary = pieces();
    let (mut tried, mut unsure, mut wrong) = (0, 0, Vec::new());
    for case in cases(SAMPLE) {
        let Some((constraint, judge)) = compiled(&case, &vocabulary, Order::Any) else { continue };
        for (seed, manner) in [(1, Manner::Uniform), (2, Manner::Uniform), (3, Manner::Finishing)] {
            tried += 1;
            match judged(&constraint, &judge, seed, manner) {
                Ok(Sentence::Valid) => {}
                Ok(_) => unsure += 1,
                Err(fault) => wrong.push(format!("{}, seed {seed}, {manner:?}: {fault}", case.id)),
            }
        }
    }
    verdict(&format!("walks ({unsure} with numbers that no double holds)"), tried, &wrong);
}

#[test]
fn walks_of_the_suite_end_in_valid_texts() {
    let vocabulary = pieces();
    let (mut tried, mut wrong) = (0, Vec::new());
    for group in suite::groups().iter().step_by(GROUP_STEP) {
        let draft = suite::draft(&group.draft);
        let Ok(judge) = Judge::of_draft(&group.schema, as_judged(draft)) else { continue };
        let dialect = Dialect {
            order: Order::Any,
            draft: Some(draft),
            remotes: Some(suite::remotes()),
            numbers: tokenrail::schema::Spelling::Usual,
        };
        let Ok(grammar) = engine::grammar_of(&group.schema, &dialect) else { continue };
        // A schema that nothing matches is refused here.
        let Ok(constraint) = Constraint::new(&grammar, &vocabulary) else { continue };
        for (seed, manner) in [(6, Manner::Uniform), (7, Manner::Finishing)] {
            tried += 1;
            if let Err(fault) = judged(&constraint, &judge, seed, manner) {
                let Group { draft, file, description, .. } = group;
                wrong.push(format!("{draft}/{file}: {description}, seed {seed}: {fault}"));
            }
        }
    }
    verdict("walks of the suite", tried, &wrong);
}

#[test]
fn walks_in_declared_order_end_in_valid_texts() {
    let vocabulary = pieces();
    let (mut tried, mut wrong) = (0, Vec::new());
    for case in cases(SAMPLE / 4) {
        let Some((constraint, judge)) = compiled(&case, &vocabulary, Order::Declared) else {
            continue;
        };
        tried += 1;
        if let Err(fault) = judged(&constraint, &judge, 4, Manner::Uniform) {
            wrong.push(format!("{}, seed 4: {fault}", case.id));
        }
    }
    verdict("walks in declared order", tried, &wrong);
}

#[test]
fn masks_within_a_budget_are_what_advance_within_takes() {
    let vocabulary = pieces();
    let mut wrong = Vec::new();
    let cases = cases(COMPARED);
    for case in &cases {
        let Some((constraint, _)) = compiled(case, &vocabulary, Order::Any) else { continue };
        let mut random = Random::from_seed(9);
        let mut matcher = constraint.matcher();
        let needed = matcher.tokens_to_accept().expect("within limits");
        for left in (0..=needed + 10).rev() {
            let mask = matcher.mask_within(left).expect("it can be finished");
            // What is looked at is where the budget begins to tell.
            if left % 4 == 0 {
                let mut ids = (0..vocabulary.len() as u32).map(TokenId);
                let other = ids.find(|&id| {
                    let taken = matcher.fork().advance_within(id, left).expect("within limits");
                    mask.contains(id) != taken
                });
                wrong.extend(other.map(|id| format!("{}: {:?}", case.id, vocabulary.piece(id))));
            }
            let token = choose(&mask, &vocabulary, Manner::Uniform, &mut random);
            assert!(matcher.advance_within(token, left).expect("within limits"), "{}", case.id);
            if matcher.stop().expect("within limits") == Some(Stop::EndOfSequence) {
                break;
            }
        }
    }
    verdict("masks within budgets against advance", cases.len(), &wrong);
}

#[test]
fn masks_are_what_advance_takes_at_49k() {
    let vocabulary = of_the_model();
    let mut wrong = Vec::new();
    let cases = cases(COMPARED);
    for case in &cases {
        let Some((constraint, _)) = compiled(case, vocabulary, Order::Any) else { continue };
        let mut random = Random::from_seed(5);
        let mut matcher = constraint.matcher();
        for step in 0..12 {
            let mask = matcher.mask().expect("within limits");
            // Begins are much alike, so only some states are compared.
            if step % 4 == 1 {
                let found = differences(&mut matcher, &mask, vocabulary);
                wrong.extend(found.map(|what| format!("{}, step {step}: {what}", case.id)));
            }
            let token = choose(&mask, vocabulary, Manner::Uniform, &mut random);
            assert!(matcher.advance(token).expect("within limits"), "{}: {token}", case.id);
            if matcher.stop().expect("within limits") == Some(Stop::EndOfSequence) {
                break;
            }
        }
    }
    verdict("masks against advance", cases.len(), &wrong);
    assert!(wrong.is_empty(), "whatever the grammar: {wrong:?}");
}

/// The first token on which mask and `advance` differ.
fn differences(matcher: &mut Matcher, mask: &TokenMask, vocabulary: &Vocabulary) -> Option<String> {
    let mut ids = (0..vocabulary.len() as u32).map(TokenId);
    let wrong = ids.find(|&id| {
        let is_taken = matcher.fork().advance(id).expect("within limits");
        mask.contains(id) != is_taken
    })?;
    let is_in = mask.contains(wrong);
    Some(format!("token {wrong} {:?}: in the mask is {is_in}", vocabulary.piece(wrong)))
}

/// Both, where both take the schema.
fn compiled(case: &Case, vocabulary: &Vocabulary, order: Order) -> Option<(Constraint, Judge)> {
    let grammar = engine::grammar(&case.schema, order).ok()?;
    let constraint = Constraint::new(&grammar, vocabulary).ok()?;
    Some((constraint, Judge::new(&case.schema).ok()?))
}

/// Walks, and judges the text; an error is a walk without an end, or a text that is not valid.
pub(crate) fn judged(
    constraint: &Constraint,
    judge: &Judge,
    seed: u64,
    manner: Manner,
) -> Result<Sentence, String> {
    let text = walk(constraint, seed, manner)?;
    match judge.sentence(&text) {
        Sentence::Wrong(why) => Err(format!("{why}: {text:.300}")),
        sentence => Ok(sentence),
    }
}

pub(crate) fn as_judged(draft: Draft) -> jsonschema::Draft {
    match draft {
        Draft::Draft4 => jsonschema::Draft::Draft4,
        Draft::Draft6 => jsonschema::Draft::Draft6,
        Draft::Draft7 => jsonschema::Draft::Draft7,
        Draft::Draft201909 => jsonschema::Draft::Draft201909,
        Draft::Draft202012 => jsonschema::Draft::Draft202012,
    }
}

/// Walks within a budget until an end of sequence.
fn walk(constraint: &Constraint, seed: u64, manner: Manner) -> Result<String, String> {
    let vocabulary = constraint.vocabulary();
    let mut random = Random::from_seed(seed);
    let mut matcher = constraint.matcher();
    let mut text = Vec::new();
    let so_far = |text: &[u8]| format!("after {:.300}", String::from_utf8_lossy(text));
    let needed = matcher.tokens_to_accept().map_err(|error| error.to_string())?;
    for left in (0..=BUDGET.max(needed)).rev() {
        let mask = matcher.mask().map_err(|error| format!("{error}, {}", so_far(&text)))?;
        let mut mask = TokenMask::clone(&mask);
        let token = loop {
            if mask.is_empty() {
                return Err(format!("a dead end with {left} tokens left, {}", so_far(&text)));
            }
            let token = choose(&mask, vocabulary, manner, &mut random);
            match matcher.advance_within(token, left) {
                Ok(true) => break token,
                Ok(false) => mask.remove(token),
                Err(error) => return Err(format!("{error}, {}", so_far(&text))),
            }
        };
        text.extend_from_slice(vocabulary.bytes(token));
        if matcher.stop().map_err(|error| error.to_string())? == Some(Stop::EndOfSequence) {
            return String::from_utf8(text).map_err(|fault| fault.to_string());
        }
    }
    Err(format!("no end within the budget, {}", so_far(&text)))
}

pub(crate) fn choose(
    mask: &TokenMask,
    vocabulary: &Vocabulary,
    manner: Manner,
    random: &mut Random,
) -> TokenId {
    let legal: Vec<TokenId> = mask.iter().collect();
    if manner == Manner::Finishing {
        if let Some(&end) = legal.iter().find(|id| vocabulary.eos().contains(id)) {
            return end;
        }
        let closes = |id: &&TokenId| {
            vocabulary.bytes(**id).first().is_some_and(|byte| b"\"]}".contains(byte))
        };
        let closing: Vec<&TokenId> = legal.iter().filter(closes).collect();
        if !closing.is_empty() && random.below(3) > 0 {
            return *closing[random.below(closing.len())];
        }
    }
    legal[random.below(legal.len())]
}

/// Every byte, and what stands across the edges of the parts of JSON.
pub(crate) fn pieces() -> Vocabulary {
    let bytes: Vec<u8> = (0..=255).collect();
    let longer: [&[u8]; 24] = [
        b"\": ",
        b"\":",
        b"\", \"",
        b"\",\"",
        b"{\"",
        b"\"}",
        b"\"]",
        b"}}",
        b"]}",
        b"], ",
        b"null",
        b"true",
        b"false",
        b"1.0",
        b"00",
        b"-1",
        b"e+",
        b"\\u00",
        b"\\ud8",
        b"name",
        b"type",
        b"  ",
        "é".as_bytes(),
        b"\xe6\x97",
    ];
    Vocabulary::new(bytes.chunks(1).chain(longer), ["<end>"])
}
