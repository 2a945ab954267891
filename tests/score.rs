//! Scoring against an independent implementation and a brute-force one, and its laws.

#[path = "tiny/builder/mod.rs"]
mod builder;
#[path = "tiny/random.rs"]
mod random;
mod support;

use builder::{Element, Tiny};
use serde_json::Value;
use support::{cases, floats, lines, model};
use tempfile::TempDir;
use tokenrail::model::local::LocalModel;
use tokenrail::model::{Chat, Distribution, LanguageModel, Rows};
use tokenrail::score::{
    Bos, Boundary, By, Candidate, Duplicates, End, InspectOptions, Options, Outcome, Ranked,
    ScoreError, Scorer, TrailingSpace, Truncation, inspect,
};
use tokenrail::vocab::TokenId;

/// Nats between this float32 path and an independent one, a token.
const REFERENCE_TOLERANCE: f64 = 2e-3;
/// Nats between two ways of computing the same token here.
const SAME: f64 = 1e-4;

fn score(prompt: &str, candidates: &[&str], options: &Options) -> Result<Ranked, ScoreError> {
    let candidates: Vec<String> = candidates.iter().map(|&text| text.to_owned()).collect();
    Scorer::new(model()).score(prompt, &candidates, options)
}

fn by_index(ranked: &Ranked) -> Vec<&Candidate> {
    let mut candidates: Vec<&Candidate> = ranked.candidates.iter().collect();
    candidates.sort_by_key(|candidate| candidate.index);
    candidates
}

fn logprobs(candidate: &Candidate) -> Vec<f64> {
    candidate.tokens.iter().map(|token| token.logprob).collect()
}

fn sum(candidate: &Candidate) -> f64 {
    candidate.scores().expect("it was scored").sum
}

fn assert_near(actual: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}: {actual:?}, expected {expected:?}");
    for (a, e) in actual.iter().zip(expected) {
        assert!((a - e).abs() <= tolerance, "{what}: {actual:?}, expected {expected:?}");
    }
}

/// The judge: each candidate in a session of its own, token by token.
fn brute_force(context: &[TokenId], candidate: &[TokenId]) -> Vec<f64> {
    let mut session = model().session();
    let mut logits = session.feed(context, Rows::Last).expect("the context feeds");
    let mut logprobs = Vec::new();
    for &id in candidate {
        let row = logits.rows().next().expect("one row").to_vec();
        logprobs.push(Distribution::new(&row).expect("finite").logprob(id));
        logits = session.feed(&[id], Rows::Last).expect("a token feeds");
    }
    logprobs
}

fn texts(value: &Value) -> Vec<String> {
    value
        .as_array()
        .expect("texts")
        .iter()
        .map(|text| text.as_str().expect("a text").to_owned())
        .collect()
}

#[test]
fn multiple_choice_equals_the_reference() {
    let items = lines(&cases("eval/reference_mc.jsonl", "reference_mc.jsonl"));
    assert!(!items.is_empty());
    let mut scorer = Scorer::new(model());
    // One item of the set has the same choice twice.
    let options = Options {
        trailing_space: TrailingSpace::Keep,
        duplicates: Duplicates::Keep,
        ..Options::default()
    };
    for item in &items {
        let what = format!("{} {}", item["task"], item["i"]);
        let context = item["ctx"].as_str().expect("a context");
        let ranked = scorer.score(context, &texts(&item["choices"]), &options).expect(&what);
        let expected: Vec<Vec<f64>> =
            item["logprobs_f32"].as_array().expect("logprobs").iter().map(floats).collect();
        for (candidate, expected) in by_index(&ranked).into_iter().zip(&expected) {
            assert_near(&logprobs(candidate), expected, REFERENCE_TOLERANCE, &what);
        }
        let sums: Vec<f64> = expected.iter().map(|logprobs| logprobs.iter().sum()).collect();
        let best = (0..sums.len()).max_by(|&a, &b| sums[a].total_cmp(&sums[b]).then(b.cmp(&a)));
        assert_eq!(Some(ranked.winner()), best, "{what}: winner");
        assert_eq!(ranked.counters.head_rows, rows_needed(&item["cont_tokens"]), "{what}: rows");
    }
}

