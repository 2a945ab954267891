//! Texts that go on behind a prefix: its last tokens are written anew, and it stays as it is.

use std::collections::BTreeSet;

use tokenrail::constraint::Constraint;
use tokenrail::generate::{Generated, Generator, Options, Sampling};
use tokenrail::grammar::Grammar;
use tokenrail::model::local::LocalModel;
use tokenrail::model::{LanguageModel, Rows};
use tokenrail::vocab::TokenId;

#[path = "tiny/builder/mod.rs"]
mod builder;
#[path = "tiny/random.rs"]
mod random;
#[path = "support/mod.rs"]
mod support;

const SEED: u64 = 2026;

fn resumed(
    model: &dyn LanguageModel,
    constraint: &Constraint,
    (prompt, prefix): (&str, &str),
    options: &Options,
) -> Generated {
    let generator = Generator::new(model, constraint).expect("one vocabulary");
    let mut started = generator.resume(prompt, prefix, options).expect("it begins so");
    started.generate(&mut |_| {}).expect("a text")
}

/// What one could write after a context, byte for byte the prefix and behind it something legal: by trying
/// every token, the most likely first.
///
/// Tokens are taken back as far as a token of the vocabulary can reach over the end of the prefix.
struct Judge<'j> {
    model: &'j dyn LanguageModel,
    constraint: &'j Constraint,
    max_tokens: usize,
}

impl Judge<'_> {
    /// The greedy text behind the prefix.
    fn text(&self, prompt: &str, prefix: &str) -> Vec<u8> {
        let vocabulary = self.model.tokenizer().vocabulary();
        let mut context =
            self.model.tokenizer().encode(&format!("{prompt}{prefix}")).expect("a prompt");
        let tokens = || (0..vocabulary.len() as u32).map(TokenId);
        let reaches = |length: &usize| {
            let end = &prefix.as_bytes()[prefix.len() - length..];
            tokens().any(|id| {
                vocabulary.bytes(id).len() > *length && vocabulary.bytes(id).starts_with(end)
            })
        };
        let reach = (1..=prefix.len()).rev().find(reaches).unwrap_or(0);
        let mut back = Vec::new();
        while back.len() < reach && context.len() > 1 {
            let last = vocabulary.bytes(context[context.len() - 1]).to_vec();
            if last.is_empty() || last.len() + back.len() > prefix.len() {
                break;
            }
            context.pop();
            back.splice(0..0, last);
        }
        let whole = [&prefix.as_bytes()[..prefix.len() - back.len()], &back[..]].concat();
        assert_eq!(whole, prefix.as_bytes());
        self.greedy(context, prefix, prefix.len() - back.len())
    }

    fn greedy(&self, mut context: Vec<TokenId>, prefix: &str, kept: usize) -> Vec<u8> {
        let mut left = self.max_tokens;
        let vocabulary = self.model.tokenizer().vocabulary();
        let mut text = prefix.as_bytes()[..kept].to_vec();
        let mut session = self.model.session();
        while left > 0 {
            let logits = session.feed(&context, Rows::Last).expect("logits");
            let row = logits.rows().next().expect("a row").to_vec();
            let mut ids: Vec<TokenId> = (0..vocabulary.len() as u32).map(TokenId).collect();
            ids.sort_by(|a, b| row[b.index()].total_cmp(&row[a.index()]).then(a.cmp(b)));
            let next = ids.into_iter().find_map(|id| {
                let token = vocabulary.bytes(id);
                let next = [&text[..], token].concat();
                let is_end = vocabulary.eos().contains(&id);
                let is_legal = if is_end {
                    text.len() >= prefix.len() && self.is_whole(&text)
                } else {
                    !token.is_empty() && self.agrees(&next, prefix) && self.is_begin(&next)
                };
                is_legal.then_some((id, next, is_end))
            });
            let Some((id, next, false)) = next else { break };
            // Tokens that write nothing behind the prefix are none of the budget.
            left -= usize::from(next.len() > prefix.len());
            (text, context) = (next, vec![id]);
        }
        text.split_off(prefix.len())
    }

    fn agrees(&self, text: &[u8], prefix: &str) -> bool {
        let length = text.len().min(prefix.len());
        text[..length] == prefix.as_bytes()[..length]
    }

    fn is_begin(&self, text: &[u8]) -> bool {
        self.constraint.matcher().advance_bytes(text).expect("no limit") == text.len()
    }

    fn is_whole(&self, text: &[u8]) -> bool {
        let mut matcher = self.constraint.matcher();
        let length = matcher.advance_bytes(text).expect("no limit");
        length == text.len() && matcher.is_accepting().expect("no limit")
    }
}

fn tiny(seed: u64) -> LocalModel {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tiny.gguf");
    std::fs::write(&path, builder::Tiny::new(seed).gguf(builder::Element::F32).bytes())
        .expect("it can be written");
    LocalModel::open(&path).expect("it opens")
}

