//! Packaged models: with scripts in place of pip, and once with the machine's own pip.

use std::fs;
use std::io::{Cursor, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use tempfile::TempDir;
use tokenrail::store::{
    Access, GEMMA3_270M, ModelSource, PackagePart, PackagedModel, SMOLLM2_135M, Stage, Store,
    StoreError,
};

use super::{child, noise, sha256, wait_until};

const MEMBER: &str = "tiny/tiny.gguf";

static CONTENTS: LazyLock<Vec<u8>> = LazyLock::new(|| noise(300_000, 1));

/// A small model under the default one's name, so that both meet in one folder.
static TINY: LazyLock<PackagedModel> = LazyLock::new(|| PackagedModel {
    name: SMOLLM2_135M.name,
    parts: vec![part("tiny", MEMBER, wheel(MEMBER, &CONTENTS).len())].leak(),
    file: "tiny.gguf",
    bytes: CONTENTS.len() as u64,
    sha256: sha256(&CONTENTS).leak(),
});

fn part(package: &'static str, member: &'static str, bytes: usize) -> PackagePart {
    PackagePart { package, version: "1.0", wheel_bytes: bytes as u64, member }
}

/// The same file in two packages.
static CUT: LazyLock<PackagedModel> = LazyLock::new(|| PackagedModel {
    name: "cut",
    parts: vec![part("cut-1", "cut/0", 200_000), part("cut-2", "cut/1", 100_000)].leak(),
    file: "cut.gguf",
    bytes: CONTENTS.len() as u64,
    sha256: TINY.sha256,
});

/// A script that takes pip's place, and counts the downloads it is asked for.
struct FakePip {
    folder: TempDir,
}

impl FakePip {
    /// `body` finds the folder for wheels in `$dest`, a wheel in `$wheel`, and in `$here` a place
    /// for what it has to tell.
    fn new(body: &str, wheel: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("wheel"), wheel).expect("written");
        let script = format!(
            "#!/bin/sh\n\
             [ \"$1\" = --version ] && exit 0\n\
             here='{here}'; wheel=$here/wheel\n\
             echo run >> $here/runs\n\
             while [ $# -gt 1 ]; do [ \"$1\" = --dest ] && dest=$2; shift; done\n\
             echo \"$1\" > $here/requirement\n\
             {body}\n",
            here = folder.path().display()
        );
        let path = folder.path().join("pip3");
        fs::write(&path, script).expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, mode).expect("made executable");
        Self { folder }
    }

    fn good() -> Self {
        Self::new(DELIVER, &wheel(MEMBER, &CONTENTS))
    }

    fn store(&self, root: &Path) -> Store {
        Store::new(root).with_pip(self.file("pip3"), Vec::new())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    fn runs(&self) -> usize {
        self.read("runs").lines().count()
    }
}

const DELIVER: &str = "cp $wheel $dest/tiny-1.0-py3-none-any.whl";

/// Half a file, then no end; but none that outlives the test, for its folder is removed.
const HANG: &str = "head -c 1000 $wheel > $TMPDIR/half\n\
                    echo $$ > $here/pid; mv $here/pid $here/hanging\n\
                    while [ -d $TMPDIR ]; do sleep 0.05; done";

fn wheel(member: &str, contents: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("tiny/__init__.py", options).expect("begun");
    zip.start_file(member, options).expect("begun");
    zip.write_all(contents).expect("written");
    zip.finish().expect("finished").into_inner()
}

fn tiny() -> ModelSource {
    ModelSource::Packaged(&TINY)
}

fn obtain(store: &Store) -> Result<PathBuf, StoreError> {
    store.obtain(&tiny(), Access::Online, &mut |_| {})
}

/// The names in the folder of packaged models.
fn kept(root: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root.join("models"))
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("read").file_name().display().to_string())
        .collect();
    names.sort();
    names
}

#[test]
fn the_default_model_is_obtained_once_through_pip() {
    let root = tempfile::tempdir().expect("a folder");
    let store = Store::new(root.path());
    let source = ModelSource::default();
    assert_eq!(store.list().expect("listed"), []);
    let path = store.obtain(&source, Access::Online, &mut |_| {}).expect("pip delivers it");
    let contents = fs::read(&path).expect("read");
    assert_eq!(contents.len() as u64, SMOLLM2_135M.bytes);
    assert_eq!(sha256(&contents), SMOLLM2_135M.sha256);

    let unreachable = Store::new(root.path()).with_pip("/no/such/pip", Vec::new());
    for access in [Access::Online, Access::Offline] {
        let again = unreachable
            .obtain(&source, access, &mut |progress| panic!("{progress:?}"))
            .expect("it is there");
        assert_eq!(again, path);
    }
    let listed = store.list().expect("listed");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].name.parse::<ModelSource>().expect("a name"), source);
    assert_eq!((&listed[0].path, listed[0].bytes), (&path, SMOLLM2_135M.bytes));
    assert_eq!(store.remove(&source).expect("removed"), SMOLLM2_135M.bytes);
    assert_eq!(store.locate(&source).expect("looked"), None);
    assert_eq!(store.list().expect("listed"), []);
    assert!(matches!(store.remove(&source), Err(StoreError::NotStored { .. })));
}

