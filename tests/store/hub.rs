//! Models of the hub, against a scripted hub on the loopback device.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc;

use tempfile::TempDir;
use tokenrail::store::{Access, ModelSource, Progress, Stage, Store, StoreError};

use super::server::{COMMIT, Fault, RemoteFile, Repository, Server};
use super::{PATIENCE, child, noise, sha256, wait_until};

/// A store in a folder of its own, and the hub it asks.
struct Scene {
    root: TempDir,
    server: Server,
    store: Store,
}

impl Scene {
    fn new(repository: Repository) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let server = Server::start(repository);
        let store = Store::new(root.path()).with_hub_endpoint(server.endpoint());
        Self { root, server, store }
    }

    fn obtain(&self, model: &str) -> Result<PathBuf, StoreError> {
        self.store.obtain(&source(model), Access::Online, &mut |_| {})
    }

    fn locate(&self, model: &str) -> Option<PathBuf> {
        self.store.locate(&source(model)).expect("looked")
    }

    fn blobs(&self) -> PathBuf {
        self.root.path().join("hub/models--org--repo/blobs")
    }

    /// The requests for bytes since the last call: path and first byte, without probes and redirections.
    fn downloads(&self) -> Vec<String> {
        let requests = self.server.requests();
        let bytes = requests.iter().filter_map(|request| {
            let (path, range) = request.strip_prefix("206 ")?.split_once(" bytes=")?;
            let start = range.strip_suffix('-')?;
            Some(format!("{} {start}", path.rsplit_once('/')?.1))
        });
        bytes.collect()
    }
}

fn source(model: &str) -> ModelSource {
    model.parse().expect("a model")
}

fn large(len: usize, seed: u64) -> RemoteFile {
    let contents = noise(len, seed);
    RemoteFile { etag: sha256(&contents), contents, fault: Fault::None }
}

fn small(text: &str) -> RemoteFile {
    RemoteFile {
        contents: text.as_bytes().to_vec(),
        etag: sha256(text.as_bytes())[..40].to_owned(),
        fault: Fault::None,
    }
}

fn holding<const N: usize>(files: [(&str, RemoteFile); N]) -> Repository {
    Repository { files: files.map(|(name, file)| (name.to_owned(), file)).into() }
}

fn parts() -> Repository {
    let index = r#"{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors",
                                   "c": "model-1.safetensors"}}"#;
    holding([
        ("README.md", small("# A model")),
        ("config.json", small("{}")),
        ("tokenizer.json", small(r#"{"version": "1.0"}"#)),
        ("tokenizer_config.json", small(r#"{"eos_token": "x"}"#)),
        ("chat_template.jinja", small("{{ messages }}")),
        ("model.safetensors.index.json", small(index)),
        ("model-1.safetensors", large(70_000, 1)),
        ("model-2.safetensors", large(50_000, 2)),
        ("model-3.safetensors", large(10, 3)),
    ])
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.expect("read").file_name().display().to_string()).collect()
}

#[test]
fn a_named_file_is_fetched_once_and_stays_without_the_hub() {
    let model = "org/repo:q4/a.gguf";
    let file = large(200_000, 1);
    let scene = Scene::new(holding([("q4/a.gguf", file.clone()), ("b.gguf", large(9, 2))]));
    assert_eq!(scene.locate(model), None);
    let refused = scene.store.obtain(&source(model), Access::Offline, &mut |_| {});
    assert!(matches!(refused, Err(StoreError::Offline { .. })), "{refused:?}");
    assert_eq!(scene.server.requests(), [""; 0]);

    let mut last = None;
    let path = scene
        .store
        .obtain(&source(model), Access::Online, &mut |progress| {
            last = Some((progress.name.to_owned(), progress.done, progress.total));
        })
        .expect("obtained");
    assert_eq!(fs::read(&path).expect("read"), file.contents);
    assert_eq!(last, Some(("q4/a.gguf".to_owned(), 200_000, Some(200_000))));
    assert_eq!(scene.downloads(), ["a.gguf 0"]);

    for access in [Access::Online, Access::Offline] {
        let again = scene.store.obtain(&source(model), access, &mut |_| {});
        assert_eq!(again.expect("there"), path);
    }
    assert_eq!(scene.server.requests(), [""; 0]);
    drop(scene.server);
    assert_eq!(scene.store.locate(&source(model)).expect("looked"), Some(path.clone()));
    let listed = scene.store.list().expect("listed");
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].name[..], &listed[0].path, listed[0].bytes), (model, &path, 200_000));
}

