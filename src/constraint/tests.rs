//! The engine against the recognizer that decides as plainly as can be.

use super::{Constraint, ConstraintError};
use crate::grammar::tests::recognizer::{Input, Verdict, recognize};
use crate::grammar::{Grammar, Limits};
use crate::vocab::{TokenId, Vocabulary};

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    /// A part of a rule: rules call each other and themselves at any place.
    fn part(&mut self, depth: u64) -> String {
        let leaf = ["\"a\"", "\"b\"", "[ab]", "\"ab\"", "root", "x", "y", "\"\"", "z"];
        if depth == 0 || self.below(3) == 0 {
            return leaf[self.below(leaf.len() as u64) as usize].to_owned();
        }
        let inner = |random: &mut Self| random.part(depth - 1);
        match self.below(6) {
            0 => format!("({} | {})", inner(self), inner(self)),
            1 => format!("({})*", inner(self)),
            2 => format!("({})?", inner(self)),
            3 => format!("({}){{{},{}}}", inner(self), self.below(2), 2 + self.below(2)),
            _ => format!("{} {}", inner(self), inner(self)),
        }
    }

    fn grammar(&mut self) -> String {
        let rule = |random: &mut Self, name| {
            format!("{name} ::= {} | {}\n", random.part(3), random.part(2))
        };
        let rules = ["root", "x", "y"].map(|name| rule(self, name));
        format!("{}z ::= \"a\" | x \"b\"\n", rules.concat())
    }
}

fn verdict(constraint: &Constraint, text: &str) -> Result<Verdict, ConstraintError> {
    let mut matcher = constraint.matcher();
    if matcher.advance_bytes(text.as_bytes())? < text.len() {
        return Ok(Verdict::Refused);
    }
    Ok(if matcher.is_accepting()? { Verdict::Accepted } else { Verdict::Open })
}

/// Every text of up to five letters, by engine and recognizer.
fn check(source: &str, seed: u64) {
    let grammar = Grammar::gbnf(source).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    let bytes: Vec<u8> = (0..=255).collect();
    let compiled = Constraint::new(&grammar, &Vocabulary::new(bytes.chunks(1), ["<end>"]));
    let constraint = match compiled {
        Ok(constraint) => Some(constraint),
        Err(ConstraintError::EmptyLanguage { .. }) => None,
        Err(error) => panic!("seed {seed}: {error}\n{source}"),
    };
    for length in 0..=5 {
        for letters in 0..1_u32 << length {
            let letter = |at: u32| if letters >> at & 1 == 1 { 'b' } else { 'a' };
            let text: String = (0..length).map(letter).collect();
            let expected = recognize(&grammar, &Input::of_text(&text));
            let found = match &constraint {
                Some(constraint) => verdict(constraint, &text).unwrap(),
                None => Verdict::Refused,
            };
            assert_eq!(found, expected, "seed {seed}: {text:?} of\n{source}");
        }
    }
}

#[test]
fn random_grammars_match_what_the_recognizer_says() {
    for seed in 0..400 {
        check(&Random(seed).grammar(), seed);
    }
}

/// What is said of a token behind others, or of a grammar that cannot be compiled, with the tokens
/// `y`, `es`, `<|call|>` and `<end>`.
fn said(source: &str, before: &[u32], token: u32) -> String {
    let vocabulary = Vocabulary::new([b"y".as_slice(), b"es"], ["<|call|>", "<end>"]);
    let grammar = Grammar::lark(source).unwrap();
    let mut matcher = match Constraint::new(&grammar, &vocabulary) {
        Ok(constraint) => constraint.matcher(),
        Err(error) => return error.to_string(),
    };
    for &token in before {
        assert!(matcher.advance(TokenId(token)).unwrap(), "{source}");
    }
    matcher.explain(TokenId(token)).unwrap().unwrap().to_string()
}

