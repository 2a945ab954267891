//! Decimals: one value however it is written, in order, and printed.

use std::collections::HashSet;

use super::{BOUNDS, DIVISORS, Exact};
use crate::schema::number::Decimal;

/// The text read is printed so; `None` where it is no decimal.
fn check(text: &str, expected: Option<&str>) {
    let printed = Decimal::parse(text).map(|decimal| decimal.to_string());
    assert_eq!(printed.as_deref(), expected, "{text:?}");
}

#[test]
fn decimals_are_printed_short() {
    for (texts, expected) in [
        (&["0", "-0", "-0.0", "0e99999999999999999999", "0.000E-7"][..], "0"),
        (&["1", "1.0", "10e-1", "0.1e+01", "1000e-0003"], "1"),
        (&["-12.50", "-1.25e1", "-0.0125E3"], "-12.5"),
        (&["1e20"], "100000000000000000000"),
        (&["1e21", "0.001e24"], "1e21"),
        (&["1.5e400"], "1.5e400"),
        (&["0.005", "5e-3"], "0.005"),
        (&["1e-21"], "0.000000000000000000001"),
        (&["12e-22"], "0.0000000000000000000012"),
        (&["-12e-23"], "-1.2e-22"),
        (&["1e1000000000"], "1e1000000000"),
    ] {
        texts.iter().for_each(|text| check(text, Some(expected)));
        let alike: HashSet<Decimal> =
            texts.iter().filter_map(|text| Decimal::parse(text)).collect();
        assert_eq!(alike.len(), 1, "{texts:?}");
    }
    let long = "123456789".repeat(23);
    check(&long, Some(&long));
}

#[test]
fn what_is_no_number_is_no_decimal() {
    for text in [
        "",
        "-",
        "+1",
        "01",
        "1.",
        ".1",
        "1e",
        "1e+",
        "1e--1",
        "1.5e1.5",
        " 1",
        "1 ",
        "0x1",
        "é",
        "1é",
        "1e1e1",
        "NaN",
        "1e100000000000000000",
        "--1",
    ] {
        check(text, None);
    }
}

#[test]
fn decimals_are_in_the_order_of_their_values() {
    let more = ["-123.4561", "123.45", "2", "10", "9.99", "-10", "-9", "1e-9", "0.10", "1e29"];
    let texts = [BOUNDS, DIVISORS, &more].concat();
    for a in &texts {
        for b in &texts {
            let found = Decimal::parse(a).cmp(&Decimal::parse(b));
            let expected = Exact::of(a).unwrap().compare(&Exact::of(b).unwrap());
            assert_eq!(found, expected, "{a} and {b}");
        }
        let is_integer = Exact::of(a).unwrap().is_multiple_of(&Exact::of("1").unwrap());
        assert_eq!(Decimal::parse(a).unwrap().is_integer(), is_integer, "{a}");
    }
}
