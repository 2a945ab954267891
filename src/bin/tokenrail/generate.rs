//! `tokenrail generate`: legal text from a model.

use tokenrail::generate::{Finish, Generated, GeneratedToken, Generator};
use tokenrail::model::LanguageModel;

use crate::args::GenerateArgs;
use crate::exit::Failure;
use crate::{grammar, model, output, progress};

pub(crate) fn run(args: &GenerateArgs) -> Result<(), Failure> {
    let model = model::open(&args.model)?;
    let vocabulary = model.tokenizer().vocabulary();
    let constraint = grammar::compile(&args.grammar, vocabulary)?;
    let generator = Generator::new(&model, &constraint)?;
    let mut started = progress::spinner(|| generator.start(args.prompt(), &args.options()))?;
    for _ in 0..args.n {
        let mut stream = Stream::default();
        let mut failure = None;
        let generated = started.generate(&mut |token| {
            if args.stream && failure.is_none() {
                failure = stream.show(token).err();
            }
        })?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        print(args, &generated, vocabulary)?;
    }
    Ok(())
}

fn print(
    args: &GenerateArgs,
    generated: &Generated,
    vocabulary: &tokenrail::vocab::Vocabulary,
) -> Result<(), Failure> {
    if args.json {
        return output::print_json(&generated.to_json(vocabulary));
    }
    if generated.finish == Finish::Budget {
        output::say("note: the text ends because --max-tokens is used up, where it may end");
    }
    match args.stream {
        true => output::print("\n"),
        false => output::print(&format!("{}\n", generated.text)),
    }
}

/// Bytes on their way to the terminal, a character at a time.
#[derive(Default)]
struct Stream(Vec<u8>);

impl Stream {
    fn show(&mut self, token: &GeneratedToken) -> Result<(), Failure> {
        self.0.extend_from_slice(&token.bytes);
        let whole = match str::from_utf8(&self.0) {
            Ok(_) => self.0.len(),
            // A character that has only begun waits for its end.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => self.0.len(),
        };
        let rest = self.0.split_off(whole);
        let shown = std::mem::replace(&mut self.0, rest);
        output::print(&String::from_utf8_lossy(&shown))
    }
}
