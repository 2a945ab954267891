//! A tiny model in each format that is read: the same logits, token ids and prompts.

mod builder;
mod families;
mod random;

use std::fs;

use builder::folder::Folder;
use builder::gguf::Gguf;
use builder::{Element, TEMPLATE, Tiny};
use random::Random;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokenrail::model::local::LocalModel;
use tokenrail::model::{LanguageModel, Logits, Message, ModelError, Rows};
use tokenrail::vocab::TokenId;

/// Between the logits of two formats.
const TOLERANCE: f32 = 1e-4;

fn open_gguf(gguf: &Gguf) -> LocalModel {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("tiny.gguf");
    fs::write(&path, gguf.bytes()).expect("a writable folder");
    LocalModel::open(&path).expect("the file opens")
}

fn open_folder(folder: &Folder) -> LocalModel {
    let place = TempDir::new().expect("a folder");
    folder.write(place.path());
    LocalModel::open(place.path()).expect("the folder opens")
}

#[test]
fn both_formats_give_the_same_logits() {
    let plain = || Tiny::new(1);
    check("plain", &plain());
    check("output of its own", &Tiny { is_tied: false, ..plain() });
    check("wide heads", &Tiny { head_width: 12, ..plain() });
    check("one key head", &Tiny { kv_heads: 1, ..plain() });
    check("a key head each", &Tiny { kv_heads: 4, padding: 0, ..plain() });
    check("stretched rotation", &Tiny { has_llama3_rope: true, ..plain() });
    check("narrow", &Tiny { layers: 1, feed_forward: 1, heads: 1, kv_heads: 1, ..plain() });
}

/// Compares the folder with the GGUF file, which other tests hold against a reference.
fn check(what: &str, tiny: &Tiny) {
    let expected = logits(&open_gguf(&tiny.gguf(Element::F32)), tiny);
    for shards in [1, 2, 5] {
        let folder = open_folder(&tiny.folder(Element::F32, shards));
        assert_same(&logits(&folder, tiny), &expected, &format!("{what}, {shards} files"));
    }
    for element in [Element::BF16, Element::F16] {
        let what = format!("{what}, {element:?}");
        assert_same(&logits(&open_gguf(&tiny.gguf(element)), tiny), &expected, &what);
        assert_same(&logits(&open_folder(&tiny.folder(element, 1)), tiny), &expected, &what);
    }
}

/// The logits after each of 300 random tokens: more than one pass, and far enough to rotate.
fn logits(model: &LocalModel, tiny: &Tiny) -> Logits {
    let mut random = Random::from_seed(tiny.seed);
    let tokens: Vec<TokenId> = (0..300)
        .map(|_| TokenId(u32::try_from(random.below(tiny.rows())).expect("small")))
        .collect();
    model.session().feed(&tokens, Rows::All).expect("it feeds")
}

fn assert_same(left: &Logits, right: &Logits, what: &str) {
    assert_eq!(left.len(), right.len(), "{what}");
    for (row, (left, right)) in left.rows().zip(right.rows()).enumerate() {
        assert_eq!(left.len(), right.len(), "{what}");
        let spread = right.iter().fold(0f32, |most, logit| most.max(logit.abs()));
        assert!(spread > 0.1, "{what}: the logits of row {row} say nothing");
        for (left, right) in left.iter().zip(right) {
            assert!((left - right).abs() <= TOLERANCE, "{what}, row {row}: {left}, not {right}");
        }
    }
}