/// Distinct places in a trie from which a candidate goes on, the root included.
fn rows_needed(candidates: &Value) -> usize {
    let candidates: Vec<&Vec<Value>> = candidates
        .as_array()
        .expect("candidates")
        .iter()
        .map(|c| c.as_array().expect("ids"))
        .collect();
    let mut places: Vec<&[Value]> = Vec::new();
    for candidate in candidates {
        for end in 0..candidate.len() {
            if !places.contains(&&candidate[..end]) {
                places.push(&candidate[..end]);
            }
        }
    }
    places.len()
}

#[test]
fn packed_equals_one_by_one_whoever_else_is_there() {
    let prompt = "The weather in Lisbon in May is usually";
    let texts = [
        " warm and dry",
        " warm",
        " warm and dry, with",
        " cold",
        " mild",
        " 23 degrees",
        "ly",
        ".",
    ];
    let all = score(prompt, &texts, &Options::default()).expect("they score");
    assert_eq!(all.decisions.healed, 0);
    for candidate in &all.candidates {
        let ids: Vec<TokenId> = candidate.tokens.iter().map(|token| token.id).collect();
        let context = model().tokenizer().encode(prompt).expect("it encodes");
        assert_near(&logprobs(candidate), &brute_force(&context, &ids), SAME, &candidate.text);
        let alone = score(prompt, &[&candidate.text], &Options::default()).expect("it scores");
        assert_near(&logprobs(candidate), &logprobs(&alone.candidates[0]), SAME, &candidate.text);
    }
    let mut reversed = texts;
    reversed.reverse();
    let reversed = score(prompt, &reversed, &Options::default()).expect("they score");
    for (a, b) in all.candidates.iter().zip(&reversed.candidates) {
        assert_eq!(
            (&a.text, a.scores().and_then(|s| s.rank)),
            (&b.text, b.scores().and_then(|s| s.rank))
        );
        assert_near(&logprobs(a), &logprobs(b), SAME, &a.text);
    }
}

#[test]
fn consecutive_prompts_reuse_what_they_share_and_score_the_same() {
    let mut scorer = Scorer::new(model());
    let candidates = [" red", " blue"].map(str::to_owned);
    let prompts = [
        "The colour of the sky is",
        "The colour of the sea is",
        "The colour of the sea is",
        "Grass is",
    ];
    for prompt in prompts {
        let reused = scorer.score(prompt, &candidates, &Options::default()).expect("it scores");
        let fresh = score(prompt, &[" red", " blue"], &Options::default()).expect("it scores");
        for (a, b) in reused.candidates.iter().zip(&fresh.candidates) {
            assert_near(&logprobs(a), &logprobs(b), SAME, prompt);
        }
    }
    let again = scorer.score(prompts[3], &candidates, &Options::default()).expect("it scores");
    assert_eq!(
        (again.counters.reused_tokens, again.counters.forward_tokens),
        (2, 1),
        "{:?}",
        again.counters
    );
}

#[test]
fn probabilities_of_a_finite_language_sum_to_at_most_one() {
    // All single tokens are a finite, prefix-free language; a sample with terminators is another.
    let vocabulary = model().tokenizer().vocabulary();
    let context = model().tokenizer().encode("She opened the").expect("it encodes");
    let logits = model().session().feed(&context, Rows::Last).expect("it feeds");
    let row = logits.rows().next().expect("one row").to_vec();
    let next = Distribution::new(&row).expect("finite");
    let ids = (0u32..).take(vocabulary.len()).map(TokenId);
    let whole: f64 = ids.map(|id| next.logprob(id).exp()).sum();
    assert!((whole - 1.0).abs() < 1e-6, "{whole}");

    let options = Options { end: End::Eos, ..Options::default() };
    let words = [
        " door",
        " window",
        " box",
        " door of",
        " door of the",
        " letter",
        " book",
        " gate",
        " door.",
    ];
    let ranked = score("She opened the", &words, &options).expect("they score");
    let mass = ranked.label_mass.expect("terminated candidates are prefix-free");
    assert!(mass > 0.0 && mass <= 1.0, "{mass}");
    let total: f64 = ranked.candidates.iter().filter_map(|c| c.scores()?.probability).sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");
}

