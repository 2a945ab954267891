//! `tokenrail generate`: legal text from a model.
//!
//! The grammar is read and compiled before the model is opened, so that its faults cost no time. The
//! text goes to standard output as it is, and with `--stream` as it comes; what is to be said about it,
//! such as a budget that was too small for more, goes to standard error.
//!
//! A text under a schema that is not enforced exactly is judged when it is whole: one that does not
//! conform is printed, and the run ends as refused.

use serde_json::{Value, json};
use tokenrail::generate::{Finish, Generated, Generator};
use tokenrail::model::LanguageModel;
use tokenrail::schema::{Escapes, Violation};
use tokenrail::vocab::Vocabulary;

use crate::args::GenerateArgs;
use crate::exit::Failure;
use crate::prompt_cache::PromptCache;
use crate::schema::{Judge, Source, violations_json};
use crate::tools::{self, Tools};
use crate::{grammar, interrupt, model, output, progress};

/// Generates as many texts as asked after one prompt, which is read once.
pub(crate) fn run(args: &GenerateArgs) -> Result<(), Failure> {
    // A name that could be escaped at each letter is forced nowhere, and models wander off in it.
    let options = args.writing.options(Escapes::Minimal);
    let (grammar, tools) = match tools::read(&args.tools, &options)? {
        Some((grammar, tools)) => (grammar, Some(tools)),
        None => (grammar::read(&args.grammar, &options)?, None),
    };
    let judge = grammar.schema.as_ref().filter(|source| source.may_be_over()).map(Source::judge);
    let readers = Readers { judge, tools };
    interrupt::end_at_once()?;
    let model = model::open(&args.model)?;
    let vocabulary = model.tokenizer().vocabulary();
    let constraint = grammar.compile(vocabulary)?;
    let cache = PromptCache::open(&model, args.prompt_cache.as_deref())?;
    let generator = Generator::with_prefixes(cache.prefixes(), &constraint)?;
    let mut started = progress::spinner(|| generator.start(args.prompt(), &args.options()))?;
    cache.close()?;
    let mut conforms = true;
    for number in 1..=args.n {
        let mut stream = Stream::default();
        let mut shown = Ok(());
        let generated = started.generate(&mut |token| {
            if args.stream && shown.is_ok() {
                shown = output::print_verbatim(&stream.push(&token.bytes));
            }
        })?;
        shown?;
        // Of one text there is no need to say which.
        let which = if args.n > 1 { format!("text {number}: ") } else { String::new() };
        conforms &= print(args, (&which, &generated), stream, (vocabulary, &readers))?;
    }
    if conforms { Ok(()) } else { Err(Failure::Refused) }
}

/// What texts are read by when they are done.
struct Readers {
    judge: Option<Judge>,
    tools: Option<Tools>,
}

/// Prints a text that is done; of a streamed one, what is left. Tells whether it is a value that
/// conforms, as far as it was judged.
fn print(
    args: &GenerateArgs,
    (which, generated): (&str, &Generated),
    stream: Stream,
    (vocabulary, readers): (&Vocabulary, &Readers),
) -> Result<bool, Failure> {
    let Readers { judge, tools } = readers;
    let violations = judge.as_ref().and_then(|judge| judge.violations(&generated.text));
    let conforms = violations.as_ref().is_none_or(Vec::is_empty);
    if args.json {
        let mut answer = generated.to_json(vocabulary);
        if judge.is_some() {
            answer["valid"] = json!(violations.as_ref().map(Vec::is_empty));
            answer["violations"] = violations.as_deref().map_or(Value::Null, violations_json);
        }
        tools.iter().for_each(|tools| tools.add_calls(&generated.text, &mut answer));
        output::print_json(&answer)?;
        return Ok(conforms);
    }
    let rest = if args.stream { stream.end() } else { generated.text.clone() };
    output::print_verbatim(&format!("{rest}\n"))?;
    if generated.finish == Finish::Budget {
        output::say(&format!(
            "note: {which}the text ends because --max-tokens is used up, where it may end"
        ));
    }
    for Violation { instance, schema, message } in violations.iter().flatten() {
        let place = if instance.is_empty() { "the value" } else { instance };
        output::say(&format!("note: {which}{place} does not conform: {message} ({schema})"));
    }
    if judge.is_some() && violations.is_none() {
        output::say(&format!(
            "note: {which}the value was not validated: the validator cannot read it or the schema"
        ));
    }
    Ok(conforms)
}

/// Bytes on their way to the terminal, a character at a time.
///
/// Law, held by a test here: however the bytes come, the same text is shown.
#[derive(Debug, Default)]
struct Stream(Vec<u8>);

impl Stream {
    /// Takes bytes and gives what can be shown; a character that has only begun waits for its end.
    fn push(&mut self, bytes: &[u8]) -> String {
        self.0.extend_from_slice(bytes);
        let mut shown = String::new();
        let mut end = 0;
        for chunk in self.0.utf8_chunks() {
            shown.push_str(chunk.valid());
            end += chunk.valid().len();
            let broken = chunk.invalid();
            let is_last = end + broken.len() == self.0.len();
            let has_begun = str::from_utf8(broken).is_err_and(|error| error.error_len().is_none());
            if is_last && has_begun {
                break;
            }
            if !broken.is_empty() {
                shown.push(char::REPLACEMENT_CHARACTER);
            }
            end += broken.len();
        }
        self.0.drain(..end);
        shown
    }

    /// What was waiting for more.
    fn end(self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_show_the_text() {
        let texts: [&[u8]; 5] = [
            b"",
            "né 日本 👩\u{200d}🚀".as_bytes(),
            b"a\xe2\x82b\xff\xe2",
            b"\xf0\x9f\x98",
            b"\xed\xa0\x80\xc0",
        ];
        for bytes in texts {
            for size in 1..5 {
                let mut stream = Stream::default();
                let mut shown: String =
                    bytes.chunks(size).map(|chunk| stream.push(chunk)).collect();
                shown.push_str(&stream.end());
                assert_eq!(shown, String::from_utf8_lossy(bytes), "{bytes:?} by {size}");
            }
        }
    }
}