#[test]
fn progress_is_enough_for_a_bar() {
    let root = tempfile::tempdir().expect("a folder");
    let pip = FakePip::good();
    let mut seen = Vec::new();
    pip.store(root.path())
        .obtain(&tiny(), Access::Online, &mut |progress| {
            seen.push((progress.stage, progress.done, progress.total));
        })
        .expect("obtained");
    assert_eq!(pip.read("requirement").trim(), "tiny==1.0");
    for (stage, total) in
        [(Stage::Downloading, TINY.parts[0].wheel_bytes), (Stage::Unpacking, TINY.bytes)]
    {
        let steps: Vec<u64> = seen
            .iter()
            .filter(|(seen, ..)| *seen == stage)
            .map(|(_, done, seen_total)| {
                assert_eq!(*seen_total, Some(total));
                *done
            })
            .collect();
        assert!(steps.is_sorted(), "{stage:?} {steps:?}");
        assert_eq!(steps.last(), Some(&total), "{stage:?}");
    }
}

/// What pip delivers, the body of its script, the error, and words of the message.
type Fault = (Vec<u8>, &'static str, fn(&StoreError) -> bool, &'static str);

fn faults() -> Vec<Fault> {
    let good = wheel(MEMBER, &CONTENTS);
    let shorter = &CONTENTS[1..];
    let longer = noise(CONTENTS.len() + 5000, 1);
    vec![
        (
            wheel(MEMBER, &noise(CONTENTS.len(), 2)),
            DELIVER,
            |fault| matches!(fault, StoreError::WrongHash { expected, .. } if expected == TINY.sha256),
            "was delivered with the SHA-256",
        ),
        (
            wheel(MEMBER, shorter),
            DELIVER,
            |fault| matches!(fault, StoreError::WrongSize { found: 299_999, .. }),
            "299999 bytes where 300000 are right",
        ),
        (
            wheel(MEMBER, &longer),
            DELIVER,
            |fault| matches!(fault, StoreError::WrongSize { found: 300_001, .. }),
            "where 300000 are right",
        ),
        (
            good[..good.len() / 2].to_vec(),
            DELIVER,
            |fault| matches!(fault, StoreError::Wheel { .. }),
            "cannot be taken from the wheel \"tiny-1.0-py3-none-any.whl\"",
        ),
        (
            wheel("tiny/other.gguf", &CONTENTS),
            DELIVER,
            |fault| matches!(fault, StoreError::Wheel { .. }),
            "\"tiny/tiny.gguf\" cannot be taken",
        ),
        (
            good.clone(),
            "cp $wheel $dest/tiny-1.0.tar.gz",
            |fault| matches!(fault, StoreError::NoWheel { .. }),
            "delivered no wheel for \"tiny==1.0\"",
        ),
        (
            good.clone(),
            "for i in 1 2 3 4 5 6 7 8 9; do echo $i >&2; echo noise; done\n\
             echo 'ERROR: No matching distribution' >&2; exit 1",
            |fault| matches!(fault, StoreError::Pip { message, .. } if message.starts_with("1\n2\n")),
            "9\nERROR: No matching distribution",
        ),
        (
            good,
            "yes | head -c 1000000 >&2; kill -9 $$",
            |fault| matches!(fault, StoreError::Pip { message, .. } if message.len() < 100),
            "signal: 9",
        ),
    ]
}

#[test]
fn a_bad_delivery_is_a_typed_error_and_leaves_nothing() {
    for (wheel, body, is_right, words) in faults() {
        let root = tempfile::tempdir().expect("a folder");
        let pip = FakePip::new(body, &wheel);
        let fault = obtain(&pip.store(root.path())).expect_err(words);
        assert!(is_right(&fault), "{fault:?}");
        assert!(fault.to_string().contains(words), "{words:?} is not in: {fault}");
        assert_eq!(kept(root.path()), ["smollm2-135m.lock"], "{fault}");
        assert_eq!(pip.runs(), 1);

        let path = obtain(&FakePip::good().store(root.path())).expect("the next delivery is good");
        assert_eq!(fs::read(path).expect("read"), *CONTENTS);
    }
}