#[test]
fn top_finds_the_winners_of_ranking_all_with_fewer_tokens() {
    let items = lines(&cases("eval/reference_mc.jsonl", "reference_mc.jsonl"));
    let context = items[0]["ctx"].as_str().expect("a context");
    let mut pool: Vec<String> = items.iter().flat_map(|item| texts(&item["choices"])).collect();
    pool.sort();
    pool.dedup();
    pool.truncate(16);
    let options = Options { unconditional: Some("Answer:".to_owned()), ..Options::default() };
    let all = Scorer::new(model()).score(context, &pool, &options).expect("they score");
    for (by, top) in By::ALL.map(|by| (by, 1)).into_iter().chain([(By::Sum, 3)]) {
        let options = Options { by, top: Some(top), ..options.clone() };
        let some = Scorer::new(model()).score(context, &pool, &options).expect("they score");
        assert!(some.counters.stopped > 0, "{by}: none was stopped");
        assert!(
            some.counters.forward_tokens < all.counters.forward_tokens,
            "{by}: {:?}",
            some.counters
        );
        let exact = |candidate: &&Candidate| candidate.scores().and_then(|scores| scores.by(by));
        let exact: Vec<f64> = by_index(&all).iter().filter_map(exact).collect();
        let mut order: Vec<usize> = (0..pool.len()).collect();
        order.sort_by(|&a, &b| exact[b].total_cmp(&exact[a]));
        let winners = some.candidates[..top].iter().map(|candidate| candidate.index);
        assert_eq!(winners.collect::<Vec<_>>(), order[..top], "{by} top {top}");
        check_bounds(&some, &exact);
    }
}

/// What was stopped says a true upper bound; the rest has its score and, where certain, its rank.
fn check_bounds(some: &Ranked, exact: &[f64]) {
    let by = some.decisions.options.by;
    for (candidate, &exact_score) in by_index(some).into_iter().zip(exact) {
        let what = format!("{by}: {}", candidate.text);
        match candidate.outcome {
            Outcome::Stopped { upper_bound } => {
                assert!(upper_bound >= exact_score - SAME, "{what}")
            }
            Outcome::Scored(scores) => {
                assert_near(&[scores.by(by).expect("a score")], &[exact_score], SAME, &what);
                let rank = 1 + exact.iter().filter(|&&other| other > exact_score).count();
                assert!(scores.rank.is_none_or(|certain| certain == rank), "{what}: {scores:?}");
            }
        }
    }
}

#[test]
fn a_large_trie_that_does_not_fit_at_once_scores_the_same() {
    // Over 512 inner nodes, so that the session's tree is dropped and begun again.
    let words = ["amber", "birch", "cedar", "delta", "ember"];
    let mut pool = Vec::new();
    for a in words {
        for b in words {
            for c in words {
                pool.push(format!(" {a} {b} {c} {a}{c} {b}{a} {c}"));
            }
        }
    }
    let ranked =
        Scorer::new(model()).score("List:", &pool, &Options::default()).expect("they score");
    assert!(ranked.counters.forward_tokens > 512, "{:?}", ranked.counters);
    for index in [0, 67, 124] {
        let packed = by_index(&ranked)[index];
        let alone = score("List:", &[&pool[index]], &Options::default()).expect("it scores");
        assert_near(&logprobs(packed), &logprobs(&alone.candidates[0]), SAME, &pool[index]);
    }
}

