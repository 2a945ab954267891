//! Sizes of files and functions, parameters, and how much is documented.

use super::source::{Line, Source};
use super::tokens::{Token, tokens};

const LARGEST_FILE: usize = 500;
const FILE_P90: usize = 350;
const FILE_MEDIAN: usize = 120;
const LONGEST_FUNCTION: usize = 100;
const LONG_FUNCTION: usize = 60;
/// Of all functions.
const LONG_PERCENT: usize = 2;
const FUNCTION_P95: usize = 40;
const PARAMETERS: usize = 5;
/// Lines of comment for ten lines of code.
const COMMENTS_PER_TEN: usize = 3;

/// A function, a method, or the declaration of one.
#[derive(Debug)]
struct Function<'s> {
    name: &'s str,
    line: usize,
    /// From `fn` to the closing brace; `None` without a body.
    length: Option<usize>,
    /// The tokens of each, attributes and `self` left out; none where a trait prescribes them.
    parameters: Vec<&'s [Token]>,
}

pub(super) fn large_files(sources: &[Source]) -> Vec<String> {
    let size = |source: &Source| source.count(Line::Code);
    let mut offences: Vec<String> = sources
        .iter()
        .filter(|source| size(source) > LARGEST_FILE)
        .map(|source| source.at(1, format!("{} code lines, over {LARGEST_FILE}", size(source))))
        .collect();
    let sizes: Vec<usize> = sources.iter().map(size).collect();
    for (percent, limit) in [(50, FILE_MEDIAN), (90, FILE_P90)] {
        let found = percentile(sizes.clone(), percent);
        if found > limit {
            offences.push(format!(
                "src: {percent} % of the files need {found} code lines, over {limit}"
            ));
        }
    }
    offences
}

pub(super) fn long_functions(sources: &[Source]) -> Vec<String> {
    let mut lengths = Vec::new();
    let mut over = [(LONGEST_FUNCTION, Vec::new()), (LONG_FUNCTION, Vec::new())];
    for source in sources {
        for function in functions(&source.product) {
            let Some(length) = function.length else { continue };
            lengths.push(length);
            if let Some((limit, list)) = over.iter_mut().find(|(limit, _)| length > *limit) {
                let what = format!("`{}` has {length} lines, over {limit}", function.name);
                list.push(source.at(function.line, what));
            }
        }
    }
    let [(_, mut offences), (_, long)] = over;
    if (offences.len() + long.len()) * 100 > lengths.len() * LONG_PERCENT {
        offences
            .push(format!("src: over {LONG_PERCENT} % of {} functions are long", lengths.len()));
        offences.extend(long);
    }
    let found = percentile(lengths, 95);
    if found > FUNCTION_P95 {
        offences
            .push(format!("src: 95 % of the functions need {found} lines, over {FUNCTION_P95}"));
    }
    offences
}

pub(super) fn poor_parameters(sources: &[Source]) -> Vec<String> {
    let mut offences = Vec::new();
    for source in sources {
        for Function { name, line, parameters, .. } in functions(&source.product) {
            let count = parameters.len();
            if count > PARAMETERS {
                offences.push(
                    source.at(line, format!("`{name}` has {count} parameters, over {PARAMETERS}")),
                );
            }
            for parameter in parameters.into_iter().filter(|parameter| is_bool(parameter)) {
                let what = format!("`{name}` has the bool parameter `{}`", parameter[0].text);
                offences.push(source.at(parameter[0].line, what));
            }
        }
    }
    offences
}

pub(super) fn without_module_doc(sources: &[Source]) -> Vec<String> {
    let bare = sources.iter().filter(|source| !source.text.starts_with("//!"));
    bare.map(|source| source.at(1, "does not begin with `//!`")).collect()
}

pub(super) fn few_comments(sources: &[Source]) -> Vec<String> {
    let total = |line| sources.iter().map(|source| source.count(line)).sum::<usize>();
    let (comments, code) = (total(Line::Comment), total(Line::Code));
    if comments * 10 >= code * COMMENTS_PER_TEN {
        return Vec::new();
    }
    let ratio = comments as f64 / code as f64;
    let mut offences = vec![format!(
        "src: {comments} lines of comment for {code} of code, {ratio:.2}, below 0.{COMMENTS_PER_TEN}"
    )];
    let poor = |source: &&Source| {
        source.count(Line::Comment) * 10 < source.count(Line::Code) * COMMENTS_PER_TEN
    };
    offences.extend(sources.iter().filter(poor).map(|source| {
        source.at(1, format!("{} for {}", source.count(Line::Comment), source.count(Line::Code)))
    }));
    offences
}