#[test]
fn a_judge_that_tries_every_token_writes_the_same() {
    let grammars = ["(?s:.){0,12}", "[a-z ]{1,9}", "(the|they|then|thing) (an|ant|on|1)*"];
    let prefixes = ["the", "th", "t", "the ", "they a", "thing on", "then an", "the a"];
    let mut healed = 0;
    for seed in SEED..SEED + 3 {
        let model = tiny(seed);
        for grammar in grammars {
            let grammar = Grammar::regex(grammar).expect("it is sound");
            let vocabulary = model.tokenizer().vocabulary();
            let constraint = Constraint::new(&grammar, vocabulary).expect("it compiles");
            for prefix in prefixes {
                let judge = Judge { model: &model, constraint: &constraint, max_tokens: 40 };
                if !judge.is_begin(prefix.as_bytes()) {
                    continue;
                }
                let options = Options { max_tokens: 40, ..Options::default() };
                let found = resumed(&model, &constraint, ("in ", prefix), &options);
                let expected = judge.text("in ", prefix);
                let report = || format!("seed {seed}, {grammar:?}, {prefix:?}: {found:#?}");
                assert_eq!(found.text.as_bytes(), expected, "{}", report());
                let bytes: Vec<u8> =
                    found.tokens.iter().flat_map(|token| token.bytes.clone()).collect();
                assert_eq!(found.text.as_bytes(), bytes, "{}", report());
                healed += usize::from(
                    found
                        .tokens
                        .iter()
                        .any(|token| token.bytes.len() < vocabulary.bytes(token.id).len()),
                );
            }
        }
    }
    assert!(healed > 10, "only {healed} prefixes were written anew");
}

/// Drawn or greedy, within any budget: prefix and rest are a legal text that is whole.
#[test]
fn prefixes_stay_and_texts_are_whole() {
    let model = tiny(SEED);
    let grammar = Grammar::regex("(the|then|thing) (an|ant|on|1){0,5}\\.").expect("it is sound");
    let vocabulary = model.tokenizer().vocabulary();
    let constraint = Constraint::new(&grammar, vocabulary).expect("it compiles");
    let mut texts = BTreeSet::new();
    for prefix in ["th", "the", "thing ", "then an", "the ant", "the an."] {
        for seed in SEED..SEED + 20 {
            let mut matcher = constraint.matcher();
            matcher.advance_bytes(prefix.as_bytes()).expect("no limit");
            let least = matcher.tokens_to_accept().expect("no limit");
            let sampling = Sampling { temperature: 2.0, seed, ..Sampling::default() };
            let max_tokens = least + seed as usize % 3;
            let options = Options { max_tokens, sampling, ..Options::default() };
            let found = resumed(&model, &constraint, ("in ", prefix), &options);
            let whole = format!("{prefix}{}", found.text);
            let judge = Judge { model: &model, constraint: &constraint, max_tokens };
            assert!(judge.is_whole(whole.as_bytes()), "seed {seed}, {prefix:?}: {found:#?}");
            let behind = found.tokens.iter().filter(|token| !token.bytes.is_empty());
            assert!(behind.count() <= max_tokens, "seed {seed}, {prefix:?}: {found:#?}");
            texts.insert(whole);
        }
    }
    assert!(texts.len() > 10, "{texts:?}");
}

/// The default model goes on with the word that was begun, with a grammar and without one.
#[test]
fn a_word_that_was_cut_is_gone_on_with() {
    let model = support::model();
    let schema = tokenrail::schema::Schema::new(
        &serde_json::json!({
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
            "additionalProperties": false,
        }),
        &Default::default(),
    );
    let grammars = [
        Grammar::schema(&schema.expect("a schema")),
        Grammar::regex("(?s:.)*").expect("it is sound"),
    ];
    let ada = "Ada Lovelace wrote the first program. As JSON: ";
    let king = "Alexander the Great was a king. As JSON: ";
    let cases = [
        (ada, "{\"name\": \"Ada Love", "lace\""),
        (ada, "{\"name\": \"Ada Lovela", "ce\""),
        (king, "{\"name\": \"Alexander the G", "reat\""),
        (king, "{\"name\": \"Alexander the Grea", "t\""),
        ("Leonardo da Vinci painted it. As JSON: ", "{\"name\": \"Leonar", "do da Vinci\""),
    ];
    for grammar in &grammars {
        let vocabulary = model.tokenizer().vocabulary();
        let constraint = Constraint::new(grammar, vocabulary).expect("it compiles");
        for (prompt, prefix, rest) in cases {
            let options = Options { max_tokens: 12, ..Options::default() };
            let found = resumed(model, &constraint, (prompt, prefix), &options);
            assert!(found.text.starts_with(rest), "{prefix}{}", found.text);
        }
    }
}
