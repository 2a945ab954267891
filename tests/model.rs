//! The local model against independent implementations, and the laws of its sessions.

#[path = "tiny/random.rs"]
mod random;
mod support;

use random::Random;
use serde_json::Value;
use support::{cases, floats, lines, model, open};
use tokenrail::model::local::{Activations, Backend, LocalModel, LocalOptions};
use tokenrail::model::{LanguageModel, Logits, ModelError, Prefixes, Rows, Session, TreeNode};
use tokenrail::vocab::{TokenId, TokenMask};

/// Nats between this float32 path and another's.
const REFERENCE_TOLERANCE: f64 = 2e-3;

fn ids(value: &Value) -> Vec<TokenId> {
    let ids = value.as_array().expect("an array of ids").iter();
    ids.map(|id| TokenId(u32::try_from(id.as_u64().expect("an id")).expect("32 bits"))).collect()
}

fn assert_near(actual: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((actual - expected).abs() <= tolerance, "{what}: {actual}, expected {expected}");
}

/// Every logit of two results has the same bits, however they were computed.
fn assert_same(left: &Logits, right: &Logits, what: &str) {
    assert_eq!(left.len(), right.len(), "{what}: rows");
    for (row, (left, right)) in left.rows().zip(right.rows()).enumerate() {
        let is_same = left.iter().zip(right).all(|(l, r)| l.to_bits() == r.to_bits());
        assert!(is_same, "{what}: row {row} differs");
    }
}

#[test]
fn token_ids_equal_two_independent_tokenizers() {
    let text = cases("tok_cases.json", "tok_cases.json");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let cases = file["cases"].as_array().expect("cases");
    assert!(!cases.is_empty());
    for case in cases {
        let text = case["text"].as_str().expect("a text");
        let encoded = model().tokenizer().encode(text).expect("it encodes");
        assert_eq!(encoded, ids(&case["ids"]), "{text:?}");
    }
}

#[test]
fn logprobs_top_tokens_and_entropy_equal_the_reference() {
    let text = cases("reference_logprobs_f32.json", "reference_logprobs_f32.json");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let cases = file["cases"].as_array().expect("cases");
    assert!(!cases.is_empty());
    for case in cases {
        check_reference(case);
    }
}

fn check_reference(case: &Value) {
    let tokens = ids(&case["ids"]);
    let logits = model().session().feed(&tokens, Rows::All).expect("it feeds");
    let rows = logits.distributions().expect("finite");
    let (logprobs, entropy) = (floats(&case["logprobs"]), floats(&case["entropy"]));
    for (i, row) in rows.iter().enumerate() {
        let what = format!("{} after token {i}", case["text"]);
        assert_near(row.entropy(), entropy[i], REFERENCE_TOLERANCE, &what);
        if let Some(&next) = tokens.get(i + 1) {
            assert_near(row.logprob(next), logprobs[i + 1], REFERENCE_TOLERANCE, &what);
        }
        for expected in case["top5"][i].as_array().expect("five tokens") {
            let id = ids(&Value::from(vec![expected[0].clone()]))[0];
            let logprob = expected[1].as_f64().expect("a logprob");
            assert_near(row.logprob(id), logprob, REFERENCE_TOLERANCE, &what);
            assert!(row.rank(id) <= 6, "{what}: {id} has rank {}", row.rank(id));
        }
    }
}

#[test]
fn choices_are_tokenized_scored_and_decided_as_in_the_reference() {
    let items = lines(&cases("eval/reference_mc.jsonl", "reference_mc.jsonl"));
    assert!(!items.is_empty());
    items.iter().for_each(check_tokens);
    // The scorer's test compares the logprobs of all; here several prompts are one tree.
    check_choices(&items[..items.len().min(4)]);
}

/// A run of tokens in a tree, by the nodes before each token (none before the sequence's first).
type Run = Vec<(Option<usize>, TokenId)>;

