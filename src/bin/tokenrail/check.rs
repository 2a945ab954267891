//! `tokenrail check`: does a text match, and if not, where and why.
//!
//! Without `--tokens` no model is opened: a text is followed byte by byte. With it, the text is followed
//! as the model's tokens, and for each is told how many others were legal in its place. Under a schema
//! the text is judged as a value as well, so that what is wrong with it is said in the schema's words.

use std::path::Path;

use serde_json::{Value, json};
use tokenrail::constraint::{Constraint, Explanation};
use tokenrail::model::LanguageModel;
use tokenrail::report::{Cell, Column, Cut, Table, caret, escape};
use tokenrail::schema::{Escapes, Violation};
use tokenrail::vocab::{TokenId, Tokenizer};

use crate::args::CheckArgs;
use crate::exit::Failure;
use crate::schema::{Judge, Source, violations_json};
use crate::{grammar, input, model, output};

/// Checks texts, without a model unless `--tokens` asks for its tokens.
///
/// A grammar that names tokens is not answered by opening the model unasked: a stranger's grammar
/// would make the program fetch one.
pub(crate) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let grammar = grammar::read(&args.grammar, &args.writing.options(Escapes::Any))?;
    let judge = grammar.schema.as_ref().map(Source::judge);
    if !args.tokens {
        grammar.check_tokenless()?;
        let constraint = grammar.compile(&grammar::every_byte())?;
        return check(args, &Checker { constraint, tokenizer: None, judge });
    }
    let model = model::open(&args.model)?;
    let constraint = grammar.compile(model.tokenizer().vocabulary())?;
    check(args, &Checker { constraint, tokenizer: Some(model.tokenizer()), judge })
}

/// Checks what the flags name; fails where any text is refused.
fn check(args: &CheckArgs, checker: &Checker<'_>) -> Result<(), Failure> {
    let is_accepted = match (&args.lines, args.text.as_deref()) {
        (Some(path), _) => check_lines(checker, path)?,
        (None, Some("-")) => check_text(args, checker, &input::read(Path::new("-"))?)?,
        (None, text) => check_text(args, checker, text.unwrap_or(""))?,
    };
    if is_accepted { Ok(()) } else { Err(Failure::Refused) }
}

/// Checks one text and prints what came of it; tells whether it is accepted.
fn check_text(args: &CheckArgs, checker: &Checker<'_>, text: &str) -> Result<bool, Failure> {
    let verdict = checker.check(text)?;
    match args.json {
        true => output::print_json(&checker.whole_answer(&verdict))?,
        false => checker.print(text, &verdict)?,
    }
    Ok(verdict.refusal.is_none())
}

/// Checks texts as bytes or, with a tokenizer, as its tokens.
struct Checker<'m> {
    constraint: Constraint,
    /// `None` where texts are checked as bytes.
    tokenizer: Option<&'m Tokenizer>,
    /// Where the grammar is that of a schema.
    judge: Option<Judge>,
}

/// What came of a text.
struct Verdict {
    /// Why it is none of the grammar's texts; `None` where it is one.
    refusal: Option<Explanation>,
    /// Its tokens up to the first that may not come, where it was checked as tokens.
    tokens: Vec<Checked>,
    /// What of its value does not conform to the schema, where there is one, and a value.
    violations: Option<Vec<Violation>>,
}

/// A token of a checked text.
struct Checked {
    id: TokenId,
    /// The number of tokens that were legal in its place.
    legal: usize,
    is_legal: bool,
}

impl Verdict {
    /// Prints what of the value does not conform; where only its spelling is refused, that.
    fn print_violations(&self) -> Result<(), Failure> {
        let violations = self.violations.as_deref().unwrap_or_default();
        for Violation { instance, schema, message } in violations {
            let place = if instance.is_empty() { "the value" } else { instance };
            let line = format!("{place} does not conform: {message} ({schema})");
            output::print(&format!("{}\n", escape(&line)))?;
        }
        if self.refusal.is_some() && self.violations.as_ref().is_some_and(Vec::is_empty) {
            output::print(ONLY_SPELLED)?;
        }
        Ok(())
    }

    /// The answer for a program: offset and reason are there where the text is refused, violations
    /// where it was judged as a value.
    fn answer(&self) -> Value {
        let mut answer = match &self.refusal {
            None => json!({"accepted": true}),
            Some(why) => {
                json!({"accepted": false, "offset": why.offset, "reason": why.to_string()})
            }
        };
        if let Some(violations) = &self.violations {
            answer["violations"] = violations_json(violations);
        }
        answer
    }
}