#[test]
fn candidates_that_merge_with_the_prompt_back_off_together() {
    let ranked =
        score("The answ", &["er", "ers are", "ring"], &Options::default()).expect("they score");
    let decisions = &ranked.decisions;
    assert!(decisions.healed > 0 && " answ".ends_with(&decisions.overhang), "{decisions:?}");
    let tokenizer = model().tokenizer();
    for candidate in &ranked.candidates {
        let whole = tokenizer.encode(&format!("The answ{}", candidate.text)).expect("it encodes");
        let (context, scored) = whole.split_at(whole.len() - candidate.tokens.len());
        assert_eq!(candidate.tokens.iter().map(|token| token.id).collect::<Vec<_>>(), scored);
        assert_near(&logprobs(candidate), &brute_force(context, scored), SAME, &candidate.text);
        let spelled: String = candidate.tokens.iter().map(|token| token.text.as_str()).collect();
        assert_eq!(spelled, format!("{}{}", decisions.overhang, candidate.text));
    }
    let separate = Options { boundary: Boundary::Separate, ..Options::default() };
    let separate = score("The answ", &["er", "ers are"], &separate).expect("they score");
    assert_eq!(separate.decisions.healed, 0);
}

#[test]
fn decisions_are_made_and_said() {
    let moved =
        score("Two plus two is ", &["four", "five"], &Options::default()).expect("they score");
    let spaced =
        score("Two plus two is", &[" four", " five"], &Options::default()).expect("they score");
    assert_eq!(moved.decisions.moved_spaces, 1);
    assert_near(&[sum(&moved.candidates[0])], &[sum(&spaced.candidates[0])], SAME, "moved space");
    let a = moved.candidates[0].scores().expect("scored");
    assert_near(
        &[a.per_char, a.per_byte],
        &[a.sum / 4.0, a.sum / 4.0],
        1e-12,
        "lengths without the space",
    );

    let keep = Options { trailing_space: TrailingSpace::Keep, ..Options::default() };
    let kept = score("Two plus two is ", &["four", "five"], &keep).expect("they score");
    assert!(kept.decisions.moved_spaces == 0 && kept.decisions.healed > 0, "{:?}", kept.decisions);

    let empty = score("", &["Hello", "Hullo"], &Options::default()).expect("they score");
    assert_eq!(empty.decisions.bos, Bos::StandsIn);
    let bos = model().tokenizer().vocabulary().bos().expect("it has one");
    let ids: Vec<TokenId> = empty.candidates[0].tokens.iter().map(|token| token.id).collect();
    assert_near(&logprobs(&empty.candidates[0]), &brute_force(&[bos], &ids), SAME, "empty prompt");

    let prefix = score("I am", &[" here", " here now"], &Options::default()).expect("they score");
    assert!(prefix.label_mass.is_none() && prefix.decisions.warnings[0].contains("begins another"));
    let folded = score("I am", &[" Here", " here"], &Options::default()).expect("they score");
    assert!(
        folded.decisions.warnings[0].contains("0, 1 differ in case"),
        "{:?}",
        folded.decisions.warnings
    );
}

#[test]
fn chat_puts_candidates_where_the_assistant_begins() {
    let chat = Some(Chat::default());
    let options = Options { chat: chat.clone(), ..Options::default() };
    let ranked =
        score("Is fire hot? Answer yes or no.", &["Yes", "No"], &options).expect("they score");
    let rendered = ranked.decisions.rendered.as_deref().expect("it was rendered");
    assert!(
        rendered.ends_with("<|im_start|>assistant\n") && rendered.contains("Is fire hot?"),
        "{rendered}"
    );
    let context = model().tokenizer().encode(rendered).expect("it encodes");
    let ids: Vec<TokenId> = ranked.candidates[0].tokens.iter().map(|token| token.id).collect();
    assert_near(&logprobs(&ranked.candidates[0]), &brute_force(&context, &ids), SAME, "chat");
    let spaced = score("Is fire hot?", &[" Yes", " No"], &options).expect("they score");
    assert!(spaced.decisions.warnings.iter().any(|warning| warning.contains("space")));
    let prefill = Chat { prefill: "My answer is".to_owned(), system: Some("Be brief.".to_owned()) };
    let prefilled =
        score("Is fire hot?", &[" yes", " no"], &Options { chat: Some(prefill), ..options });
    let rendered = prefilled.expect("they score").decisions.rendered.expect("it was rendered");
    assert!(
        rendered.ends_with("assistant\nMy answer is") && rendered.contains("system\nBe brief.")
    );
}

