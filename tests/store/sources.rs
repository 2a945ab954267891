//! Which text names which model.

use tokenrail::store::{ModelSource, StoreError};

/// `expected` is the kind and the text that the source displays, or words of the error.
fn check(text: &str, expected: Result<(&str, &str), &str>) {
    let shown = match text.parse::<ModelSource>() {
        Ok(source) => {
            let kind = match source {
                ModelSource::Packaged(_) => "packaged",
                ModelSource::Hub(_) => "hub",
                ModelSource::Path(_) => "path",
            };
            Ok((kind, source.to_string()))
        }
        Err(fault @ StoreError::UnknownModel { .. }) => Err(fault.to_string()),
        Err(fault) => panic!("{text:?}: another error: {fault}"),
    };
    match (&shown, expected) {
        (Ok((kind, display)), Ok((expected_kind, expected_display))) => {
            assert_eq!((*kind, &display[..]), (expected_kind, expected_display), "{text:?}");
        }
        (Err(message), Err(words)) => assert!(message.contains(words), "{text:?}: {message}"),
        _ => panic!("{text:?}: {shown:?}, expected {expected:?}"),
    }
}

#[test]
fn a_text_names_a_model() {
    let accepted = [
        ("smollm2-135m", "packaged"),
        ("Cargo.toml", "path"),
        ("src/lib.rs", "path"),
        ("/no/such/file", "path"),
        ("./no-such-file", "path"),
        ("../no/such/folder", "path"),
        (".", "path"),
        ("no-such.gguf", "path"),
        ("no/such.GGUF", "path"),
        ("no/such/deep/file.gguf", "path"),
        ("org/repo", "hub"),
        ("Org-1/repo_2.5-GGUF", "hub"),
        ("org/repo:model.gguf", "hub"),
        ("org/repo:folder/model.Q4_1.gguf", "hub"),
        ("org/repo@v1.0", "hub"),
        ("org/repo@refs/pr/7:model.gguf", "hub"),
    ];
    for (text, kind) in accepted {
        check(text, Ok((kind, text)));
    }
}

#[test]
fn another_text_is_refused_with_what_would_be_right() {
    let no_path = "neither a known name, nor the path of something that exists";
    let no_repo = "nor a legal repository name";
    let long = format!("org/{}", "n".repeat(93));
    let refused = [
        ("", no_path),
        ("no-such-model", no_path),
        ("smollm2", no_path),
        ("org/", no_repo),
        ("org/repo/more", no_repo),
        ("org//repo", no_repo),
        ("org/..", no_repo),
        (".org/repo", no_repo),
        ("org/repo-", no_repo),
        ("org/re--po", no_repo),
        ("org/re..po", no_repo),
        ("or g/repo", no_repo),
        ("org/r\u{e9}po", no_repo),
        ("org\\repo/x", no_repo),
        ("~/repo", no_repo),
        (&long, no_repo),
        ("org/repo:", "illegal file name"),
        ("org/repo:../secret.gguf", "illegal file name"),
        ("org/repo:a/../../secret.gguf", "illegal file name"),
        ("org/repo:/etc/passwd", "illegal file name"),
        ("org/repo:a?b.gguf", "illegal file name"),
        ("org/repo:a b.gguf", "illegal file name"),
        ("org/repo:a:b.gguf", "illegal file name"),
        ("org/repo:a\\b.gguf", "illegal file name"),
        ("org/repo@:a.gguf", "illegal revision"),
        ("org/repo@../x", "illegal revision"),
        ("org/repo@a b", "illegal revision"),
    ];
    for (text, words) in refused {
        check(text, Err(words));
        check(text, Err("\"org/repo:file\""));
        check(text, Err("\"smollm2-135m\""));
    }
}