/// Which files come of which repository: the names in the folder, or the one file.
#[test]
fn a_repository_gives_its_safetensors_or_its_only_gguf_file() {
    let whole = holding([
        ("config.json", small("{}")),
        ("tokenizer.json", small("[]")),
        ("model.safetensors", large(1000, 1)),
        ("generation_config.json", small("[{}]")),
        ("a.gguf", large(1000, 2)),
        ("b.gguf", large(1000, 3)),
    ]);
    let of_parts = [
        "chat_template.jinja",
        "config.json",
        "model-1.safetensors",
        "model-2.safetensors",
        "model.safetensors.index.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    let of_whole = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json"];
    let one = holding([("a.gguf", large(1000, 2)), ("config.json", small("{}"))]);
    let cases: [(Repository, &str, &[&str]); 3] =
        [(parts(), "", &of_parts), (whole, "", &of_whole), (one, "a.gguf", &["a.gguf"])];
    for (repository, entry, expected) in cases {
        let scene = Scene::new(repository.clone());
        let path = scene.obtain("org/repo").expect("obtained");
        assert_eq!(scene.locate("org/repo").as_deref(), Some(&*path));
        let snapshot = if entry.is_empty() { &path } else { path.parent().expect("a folder") };
        assert!(entry.is_empty() || path.ends_with(entry), "{path:?}");
        assert!(snapshot.ends_with(COMMIT), "{path:?}");
        let found = names(snapshot);
        assert_eq!(found.iter().collect::<Vec<_>>(), expected);
        for name in &found {
            let contents = fs::read(snapshot.join(name)).expect("read");
            assert!(contents == repository.files[name].contents, "{name}");
        }
        assert_eq!(scene.downloads().len(), expected.len());
    }
}

#[test]
fn a_repository_without_one_clear_model_is_refused() {
    let several = holding([("q8.gguf", large(10, 1)), ("q4.gguf", large(10, 2))]);
    let none = holding([("config.json", small("{}")), ("model.safetensors", large(10, 1))]);
    let outside = holding([("../evil.gguf", large(10, 1))]);
    let mut etag = holding([("a.gguf", small("x"))]);
    etag.files.get_mut("a.gguf").expect("there").etag = "../../evil".to_owned();
    let mut index = parts();
    let text = r#"{"weight_map": {"a": "../../evil"}}"#;
    index.files.insert("model.safetensors.index.json".to_owned(), small(text));
    let cases: [(Repository, &str, &str); 7] = [
        (several, "org/repo", "name one, as in \"org/repo:q4.gguf\" (there are: q4.gguf, q8.gguf)"),
        (none, "org/repo", "\"org/repo\" holds no model"),
        (outside, "org/repo", "\"../evil.gguf\", which is not a legal file name"),
        (etag, "org/repo", "\"../../evil\", which is not a legal etag"),
        (index, "org/repo", "\"../../evil\" is not a file name (at /weight_map/a)"),
        (parts(), "org/repo:b.gguf", "\"org/repo:b.gguf\" is not on the hub (HTTP status 404)"),
        (parts(), "org/repo@v9", "\"org/repo@v9\" is not on the hub (HTTP status 404)"),
    ];
    for (repository, model, words) in cases {
        let scene = Scene::new(repository);
        let fault = scene.obtain(model).expect_err(words).to_string();
        assert!(fault.contains(words), "{words:?} is not in: {fault}");
        assert_eq!(scene.locate(model), None);
        assert_eq!(scene.store.list().expect("listed"), []);
        assert_eq!(names(scene.root.path()), ["hub".to_owned()].into(), "{fault}");
    }
}