#[test]
fn both_formats_give_the_same_token_ids() {
    let tiny = Tiny::new(8);
    let models = [open_gguf(&tiny.gguf(Element::F32)), open_folder(&tiny.folder(Element::F32, 1))];
    for text in [
        "",
        "the thing's other end",
        "  two  spaces\n\nand lines\r\n",
        "1984 + 11 = 1995",
        "café, naïve; 日本 🙂",
        "<|im_start|>user\nhi<|im_end|>\n<|im_start|><|im_end",
        "\u{0}\u{7f}\u{a0}\u{ad}",
    ] {
        let [left, right] =
            models.each_ref().map(|model| model.tokenizer().encode(text).expect("it encodes"));
        assert_eq!(left, right, "{text:?}");
        let vocabulary = models[0].tokenizer().vocabulary();
        let pieces = left.iter().map(|&id| match vocabulary.special_name(id) {
            Some(name) => name.as_bytes().to_vec(),
            None => vocabulary.bytes(id).to_vec(),
        });
        assert_eq!(pieces.collect::<Vec<_>>().concat(), text.as_bytes(), "{text:?}");
        let most = left.iter().map(|id| id.index()).max().unwrap_or(0);
        assert!(most < tiny.tokens().len(), "{text:?} uses a padded id");
    }
    for model in &models {
        let merged = model.tokenizer().encode(" the").expect("it encodes");
        assert_eq!(merged.len(), 1, "merges are used");
        let vocabulary = model.tokenizer().vocabulary();
        assert_eq!(vocabulary.len(), tiny.rows(), "padded ids are in the vocabulary");
    }
}

/// Checks the bytes of the text that each token is of, behind a normalizer.
fn check_spans(normalizer: Value, text: &str, expected: &[(&str, [usize; 2])]) {
    let mut folder = Tiny::new(3).folder(Element::F32, 1);
    folder.tokenizer["normalizer"] = normalizer.clone();
    let model = open_folder(&folder);
    let spans = model.tokenizer().encode_with_spans(text).expect("it encodes");
    let ids: Vec<TokenId> = spans.iter().map(|&(id, _)| id).collect();
    assert_eq!(ids, model.tokenizer().encode(text).expect("it encodes"), "{text:?}");
    let vocabulary = model.tokenizer().vocabulary();
    let found: Vec<_> = spans
        .into_iter()
        .map(|(id, span)| (vocabulary.piece(id).into_owned(), [span.start, span.end]))
        .collect();
    let expected: Vec<_> = expected.iter().map(|&(piece, span)| (piece.to_owned(), span)).collect();
    assert_eq!(found, expected, "{text:?} behind {normalizer}");
}

#[test]
fn tokens_say_of_which_bytes_they_are() {
    let bytes = [("é", [0, 2]), ("\\xc3", [2, 3]), ("\\xa8", [3, 4]), ("x", [4, 5])];
    check_spans(Value::Null, "éèx", &bytes);
    let compatible = json!({"type": "NFKC"});
    let fraction = ["1", "\\xe2", "\\x81", "\\x84", "2"].map(|piece| (piece, [5, 7]));
    let letters = [("f", [0, 3]), ("i", [0, 3]), ("é", [3, 5])];
    check_spans(compatible, "ﬁé½", &[&letters[..], &fraction].concat());
    let lower = json!({"type": "Lowercase"});
    check_spans(
        lower,
        "<|im_end|>THE",
        &[("<|im_end|>", [0, 10]), ("t", [10, 11]), ("he", [11, 13])],
    );
}

#[test]
fn tokenizers_drop_nothing_at_random() {
    let mut folder = Tiny::new(3).folder(Element::F32, 1);
    let sound = open_folder(&folder).tokenizer().encode(" the thing").expect("it encodes");
    folder.tokenizer["model"]["dropout"] = json!(0.9);
    let dropping = open_folder(&folder);
    for _ in 0..20 {
        assert_eq!(dropping.tokenizer().encode(" the thing").expect("it encodes"), sound);
    }
}

