//! Languages of numbers against arithmetic with big integers.

mod decimals;
mod exact;
mod size;
mod suite;

use std::cmp::Ordering;

use num_bigint::BigInt;

use self::exact::{Exact, is_considered, is_decided, may_go_on, power_of_ten};
use super::{Bound, Decimal, NumberError, Numbers, Spelling};
use crate::regex::{Automaton, ByteSet, ExprId, Exprs};

const BOUNDS: &[&str] = &[
    "0",
    "1",
    "-1",
    "0.1",
    "1e-8",
    "9007199254740991",
    "9007199254740993",
    "100000000000000000001",
    "-0.005",
    "1e30",
    "123.456",
    "15",
    "-9.5",
    "500",
    "0.095",
    "-1e-19",
    "1.5e300",
];
const DIVISORS: &[&str] = &[
    "1",
    "2",
    "3",
    "0.01",
    "0.5",
    "2.5",
    "7",
    "12",
    "64",
    "1e-8",
    "0.0075",
    "1000000007",
    "100",
    "0.25",
    "300",
    "5e20",
    "1.25e-18",
    "18446744073709551615",
    "12345678901234567890",
    "1048576",
];

/// A language with what must hold of the values of its texts.
struct Judged {
    name: String,
    language: ExprId,
    holds: Box<dyn Fn(&Exact) -> bool>,
    /// Whether a text is one that the language decides on.
    is_decided: fn(&str, Spelling) -> bool,
}

/// Languages of one universe, all over one automaton.
struct Languages {
    spelling: Spelling,
    automaton: Automaton,
    judged: Vec<Judged>,
    /// Where the texts come from, for failures.
    note: String,
}

impl Languages {
    fn new(spelling: Spelling, bounds: &[&str], divisors: &[&str]) -> Self {
        let mut exprs = Exprs::default();
        let mut numbers = Numbers::new(&mut exprs, spelling);
        let mut judged = vec![
            judge("any", numbers.any(), is_considered, |_| true),
            judge("decided", numbers.decided_by_multiples(), is_decided, |_| true),
        ];
        let integers = numbers.integers(&mut exprs);
        let one = Exact::of("1").unwrap();
        judged
            .push(judge("integers", integers, is_decided, move |value| value.is_multiple_of(&one)));
        for bound in bounds {
            judged.extend(compared(&mut exprs, &numbers, bound));
        }
        for text in divisors {
            let language = numbers.multiple_of(&mut exprs, &Decimal::parse(text).unwrap()).unwrap();
            let divisor = Exact::of(text).unwrap();
            let holds = move |value: &Exact| value.is_multiple_of(&divisor);
            judged.push(judge(&format!("multiple of {text}"), language, is_decided, holds));
        }
        Self {
            spelling,
            automaton: Automaton::new(exprs, ByteSet::ALL),
            judged,
            note: String::new(),
        }
    }

    fn starts(&self) -> Vec<ExprId> {
        self.judged.iter().map(|judged| judged.language).collect()
    }

    fn step(&mut self, states: &[ExprId], byte: u8) -> Vec<ExprId> {
        let class = self.automaton.class_of(byte);
        states.iter().map(|&state| self.automaton.step(state, class)).collect()
    }

    /// The one check: a text that led to these states is in the languages whose laws it meets.
    fn check(&self, text: &str, states: &[ExprId]) {
        let value = Exact::of(text);
        for (judged, &state) in self.judged.iter().zip(states) {
            let expected = (judged.is_decided)(text, self.spelling)
                && value.as_ref().is_some_and(|value| (judged.holds)(value));
            let found = self.automaton.is_nullable(state);
            assert_eq!(
                found, expected,
                "{text:?} in {} ({:?}) {}",
                judged.name, self.spelling, self.note
            );
        }
    }

    fn check_text(&mut self, text: &str) {
        let mut states = self.starts();
        for byte in text.bytes() {
            states = self.step(&states, byte);
        }
        self.check(text, &states);
    }