#[test]
fn a_broken_connection_is_resumed_by_the_next_call() {
    let mut file = large(200_000, 1);
    file.fault = Fault::BreaksOnceAfter(90_000);
    let scene = Scene::new(holding([("a.gguf", file.clone())]));
    let fault = scene.obtain("org/repo:a.gguf").expect_err("broken off");
    assert!(matches!(fault, StoreError::Hub { .. }), "{fault:?}");
    assert_eq!(scene.locate("org/repo:a.gguf"), None);
    assert_eq!(scene.store.list().expect("listed"), []);
    assert_eq!(scene.downloads(), ["a.gguf 0"]);

    let path = scene.obtain("org/repo:a.gguf").expect("resumed");
    assert_eq!(scene.downloads(), ["a.gguf 90000"]);
    assert!(fs::read(path).expect("read") == file.contents);
}

/// What an interrupted download left, and which downloads then lead to the right bytes.
#[test]
fn whatever_an_interrupted_download_left_the_file_is_right() {
    let file = large(100_000, 1);
    let right = &file.contents;
    let ignores = RemoteFile { fault: Fault::IgnoresRange, ..file.clone() };
    let cases: [(&str, &[u8], &RemoteFile, &[&str]); 5] = [
        ("a beginning", &right[..400], &file, &["a.gguf 400"]),
        (
            "a beginning, and a hub that resumes nothing",
            &right[..400],
            &ignores,
            &["a.gguf 400", "a.gguf 0"],
        ),
        ("a wrong beginning", &noise(400, 9), &file, &["a.gguf 400", "a.gguf 0"]),
        ("everything", right, &file, &["a.gguf 0"]),
        ("too much", &noise(100_001, 9), &file, &["a.gguf 0"]),
    ];
    for (what, left, file, downloads) in cases {
        let scene = Scene::new(holding([("a.gguf", file.clone())]));
        fs::create_dir_all(scene.blobs()).expect("created");
        let part = scene.blobs().join(&file.etag).with_extension("part");
        fs::write(part, left).expect("written");
        let path = scene.obtain("org/repo").expect(what);
        assert_eq!(scene.downloads(), downloads, "{what}");
        assert!(fs::read(path).expect("read") == *right, "{what}");
    }
}

#[test]
fn wrong_bytes_are_deleted_and_refused() {
    let other = RemoteFile { contents: noise(5000, 2), ..large(5000, 1) };
    let mut short = large(5000, 3);
    short.fault = Fault::EndsAfter(1234);
    let mut short_small = small("0123456789");
    short_small.fault = Fault::EndsAfter(4);
    let cases = [
        (&other, "was delivered with the SHA-256"),
        (&short, "1234 bytes where 5000 are right"),
        (&short_small, "4 bytes where 10 are right"),
    ];
    for (file, words) in cases {
        let scene = Scene::new(holding([("a.gguf", file.clone())]));
        let fault = scene.obtain("org/repo").expect_err(words).to_string();
        assert!(fault.contains(words), "{words:?} is not in: {fault}");
        assert_eq!(scene.locate("org/repo"), None);
        let left: Vec<_> = names(&scene.blobs()).into_iter().collect();
        assert_eq!(left, [format!("{}.lock", file.etag)]);

        let good = large(5000, 1);
        scene.server.replace(holding([("a.gguf", good.clone())]));
        let path = scene.obtain("org/repo").expect("the next delivery is good");
        assert!(fs::read(path).expect("read") == good.contents);
    }
}

