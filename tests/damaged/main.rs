//! Damaged model files end in an error that says where: no panic, no claim of memory they lack.

#[path = "../tiny/builder/mod.rs"]
mod builder;
mod folder;
mod gguf;
mod memory;
#[path = "../tiny/random.rs"]
mod random;
#[path = "../support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use builder::{Element, Tiny};
use memory::measured;
use random::Random;
use tempfile::TempDir;
use tokenrail::model::local::LocalModel;
use tokenrail::model::{LanguageModel, Message, ModelError, Rows, TreeNode};
use tokenrail::vocab::TokenId;

/// The most bytes that opening and using a tiny model may hold; a sound one takes about 1 MB.
const MEMORY: usize = 4 << 20;

#[test]
fn a_sound_file_opens() {
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("tiny.gguf");
    fs::write(&path, Tiny::smallest(1).gguf(Element::F32).bytes()).expect("a writable folder");
    assert_eq!(outcome(&path, MEMORY, &|| "sound".to_owned()), Ok(()));
    Tiny::smallest(1).folder(Element::F32, 2).write(place.path());
    assert_eq!(outcome(place.path(), MEMORY, &|| "sound".to_owned()), Ok(()));
}

#[test]
fn the_default_model_with_header_bits_flipped() {
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("model.gguf");
    let size = fs::copy(support::model_path(), &path).expect("room for a copy");
    let mut file = File::options().read(true).write(true).open(&path).expect("the copy is there");
    let (seed, mut random) = (2026, Random::from_seed(2026));
    let opened = (0..40).filter(|flip| {
        let (at, bit) = (random.below(2 << 20) as u64, random.below(8));
        flip_bit(&mut file, at, bit);
        let case = || format!("seed {seed}, flip {flip}: bit {bit} of byte {at}");
        let outcome = outcome(&path, 10 * size as usize, &case);
        flip_bit(&mut file, at, bit);
        outcome.is_ok()
    });
    let opened = opened.count();
    assert!(opened < 40, "no flip was noticed");
}

fn flip_bit(file: &mut File, at: u64, bit: usize) {
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).expect("within the file");
    file.read_exact(&mut byte).expect("within the file");
    byte[0] ^= 1 << bit;
    file.seek(SeekFrom::Start(at)).expect("within the file");
    file.write_all(&byte).expect("a writable file");
}

/// Opens a model and, where it opens, uses all of it.
fn open(path: &Path) -> Result<(), ModelError> {
    let model = LocalModel::open(path)?;
    if let Some(template) = model.chat_template() {
        template.render(&[Message::user("hi")])?;
    }
    let vocabulary = model.tokenizer().vocabulary();
    let rows = u32::try_from(vocabulary.len()).expect("a tiny vocabulary");
    (0..rows).for_each(|id| drop(vocabulary.piece(TokenId(id))));
    model.tokenizer().encode(" the <|im_end|> hint")?;
    let mut session = model.session();
    let tokens = [TokenId(0), TokenId(rows - 1), TokenId(rows / 2)];
    session.feed(&tokens, Rows::All)?.distributions()?;
    let tree = [None, Some(0)].map(|parent| TreeNode { token: TokenId(1), parent });
    session.feed_tree(&tree, Rows::Last)?.distributions()?;
    Ok(())
}

/// What opening comes to; panics with the case when that panics or takes too much memory.
fn outcome(path: &Path, memory: usize, case: &dyn Fn() -> String) -> Result<(), String> {
    let (outcome, most) = measured(|| {
        catch_unwind(AssertUnwindSafe(|| open(path).map_err(|error| error.to_string())))
    });
    let Ok(outcome) = outcome else { panic!("{}: panicked", case()) };
    assert!(most <= memory, "{}: {most} bytes of memory; {outcome:?}", case());
    outcome
}

/// The outcome is an error that contains every part.
fn assert_refused(path: &Path, what: &str, parts: &[&str]) {
    let Err(error) = outcome(path, MEMORY, &|| what.to_owned()) else {
        panic!("{what}: it opens; expected an error with {parts:?}")
    };
    for part in parts {
        assert!(error.contains(part), "{what}: {error:?} does not say {part:?}");
    }
}