/// Feeds all items as one tree: each context hangs off nothing, its choices off its end.
fn check_choices(items: &[Value]) {
    let mut nodes = Vec::new();
    let runs: Vec<Vec<Run>> = items
        .iter()
        .map(|item| {
            let context = ids(&item["ctx_tokens"]);
            hang(&mut nodes, None, &context);
            let end = nodes.len() - 1;
            let choices =
                array(&item["cont_tokens"]).map(|choice| hang(&mut nodes, Some(end), &ids(choice)));
            choices.collect()
        })
        .collect();
    let logits = model().session().feed_tree(&nodes, Rows::All).expect("it feeds");
    let rows = logits.distributions().expect("finite");
    for (item, runs) in items.iter().zip(&runs) {
        let logprobs = runs.iter().map(|run| {
            let after = run.iter().filter_map(|&(before, id)| Some(rows[before?].logprob(id)));
            after.collect::<Vec<_>>()
        });
        check_logprobs(item, &logprobs.collect::<Vec<_>>());
    }
}

/// Hangs `tokens` off a node and says which nodes came before them.
fn hang(nodes: &mut Vec<TreeNode>, mut parent: Option<usize>, tokens: &[TokenId]) -> Run {
    let place = |&token| {
        let before = parent.replace(nodes.len());
        nodes.push(TreeNode { token, parent: before });
        (before, token)
    };
    tokens.iter().map(place).collect()
}

fn check_tokens(item: &Value) {
    let context = ids(&item["ctx_tokens"]);
    for (choice, text) in array(&item["cont_tokens"]).zip(array(&item["choices"])) {
        let text = [&item["ctx"], text].map(|part| part.as_str().expect("a text")).concat();
        let encoded = model().tokenizer().encode(&text).expect("it encodes");
        assert_eq!(encoded, [context.clone(), ids(choice)].concat(), "{text:?}");
    }
}

fn check_logprobs(item: &Value, logprobs: &[Vec<f64>]) {
    let expected: Vec<Vec<f64>> = array(&item["logprobs_f32"]).map(floats).collect();
    assert_eq!(logprobs.len(), expected.len());
    for (choice, (logprobs, expected)) in logprobs.iter().zip(&expected).enumerate() {
        assert_eq!(logprobs.len(), expected.len());
        for (token, (&logprob, &expected)) in logprobs.iter().zip(expected).enumerate() {
            let what = format!("{} {}, choice {choice}, token {token}", item["task"], item["i"]);
            assert_near(logprob, expected, REFERENCE_TOLERANCE, &what);
        }
    }
    let winner = |choices: &[Vec<f64>]| {
        let sums = choices.iter().map(|choice| choice.iter().sum::<f64>()).enumerate();
        sums.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(choice, _)| choice)
    };
    assert_eq!(winner(logprobs), winner(&expected), "{}", item["ctx"]);
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("an array").iter()
}

#[test]
fn feeding_in_parts_equals_feeding_at_once() {
    let tokens = some_tokens(1, 265);
    let watched = [0, 1, 40, 254, 255, 256, 257, 264];
    let whole = alone(&tokens, Rows::At(&watched));
    // A pass holds 256 tokens.
    for parts in [&[1, 264][..], &[256, 9], &[40, 0, 217, 8]] {
        let mut session = model().session();
        let mut start = 0;
        let rows = parts.iter().map(|&len| {
            let here = watched.iter().filter(|&&row| (start..start + len).contains(&row));
            let here: Vec<usize> = here.map(|&row| row - start).collect();
            let part = &tokens[start..start + len];
            start += len;
            session.feed(part, Rows::At(&here)).expect("it feeds")
        });
        let joined = joined(rows);
        assert_eq!(session.tokens(), tokens);
        assert_same(&joined, &whole, &format!("parts {parts:?}"));
    }
}

