//! The laws of generating, with the real model and judges of their own.

use std::num::NonZero;

use tokenrail::constraint::Constraint;
use tokenrail::generate::{
    Drafts, Generated, GeneratedToken, Generator, Options, Probabilities, Sampling,
};
use tokenrail::grammar::Grammar;
use tokenrail::model::local::LocalOptions;
use tokenrail::model::{LanguageModel, Logits, Prefixes, Rows};
use tokenrail::schema::Schema;
use tokenrail::vocab::{TokenId, TokenMask, Vocabulary};

#[path = "support/mod.rs"]
mod support;

const SEED: u64 = 2026;
const CHESS: &str = include_str!("../grammars/chess.gbnf");
const SQL: &str = include_str!("../grammars/sql.gbnf");
const LIST: &str = "start: \"[\" item (\", \" item)* \"]\"\nitem: /[a-zé]{1,9}/ | \"日本\" | NUMBER\nNUMBER: /[0-9]{1,4}/";
const DATE: &str = "(on |in )?the [0-9]{1,2}(st|nd|rd|th) of (January|February|December), [0-9]{4}";

/// A grammar, a text to continue, and a budget that every greedy or random walk is to keep.
fn cases() -> Vec<(&'static str, Grammar, &'static str, usize)> {
    let read = |grammar: Result<Grammar, _>| grammar.expect("the grammar is sound");
    vec![
        ("regex", read(Grammar::regex(DATE)), "The war ended ", 20),
        ("choices", read(Grammar::choices(&["yes", "yes, sir", "né", "non"])), "Is it so?", 6),
        ("chess", read(Grammar::gbnf(CHESS)), "The game went:", 14),
        ("sql", read(Grammar::gbnf(SQL)), "All names of users:", 18),
        ("lark", read(Grammar::lark(LIST)), "Some words as a list:", 16),
    ]
}

fn compile(grammar: &Grammar) -> Constraint {
    let vocabulary = support::model().tokenizer().vocabulary();
    Constraint::new(grammar, vocabulary).expect("the grammar compiles")
}

fn generate(constraint: &Constraint, prompt: &str, options: &Options) -> Generated {
    let generator = Generator::new(support::model(), constraint).expect("one vocabulary");
    generator.generate(prompt, options).expect("a text")
}

fn random(seed: u64, max_tokens: usize) -> Options {
    let sampling = Sampling { temperature: 1.5, seed, ..Sampling::default() };
    Options { max_tokens, sampling, ..Options::default() }
}

fn greedy(max_tokens: usize) -> Options {
    Options { max_tokens, ..Options::default() }
}

fn bytes(generated: &Generated) -> Vec<u8> {
    generated.tokens.iter().flat_map(|token| token.bytes.clone()).collect()
}

/// Whether a text is whole, judged without the model's vocabulary.
fn is_whole(grammar: &Grammar, text: &[u8]) -> bool {
    let every_byte: Vec<u8> = (0..=255).collect();
    let vocabulary = Vocabulary::new(every_byte.chunks(1), ["<end>"]);
    let mut judge = Constraint::new(grammar, &vocabulary).expect("it compiles").matcher();
    let count = judge.advance_bytes(text).expect("no limit");
    count == text.len() && judge.is_accepting().expect("no limit")
}

#[test]
fn texts_are_legal_and_whole_within_any_budget() {
    for (name, grammar, prompt, most) in cases() {
        let constraint = compile(&grammar);
        let least = constraint.matcher().tokens_to_accept().expect("no limit");
        for (seed, max_tokens) in (SEED..).zip([least, least + 1, most.max(least)]) {
            let generated = generate(&constraint, prompt, &random(seed, max_tokens));
            let report = || format!("{name}, seed {seed}, {max_tokens} tokens: {generated:#?}");
            assert!(is_whole(&grammar, &bytes(&generated)), "{}", report());
            assert!(generated.tokens.len() <= max_tokens, "{}", report());
            assert_eq!(generated.text.as_bytes(), bytes(&generated), "{}", report());
        }
        let Some(less) = least.checked_sub(1) else { continue };
        let generator = Generator::new(support::model(), &constraint).expect("one vocabulary");
        let refused = generator.generate(prompt, &greedy(less)).expect_err("it is too small");
        assert!(refused.to_string().contains(&format!("needs {least}:")), "{refused}");
    }
}

#[test]
fn the_judge_can_refuse() {
    for (name, grammar, ..) in cases() {
        for text in ["", "in the 3rd of", "yes, sir!", "1. e4 e9 *", "SELECT a FROM", "[a, b,]"] {
            assert!(!is_whole(&grammar, text.as_bytes()), "{name}: {text:?}");
        }
    }
}

#[test]
fn equal_seeds_give_equal_texts() {
    let (_, grammar, prompt, most) = cases().pop().expect("cases");
    let constraint = compile(&grammar);
    let options = random(SEED, most);
    let generator = Generator::new(support::model(), &constraint).expect("one vocabulary");
    let mut started = generator.start(prompt, &options).expect("the prompt fits");
    let texts: Vec<Generated> =
        (0..3).map(|_| started.generate(&mut |_| {}).expect("a text")).collect();
    for (seed, text) in (SEED..).zip(&texts) {
        assert_eq!(&generate(&constraint, prompt, &random(seed, most)), text, "seed {seed}");
    }
    assert!(texts[0] != texts[1] || texts[1] != texts[2], "seed {SEED}: {texts:#?}");
}

