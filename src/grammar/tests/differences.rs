//! Cases that are decided otherwise than by the engine they come from, and why.

/// A case that is known to come out differently.
pub(super) struct Difference {
    pub(super) file: &'static str,
    pub(super) name: &'static str,
    pub(super) why: &'static str,
}

/// What other cases show is told by our own, in `tests/data/grammars`:
///
/// | case | choice |
/// |---|---|
/// | `own/newlines in a string and a class` | a newline stands for itself, as in llama.cpp |
/// | `own/two rules on a line` | refused, as by llama.cpp and XGrammar |
/// | `own/look-ahead behind the text`, `own/look-ahead at the end of the text` | behind the whole text nothing follows, and look-ahead says nothing, as in XGrammar |
/// | `own/look-ahead at the end of its own rule` | decided by the calls of that rule |
/// | `own/undecided look-ahead` | refused, where XGrammar takes it as a hint |
pub(super) const DIFFERENCES: &[Difference] = &[
    regex("regex_macro_engine_features #12", LOOKAHEAD),
    regex("lark_core_languages/regex-lookahead-ignored", LOOKAHEAD),
    regex("regex_macro_flags", "the dot matches no newline without the flag s, as in Rust"),
    regex("lark_core_languages/regex-case-insensitive-folds-ascii-only", FOLDING),
    regex("lark_core_languages/regex-case-insensitive-negative-class-ascii-folding", FOLDING),
    regex(
        "lark_core_languages/regex-mid-anchors-ignored",
        "an anchor means what it says: nothing can stand before ^",
    ),
    ebnf(
        "regex_macro_engine_features #13",
        "look-ahead means what it says, so that a(?=b)c matches nothing; XGrammar ignores it",
    ),
    error("grammar parser failure #2", "nested repetitions are counted, not written out"),
    error("grammar parser failure #5", "a repetition may count beyond 2000, as in XGrammar"),
    error("grammar parser failure #6", "a repetition may count beyond 2000, as in XGrammar"),
    error("left recursion", "left recursion is fine, as in XGrammar"),
    error("group_modifiers #5", "flags can be set within a pattern, as in Rust"),
];

const LOOKAHEAD: &str = "look-ahead means what it says; XGrammar ignores it";
const FOLDING: &str = "the flag i folds Unicode, as in Rust and llguidance; XGrammar folds ASCII";

const fn regex(name: &'static str, why: &'static str) -> Difference {
    Difference { file: "regex.json", name, why }
}

const fn ebnf(name: &'static str, why: &'static str) -> Difference {
    Difference { file: "ebnf.json", name, why }
}

const fn error(name: &'static str, why: &'static str) -> Difference {
    Difference { file: "errors.json", name, why }
}