#[test]
fn truncating_equals_never_having_fed() {
    let then = some_tokens(3, 4);
    for (fed, tree, kept) in [
        (9, 0, 8),
        (9, 3, 4),
        (9, 0, 0),
        (9, 3, 0),
        (9, 3, 9),
        (9, 0, 10_000),
        (9, 3, 10_000),
        (0, 3, 0),
        (260, 0, 257),
    ] {
        let what = format!("{fed} tokens and {tree} nodes truncated to {kept}");
        let tokens = some_tokens(2, fed);
        let mut session = fed_session(&tokens);
        session.feed_tree(&random_tree(4, tree, 0.5), Rows::None).expect("it feeds");
        session.truncate(kept);
        let left = &tokens[..kept.min(fed)];
        assert_eq!(session.tokens(), left, "{what}");
        let rows = session.feed(&then, Rows::All).expect("it feeds");
        let expected = fed_session(left).feed(&then, Rows::All).expect("it feeds");
        assert_same(&rows, &expected, &what);
    }
}

#[test]
fn tree_rows_equal_those_of_each_path_fed_alone() {
    check_tree(11, 6, &[1, 5, 12, 7], 0.4);
    check_tree(12, 0, &[9], 0.5);
    check_tree(13, 254, &[6, 14], 0.6);
    // A pass holds 256 tokens.
    check_tree(14, 3, &[270], 0.2);
    check_tree(15, 20, &[200, 70], 0.9);
}

/// Hangs a random tree off `context` tokens in calls of so many nodes, and compares the rows of
/// some nodes with those of their paths.
fn check_tree(seed: u64, context: usize, calls: &[usize], chance_of_chain: f64) {
    let context = some_tokens(seed, context);
    let nodes = random_tree(seed, calls.iter().sum(), chance_of_chain);
    let mut random = Random::from_seed(seed);
    let watched: Vec<usize> = (0..6).map(|_| random.below(nodes.len())).collect();
    let mut session = fed_session(&context);
    let before = session.fork();
    let mut start = 0;
    for &count in calls {
        let mut here: Vec<usize> =
            watched.iter().filter_map(|node| node.checked_sub(start)).collect();
        here.retain(|&row| row < count);
        let logits = session.feed_tree(&nodes[start..start + count], Rows::At(&here));
        let logits = logits.expect("it feeds");
        here.sort_unstable();
        here.dedup();
        assert_eq!(logits.len(), here.len(), "seed {seed}");
        for (row, &node) in logits.rows().zip(&here) {
            let row = Logits::new(row.to_vec(), row.len());
            let path = path_to(&nodes, start + node);
            let expected = before.fork().feed(&path, Rows::Last).expect("it feeds");
            assert_same(&row, &expected, &format!("seed {seed}: node {}, {path:?}", start + node));
        }
        start += count;
    }
    assert_eq!(session.tokens(), context, "seed {seed}: a tree adds no fed token");
}

#[test]
fn a_tree_fed_with_its_tokens_equals_one_fed_behind_them() {
    // A pass holds 256 tokens; the third case begins a new one between its
    // tokens and its nodes.
    for (held, count, hung) in [(0, 5, 9), (4, 1, 0), (2, 256, 7), (3, 250, 12), (3, 0, 4)] {
        let what = format!("{held} tokens, then {count} with {hung} nodes");
        let (before, then) = (some_tokens(25, held), some_tokens(26, count));
        let nodes = random_tree(27, hung, 0.5);
        let mut session = fed_session(&before);
        session.feed_tree(&random_tree(28, 3, 0.5), Rows::None).expect("it feeds");
        let rows = session.feed_with_tree(&then, &nodes, Rows::All).expect("it feeds");
        let mut other = fed_session(&before);
        let first = other.feed(&then, Rows::All).expect("it feeds");
        let second = other.feed_tree(&nodes, Rows::All).expect("it feeds");
        let expected: Vec<f32> = first.rows().chain(second.rows()).flatten().copied().collect();
        let width = model().tokenizer().vocabulary().len();
        assert_same(&rows, &Logits::new(expected, width), &what);
        assert_eq!(session.tokens(), [before, then].concat(), "{what}");
    }
}

/// The tokens from the end of the fed tokens to a node.
fn path_to(nodes: &[TreeNode], node: usize) -> Vec<TokenId> {
    let up = std::iter::successors(Some(node), |&node| nodes[node].parent);
    let mut path: Vec<TokenId> = up.map(|node| nodes[node].token).collect();
    path.reverse();
    path
}