#[test]
fn a_folder_counts_when_every_part_is_there() {
    let mut repository = parts();
    let part = |repository: &mut Repository, fault| {
        repository.files.get_mut("model-2.safetensors").expect("there").fault = fault;
    };
    part(&mut repository, Fault::NotFound);
    let scene = Scene::new(repository.clone());
    let fault = scene.obtain("org/repo").expect_err("one part is not there");
    assert!(matches!(fault, StoreError::NotOnHub { status: 404, .. }), "{fault:?}");
    assert_eq!(scene.locate("org/repo"), None);
    assert_eq!(scene.downloads().len(), 6);

    part(&mut repository, Fault::None);
    scene.server.replace(repository);
    let path = scene.obtain("org/repo").expect("the rest");
    assert_eq!(scene.downloads(), ["model-2.safetensors 0"], "only what was missing");
    for (name, bytes) in [("model-1.safetensors", 69_999), ("config.json", 0)] {
        let file = path.join(name).canonicalize().expect("a file");
        let opened = fs::File::options().write(true).open(file).expect("opened");
        opened.set_len(bytes).expect("truncated");
        assert_eq!(scene.locate("org/repo"), None, "{name} is truncated");
        assert_eq!(scene.obtain("org/repo").expect("again"), path);
        assert_eq!(scene.downloads(), [format!("{name} 0")]);
    }
}

/// As after a kill between the last byte and the record: hashed, not fetched.
#[test]
fn a_file_without_its_record_is_verified_before_it_counts() {
    let scene = Scene::new(holding([("a.gguf", large(5000, 1))]));
    let path = scene.obtain("org/repo:a.gguf").expect("obtained");
    let records = scene.root.path().join("hub/models--org--repo/records");
    let forget = || {
        fs::remove_dir_all(&records).expect("deleted");
        scene.downloads();
    };
    forget();
    assert_eq!(scene.locate("org/repo:a.gguf"), None);
    assert_eq!(scene.obtain("org/repo:a.gguf").expect("verified"), path);
    assert_eq!(scene.downloads(), [""; 0]);
    forget();
    fs::write(path.canonicalize().expect("a file"), noise(5000, 2)).expect("spoilt");
    assert_eq!(scene.obtain("org/repo:a.gguf").expect("obtained"), path);
    assert_eq!(scene.downloads(), ["a.gguf 0"]);
    assert!(fs::read(&path).expect("read") == noise(5000, 1));
    forget();
    scene.server.replace(holding([("a.gguf", large(5000, 3))]));
    assert_eq!(scene.obtain("org/repo:a.gguf").expect("obtained"), path);
    assert!(fs::read(&path).expect("read") == noise(5000, 3));
    fs::remove_file(path.canonicalize().expect("a file")).expect("deleted");
    assert_eq!(scene.locate("org/repo:a.gguf"), None);
    assert_eq!(scene.obtain("org/repo:a.gguf").expect("again"), path);
    assert!(path.is_file());
}

/// The first goes on only when the second waits for the lock, so the two do overlap.
#[test]
fn of_two_at_once_one_fetches_and_the_other_waits() {
    let scene = Scene::new(holding([("a.gguf", large(5000, 1))]));
    let model = source("org/repo");
    let (begun, begins) = mpsc::channel();
    let (waits, waiting) = mpsc::channel();
    let paths = std::thread::scope(|scope| {
        let mut first = true;
        let mut hold = |progress: Progress<'_>| {
            if std::mem::take(&mut first) {
                assert_eq!(progress.stage, Stage::Downloading);
                begun.send(()).expect("the test waits");
                waiting.recv_timeout(PATIENCE).expect("the other waits");
            }
        };
        let (store, model) = (&scene.store, &model);
        let other = scope.spawn(move || {
            begins.recv_timeout(PATIENCE).expect("the first begins");
            let mut tell = |progress: Progress<'_>| {
                assert_eq!(progress.stage, Stage::Waiting);
                waits.send(()).expect("the first waits");
            };
            store.obtain(model, Access::Online, &mut tell)
        });
        let path = store.obtain(model, Access::Online, &mut hold);
        [path, other.join().expect("no panic")]
    });
    let [one, other] = paths.map(|path| path.expect("obtained"));
    assert_eq!(one, other);
    assert_eq!(scene.downloads(), ["a.gguf 0"]);
}