/// What is said of a text that is refused though its value conforms.
const ONLY_SPELLED: &str = "the value conforms: its order, white space, escapes or numbers are not \
                            as asked, or a keyword is enforced in part\n";

impl Checker<'_> {
    /// Follows a text to its end, or to the first byte or token that may not come.
    fn check(&self, text: &str) -> Result<Verdict, Failure> {
        let mut matcher = self.constraint.matcher();
        let violations = self.judge.as_ref().and_then(|judge| judge.violations(text));
        let Some(tokenizer) = self.tokenizer else {
            let refusal = matcher.explain_bytes(text.as_bytes())?;
            return Ok(Verdict { refusal, tokens: Vec::new(), violations });
        };
        let mut tokens = Vec::new();
        let mut refusal = None;
        let mut offset = 0;
        for id in tokenizer.encode(text)? {
            let legal = matcher.mask()?.count();
            refusal = matcher.explain(id)?;
            tokens.push(Checked { id, legal, is_legal: refusal.is_none() });
            if refusal.is_some() {
                break;
            }
            matcher.advance(id)?;
            offset += self.spelled(id).len();
        }
        if refusal.is_none() {
            refusal = matcher.explain_bytes(b"")?;
        }
        if let Some(why) = &mut refusal {
            why.offset += offset;
        }
        Ok(Verdict { refusal, tokens, violations })
    }

    /// Checks the string that a line of JSON is, or tells why that cannot be done.
    fn check_line(&self, line: &str) -> Result<Verdict, String> {
        let value: Value = serde_json::from_str(line).map_err(|error| input::json_fault(&error))?;
        let text = value.as_str().ok_or("it is JSON, but not a string")?;
        self.check(text).map_err(|failure| failure.to_string())
    }

    /// What stands for a token in a text.
    fn spelled(&self, id: TokenId) -> &[u8] {
        let vocabulary = self.constraint.vocabulary();
        vocabulary.special_name(id).map_or(vocabulary.bytes(id), str::as_bytes)
    }

    /// A token as it is shown.
    fn piece(&self, id: TokenId) -> String {
        self.constraint.vocabulary().piece(id).into_owned()
    }

    /// Prints what came of a text: with a tokenizer its tokens, then the verdict and its place.
    fn print(&self, text: &str, verdict: &Verdict) -> Result<(), Failure> {
        if self.tokenizer.is_some() {
            output::print(&self.table(&verdict.tokens))?;
        }
        let Some(why) = &verdict.refusal else {
            output::print("accepted\n")?;
            return verdict.print_violations();
        };
        let reason = escape(&why.to_string());
        output::print(&format!("refused {reason}\n{}\n", caret(text, why.offset)))?;
        verdict.print_violations()
    }

    /// What `--json` prints: the answer, what a refusal knows beyond its words, and the tokens.
    fn whole_answer(&self, verdict: &Verdict) -> Value {
        let mut answer = verdict.answer();
        if let Some(why) = &verdict.refusal {
            answer["expected"] = json!(why.expected);
            answer["may_end"] = json!(why.may_end);
            answer["rules"] = json!(why.rules);
        }
        if self.tokenizer.is_some() {
            let token = |&Checked { id, legal, .. }: &Checked| json!({"id": id.0, "text": self.piece(id), "legal": legal});
            answer["tokens"] = verdict.tokens.iter().map(token).collect();
        }
        answer
    }

    /// The tokens, each with the number of those that were legal in its place.
    fn table(&self, tokens: &[Checked]) -> String {
        let mut table = Table::new([
            Column::right("id"),
            Column::left("token").at_most(40, Cut::Middle),
            Column::right("legal tokens"),
            Column::left(""),
        ]);
        for Checked { id, legal, is_legal } in tokens {
            let verdict = if *is_legal { "is one" } else { "is none" };
            let row = [id.to_string(), self.piece(*id), legal.to_string(), verdict.to_owned()];
            table.push(row.map(Cell::plain));
        }
        table.render(output::colour())
    }
}

/// Checks a JSON string a line, and answers each before the next is looked at; tells whether all are
/// accepted. What is no string or cannot be followed to its end is answered like what is refused: an
/// answer left out would shift those behind it.
fn check_lines(checker: &Checker<'_>, path: &Path) -> Result<bool, Failure> {
    let mut is_accepted = true;
    for line in input::read(path)?.lines() {
        let checked = checker.check_line(line);
        is_accepted &= checked.as_ref().is_ok_and(|verdict| verdict.refusal.is_none());
        let refused = |reason| json!({"accepted": false, "reason": reason});
        output::print_json(&checked.map_or_else(refused, |verdict| verdict.answer()))?;
    }
    Ok(is_accepted)
}