#[test]
fn pmi_subtracts_the_unconditional_sum() {
    let options =
        Options { by: By::Pmi, unconditional: Some("Answer:".to_owned()), ..Options::default() };
    let ranked =
        score("Q: What barks? Answer:", &[" a dog", " a cat"], &options).expect("they score");
    let unconditional =
        score("Answer:", &[" a dog", " a cat"], &Options::default()).expect("they score");
    for (with, without) in by_index(&ranked).into_iter().zip(by_index(&unconditional)) {
        let pmi = with.scores().and_then(|scores| scores.pmi).expect("it has one");
        assert_near(&[pmi], &[sum(with) - sum(without)], SAME, &with.text);
    }
}

#[test]
fn pmi_compares_the_same_texts() {
    let cases = [
        ("Answer: ", "Answer: ", [" ", " "]),
        ("Answer:", "Answer:", ["", ""]),
        ("Answer:  ", "Answer: ", ["  ", "  "]),
        ("Q: What barks? Answer: ", "Answer:", [" ", " "]),
        ("Q: What barks? Answer: ", "", [" ", " "]),
        ("Q: What barks? Answer:", "Answer: ", ["", " "]),
    ];
    for (prompt, context, [given, behind_context]) in cases {
        let options = Options { unconditional: Some(context.to_owned()), ..Options::default() };
        let ranked = score(prompt, &["yes", "no"], &options).expect("they score");
        let texts = ["yes", "no"].map(|text| format!("{behind_context}{text}"));
        let texts = texts.each_ref().map(String::as_str);
        let alone = score(context.trim_end(), &texts, &Options::default()).expect("they score");
        for (with, without) in by_index(&ranked).into_iter().zip(by_index(&alone)) {
            let what = format!("{prompt:?} and {context:?}");
            let scores = with.scores().expect("it was scored");
            let pmi = scores.pmi.expect("it has one");
            assert_near(&[pmi], &[scores.sum - sum(without)], SAME, &what);
            assert!(prompt != context || pmi.abs() <= SAME, "{what}: {pmi}");
        }
        let decisions = &ranked.decisions;
        assert_eq!(decisions.moved_spaces, given.len());
        let context = decisions.unconditional.as_ref().expect("there is a context");
        assert_eq!(context.moved_spaces, behind_context.len());
    }
    let refuse = TrailingSpace::Refuse;
    let options = Options {
        unconditional: Some("A: ".to_owned()),
        trailing_space: refuse,
        ..Options::default()
    };
    let refused = score("Q:", &[" yes"], &options).expect_err("the context ends in a space");
    let what = "with the unconditional context as the prompt: the prompt ends in 1 space";
    assert!(refused.to_string().starts_with(what), "{refused}");
}

#[test]
fn decisions_about_the_unconditional_context_are_said() {
    let folder = TempDir::new().expect("a folder");
    let tiny = Tiny { adds_bos: true, ..Tiny::smallest(7) };
    let path = folder.path().join("tiny.gguf");
    std::fs::write(&path, tiny.gguf(Element::F32).bytes()).expect("a writable folder");
    let model = LocalModel::open(&path).expect("the file opens");
    let score = |truncation| {
        let context = "nateha".repeat(5);
        let options =
            Options { truncation, unconditional: Some(context.clone()), ..Options::default() };
        let excess = context.len() + 2 - tiny.context;
        (excess, Scorer::new(&model).score("n", &["a".to_owned()], &options))
    };
    let (excess, ranked) = score(Truncation::Left);
    let decisions = ranked.expect("it fits when it is cut").decisions;
    let context = decisions.unconditional.expect("there is a context");
    assert_eq!((context.truncated, context.bos, decisions.truncated), (excess, Bos::Added, 0));
    let refused = score(Truncation::Refuse).1.expect_err("it does not fit").to_string();
    let what = "with the unconditional context as the prompt: the prompt has 31 tokens";
    assert!(refused.starts_with(what), "{refused}");
}