/// What is known of a token by running the model anew up to its place.
struct Replayed {
    logprob: f64,
    /// The probability of all tokens that the grammar allows.
    legal: f64,
    /// The probability of those among them after which the text can be finished in time.
    kept: f64,
    /// The most likely one of these.
    best: TokenId,
}

/// Runs the model along a generated text, one token a step, and sums probabilities up by hand.
fn replay(
    constraint: &Constraint,
    prompt: &str,
    generated: &Generated,
    most: usize,
) -> Vec<Replayed> {
    let mut context = support::model().tokenizer().encode(prompt).expect("a prompt");
    let mut matcher = constraint.matcher();
    let mut session = support::model().session();
    let mut replayed = Vec::new();
    for (count, token) in generated.tokens.iter().chain(&generated.end).enumerate() {
        let logits = session.feed(&context, Rows::Last).expect("logits");
        let mask = matcher.mask_within(most - count).expect("a mask");
        assert!(mask.contains(token.id), "{token:?}");
        let legal = sum(&logits, &matcher.mask().expect("a mask"), token.id).kept;
        replayed.push(Replayed { legal, ..sum(&logits, &mask, token.id) });
        assert!(matcher.advance(token.id).expect("no limit"), "{token:?}");
        context = vec![token.id];
    }
    replayed
}

fn sum(logits: &Logits, legal: &TokenMask, id: TokenId) -> Replayed {
    let row: Vec<f64> =
        logits.rows().last().expect("a row").iter().copied().map(f64::from).collect();
    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let all: f64 = row.iter().map(|logit| (logit - top).exp()).sum();
    let ids = (0..).map(TokenId).take(row.len()).filter(|id| legal.contains(*id));
    let kept: f64 = ids.clone().map(|id| (row[id.index()] - top).exp()).sum();
    let best = ids.reduce(|best, id| if row[id.index()] > row[best.index()] { id } else { best });
    Replayed {
        logprob: row[id.index()] - top - all.ln(),
        legal: kept / all,
        kept: kept / all,
        best: best.expect("a legal token"),
    }
}

#[test]
fn removed_mass_and_logprobs_are_the_model_s() {
    for (name, grammar, prompt, most) in cases() {
        let constraint = compile(&grammar);
        let generated = generate(&constraint, prompt, &greedy(most));
        let replayed = replay(&constraint, prompt, &generated, most);
        let tokens = generated.tokens.iter().chain(&generated.end);
        for (token, Replayed { logprob, legal, kept, best }) in tokens.zip(replayed) {
            let is_close = |found: f64, expected: f64| (found - expected).abs() < 2e-3;
            let of_all = |number: Option<f64>| number.expect("all probabilities are there");
            assert!(is_close(of_all(token.logprob), logprob), "{name}: {token:?}, {logprob}");
            let found = of_all(token.removed);
            if token.is_forced {
                assert!(is_close(found, 1.0 - logprob.exp()), "{name}: {token:?}");
                assert_eq!(token.masked_logprob, 0.0, "{name}: {token:?}");
            } else {
                // Of those that lead too far as many count as were tried.
                let removed = 1.0 - legal - 2e-3..=1.0 - kept + 2e-3;
                assert!(removed.contains(&found), "{name}: {token:?}, {removed:?}");
                let masked = logprob - (1.0 - found).ln();
                assert!(is_close(token.masked_logprob, masked), "{name}: {token:?}, {masked}");
                assert_eq!(token.id, best, "{name}: {token:?}");
            }
        }
    }
}

/// The most likely legal token, each on its own, with none forced.
fn unforced(constraint: &Constraint, prompt: &str, most: usize) -> Vec<u8> {
    let tokenizer = support::model().tokenizer();
    let mut context = tokenizer.encode(prompt).expect("a prompt");
    let mut matcher = constraint.matcher();
    let mut session = support::model().session();
    let mut bytes = Vec::new();
    for count in 0..=most {
        if matcher.stop().expect("no limit").is_some() {
            break;
        }
        let logits = session.feed(&context, Rows::Last).expect("logits");
        let mask = matcher.mask_within(most - count).expect("a mask");
        let Replayed { best, .. } = sum(&logits, &mask, TokenId(0));
        assert!(matcher.advance(best).expect("no limit"));
        bytes.extend_from_slice(tokenizer.vocabulary().bytes(best));
        context = vec![best];
    }
    bytes
}