#[test]
fn tokens_are_called_by_name() {
    let cases: [(&str, &[u32], u32, &str); 7] = [
        ("start: <|call|> \"y\"", &[], 0, "at byte 0, \"y\": expected <|call|>, in start"),
        ("start: <|call|> \"y\"", &[], 3, "at byte 0, <end>: expected <|call|>, in start"),
        ("start: \"y\"", &[], 2, "at byte 0, <|call|>: expected y, in start"),
        ("start: \"y\"", &[0, 3], 1, "at byte 0, \"e\": expected the end"),
        (
            "start: <[0-2]>",
            &[],
            3,
            "at byte 0, <end>: expected token 0 (\"y\") or token 1 (\"es\") or <|call|>, in start",
        ),
        (
            "start: <|cal|>",
            &[],
            0,
            "the vocabulary has no token \"<|cal|>\": did you mean \"<|call|>\"? (line 1, column 8)",
        ),
        (
            "start: \"y\" <[60000]>",
            &[],
            0,
            "the vocabulary has no token \"<[60000]>\" (line 1, column 12)",
        ),
    ];
    for (source, before, token, expected) in cases {
        assert_eq!(said(source, before, token), expected, "{source}");
    }
}

/// Every letter so often at most, in any order, by a parameter of a bit for each.
fn permutations(letters: u8) -> String {
    let part = |bit: u8| {
        let letter = char::from(b'0' + bit);
        format!("\n  | \"{letter}\" p::set_bit({bit}) %if bit_clear({bit})")
    };
    let parts: String = (0..letters).map(part).collect();
    format!("start: p::0\np::_: \"\" %if is_ones([0:{letters}]){parts}\n")
}

#[test]
fn parameters_of_many_values_are_followed() {
    let bytes: Vec<u8> = (0..=255).collect();
    let vocabulary = Vocabulary::new(bytes.chunks(1), ["<end>"]);
    for letters in [3, 16, 40] {
        let grammar = Grammar::lark(&permutations(letters)).unwrap();
        let mut matcher = Constraint::new(&grammar, &vocabulary).unwrap().matcher();
        assert_eq!(matcher.tokens_to_accept().unwrap(), usize::from(letters));
        for bit in (0..letters).rev() {
            assert!(!matcher.is_accepting().unwrap(), "{letters}");
            assert_eq!(matcher.mask().unwrap().count(), usize::from(bit) + 1, "{letters}");
            assert_eq!(matcher.advance_bytes(&[b'0' + bit]).unwrap(), 1, "{letters}");
        }
        assert!(matcher.is_accepting().unwrap(), "{letters}");
    }
    for (most, least) in [(1_000_000_000_u64, 3), (10, 10)] {
        let source = format!(
            "start: p::0\np::_: \"a\" p::incr(_) %if lt(_, {most}) | \"\" %if ge(_, {least})"
        );
        let grammar = Grammar::lark(&source).unwrap();
        let mut matcher = Constraint::new(&grammar, &vocabulary).unwrap().matcher();
        assert_eq!(matcher.advance_bytes(b"aaaaaaaaaaa").unwrap() as u64, most.min(11));
        assert!(matcher.is_accepting().unwrap(), "{source}");
    }
}

#[test]
fn alternatives_have_a_limit() {
    // Each run that is over lowers how many must come, and how many may.
    let limits = Limits { alternatives: 500, ..Limits::default() };
    let grammar = Grammar::regex_within("((a{2,9}b?){50,90}c?){50,90}", &limits).unwrap();
    let bytes: Vec<u8> = (0..=255).collect();
    let constraint = Constraint::new(&grammar, &Vocabulary::new(bytes.chunks(1), ["<end>"]));
    let error = constraint.unwrap().matcher().advance_bytes(&[b'a'; 4000]).unwrap_err();
    let what = "alternatives open within a terminal: ";
    assert!(error.to_string().starts_with(what), "{error}");
}

#[test]
fn recursion_of_every_kind() {
    for (seed, source) in [
        "root ::= root root | \"a\" | \"\"",
        "root ::= x root | \"b\"\nx ::= \"\" | x \"a\"",
        "root ::= \"a\" root \"b\" | \"\"",
        "root ::= x \"b\"\nx ::= y\ny ::= x | \"a\" | x \"a\"",
        "root ::= \"a\" root | \"a\" root \"b\" | \"\"",
        "root ::= (root? \"a\" root?)*",
    ]
    .iter()
    .enumerate()
    {
        check(source, seed as u64);
    }
}