#[test]
fn feeding_drops_the_tree() {
    let (tokens, then) = (some_tokens(21, 5), some_tokens(22, 3));
    let mut session = fed_session(&tokens);
    session.feed_tree(&random_tree(23, 6, 0.5), Rows::None).expect("it feeds");
    session.feed(&[], Rows::Last).expect("it feeds");
    let orphan = [TreeNode { token: then[0], parent: Some(0) }];
    assert!(session.feed_tree(&orphan, Rows::None).is_err(), "the tree is gone");
    session.feed_tree(&random_tree(24, 6, 0.5), Rows::None).expect("it feeds");
    let rows = session.feed(&then, Rows::All).expect("it feeds");
    let expected = fed_session(&tokens).feed(&then, Rows::All).expect("it feeds");
    assert_same(&rows, &expected, "after a tree");
}

#[test]
fn fork_and_original_go_their_own_ways() {
    let (tokens, left, right) = (some_tokens(31, 9), some_tokens(32, 4), some_tokens(33, 5));
    let tree = random_tree(34, 4, 0.5);
    let mut original = fed_session(&tokens);
    original.feed_tree(&tree, Rows::None).expect("it feeds");
    let mut fork = original.fork();
    let mut third = fork.fork();
    third.truncate(2);
    let rows = fork.feed(&right, Rows::All).expect("it feeds");
    let child = [TreeNode { token: left[0], parent: Some(3) }];
    let of_child = original.feed_tree(&child, Rows::Last).expect("the original has its tree");
    let path = [tokens.clone(), path_to(&tree, 3), vec![left[0]]].concat();
    assert_same(&of_child, &alone(&path, Rows::Last), "the original's tree");
    let of_left = original.feed(&left, Rows::All).expect("it feeds");
    let expected = |tokens: &[TokenId], then: &[TokenId]| {
        fed_session(tokens).feed(then, Rows::All).expect("it feeds")
    };
    assert_same(&rows, &expected(&tokens, &right), "the fork");
    assert_same(&of_left, &expected(&tokens, &left), "the original");
    let of_third = third.feed(&left, Rows::All).expect("it feeds");
    assert_same(&of_third, &expected(&tokens[..2], &left), "the truncated fork");
    assert_eq!(original.tokens(), [tokens.clone(), left].concat());
    assert_eq!(fork.tokens(), [tokens, right].concat());
}

#[test]
fn rows_choose_among_all_rows() {
    let tokens = some_tokens(41, 258);
    let nodes = random_tree(42, 8, 0.7);
    // A pass holds 256 tokens.
    let across_passes = [257, 5, 0, 256, 5, 255];
    check_rows(258, &[Rows::At(&across_passes)], &|rows| alone(&tokens, rows));
    let few = [6, 0, 3, 6];
    let choices = [Rows::None, Rows::Last, Rows::At(&[]), Rows::At(&few)];
    check_rows(8, &choices, &|rows| alone(&tokens[..8], rows));
    check_rows(8, &choices, &|rows| {
        fed_session(&tokens[..3]).feed_tree(&nodes, rows).expect("it feeds")
    });
    let none = [Rows::None, Rows::Last, Rows::At(&[])];
    check_rows(0, &none, &|rows| alone(&[], rows));
    check_rows(0, &none, &|rows| model().session().feed_tree(&[], rows).expect("it feeds"));
}

fn check_rows(count: usize, choices: &[Rows<'_>], feed: &dyn Fn(Rows<'_>) -> Logits) {
    let all = feed(Rows::All);
    assert_eq!(all.len(), count);
    for &rows in choices {
        let is_chosen = |row: usize| match rows {
            Rows::None => false,
            Rows::Last => row + 1 == count,
            Rows::All => true,
            Rows::At(rows) => rows.contains(&row),
        };
        let expected = all.rows().enumerate().filter(|&(row, _)| is_chosen(row));
        let expected = joined(expected.map(|(_, row)| Logits::new(row.to_vec(), row.len())));
        assert_same(&feed(rows), &expected, &format!("{rows:?} of {count}"));
    }
}

