//! Tokens of Rust code, and the paths among them.

/// A word, `::`, `->`, `=>`, or any other single character that is no white space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// Counted from 1.
    pub(super) line: usize,
}

/// A path of two segments or more, or what follows `use`.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
    /// The modules with braces, within the file, in which it stands.
    pub(super) within: Vec<String>,
}

/// Words after which a path may begin, also with `::`.
const KEYWORDS: [&str; 14] = [
    "as", "dyn", "else", "for", "if", "impl", "in", "match", "mut", "move", "return", "use",
    "where", "while",
];

impl Token {
    pub(super) fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
    }

    /// Whether it can be a segment of a path.
    fn is_segment(&self) -> bool {
        self.is_word() && !KEYWORDS.contains(&self.text.as_str())
    }
}

/// Splits code that has no comments and no quoted texts.
pub(super) fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (line, mut rest) in code.lines().enumerate() {
        while let Some(first) = rest.trim_start().chars().next() {
            rest = rest.trim_start();
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let pair = ["::", "->", "=>"].iter().any(|pair| rest.starts_with(pair));
            let length = if pair { 2 } else { word.max(first.len_utf8()) };
            let (text, after) = rest.split_at(length);
            tokens.push(Token { text: text.to_owned(), line: line + 1 });
            rest = after;
        }
    }
    tokens
}

/// The lines on which a sequence of tokens, written as code, begins.
pub(super) fn find(tokens: &[Token], sequence: &str) -> Vec<usize> {
    let needle = self::tokens(sequence);
    let same = |window: &&[Token]| window.iter().zip(&needle).all(|(a, b)| a.text == b.text);
    tokens.windows(needle.len()).filter(same).map(|window| window[0].line).collect()
}

/// The paths in order of appearance; a group gives one path for each of its leaves.
pub(super) fn paths(tokens: &[Token]) -> Vec<Path> {
    let mut found = Vec::new();
    let mut scopes: Vec<Option<String>> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if begins_path(tokens, at) {
            let mut leaves = Vec::new();
            at = leaves_from(tokens, at, Vec::new(), &mut leaves);
            let within: Vec<String> = scopes.iter().flatten().cloned().collect();
            found.extend(leaves.into_iter().map(|(segments, line)| Path {
                segments,
                line,
                within: within.clone(),
            }));
            continue;
        }
        match tokens[at].text.as_str() {
            "{" => scopes.push(module_opened(&tokens[..at])),
            "}" => drop(scopes.pop()),
            _ => {}
        }
        at += 1;
    }
    found
}

/// The name of the module that a brace opens, if it opens one.
fn module_opened(before: &[Token]) -> Option<String> {
    match before {
        [.., keyword, name] if keyword.text == "mod" => Some(name.text.clone()),
        _ => None,
    }
}

fn begins_path(tokens: &[Token], at: usize) -> bool {
    let (before, rest) = tokens.split_at(at);
    let introduced = match before {
        [.., first, second] if first.text == "extern" => second.text == "crate",
        [.., first, second] if second.text == "::" => first.text == "use",
        [.., last] => last.text == "use",
        [] => false,
    };
    let continues = match before {
        [.., owner, colons] if colons.text == "::" => owner.is_segment() || owner.text == ">",
        _ => false,
    };
    let head = rest[0].is_segment() || (introduced && rest[0].text == "{");
    head && !continues && (introduced || rest.get(1).is_some_and(|next| next.text == "::"))
}

/// Adds the leaves of the path, or group, that begins at `at`; returns where it ends.
fn leaves_from(
    tokens: &[Token],
    mut at: usize,
    mut segments: Vec<String>,
    leaves: &mut Vec<(Vec<String>, usize)>,
) -> usize {
    let line = tokens[at].line;
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "{" => return group_from(tokens, at + 1, &segments, leaves),
            "self" if !segments.is_empty() => at += 1,
            text if text == "*" || token.is_word() => {
                segments.push(text.to_owned());
                at += 1;
            }
            _ => break,
        }
        match tokens.get(at) {
            Some(next) if next.text == "::" => at += 1,
            _ => break,
        }
    }
    leaves.push((segments, line));
    at
}

fn group_from(
    tokens: &[Token],
    mut at: usize,
    prefix: &[String],
    leaves: &mut Vec<(Vec<String>, usize)>,
) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "}" => return at + 1,
            "as" => at += 2,
            "{" | "*" => at = leaves_from(tokens, at, prefix.to_vec(), leaves).max(at + 1),
            _ if token.is_word() => at = leaves_from(tokens, at, prefix.to_vec(), leaves),
            _ => at += 1,
        }
    }
    at
}

fn check(code: &str, expected: &[&str]) {
    let spelled = |path: Path| {
        let within: String = path.within.iter().map(|module| format!("[{module}]")).collect();
        format!("{within}{}@{}", path.segments.join("::"), path.line)
    };
    let found: Vec<String> = paths(&tokens(code)).into_iter().map(spelled).collect();
    assert_eq!(found, expected, "{code}");
}

#[test]
fn paths_are_spelled_out() {
    check("use a;", &["a@1"]);
    check("use a::{b, c::{self, d as e}, f::*};", &["a::b@1", "a::c@1", "a::c::d@1", "a::f::*@1"]);
    check("use\n{a::b,\nc};", &["a::b@2", "c@3"]);
    check("use ::a::b; extern crate c;", &["a::b@1", "c@1"]);
    check("use ::{a::b}; return ::c::d(x as ::e::F)", &["a::b@1", "c::d@1", "e::F@1"]);
    check("let x = a::b::<c::d>::e(f, ::g::h);", &["a::b@1", "c::d@1", "g::h@1"]);
    check("<a as b::c>::d(e)", &["b::c@1"]);
    check("mod m { use super::super::x; }", &["[m]super::super::x@1"]);
    check("pub(crate) fn f(x: crate::a::B) -> u8 { self.c() }", &["crate::a::B@1"]);
    check("use a as b; use crate as root;", &["a@1", "crate@1"]);
    check("#[derive(a::B)] #[c::d]", &["a::B@1", "c::d@1"]);
    check("use a::{", &[]);
}

#[test]
fn sequences_are_found_as_tokens() {
    let code = tokens("x.unwrap()\n  .unwrap ()\neprintln!(unwrap_or)");
    assert_eq!(find(&code, ".unwrap()"), [1, 2]);
    assert_eq!(find(&code, "println!"), [] as [usize; 0]);
    assert_eq!(find(&code, "eprintln!"), [3]);
}