#[test]
fn both_formats_tell_the_ends_of_a_text() {
    for adds_bos in [false, true] {
        let tiny = Tiny { adds_bos, ..Tiny::smallest(9) };
        let gguf = open_gguf(&tiny.gguf(Element::F32));
        let folder = open_folder(&tiny.folder(Element::F32, 1));
        for model in [gguf, folder] {
            let vocabulary = model.tokenizer().vocabulary();
            assert_eq!(vocabulary.bos(), Some(TokenId(1)));
            assert_eq!(vocabulary.eos(), [TokenId(2)]);
            assert_eq!(model.tokenizer().adds_bos(), adds_bos);
            assert_eq!(model.context_length(), tiny.context);
        }
    }
    let tiny = Tiny::smallest(9);
    let mut gguf = tiny.gguf(Element::F32);
    for key in ["bos_token_id", "eos_token_id", "add_bos_token"] {
        gguf.remove(&format!("tokenizer.ggml.{key}"));
    }
    let mut folder = tiny.folder(Element::F32, 1);
    folder.settings = json!({});
    for model in [open_gguf(&gguf), open_folder(&folder)] {
        let vocabulary = model.tokenizer().vocabulary();
        assert_eq!((vocabulary.bos(), vocabulary.eos()), (None, &[][..]));
        assert!(!model.tokenizer().adds_bos());
    }
}

#[test]
fn both_formats_render_the_same_prompt() {
    let tiny = Tiny::smallest(10);
    let folder = tiny.folder(Element::F32, 1);
    let named =
        json!([{"name": "tool_use", "template": "no"}, {"name": "default", "template": TEMPLATE}]);
    let with = |template: Value| {
        let mut folder = folder.clone();
        folder.settings["chat_template"] = template;
        folder
    };
    let place = TempDir::new().expect("a folder");
    with(json!("no")).write(place.path());
    fs::write(place.path().join("chat_template.jinja"), TEMPLATE).expect("a writable folder");
    for (what, model) in [
        ("GGUF", open_gguf(&tiny.gguf(Element::F32))),
        ("folder", open_folder(&folder)),
        ("named templates", open_folder(&with(named))),
        ("chat_template.jinja", LocalModel::open(place.path()).expect("the folder opens")),
    ] {
        let template = model.chat_template().expect("it has a template");
        let prompt = template.render(&[Message::system("be brief"), Message::user("hi")]);
        assert_eq!(
            prompt.expect("it renders"),
            "<|im_start|><|im_start|>system\nbe brief<|im_end|>\n\
             <|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n",
            "{what}"
        );
    }
    let mut gguf = tiny.gguf(Element::F32);
    gguf.remove("tokenizer.chat_template");
    for model in [open_gguf(&gguf), open_folder(&with(Value::Null))] {
        assert!(model.chat_template().is_none());
    }
}

#[test]
fn a_context_works_to_its_last_token() {
    let limit = 8_192;
    let sizes = Tiny::new(12);
    let tiny = Tiny { context: limit, head_width: 16, layers: 1, ..sizes };
    let model = open_gguf(&tiny.gguf(Element::F32));
    assert!(model.footprint().is_some(), "the fast backend runs it");
    let token = |at: usize| TokenId(u32::try_from(at * 37 % tiny.rows()).expect("small"));
    let tokens: Vec<TokenId> = (0..limit).map(token).collect();
    let mut session = model.session();
    session.feed(&tokens[..limit - 70], Rows::None).expect("it fits");
    let mut fork = session.fork();
    let together = session.feed(&tokens[limit - 70..], Rows::Last).expect("it fits");
    for &token in &tokens[limit - 70..limit - 1] {
        fork.feed(&[token], Rows::None).expect("it fits");
    }
    let alone = fork.feed(&tokens[limit - 1..], Rows::Last).expect("it fits");
    assert!(alone.distributions().is_ok() && alone.rows().eq(together.rows()));
    let refused = session.feed(&tokens[..1], Rows::Last).expect_err("it is full");
    assert!(matches!(refused, ModelError::ContextFull { needed: 8_193, limit: 8_192 }));
    assert_eq!(session.tokens(), tokens, "it is as it was");
}