/// The least value that is not below `percent` of all; 0 for none.
fn percentile(mut values: Vec<usize>, percent: usize) -> usize {
    values.sort_unstable();
    let rank = (values.len() * percent).div_ceil(100);
    rank.checked_sub(1).map_or(0, |at| values[at])
}

fn functions(tokens: &[Token]) -> Vec<Function<'_>> {
    let mut functions = Vec::new();
    let mut prescribed = 0;
    for at in 0..tokens.len() {
        prescribed = prescribed.max(trait_impl(tokens, at));
        if tokens[at].text == "fn" && tokens.get(at + 1).is_some_and(Token::is_word) {
            functions.extend(function(&tokens[at..]).map(|function| match at < prescribed {
                true => Function { parameters: Vec::new(), ..function },
                false => function,
            }));
        }
    }
    functions
}

/// Where `impl … for … {…}` ends, if that begins at `at`, or else 0.
fn trait_impl(tokens: &[Token], at: usize) -> usize {
    let (before, rest) = tokens.split_at(at);
    let item = before
        .last()
        .is_none_or(|last| ["{", "}", ";", "]", "unsafe"].contains(&last.text.as_str()));
    if rest[0].text != "impl" || !item {
        return 0;
    }
    let head = rest.iter().position(|token| token.text == "{").unwrap_or(rest.len());
    let of_trait = rest[..head].windows(2).any(|two| two[0].text == "for" && two[1].text != "<");
    match closing(&rest[head..]) {
        Some(length) if of_trait => at + head + length,
        _ => 0,
    }
}

/// The function whose `fn` stands first; `None` if the code ends within its head.
fn function(tokens: &[Token]) -> Option<Function<'_>> {
    let generics = 2 + if tokens.get(2)?.text == "<" { closing(&tokens[2..])? + 1 } else { 0 };
    let end = generics + closing(&tokens[generics..])?;
    let head = tokens[end..].iter().position(|token| matches!(token.text.as_str(), "{" | ";"))?;
    let body = &tokens[end + head..];
    let last = match body[0].text.as_str() {
        "{" => Some(&body[closing(body)?]),
        _ => None,
    };
    Some(Function {
        name: &tokens[1].text,
        line: tokens[0].line,
        length: last.map(|last| last.line - tokens[0].line + 1),
        parameters: parameters(&tokens[generics + 1..end]),
    })
}

/// Where the bracket that stands first is closed. Angles count where they can be told.
fn closing(tokens: &[Token]) -> Option<usize> {
    let (open, close) = match tokens.first()?.text.as_str() {
        "<" => ("<", ">"),
        "(" => ("(", ")"),
        "[" => ("[", "]"),
        "{" => ("{", "}"),
        _ => return None,
    };
    let mut depth = 0;
    tokens.iter().position(|token| {
        match token.text.as_str() {
            text if text == open => depth += 1,
            text if text == close => depth -= 1,
            _ => {}
        }
        depth == 0
    })
}

fn parameters(tokens: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0;
    tokens
        .split(|token| {
            match token.text.as_str() {
                "<" | "(" | "[" | "{" => depth += 1,
                ">" | ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            depth == 0 && token.text == ","
        })
        .map(without_attributes)
        .filter(|parameter| !parameter.is_empty() && !is_self(parameter))
        .collect()
}

fn without_attributes(mut parameter: &[Token]) -> &[Token] {
    while let [hash, rest @ ..] = parameter
        && hash.text == "#"
        && let Some(end) = closing(rest)
    {
        parameter = &rest[end + 1..];
    }
    parameter
}

fn is_self(parameter: &[Token]) -> bool {
    parameter.iter().take_while(|token| token.text != ":").any(|token| token.text == "self")
}

/// Whether the type is `bool`, perhaps by reference.
fn is_bool(parameter: &[Token]) -> bool {
    match parameter {
        [before @ .., last] if last.text == "bool" => {
            let mut type_before = before
                .iter()
                .rev()
                .skip_while(|token| token.text == "&" || token.text == "mut" || token.text == "'");
            type_before.next().is_some_and(|token| token.text == ":")
        }
        _ => false,
    }
}

fn sources(texts: &[String]) -> Vec<Source> {
    let named = |(at, text): (usize, &String)| Source::new(&format!("src/{at}.rs"), text);
    texts.iter().enumerate().map(named).collect()
}

fn check(found: Vec<String>, expected: &[&str]) {
    assert_eq!(found.len(), expected.len(), "{found:#?}\nexpected {expected:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found}\nexpected {expected}");
    }
}