#[test]
fn warnings_are_given_where_they_hold() {
    let end = |text: &str| Options { end: End::Text(text.to_owned()), ..Options::default() };
    let prefill = |text: &str| Options {
        chat: Some(Chat { prefill: text.to_owned(), ..Chat::default() }),
        ..Options::default()
    };
    let (begins, spaced) = ("a candidate begins another", "a candidate begins with a space");
    let cases: [(&str, &[&str], Options, &[&str]); 8] = [
        ("I", &[" a", " ab"], end(" z"), &[]),
        ("I", &[" a", " a z"], end(" z"), &[begins]),
        ("I", &[" a", " a z"], Options::default(), &[begins]),
        ("I", &[" a", " a z"], Options { end: End::Eos, ..Options::default() }, &[]),
        ("I", &[" a", " b"], prefill(""), &[spaced]),
        ("I", &["a", "b"], prefill("Answer: "), &[]),
        ("I", &[" a", " b"], prefill("Answer:"), &[]),
        (
            "",
            &["<|im_start|>x", "y"],
            Options::default(),
            &["candidate 0 is scored from its second"],
        ),
    ];
    for (prompt, candidates, options, expected) in cases {
        let ranked = score(prompt, candidates, &options).expect("they score");
        let warnings = &ranked.decisions.warnings;
        let is_same = warnings.len() == expected.len()
            && warnings.iter().zip(expected).all(|(warning, begin)| warning.starts_with(begin));
        assert!(is_same, "{candidates:?} with {options:?}: {warnings:?}, expected {expected:?}");
        assert!(ranked.label_mass.is_some() || expected == [begins], "{candidates:?}");
    }
}

