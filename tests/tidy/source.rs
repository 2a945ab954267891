//! A Rust file as text, with its comments, its quoted texts and its tests told apart.

use std::fs;
use std::path::Path;

use super::tokens::{Path as UsedPath, Token, paths, tokens};

const TEST_ITEM: &str = "#[cfg(test)]";

/// One file of the tree.
#[derive(Debug)]
pub(super) struct Source {
    /// From the root of the repository, with `/`.
    pub(super) path: String,
    pub(super) text: String,
    /// The tokens outside comments and quoted texts.
    pub(super) code: Vec<Token>,
    /// The same without what is compiled for tests alone.
    pub(super) product: Vec<Token>,
    /// What each line of the product is.
    pub(super) lines: Vec<Line>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Code,
    Comment,
    /// Blank, or part of a test.
    Neither,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Code,
    Quoted,
    Comment,
    Test,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut kinds = kinds(&chars);
        let code = tokens(&code_view(&chars, &kinds));
        mark_tests(path, &chars, &mut kinds);
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
            product: tokens(&code_view(&chars, &kinds)),
            lines: lines(&chars, &kinds),
        }
    }

    /// The paths that the product names, `use` groups spelled out.
    pub(super) fn paths(&self) -> Vec<UsedPath> {
        paths(&self.product)
    }

    pub(super) fn count(&self, line: Line) -> usize {
        self.lines.iter().filter(|&&other| other == line).count()
    }

    /// An offence at a line, counted from 1.
    pub(super) fn at(&self, line: usize, what: impl AsRef<str>) -> String {
        format!("{}:{line}: {}", self.path, what.as_ref())
    }

    /// Whether this is one of the files, or in one of the modules, that begin with a prefix.
    pub(super) fn is_under(&self, prefixes: &[&str]) -> bool {
        prefixes.iter().any(|prefix| match self.path.strip_prefix(prefix) {
            Some(rest) => rest.is_empty() || rest.starts_with('/') || rest == ".rs",
            None => false,
        })
    }
}