fn function_of(lines: usize) -> String {
    format!("fn f() {{\n{}}}\n", "x;\n".repeat(lines - 2))
}

#[test]
fn large_files_are_found() {
    let file = |lines: usize| {
        format!("//! a\n\n{}#[cfg(test)]\nmod tests {{\nx;\n}}\n", "x;\n".repeat(lines))
    };
    let many = |count: usize, lines: usize| vec![file(lines); count];
    check(large_files(&sources(&[many(9, 120), many(1, 500)].concat())), &[]);
    check(
        large_files(&sources(&[many(9, 10), many(1, 501)].concat())),
        &["src/9.rs:1: 501 code lines"],
    );
    check(large_files(&sources(&many(2, 121))), &["50 % of the files need 121"]);
    check(
        large_files(&sources(&[many(8, 1), many(2, 351)].concat())),
        &["90 % of the files need 351"],
    );
}

#[test]
fn long_functions_are_found() {
    let short = function_of(40).repeat(98);
    check(long_functions(&sources(&[short.clone() + &function_of(100).repeat(2)])), &[]);
    check(
        long_functions(&sources(&[short.clone() + &function_of(101)])),
        &[":3921: `f` has 101 lines"],
    );
    let three = ["over 2 % of 101 functions", "`f` has 61", "`f` has 61", "`f` has 61"];
    check(long_functions(&sources(&[short + &function_of(61).repeat(3)])), &three);
    check(long_functions(&sources(&[function_of(41)])), &["95 % of the functions need 41 lines"]);
    check(
        long_functions(&sources(&[format!("#[cfg(test)]\nmod tests {{ {} }}", function_of(200))])),
        &[],
    );
}

#[test]
fn poor_parameters_are_found() {
    let case = |code: &str, expected: &[&str]| {
        check(poor_parameters(&[Source::new("src/a.rs", code)]), expected);
    };
    case("fn f(&mut self, a: A, b: B, c: C, d: D, e: E) {}", &[]);
    case("\nfn f(a: A, b: B, c: C, d: D, e: E, f: F) {}", &["src/a.rs:2: `f` has 6 parameters"]);
    case("trait T { fn f(a: A<X, Y>, b: (X, Y), c: fn(X, Y) -> Z, d: D, e: [E; 2],); }", &[]);
    case(
        "fn f<T: Fn(A, bool) -> bool>(a: T, #[x(a, b)] b: &dyn Fn(&mut bool) -> bool) -> bool {}",
        &[],
    );
    case(
        "fn f(\n  a: A,\n  strict: bool,\n) {}",
        &["src/a.rs:3: `f` has the bool parameter `strict`"],
    );
    case("trait T { fn f(self: &Self, all: &mut bool); }", &["bool parameter `all`"]);
    case("fn f<'a>(x: Vec<bool>) { let g = |y: bool| y; } struct S { z: bool }", &[]);
    case("#[a] impl<A, B: Fn(C)> T<A, B> for S { fn f(x: bool) {} }", &[]);
    case("impl T for S { fn f(x: bool) {} } impl S { fn g(y: bool) {} }", &["`y`"]);
    case("fn f(a: impl for<'a> Fn(&'a A), y: bool) -> impl T { for x in y { z() } }", &["`y`"]);
    case("fn f<T>(x: T) where T: Fn(u8) { fn g(y: bool) {} }", &["`g` has the bool parameter `y`"]);
}

#[test]
fn poor_docs_are_found() {
    let poor =
        [Source::new("src/a.rs", "// a\nb\nc\nd\ne\n"), Source::new("src/b.rs", "//! a\nb\n")];
    check(without_module_doc(&poor), &["src/a.rs:1: "]);
    check(few_comments(&poor), &[]);
    check(
        few_comments(&poor[..1]),
        &["1 lines of comment for 4 of code, 0.25", "src/a.rs:1: 1 for 4"],
    );
}

#[test]
fn percentiles_are_by_nearest_rank() {
    for (values, percent, expected) in
        [(vec![], 50, 0), (vec![7], 95, 7), (vec![3, 1, 2, 4], 50, 2), (vec![1, 2], 90, 2)]
    {
        assert_eq!(percentile(values.clone(), percent), expected, "{values:?} {percent}");
    }
    assert_eq!(functions(&tokens("fn f(")).len(), 0);
}