#[test]
fn reasoning_that_is_left_open_is_refused() {
    let cases = [
        ("<think>", true),
        ("Hm. <think>\nit is", true),
        ("<think>a</think><think>", true),
        ("[THINK]</think>", true),
        ("<think>\n</think>\n", false),
        ("</think>", false),
        ("thinking", false),
    ];
    for (prefill, is_refused) in cases {
        let chat = Some(Chat { prefill: prefill.to_owned(), ..Chat::default() });
        // What the user says opens nothing.
        let ranked = score("What is <think>?", &["a"], &Options { chat, ..Options::default() });
        match ranked {
            Err(ScoreError::OpenReasoning { .. }) if is_refused => {}
            Ok(_) if !is_refused => {}
            other => panic!("{prefill:?}: {other:?}"),
        }
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let long = "All work and no play. ".repeat(2000);
    let texts = ["Jack", "Jack is a dull boy"];
    match score(&long, &texts, &Options::default()) {
        Err(ScoreError::PromptTooLong { prompt, candidate, limit }) => {
            assert!(prompt > limit && candidate > 1 && limit == model().context_length());
        }
        other => panic!("{other:?}"),
    }
    let huge = " x".repeat(model().context_length());
    match score("a", &[&huge], &Options::default()) {
        Err(ScoreError::CandidateTooLong { index: 0, tokens, limit }) => assert!(tokens >= limit),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_long_prompt_is_cut_once_for_all_and_scored_as_if_given_so() {
    let folder = TempDir::new().expect("a folder");
    let candidates = ["n", "ate", "tah"].map(str::to_owned);
    // Letters that no merge joins, so that each is a token.
    let prompt = "nateha".repeat(5);
    for (adds_bos, bos) in [(true, Bos::Added), (false, Bos::NotAdded)] {
        let tiny = Tiny { adds_bos, ..Tiny::smallest(7) };
        let path = folder.path().join("tiny.gguf");
        std::fs::write(&path, tiny.gguf(Element::F32).bytes()).expect("a writable folder");
        let model = LocalModel::open(&path).expect("the file opens");
        // The begin token, as much of the prompt as there is room for, and the longest candidate.
        let kept = tiny.context - usize::from(adds_bos) - 3;
        for length in [kept, kept + 1, prompt.len()] {
            let (long, cut) = (&prompt[..length], length - kept);
            let score = |prompt: &str, truncation| {
                let options = Options { truncation, ..Options::default() };
                Scorer::new(&model).score(prompt, &candidates, &options)
            };
            let whole = score(long, Truncation::Left).expect("they score");
            let given = score(&long[cut..], Truncation::Refuse).expect("they fit");
            let what = format!("{length} letters, {:?}", whole.decisions);
            assert_eq!((whole.decisions.truncated, whole.decisions.bos), (cut, bos), "{what}");
            assert_eq!(whole.counters.context_tokens, tiny.context - 3, "{what}");
            for (a, b) in by_index(&whole).into_iter().zip(by_index(&given)) {
                assert_near(&logprobs(a), &logprobs(b), 1e-6, &what);
            }
            let refused = score(long, Truncation::Refuse).is_err();
            assert_eq!(refused, cut > 0, "{what}");
        }
    }
}

#[test]
fn refusals_say_which_and_why() {
    let options = Options::default;
    for (candidates, options, expected) in [
        (vec![], options(), "no candidates"),
        (vec!["a", ""], options(), "candidate 1 is empty"),
        (vec!["a", "b", "a", "a"], options(), "candidates 0, 2, 3 are the same"),
        (vec!["a"], Options { top: Some(0), ..options() }, "top is 0"),
        (vec!["a"], Options { by: By::Pmi, ..options() }, "unconditional"),
        (vec!["a"], Options { trailing_space: TrailingSpace::Refuse, ..options() }, "1 space"),
    ] {
        let error = score("x ", &candidates, &options).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let names = ["<|im_start|>", "<|im_start|>x"];
    let error = score("", &names, &options()).expect_err("only the stand-in").to_string();
    assert!(error.starts_with("candidate 0 is the token that stands in"), "{error}");
}

#[test]
fn inspection_of_little_has_no_numbers() {
    for (text, has_next) in [("", false), ("hello", true)] {
        let inspection = inspect(model(), text, &InspectOptions::default()).expect("it reads");
        let json = inspection.to_json(model().tokenizer().vocabulary());
        for key in ["sum", "mean_token", "perplexity", "bits_per_byte"] {
            assert!(json["total"][key].is_null(), "{key} of {text:?}: {}", json["total"]);
        }
        assert_eq!(json["next"].is_object(), has_next, "{text:?}: {}", json["next"]);
    }
}

#[test]
fn inspection_reads_what_the_reference_read() {
    let text = cases("reference_logprobs_f32.json", "reference_logprobs_f32.json");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    for case in file["cases"].as_array().expect("cases").iter().take(6) {
        let text = case["text"].as_str().expect("a text");
        let inspection = inspect(model(), text, &InspectOptions::default()).expect("it reads");
        let readings = inspection.tokens.iter().map(|token| token.reading.as_ref());
        let found: Vec<f64> = readings.clone().flatten().map(|reading| reading.logprob).collect();
        assert_near(&found, &floats(&case["logprobs"])[1..], REFERENCE_TOLERANCE, text);
        let mut entropy: Vec<f64> = readings.flatten().map(|reading| reading.entropy).collect();
        entropy.push(inspection.next_entropy);
        assert_near(&entropy, &floats(&case["entropy"]), REFERENCE_TOLERANCE, text);
        assert!(inspection.tokens.first().is_none_or(|first| first.reading.is_none()));
        let vocabulary = model().tokenizer().vocabulary();
        for token in &inspection.tokens {
            let name = vocabulary.special_name(token.id).map(str::as_bytes);
            let spelled = name.unwrap_or_else(|| vocabulary.bytes(token.id));
            assert_eq!(&text.as_bytes()[token.start..token.end], spelled, "{text}");
        }
    }
}
