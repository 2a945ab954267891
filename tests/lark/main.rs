//! Lark grammars, judged by the strings that two engines take and refuse.

mod corpus;
mod hostile;
mod messages;
#[path = "../tiny/random.rs"]
mod random;

use std::collections::BTreeMap;

use corpus::Faulty;
use tokenrail::constraint::Constraint;
use tokenrail::grammar::Grammar;

/// Cases that are decided otherwise than listed, with the choice that was made.
const DIFFERENCES: &[(&str, &str)] = &[
    ("lark_core_languages/regex-case-insensitive-folds-ascii-only", UNICODE_FOLDING),
    ("lark_core_languages/regex-case-insensitive-negative-class-ascii-folding", UNICODE_FOLDING),
    ("lark_core_languages/regex-lookahead-ignored", "look-ahead is refused, not ignored"),
    ("lark_core_languages/regex-mid-anchors-ignored", "anchors hold where they stand"),
    ("lark_standalone_lazy_rule", MARKER_COMES),
    ("lark_suffix_stop_any_text_tag_dispatch_capture/suffix", MARKER_COMES),
    (
        "lark_stop_capture_scope_ignores_unrelated_earley_branch/deduplicated",
        "what ends early ends what began with it, as in llguidance",
    ),
    (
        "lark_max_tokens_any_text_budget",
        "a token past the budget is refused at once, also without a mask",
    ),
    (
        "json_general_unicode_escapes_do_not_change_regex_constraints",
        "patterns hold for what a string says, however its characters are escaped",
    ),
];

const UNICODE_FOLDING: &str = "the flag i folds as Unicode does, as in llguidance";
const MARKER_COMES: &str = "the marker has to come, as in llguidance";

/// Sources that are not refused, with the choice that was made.
const TAKEN: &[(&str, &str)] = &[
    ("lark_capture_on_dispatch_consumed_rule_is_rejected", "captures stand on any rule"),
    ("lark_max_tokens_rejected_on_dispatch_rules", "budgets stand on any rule"),
    ("lark_max_tokens_errors/zero-budget", "a budget of 0 is one, as in llguidance"),
    (
        "lark_lazy_and_dynamic_special_token_triggers_cannot_be_negated #2",
        "any token may stand behind free text, as in llguidance",
    ),
    (
        "lark_lazy_non_terminal_like_bodies_are_rejected #3",
        "any regular expression may be lazy, as in llguidance",
    ),
    ("lark_errors_are_explicit_and_located/case-insensitive-regex-suffix", ONE_LACKS_IT),
    ("lark_errors_are_explicit_and_located/complement", ONE_LACKS_IT),
    ("lark_errors_are_explicit_and_located/non-ascii-string-flag", ONE_LACKS_IT),
    ("lark_errors_are_explicit_and_located/unsupported-regex-flag", ONE_LACKS_IT),
    ("lark_errors_are_explicit_and_located/unsupported-verbose-regex-flag", ONE_LACKS_IT),
    ("lark_errors_are_explicit_and_located/wildcard-needs-tokenizer", ONE_LACKS_IT),
    ("lark_errors_are_explicit_and_located/empty-stop", "stop=\"\" is no marker, as in llguidance"),
    (
        "lark_errors_are_explicit_and_located/invalid-stop-capture-name",
        "any text but the empty one names a capture, as in llguidance",
    ),
];

const ONE_LACKS_IT: &str = "llguidance reads it, XGrammar lacks it";

/// The names of what failed are those listed: nothing else fails, and nothing listed passes.
fn verdict(failed: BTreeMap<String, String>, listed: &[(&str, &str)], present: &[&str]) {
    let mut offences = Vec::new();
    for (name, what) in &failed {
        if !listed.iter().any(|(known, _)| known == name) {
            offences.push(format!("{name}: {what}"));
        }
    }
    for (name, reason) in listed.iter().filter(|(name, _)| present.contains(name)) {
        if !failed.contains_key(*name) {
            offences.push(format!("{name} is decided as listed, and was not to be: {reason}"));
        }
    }
    assert!(offences.is_empty(), "{} offences\n{}", offences.len(), offences.join("\n"));
}

#[test]
fn texts_are_taken_and_refused() {
    let cases = corpus::cases();
    let failed = cases.iter().filter_map(|case| Some((case.name.clone(), case.judge().err()?)));
    let present: Vec<&str> = cases.iter().map(|case| &*case.name).collect();
    verdict(failed.collect(), DIFFERENCES, &present);
}

#[test]
fn wrong_sources_are_refused_with_a_place() {
    let sources = corpus::faulty();
    let mut failed = BTreeMap::new();
    for Faulty { name, grammar } in &sources {
        match Grammar::lark(grammar) {
            Err(error) => assert!(error.place().is_some(), "{name}: {error} has no place"),
            Ok(compiled) => {
                if Constraint::new(&compiled, &corpus::bytes()).is_ok() {
                    failed.insert(name.clone(), "it compiles".to_owned());
                }
            }
        }
    }
    let present: Vec<&str> = sources.iter().map(|source| &*source.name).collect();
    verdict(failed, TAKEN, &present);
}