/// The files under a folder, in order, without build output, the index and links.
pub(super) fn files(root: &Path, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root.join(&folder));
        for entry in entries.unwrap_or_else(|fault| panic!("{folder}: {fault}")) {
            let entry = entry.expect("a readable folder");
            let name = entry.file_name().into_string().expect("names in UTF-8");
            let kind = entry.file_type().expect("a kind of file");
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if kind.is_dir() && name != "target" && name != ".git" {
                folders.push(path);
            } else if kind.is_file() && name != ".git" {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What each character belongs to.
fn kinds(chars: &[char]) -> Vec<Kind> {
    let mut kinds = Vec::with_capacity(chars.len());
    while kinds.len() < chars.len() {
        let (length, kind) = lexeme(&chars[kinds.len()..]);
        kinds.extend(std::iter::repeat_n(kind, length));
    }
    kinds
}

/// The length and kind of what stands first.
fn lexeme(rest: &[char]) -> (usize, Kind) {
    let word = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
    let raw = match rest[..word] {
        ['r'] | ['b' | 'c', 'r'] => raw(&rest[word..]),
        _ => 0,
    };
    match rest {
        ['/', '/', ..] => (rest.iter().take_while(|c| **c != '\n').count(), Kind::Comment),
        ['/', '*', ..] => (block_comment(rest), Kind::Comment),
        ['"', ..] => (quoted(rest), Kind::Quoted),
        ['\'', '\\', _, ..] => (3 + until(&rest[3..], '\''), Kind::Quoted),
        ['\'', _, '\'', ..] => (3, Kind::Quoted),
        _ if raw > 0 => (word + raw, Kind::Quoted),
        _ => (word.max(1), Kind::Code),
    }
}

/// The length up to and with the first `end`.
fn until(rest: &[char], end: char) -> usize {
    rest.iter().position(|c| *c == end).map_or(rest.len(), |at| at + 1)
}

fn quoted(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// The length of `#"…"#` with any number of `#`; 0 if there is none.
fn raw(rest: &[char]) -> usize {
    let hashes = rest.iter().take_while(|c| **c == '#').count();
    if rest.get(hashes) != Some(&'"') {
        return 0;
    }
    let end: Vec<char> = "\"".chars().chain(std::iter::repeat_n('#', hashes)).collect();
    let body = &rest[hashes + 1..];
    let length = body.windows(end.len()).position(|window| window == end).unwrap_or(body.len());
    (hashes + 1 + length + end.len()).min(rest.len())
}

fn block_comment(rest: &[char]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (at, depth) = (at + 2, depth + 1),
            ['*', '/', ..] => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Takes out of the code each item after `#[cfg(test)]`, and files that are nothing but tests.
fn mark_tests(path: &str, chars: &[char], kinds: &mut [Kind]) {
    if path.ends_with("/tests.rs") || path.contains("/tests/") {
        kinds.fill(Kind::Test);
    }
    let view: Vec<char> = code_view(chars, kinds).chars().collect();
    let needle: Vec<char> = TEST_ITEM.chars().collect();
    let mut at = 0;
    while at < view.len() {
        if view[at..].starts_with(&needle) {
            let end = at + needle.len() + item(&view[at + needle.len()..]);
            kinds[at..end].fill(Kind::Test);
            at = end;
        } else {
            at += 1;
        }
    }
}

/// The length of an item: to its `;`, or to the end of its braces.
fn item(view: &[char]) -> usize {
    let mut depth = 0_usize;
    for (at, char) in view.iter().enumerate() {
        match char {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && matches!(char, '}' | ';') {
            return at + 1;
        }
    }
    view.len()
}

fn code_view(chars: &[char], kinds: &[Kind]) -> String {
    let seen = |(&char, &kind): (&char, &Kind)| match kind {
        Kind::Code => char,
        _ if char == '\n' => char,
        _ => ' ',
    };
    chars.iter().zip(kinds).map(seen).collect()
}

fn lines(chars: &[char], kinds: &[Kind]) -> Vec<Line> {
    let mut lines = vec![Line::Neither];
    for (char, kind) in chars.iter().zip(kinds) {
        let last = lines.last_mut().expect("never empty");
        match kind {
            _ if *char == '\n' => lines.push(Line::Neither),
            _ if char.is_whitespace() => {}
            Kind::Code | Kind::Quoted => *last = Line::Code,
            Kind::Comment if *last == Line::Neither => *last = Line::Comment,
            Kind::Comment | Kind::Test => {}
        }
    }
    lines
}

fn check(text: &str, code: &str, product: &str) {
    let source = Source::new("src/a.rs", text);
    let joined = |tokens: &[Token]| {
        tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(joined(&source.code), code, "{text}");
    assert_eq!(joined(&source.product), product, "{text}");
}

#[test]
fn comments_and_quoted_texts_are_set_aside() {
    check("a // b\nc", "a c", "a c");
    check("a /* b /* c */ d */ e", "a e", "a e");
    check(r##"a("b\"c", 'd', '\'', '\u{1f}', b"e")"##, "a ( , , , , b )", "a ( , , , , b )");
    check("a(r#\"b\" c\"#, br\"d\\\", r#type)", "a ( , , r # type )", "a ( , , r # type )");
    check(
        "fn a<'b>(c: &'b str)",
        "fn a < ' b > ( c : & ' b str )",
        "fn a < ' b > ( c : & ' b str )",
    );
    check("a \"// b\" c // \"d\ne", "a c e", "a c e");
    check("\"unfinished", "", "");
    check("r", "r", "r");
}

#[test]
fn tests_are_no_part_of_the_product() {
    let code = "a # [ cfg ( test ) ] mod tests { fn b ( ) { } } c";
    check("a #[cfg(test)] mod tests { fn b() {} } c", code, "a c");
    check("#[cfg(test)]\nmod tests;\nc", "# [ cfg ( test ) ] mod tests ; c", "c");
    assert!(Source::new("src/a/tests.rs", "fn a() {}").product.is_empty());
}

#[test]
fn lines_are_told_apart() {
    let text = "//! a\n\nfn b() {} // c\nlet d = \"\n  e\";\n#[cfg(test)]\nmod tests {\n// f\n}";
    let lines = Source::new("src/a.rs", text).lines;
    let (code, comment, neither) = (Line::Code, Line::Comment, Line::Neither);
    let test = [neither; 4];
    assert_eq!(lines[..5], [comment, neither, code, code, code]);
    assert_eq!(lines[5..], test);
}