/// A file in parts is put together in their order, whole or not at all.
#[test]
fn a_model_in_parts_is_one_file() {
    let (first, second) = CONTENTS.split_at(200_000);
    // Both parts are in each wheel, so that the order alone decides.
    let both = |parts: [(&str, &[u8]); 2]| {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (member, contents) in parts {
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file(member, options).expect("begun");
            zip.write_all(contents).expect("written");
        }
        zip.finish().expect("finished").into_inner()
    };
    let source = ModelSource::Packaged(&CUT);
    for (parts, is_right) in [
        ([("cut/0", first), ("cut/1", second)], true),
        ([("cut/1", first), ("cut/0", second)], false),
        ([("cut/0", first), ("cut/2", second)], false),
        ([("cut/0", first), ("cut/1", &second[1..])], false),
    ] {
        let root = tempfile::tempdir().expect("a folder");
        let body = "cp $wheel $dest/cut-1.0-py3-none-any.whl";
        let pip = FakePip::new(body, &both(parts));
        let obtained = pip.store(root.path()).obtain(&source, Access::Online, &mut |_| {});
        assert_eq!(obtained.is_ok(), is_right, "{obtained:?}");
        assert_eq!(pip.runs(), 2);
        if let Ok(path) = obtained {
            assert_eq!(fs::read(path).expect("read"), *CONTENTS);
        } else {
            assert_eq!(kept(root.path()), ["cut.lock"]);
        }
    }
    let total: u64 = GEMMA3_270M.parts.iter().map(|part| part.wheel_bytes).sum();
    assert_eq!(total, GEMMA3_270M.bytes, "as large as what they hold, about");
}

#[test]
fn without_pip_the_error_says_what_was_tried() {
    let root = tempfile::tempdir().expect("a folder");
    let broken = || Store::new(root.path()).with_pip("sh", vec!["-c".into(), "exit 3".into()]);
    let missing = || Store::new(root.path()).with_pip("/no/such/pip", Vec::new());
    for (store, tried) in [(broken(), "sh -c exit 3"), (missing(), "/no/such/pip")] {
        let fault = obtain(&store).expect_err("no pip");
        assert!(matches!(fault, StoreError::NoPip { .. }), "{fault:?}");
        let message = fault.to_string();
        assert!(message.contains(tried), "{message}");
        assert!(message.contains("install pip, or give the path"), "{message}");
        assert_eq!(kept(root.path()), ["smollm2-135m.lock"]);
    }
}

#[test]
fn a_truncated_model_is_obtained_again() {
    let root = tempfile::tempdir().expect("a folder");
    let pip = FakePip::good();
    let store = pip.store(root.path());
    let path = obtain(&store).expect("obtained");
    assert_eq!(obtain(&store).expect("there"), path);
    assert_eq!(pip.runs(), 1);

    let file = fs::File::options().write(true).open(&path).expect("opened");
    file.set_len(1000).expect("truncated");
    assert_eq!(store.locate(&tiny()).expect("looked"), None);
    assert_eq!(obtain(&store).expect("obtained again"), path);
    assert_eq!(fs::read(&path).expect("read"), *CONTENTS);
    assert_eq!(pip.runs(), 2);
    assert_eq!(kept(root.path()), ["smollm2-135m", "smollm2-135m.lock"]);
}

/// The process that is killed is the real thing: `Store::from_env`, a `pip3` found by its name.
#[test]
fn a_process_killed_half_way_leaves_nothing_that_counts() {
    let root = tempfile::tempdir().expect("a folder");
    let hanging = FakePip::new(HANG, &wheel(MEMBER, &CONTENTS));
    let path = std::env::var("PATH").expect("a path");
    let mut killed = child(SMOLLM2_135M.name, root.path())
        .env("PATH", format!("{}:{path}", hanging.folder.path().display()))
        .stdout(Stdio::null())
        .spawn()
        .expect("started");
    wait_until("pip hangs", || hanging.file("hanging").exists());
    killed.kill().expect("killed");
    let status = killed.wait().expect("ended");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
    assert_eq!(kept(root.path()), ["smollm2-135m.lock", "smollm2-135m.partial"]);

    let body = format!("ls $TMPDIR/../../.. > $here/staging; {DELIVER}");
    let good = FakePip::new(&body, &wheel(MEMBER, &CONTENTS));
    let store = good.store(root.path());
    assert_eq!(store.locate(&ModelSource::default()).expect("looked"), None);
    assert_eq!(store.locate(&tiny()).expect("looked"), None);
    let path = obtain(&store).expect("obtained");
    assert_eq!(fs::read(path).expect("read"), *CONTENTS);
    assert_eq!(kept(root.path()), ["smollm2-135m", "smollm2-135m.lock"]);
    assert_eq!((hanging.runs(), good.runs()), (1, 1));
    let staging = std::process::id().to_string();
    assert_eq!(good.read("staging").trim(), staging, "it began clean");
}