#[test]
fn removing_one_model_keeps_what_another_uses() {
    let scene = Scene::new(parts());
    let remove = |model: &str| scene.store.remove(&source(model));
    let folder = scene.obtain("org/repo").expect("obtained");
    let one = "org/repo:model-1.safetensors";
    let unused = "org/repo@main:model-3.safetensors";
    scene.obtain(one).expect("obtained");
    scene.obtain(unused).expect("obtained");
    let listed = scene.store.list().expect("listed");
    let listed: Vec<&str> = listed.iter().map(|model| &model.name[..]).collect();
    assert_eq!(listed, ["org/repo", one, unused]);

    assert_eq!(remove(unused).expect("removed"), 10);
    assert!(matches!(remove(unused), Err(StoreError::NotStored { .. })));
    assert_eq!(remove(one).expect("removed"), 0);
    assert_eq!(scene.locate("org/repo").as_deref(), Some(&*folder));
    scene.obtain(one).expect("again");
    assert!(remove("org/repo").expect("removed") > 50_000);
    assert!(scene.locate(one).is_some_and(|path| path.exists()));
    assert_eq!(scene.locate("org/repo"), None);
    assert!(remove(one).expect("removed") >= 70_000);
    assert_eq!(scene.store.list().expect("listed"), []);
    assert_eq!(names(&scene.root.path().join("hub")), ["models--org--repo.lock".to_owned()].into());
    assert!(matches!(remove(one), Err(StoreError::NotStored { .. })));
}

#[test]
fn a_hub_that_sends_too_much_is_cut_off() {
    let file = RemoteFile { fault: Fault::Exceeds(64 << 20), ..large(5000, 1) };
    let scene = Scene::new(holding([("a.gguf", file)]));
    match scene.obtain("org/repo:a.gguf") {
        Err(StoreError::WrongSize { name, expected: 5000, found: 5001 }) => {
            assert_eq!(name, "a.gguf");
        }
        other => panic!("{other:?}"),
    }
    wait_until("the server is cut off", || {
        scene.server.requests().contains(&"cut /large/a.gguf".to_owned())
    });
    let left = names(&scene.blobs());
    assert!(left.iter().all(|name| name.ends_with(".lock")), "{left:?}");
}

/// In a process of its own, which reads how long it should wait.
#[test]
fn a_hub_that_goes_silent_is_given_up() {
    let file = RemoteFile { fault: Fault::StallsAfter(1000), ..large(5000, 1) };
    let scene = Scene::new(holding([("a.gguf", file)]));
    let output = child("org/repo:a.gguf", scene.root.path())
        .env("HF_ENDPOINT", scene.server.endpoint())
        .env("HF_HUB_DOWNLOAD_TIMEOUT", "1")
        .output()
        .expect("run");
    let said = String::from_utf8_lossy(&output.stderr);
    let cause = "it sent nothing for 1 s (HF_HUB_DOWNLOAD_TIMEOUT)";
    assert!(!output.status.success() && said.contains(cause), "{said}");
    // What came is kept, and resumed.
    scene.server.requests();
    scene.server.replace(holding([("a.gguf", large(5000, 1))]));
    scene.obtain("org/repo:a.gguf").expect("resumed");
    assert_eq!(scene.downloads(), ["a.gguf 1000"]);
}

/// In a process of its own, which reads `HF_ENDPOINT`, and the token in `HF_HOME`.
#[test]
fn the_hub_clients_own_settings_are_honoured() {
    let file = large(5000, 1);
    let scene = Scene::new(holding([("a.gguf", file.clone())]));
    let home = tempfile::tempdir().expect("a folder");
    fs::write(home.path().join("token"), "hf_secret\n").expect("written");
    let output = child("org/repo", scene.root.path())
        .env("HF_ENDPOINT", scene.server.endpoint())
        .env("HF_HOME", home.path())
        .stderr(Stdio::inherit())
        .output()
        .expect("run");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let path = scene.locate("org/repo").expect("the other process has obtained it");
    assert!(said.contains(&format!("obtained {}", path.display())), "{said}");
    assert!(said.contains("store Store {") && !said.contains("hf_secret"), "{said}");
    assert!(fs::read(path).expect("read") == file.contents);
    let requests = scene.server.requests();
    let asked: Vec<_> = requests.iter().filter(|request| !request.contains(" /large/")).collect();
    assert!(!asked.is_empty());
    for request in asked {
        assert!(request.ends_with("Bearer hf_secret"), "{request}");
    }
}