    /// Checks all texts of an alphabet up to a length that may become numbers; their number.
    fn check_all(&mut self, alphabet: &str, length: usize) -> usize {
        let mut open = vec![(String::new(), self.starts())];
        let mut count = 0;
        while let Some((text, states)) = open.pop() {
            self.check(&text, &states);
            count += 1;
            for byte in alphabet.bytes().filter(|_| text.len() < length) {
                let next = format!("{text}{}", char::from(byte));
                if may_go_on(&next) {
                    let states = self.step(&states, byte);
                    open.push((next, states));
                }
            }
        }
        count
    }
}

fn judge(
    name: &str,
    language: ExprId,
    is_decided: fn(&str, Spelling) -> bool,
    holds: impl Fn(&Exact) -> bool + 'static,
) -> Judged {
    Judged { name: name.to_owned(), language, holds: Box::new(holds), is_decided }
}

/// The comparisons with one bound.
fn compared(exprs: &mut Exprs, numbers: &Numbers, text: &str) -> Vec<Judged> {
    let bound = Decimal::parse(text).unwrap();
    let (inclusive, exclusive) = (Bound::Inclusive, Bound::Exclusive);
    let languages = [
        ("at least", numbers.at_least(exprs, &bound, inclusive), [false, true, true]),
        ("above", numbers.at_least(exprs, &bound, exclusive), [false, false, true]),
        ("at most", numbers.at_most(exprs, &bound, inclusive), [true, true, false]),
        ("below", numbers.at_most(exprs, &bound, exclusive), [true, false, false]),
        ("equal to", numbers.equal_to(exprs, &bound), [false, true, false]),
    ];
    let judge_one = |(name, language, allowed): (_, Result<ExprId, NumberError>, [bool; 3])| {
        let exact = Exact::of(text).unwrap();
        let holds = move |value: &Exact| match value.compare(&exact) {
            Ordering::Less => allowed[0],
            Ordering::Equal => allowed[1],
            Ordering::Greater => allowed[2],
        };
        judge(&format!("{name} {text}"), language.unwrap(), is_considered, holds)
    };
    languages.into_iter().map(judge_one).collect()
}

#[test]
fn short_texts_are_where_arithmetic_puts_them() {
    for (spelling, length) in [(Spelling::Usual, 6), (Spelling::Any, 5)] {
        let mut count = Languages::new(spelling, BOUNDS, &[]).check_all("-0159.eE+", length);
        count += Languages::new(spelling, &[], DIVISORS).check_all("-0127.eE+", length);
        count += Languages::new(spelling, &[], DIVISORS).check_all("05.e", length + 2);
        assert!(count > 10_000, "{count} texts of {spelling:?}");
    }
}

#[test]
fn what_is_no_number_is_in_no_language() {
    let texts = [
        "", "-", "+1", "01", "-01", "1.", ".5", "1.e5", "1e", "1e+", "1 ", " 1", "1,0", "--1",
        "1.5.5", "1e5.0", "1e5e5", "0x1", "NaN", "Infinity", "\u{661}", "1_000", "00", "1e5e",
        "\"1\"",
    ];
    for spelling in [Spelling::Usual, Spelling::Any] {
        let mut languages = Languages::new(spelling, BOUNDS, DIVISORS);
        for text in texts {
            languages.check_text(text);
        }
    }
}