#[test]
fn pip_does_not_outlive_a_panic_of_the_caller() {
    let root = tempfile::tempdir().expect("a folder");
    let pip = FakePip::new(HANG, &[0; 4000]);
    let store = pip.store(root.path());
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        store.obtain(&tiny(), Access::Online, &mut |progress| {
            assert!(!pip.file("hanging").exists(), "on purpose: {progress:?}");
        })
    }));
    assert!(outcome.is_err(), "the callback panicked");
    let pid = pip.read("hanging");
    let mut alive = Command::new("sh");
    alive.args(["-c", "kill -0 $1 2>/dev/null", "sh", pid.trim()]);
    assert!(!pid.is_empty() && !alive.status().expect("asked").success());

    obtain(&FakePip::good().store(root.path())).expect("the lock is free, the next call is clean");
    assert_eq!(kept(root.path()), ["smollm2-135m", "smollm2-135m.lock"]);
}

/// Pip goes on only when somebody waits for the lock, so the two do overlap.
#[test]
fn of_two_at_once_one_fetches_and_the_other_waits() {
    let root = tempfile::tempdir().expect("a folder");
    let body = format!(
        "i=0; while [ ! -e $here/waiting ]; do i=$((i+1)); [ $i -gt 600 ] && exit 9; sleep 0.05; done\n\
         {DELIVER}"
    );
    let pip = FakePip::new(&body, &wheel(MEMBER, &CONTENTS));
    let waiting = pip.file("waiting");
    let obtain_one = || {
        let store = pip.store(root.path());
        store.obtain(&tiny(), Access::Online, &mut |progress| {
            if progress.stage == Stage::Waiting {
                fs::write(&waiting, "").expect("written");
            }
        })
    };
    let paths = std::thread::scope(|scope| {
        let other = scope.spawn(obtain_one);
        [obtain_one(), other.join().expect("no panic")]
    });
    let [one, other] = paths.map(|path| path.expect("obtained"));
    assert_eq!(one, other);
    assert_eq!(pip.runs(), 1);
}

#[test]
fn a_path_is_taken_as_it_is_and_never_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let store = Store::new(at("store"));
    let check = |name: &str, expected: Result<Option<()>, &str>| {
        let source = ModelSource::Path(at(name));
        match (store.locate(&source), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected.map(|()| at(name)), "{name}"),
            (Err(StoreError::NotAModel { missing, .. }), Err(file)) => assert_eq!(missing, file),
            (Err(fault @ StoreError::BadIndex { .. }), Err(words)) => {
                assert!(fault.to_string().contains(words), "{fault}");
            }
            (found, expected) => panic!("{name}: {found:?}, expected {expected:?}"),
        }
        assert!(matches!(store.remove(&source), Err(StoreError::NotOurs { .. })));
    };
    let write = |name: &str, text: &str| fs::write(at(name), text).expect("written");

    check("model.gguf", Ok(None));
    write("model.gguf", "GGUF");
    check("model.gguf", Ok(Some(())));
    fs::create_dir(at("folder")).expect("created");
    check("folder", Err("config.json"));
    write("folder/config.json", "{}");
    check("folder", Err("tokenizer.json"));
    write("folder/tokenizer.json", "{}");
    check("folder", Err("model.safetensors"));
    for (text, words) in [
        ("[", "EOF"),
        ("{}", "\"weight_map\" is not an object"),
        (r#"{"weight_map": {}}"#, "\"weight_map\" is empty"),
        (r#"{"weight_map": {"a": 1}}"#, "1 is not a file name (at /weight_map/a)"),
        (r#"{"weight_map": {"a": "../x"}}"#, "\"../x\" is not a file name"),
    ] {
        write("folder/model.safetensors.index.json", text);
        check("folder", Err(words));
    }
    let index = r#"{"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}"#;
    write("folder/model.safetensors.index.json", index);
    write("folder/1.safetensors", "");
    check("folder", Err("2.safetensors"));
    write("folder/2.safetensors", "");
    check("folder", Ok(Some(())));
    let gone = ModelSource::Path(at("gone.gguf"));
    for access in [Access::Online, Access::Offline] {
        let fault = store.obtain(&gone, access, &mut |_| {});
        assert!(matches!(fault, Err(StoreError::NoFile { .. })), "{fault:?}");
    }
}