#[test]
fn a_failed_call_names_its_numbers_and_changes_nothing() {
    let size = model().tokenizer().vocabulary().len();
    let limit = model().context_length();
    let unknown = TokenId(u32::try_from(size).expect("32 bits"));
    let known = TokenId(7);
    let node = |token, parent| TreeNode { token, parent };
    let mut base = fed_session(&some_tokens(51, 5));
    base.feed_tree(&random_tree(52, 3, 1.0), Rows::None).expect("it feeds");
    let check = |named: [usize; 2], call: &Call<'_>| check_refused(base.as_ref(), named, call);

    check([size, size], &|s| s.feed(&[known, unknown], Rows::Last));
    check([u32::MAX as usize, size], &|s| s.feed(&[TokenId(u32::MAX)], Rows::None));
    check([size, size], &|s| s.feed_tree(&[node(unknown, None)], Rows::All));
    for parent in [3, 4, usize::MAX] {
        let nodes = [node(known, Some(parent)), node(known, None)];
        check([3, parent], &|s| s.feed_tree(&nodes, Rows::None));
    }
    check([limit + 1, limit], &|s| s.feed(&vec![known; limit - 4], Rows::None));
    let chain: Vec<TreeNode> = (0..limit - 7).map(|i| node(known, Some(i + 2))).collect();
    check([limit + 1, limit], &|s| s.feed_tree(&chain, Rows::None));
    for (rows, wrong) in [(&[0, 2][..], 2), (&[usize::MAX], usize::MAX), (&[7, 1], 7)] {
        check([wrong, 2], &|s| s.feed(&[known; 2], Rows::At(rows)));
        let nodes = [node(known, None), node(known, Some(2))];
        check([wrong, 2], &|s| s.feed_tree(&nodes, Rows::At(rows)));
    }
}

type Call<'a> = dyn Fn(&mut dyn Session) -> Result<Logits, ModelError> + 'a;

/// The call fails on a session of 5 tokens and a chain of 3 nodes, and names both numbers.
fn check_refused(base: &dyn Session, named: [usize; 2], call: &Call<'_>) {
    let mut session = base.fork();
    let error = call(session.as_mut()).expect_err("it is refused").to_string();
    for number in named {
        assert!(error.contains(&number.to_string()), "{error:?} does not name {number}");
    }
    assert_eq!(session.tokens(), base.tokens(), "{error}");
    let child = [TreeNode { token: TokenId(9), parent: Some(2) }];
    let expected = base.fork().feed_tree(&child, Rows::All).expect("it feeds");
    let rows = session.feed_tree(&child, Rows::All);
    assert_same(&rows.unwrap_or_else(|next| panic!("after {error}: {next}")), &expected, &error);
}

#[test]
fn a_session_holds_the_whole_context_and_a_tree_counts_by_depth() {
    let limit = model().context_length();
    let mut session = fed_session(&some_tokens(61, 4));
    let broad = vec![TreeNode { token: TokenId(5), parent: None }; 40];
    session.feed_tree(&broad, Rows::None).expect("a broad tree is one token deep");
    let error = session.feed(&vec![TokenId(5); limit], Rows::None).expect_err("4 too many");
    let ModelError::ContextFull { needed, limit: named } = error else {
        panic!("{error:?} is not ContextFull");
    };
    assert_eq!((needed, named), (limit + 4, limit));
}

/// A session that was fed `tokens`.
fn fed_session(tokens: &[TokenId]) -> Box<dyn Session> {
    let mut session = model().session();
    session.feed(tokens, Rows::None).expect("it feeds");
    session
}

/// The rows of `tokens` fed to a new session in one call.
fn alone(tokens: &[TokenId], rows: Rows<'_>) -> Logits {
    model().session().feed(tokens, rows).expect("it feeds")
}