#[test]
fn forced_tokens_leave_greedy_texts_as_they_are() {
    let letter = Grammar::gbnf(
        "root ::= \"Dear \" (\"Sir\" | \"Madam\") \", I thank you for \" [a-z ]{3,12} \".\"",
    );
    let mut cases = cases();
    cases.push(("letter", letter.expect("the grammar is sound"), "A letter:\n", 24));
    let mut forced = 0;
    for (name, grammar, prompt, most) in cases {
        let constraint = compile(&grammar);
        let generated = generate(&constraint, prompt, &greedy(most));
        let expected = unforced(&constraint, prompt, most);
        assert_eq!(generated.text, String::from_utf8_lossy(&expected), "{name}");
        let mut matcher = constraint.matcher();
        for token in &generated.tokens {
            let only = matcher.forced_bytes().expect("no limit");
            assert!(!token.is_forced || only.starts_with(&token.bytes), "{name}: {token:?}");
            forced += usize::from(token.is_forced);
            assert!(matcher.advance(token.id).expect("no limit"), "{name}: {token:?}");
        }
    }
    assert!(forced >= 6, "{forced} forced tokens");
}

/// What a text says and what is known of it, without what it cost.
fn told(generated: Generated) -> Generated {
    Generated { drafts: Drafts::default(), ..generated }
}

#[test]
fn drafts_change_no_token() {
    let schema = serde_json::json!({
        "type": "object",
        "properties": {"name": {"enum": ["Ada", "Adam"]}, "tags": {"items": {"type": "boolean"}}},
        "required": ["name", "tags"],
    });
    let schema = Schema::new(&schema, &Default::default()).expect("a schema");
    let mut cases = cases();
    cases.push(("schema", Grammar::schema(&schema), "Ada is a name. As JSON: ", 40));
    let copied = "One two three four. One two three four. One two three four. One two";
    cases.push(("free", Grammar::regex("(?s).*").expect("it is sound"), copied, 24));
    let mut all = Drafts::default();
    for (name, grammar, prompt, most) in cases {
        let constraint = compile(&grammar);
        for options in [greedy(most), random(SEED, most)] {
            let by = |look_ahead| {
                let options = Options { look_ahead, ..options.clone() };
                generate(&constraint, prompt, &options)
            };
            let plain = by(0);
            assert_eq!((plain.drafts.drafted, plain.drafts.accepted), (0, 0), "{name}");
            for look_ahead in [2, 8] {
                let drafted = by(look_ahead);
                let drafts = drafted.drafts;
                assert_eq!(drafts.passes + drafts.accepted, plain.drafts.passes, "{name}");
                all.drafted += drafts.drafted;
                all.accepted += drafts.accepted;
                let seed = options.sampling.seed;
                assert_eq!(told(drafted), told(plain.clone()), "{name}, seed {seed}, {look_ahead}");
            }
        }
    }
    assert!(all.accepted >= 10 && all.drafted > all.accepted, "{all:?}");
}

#[test]
fn fewer_probabilities_change_no_token() {
    for (name, grammar, prompt, most) in cases() {
        let constraint = compile(&grammar);
        for options in [greedy(most), random(SEED, most)] {
            for look_ahead in [0, 8] {
                let by = |probabilities| {
                    let options = Options { probabilities, look_ahead, ..options.clone() };
                    generate(&constraint, prompt, &options)
                };
                let [all, legal] = [Probabilities::All, Probabilities::Legal].map(by);
                assert_eq!(legal.text, all.text, "{name}");
                let tokens = |it: &Generated| it.tokens.iter().chain(&it.end).cloned().collect();
                let [all, legal]: [Vec<GeneratedToken>; 2] = [tokens(&all), tokens(&legal)];
                assert_eq!(legal.len(), all.len(), "{name}");
                for (legal, all) in legal.iter().zip(&all) {
                    let far = legal.masked_logprob - all.masked_logprob;
                    assert!(far.abs() < 1e-9, "{name}: {legal:?}, {all:?}");
                    let expected = GeneratedToken {
                        logprob: None,
                        removed: None,
                        masked_logprob: legal.masked_logprob,
                        ..all.clone()
                    };
                    assert_eq!(legal, &expected, "{name}");
                }
            }
        }
    }
}

#[test]
fn threads_change_no_drawn_token() {
    let (_, grammar, prompt, most) = cases().swap_remove(4);
    let constraint = compile(&grammar);
    let drawn = |threads| {
        let threads = NonZero::new(threads);
        let model = support::open(&LocalOptions { threads, ..LocalOptions::default() });
        let generator = Generator::new(&model, &constraint).expect("one vocabulary");
        (SEED..SEED + 3)
            .map(|seed| generator.generate(prompt, &random(seed, most)).expect("a text"))
            .collect::<Vec<Generated>>()
    };
    let expected = drawn(1);
    for threads in [2, 3] {
        assert_eq!(drawn(threads), expected, "{threads} threads");
    }
}

#[test]
fn kept_prefixes_change_no_text() {
    let prefixes = Prefixes::new(support::model(), 64 << 20);
    for (name, grammar, prompt, most) in cases() {
        let constraint = compile(&grammar);
        let generator = Generator::with_prefixes(&prefixes, &constraint).expect("one vocabulary");
        for prompt in [prompt, prompt, &format!("{prompt} Once more: {prompt}")] {
            let found = generator.generate(prompt, &greedy(most)).expect("a text");
            assert_eq!(found, generate(&constraint, prompt, &greedy(most)), "{name}: {prompt}");
        }
    }
    assert!(prefixes.bytes() > 0);
}