/// A generator of numbers that look random (Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    fn digits(&mut self, most: u64) -> String {
        (0..=self.below(most)).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }

    /// A value near others: a bound moved a little, a multiple with a few more digits.
    fn value(&mut self) -> Exact {
        let texts = [BOUNDS, DIVISORS].concat();
        let Exact { mut digits, mut exponent } =
            Exact::of(texts[self.below(texts.len() as u64) as usize]).unwrap();
        match self.below(4) {
            0 => {
                let places = self.below(20) as i64;
                digits = digits * power_of_ten(places) + (self.below(3) as i64 - 1);
                exponent -= places;
            }
            1 => digits *= self.digits(20).parse::<BigInt>().unwrap(),
            2 => digits = self.digits(40).parse().unwrap(),
            _ => {}
        }
        if self.below(8) == 0 {
            exponent += self.below(40) as i64 - 20;
        }
        Exact { digits, exponent }
    }

    /// One of the ways to write a value.
    fn text(&mut self, value: &Exact) -> String {
        let sign = if value.digits < BigInt::ZERO { "-" } else { "" };
        let mut digits = value.digits.magnitude().to_string() + &"0".repeat(self.below(4) as usize);
        let zeros = digits.len() as i64 - value.digits.magnitude().to_string().len() as i64;
        let exponent = value.exponent - zeros;
        // The place of the point, counted from behind.
        let is_plain = exponent <= 0 && self.below(2) == 0;
        let behind = match self.below(4) {
            _ if is_plain => -exponent as usize,
            0 => self.below(digits.len() as u64 + 3) as usize,
            _ => digits.len() - 1,
        };
        digits = "0".repeat((behind + 1).saturating_sub(digits.len())) + &digits;
        let (whole, fraction) = digits.split_at(digits.len() - behind);
        let whole =
            whole[..whole.len() - 1].trim_start_matches('0').to_owned() + &whole[whole.len() - 1..];
        let point = if fraction.is_empty() { "" } else { "." };
        let power = exponent + behind as i64;
        let marker = ["e", "E", "e0", "e00"][self.below(4) as usize];
        let power = match power {
            0 if is_plain => String::new(),
            0.. => format!("{marker}{power}"),
            _ => format!("{}-{}{}", &marker[..1], &marker[1..], -power),
        };
        format!("{sign}{whole}{point}{fraction}{power}")
    }
}

#[test]
fn long_texts_are_where_arithmetic_puts_them() {
    const SEED: u64 = 0x9E37_79B9_7F4A_7C15;
    for spelling in [Spelling::Usual, Spelling::Any] {
        let mut random = Random(SEED);
        let mut languages = Languages::new(spelling, BOUNDS, DIVISORS);
        let mut considered = 0;
        for round in 0..800 {
            let value = random.value();
            let text = random.text(&value);
            assert!(Exact::of(&text).is_some_and(|read| read.compare(&value).is_eq()), "{text}");
            languages.note = format!("seed {SEED:#x}, round {round}");
            considered += usize::from(is_considered(&text, spelling));
            languages.check_text(&text);
        }
        assert!(considered > 500, "{considered}");
    }
}

#[test]
fn what_has_no_language_is_refused_in_words() {
    let mut exprs = Exprs::default();
    let numbers = Numbers::new(&mut exprs, Spelling::Usual);
    let decimal = |text: &str| Decimal::parse(text).unwrap();
    let before = exprs.len();
    for (divisor, expected) in [
        ("0", "0 is not above 0, as a divisor must be"),
        ("-2.50", "-2.5 is not above 0, as a divisor must be"),
        (
            "18446744073709551617",
            "18446744073709551617 has the digits of an integer over the limit of \
             18446744073709551615, for a divisor",
        ),
        (
            "1e-1000000000",
            "1e-1000000000 has 1000000001 digits when it is written out, over the limit of 1000",
        ),
    ] {
        let error = numbers.multiple_of(&mut exprs, &decimal(divisor)).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    for bound in ["1e1000000000", "-3e-99999999999999999", "1.5e1000"] {
        for bounds in [Bound::Inclusive, Bound::Exclusive] {
            let bound = decimal(bound);
            assert!(matches!(
                numbers.at_least(&mut exprs, &bound, bounds),
                Err(NumberError::Digits { .. })
            ));
            assert!(numbers.at_most(&mut exprs, &bound, bounds).is_err());
        }
    }
    assert_eq!(exprs.len(), before, "what is refused has made expressions");
}