fn joined(parts: impl Iterator<Item = Logits>) -> Logits {
    let values = parts.flat_map(|part| part.rows().flatten().copied().collect::<Vec<_>>());
    Logits::new(values.collect(), model().tokenizer().vocabulary().len())
}

fn some_tokens(seed: u64, count: usize) -> Vec<TokenId> {
    let mut random = Random::from_seed(seed);
    (0..count).map(|_| some_token(&mut random)).collect()
}

fn some_token(random: &mut Random) -> TokenId {
    TokenId(u32::try_from(random.below(model().tokenizer().vocabulary().len())).expect("32 bits"))
}

/// A tree whose nodes hang off the node before with a chance of `chain`, else off any earlier
/// node or none.
fn random_tree(seed: u64, count: usize, chain: f64) -> Vec<TreeNode> {
    let mut random = Random::from_seed(seed);
    let nodes = (0..count).map(|index| {
        let is_chained = (random.below(1000) as f64) < 1000.0 * chain;
        let parent = if is_chained { index } else { random.below(index + 1) };
        TreeNode { token: some_token(&mut random), parent: parent.checked_sub(1) }
    });
    nodes.collect()
}

#[test]
fn kept_prefixes_change_no_bit() {
    let mut random = Random::from_seed(11);
    let id = |random: &mut Random| TokenId(random.below(40_000) as u32);
    let beginnings: Vec<Vec<TokenId>> =
        (0..4).map(|_| (0..70).map(|_| id(&mut random)).collect()).collect();
    let mut one = model().session();
    one.feed(&beginnings[0], Rows::None).expect("it feeds");
    // Some room for three of them, one that is too much alone, and none.
    for (limit, may_hold) in [(3 * one.bytes(), true), (one.bytes() / 4, false), (0, false)] {
        let prefixes = Prefixes::new(model(), limit);
        let mut held = 0;
        for round in 0..12 {
            let begin = &beginnings[random.below(4)];
            let mut prompt = begin[..60 + random.below(11)].to_vec();
            prompt.extend((0..random.below(3)).map(|_| id(&mut random)));
            let mut session = prefixes.session(&prompt);
            let known = session.tokens().len();
            assert!(known < prompt.len() && session.tokens() == &prompt[..known]);
            held += known;
            let found = session.feed(&prompt[known..], Rows::Last).expect("it feeds");
            let expected = model().session().feed(&prompt, Rows::Last).expect("it feeds");
            assert_same(&found, &expected, &format!("round {round}, {known} known"));
            prefixes.keep(session);
            assert!(prefixes.bytes() <= limit, "{} of {limit}", prefixes.bytes());
        }
        assert_eq!(held > 0, may_hold, "{held} tokens held within {limit} bytes");
    }
}

#[test]
fn the_prefix_not_used_for_longest_goes_first() {
    let of = |first: u32| [TokenId(first), TokenId(7), TokenId(8)];
    let read = |prefixes: &Prefixes<'_>, first| {
        let mut session = prefixes.session(&of(first));
        let known = session.tokens().len();
        session.feed(&of(first)[known..], Rows::None).expect("it feeds");
        prefixes.keep(session);
        known
    };
    let mut one = model().session();
    one.feed(&of(1), Rows::None).expect("it feeds");
    let prefixes = Prefixes::new(model(), 2 * one.bytes());
    assert_eq!([1, 2, 1, 3].map(|first| read(&prefixes, first)), [0, 0, 2, 0]);
    assert_eq!([1, 3, 2].map(|first| prefixes.session(&of(first)).tokens().len()), [2, 2, 0]);
}

/// All ways to compute, on a model that is opened for each.
fn precisions() -> Vec<LocalModel> {
    let fast = |activations| LocalOptions { activations, ..LocalOptions::default() };
    let reference = LocalOptions { backend: Some(Backend::Reference), ..LocalOptions::default() };
    let options = [fast(Activations::EightBit), fast(Activations::Float32), reference];
    options.iter().map(open).collect()
}

