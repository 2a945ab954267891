//! How large the languages of everyday schemas are, and that what they have in common is found.

use crate::regex::{Automaton, ByteSet, ExprId, Exprs, Shortest};
use crate::schema::number::{Bound, Decimal, Numbers, Spelling};

/// What a schema says of a number: least, most, divisor.
type Said = [Option<&'static str>; 3];

fn build(exprs: &mut Exprs, numbers: &mut Numbers, [least, most, divisor]: Said) -> ExprId {
    let decimal = |text: &str| Decimal::parse(text).unwrap();
    let mut parts = vec![numbers.any()];
    if let Some(text) = least {
        parts.push(numbers.at_least(exprs, &decimal(text), Bound::Inclusive).unwrap());
    }
    if let Some(text) = most {
        parts.push(numbers.at_most(exprs, &decimal(text), Bound::Inclusive).unwrap());
    }
    match divisor {
        Some("1") => parts.push(numbers.integers(exprs)),
        Some(text) => parts.push(numbers.multiple_of(exprs, &decimal(text)).unwrap()),
        None => {}
    }
    exprs.and(parts)
}

/// What is said takes at most so many expressions beside those of the universe, and its shortest
/// text is so long.
fn check(said: Said, nodes: usize, expected: Shortest) {
    let mut exprs = Exprs::default();
    let mut numbers = Numbers::new(&mut exprs, Spelling::Usual);
    let before = exprs.len();
    let language = build(&mut exprs, &mut numbers, said);
    let made = exprs.len() - before;
    let mut automaton = Automaton::new(exprs, ByteSet::ALL);
    let mut fuel = 200_000;
    let shortest = automaton.shortest(language, &mut fuel);
    assert!(made <= nodes, "{said:?}: {made} expressions");
    assert_eq!(shortest, Ok(expected), "{said:?}");
}

#[test]
fn everyday_numbers_are_small() {
    let bytes = Shortest::Bytes;
    check([None, None, None], 0, bytes(1));
    check([None, None, Some("1")], 600, bytes(1));
    check([Some("1"), Some("65535"), None], 200, bytes(1));
    check([Some("1"), Some("65535"), Some("1")], 800, bytes(1));
    check([Some("-90"), Some("90"), None], 200, bytes(1));
    check([Some("0"), Some("1"), None], 200, bytes(1));
    check([Some("0"), None, Some("0.01")], 800, bytes(1));
    check([Some("10000000000000000001"), Some("98765432109876543210"), None], 500, bytes(4));
}

#[test]
fn near_multiples_are_found_among_many_states() {
    let bytes = Shortest::Bytes;
    check([Some("5"), None, Some("1000000007")], 1_000, bytes(10));
    check([Some("1"), None, Some("18446744073709551615")], 1_000, bytes(20));
    check([Some("1"), Some("6"), Some("7")], 1_000, Shortest::None);
    check([Some("0.001"), Some("0.002"), Some("0.0015")], 1_000, bytes(6));
}