#[test]
fn wanted_logits_are_those_of_all() {
    let size = model().tokenizer().vocabulary().len();
    let every = (0..size as u32).step_by(97);
    let wanted_ids: [Vec<u32>; 5] =
        [vec![], vec![0], vec![15, 16, 17], vec![size as u32 - 1, 40_000], every.collect()];
    for model in precisions() {
        for (ids, count) in wanted_ids.iter().zip([1, 1, 3, 40, 2]) {
            let tokens = some_tokens(9, count);
            let all = model.session().feed(&tokens, Rows::All).expect("it feeds");
            let mut wanted = TokenMask::new(size);
            ids.iter().for_each(|&id| wanted.insert(TokenId(id)));
            let mut session = model.session();
            let some = session.feed_masked(&tokens, Rows::All, &wanted).expect("it feeds");
            assert_eq!(session.tokens(), tokens);
            assert_eq!(some.len(), all.len());
            for (some, all) in some.rows().zip(all.rows()) {
                for ((some, all), id) in some.iter().zip(all).zip(0..) {
                    let is_wanted = wanted.contains(TokenId(id));
                    let expected = if is_wanted { *all } else { f32::NEG_INFINITY };
                    assert!(some.to_bits() == expected.to_bits(), "{id} of {ids:?}: {some}");
                }
            }
        }
    }
}

fn saved(session: &dyn Session) -> Vec<u8> {
    let mut bytes = Vec::new();
    session.save(&mut bytes).expect("memory takes all");
    bytes
}

#[test]
fn a_saved_session_goes_on_as_if_nothing_had_been() {
    for model in precisions() {
        // Up to, at and behind the end of a page.
        for length in [0, 1, 63, 64, 65, 130] {
            let mut session = model.session();
            session.feed(&some_tokens(5, length), Rows::None).expect("it feeds");
            let plain = saved(&*session);
            // A tree is left out, and so is what was truncated.
            session.feed_tree(&random_tree(6, 5, 0.5), Rows::None).expect("it feeds");
            assert_eq!(saved(&*session).len(), plain.len());
            let mut restored = model.restore(&mut plain.as_slice()).expect("it is whole");
            assert_eq!(restored.tokens(), session.tokens());
            assert!(saved(&*restored) == plain, "{length} tokens are not saved as they came");
            let more = some_tokens(7, 3);
            let [left, right] = [&mut session, &mut restored]
                .map(|it| it.feed(&more, Rows::All).expect("it feeds"));
            assert_same(&left, &right, &format!("{}, {length} tokens", model.precision()));
        }
    }
}

#[test]
fn a_saved_session_that_is_damaged_or_anothers_is_refused() {
    let [model, other, reference] =
        <[LocalModel; 3]>::try_from(precisions()).expect("there are three");
    let mut session = model.session();
    session.feed(&some_tokens(8, 66), Rows::None).expect("it feeds");
    let whole = saved(&*session);
    let refused = |model: &LocalModel, bytes: &[u8], part: &str| {
        let error = model.restore(&mut &*bytes).expect_err("it is of no use").to_string();
        assert!(error.contains(part), "{error:?} does not say {part:?}");
    };
    for cut in [0, 7, 8, 15, 40, 100, whole.len() / 2, whole.len() - 8, whole.len() - 1] {
        refused(&model, &whole[..cut], "it is cut off");
    }
    refused(&model, &[&*whole, b"x"].concat(), "it goes on behind its end");
    let origin = 16..16 + usize::from(whole[8]);
    let tokens = origin.end..origin.end + 8;
    for (at, part) in [
        (0, "does not begin as"),
        (8 + 7, "bytes of a name, of which there are at most 256"),
        (origin.start, "it is of model "),
        (tokens.start + 2, "tokens, of which there are at most 8192"),
        (tokens.end + 2, "outside the vocabulary of 49152"),
        (tokens.end, "checksum"),
        (whole.len() / 2, "checksum"),
        (whole.len() - 1, "checksum"),
    ] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        refused(&model, &damaged, part);
    }
    refused(&other, &whole, "float32, fused");
    refused(&reference, &whole, "8-bit activations, and this one is");
}
