//! A hub on the loopback device: one repository, scripted to misbehave.
//!
//! Large files are answered as the real hub does, with a redirection to another address and an etag
//! that is their SHA-256; small ones at once, with another etag.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What `org/repo` holds; what is missing from `files` is not listed, and not found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repository {
    pub(crate) files: BTreeMap<String, RemoteFile>,
}

#[derive(Clone, Debug)]
pub(crate) struct RemoteFile {
    pub(crate) contents: Vec<u8>,
    /// The SHA-256 of a large file, anything else for a small one.
    pub(crate) etag: String,
    pub(crate) fault: Fault,
}

/// How the bytes of a file misbehave when they are downloaded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    None,
    /// The connection breaks after so many bytes, once.
    BreaksOnceAfter(usize),
    /// So many bytes come, and the answer says that they are all.
    EndsAfter(usize),
    /// All bytes come, whatever range was asked for.
    IgnoresRange,
    /// So many bytes come, and then nothing, while the connection stays open.
    StallsAfter(usize),
    /// So many bytes come behind those that it has.
    Exceeds(usize),
    /// It is listed, and not found.
    NotFound,
}

pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    repository: Mutex<Repository>,
    /// Status, path, range and authorization of each request.
    requests: Mutex<Vec<String>>,
    /// Connections that stay open.
    stalled: Mutex<Vec<TcpStream>>,
    stopped: AtomicBool,
}

impl Server {
    pub(crate) fn start(repository: Repository) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            repository: Mutex::new(repository),
            requests: Mutex::new(Vec::new()),
            stalled: Mutex::new(Vec::new()),
            stopped: AtomicBool::new(false),
        });
        let served = Arc::clone(&state);
        let serve = move || {
            for stream in listener.incoming() {
                if served.stopped.load(Ordering::SeqCst) {
                    return;
                }
                // A client that goes away in the middle is what some tests are about.
                let _ = stream.and_then(|stream| answer(&stream, address, &served));
            }
        };
        Self { address, state, thread: Some(std::thread::spawn(serve)) }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests since the last call.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.requests.lock().expect("no panic"))
    }

    pub(crate) fn replace(&self, repository: Repository) {
        *self.state.repository.lock().expect("no panic") = repository;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        let woken = TcpStream::connect(self.address);
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

fn answer(stream: &TcpStream, address: SocketAddr, state: &State) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.set_write_timeout(Some(Duration::from_secs(10)))?;
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let header = |name: &str| headers.get(name).map_or("", String::as_str);
    let range = header("range");
    let mut repository = state.repository.lock().expect("no panic");
    let reply = route(&mut repository, &path, range, address);
    let is_stalled = |file: &RemoteFile| matches!(file.fault, Fault::StallsAfter(_));
    if repository.files.values().any(is_stalled) {
        state.stalled.lock().expect("no panic").push(stream.try_clone()?);
    }
    drop(repository);
    let status = String::from_utf8_lossy(&reply[9..12]);
    let logged = format!("{status} {path} {range} {}", header("authorization"));
    let logged = logged.trim_end().to_owned();
    state.requests.lock().expect("no panic").push(logged);
    let mut stream = stream;
    let written = stream.write_all(&reply).and_then(|()| stream.flush());
    if written.is_err() {
        state.requests.lock().expect("no panic").push(format!("cut {path}"));
    }
    written
}

fn route(repository: &mut Repository, path: &str, range: &str, address: SocketAddr) -> Vec<u8> {
    let known = |revision: &str| revision == "main" || revision == COMMIT;
    if let Some(revision) = path.strip_prefix("/api/models/org/repo/revision/") {
        if !known(revision) {
            return head("404 Not Found", "");
        }
        let names = repository.files.keys();
        let siblings: Vec<_> = names.map(|name| serde_json::json!({ "rfilename": name })).collect();
        let info = serde_json::json!({ "sha": COMMIT, "siblings": siblings, "private": false });
        return with_body(
            "200 OK",
            "content-type: application/json\r\n",
            info.to_string().as_bytes(),
        );
    }
    if let Some(file) = path.strip_prefix("/large/").and_then(|name| repository.files.get_mut(name))
    {
        return bytes(file, range);
    }
    let resolved = path
        .strip_prefix("/org/repo/resolve/")
        .and_then(|rest| rest.split_once('/'))
        .filter(|(revision, _)| known(revision));
    let Some((name, file)) =
        resolved.and_then(|(_, name)| Some((name, repository.files.get_mut(name)?)))
    else {
        return head("404 Not Found", "");
    };
    if file.fault == Fault::NotFound {
        return head("404 Not Found", "");
    }
    if file.etag.len() == 64 {
        let fields = format!(
            "x-repo-commit: {COMMIT}\r\nx-linked-etag: \"{}\"\r\nlocation: http://{address}/large/{name}\r\n",
            file.etag
        );
        return head("302 Found", &fields);
    }
    bytes(file, range)
}

fn bytes(file: &mut RemoteFile, range: &str) -> Vec<u8> {
    let len = file.contents.len();
    let (start, end) = range
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
        .expect("the client always asks for a range");
    let mut start: usize = start.parse().expect("a number");
    let probe = end == "0";
    if file.fault == Fault::IgnoresRange && !probe {
        start = 0;
    }
    if start >= len {
        return head("416 Range Not Satisfiable", "");
    }
    let end = if probe { 1 } else { len };
    let fields = format!(
        "content-range: bytes {start}-{}/{len}\r\netag: \"{}\"\r\nx-repo-commit: {COMMIT}\r\n",
        end - 1,
        file.etag
    );
    let body = &file.contents[start..end];
    match file.fault {
        Fault::EndsAfter(sent) if !probe => {
            with_body("206 Partial Content", &fields, &body[..sent])
        }
        Fault::BreaksOnceAfter(sent) if !probe => {
            let mut reply = with_body("206 Partial Content", &fields, body);
            reply.truncate(reply.len() - body.len() + sent);
            file.fault = Fault::None;
            reply
        }
        Fault::StallsAfter(sent) if !probe => {
            let mut reply = with_body("206 Partial Content", &fields, body);
            reply.truncate(reply.len() - body.len() + sent);
            reply
        }
        Fault::Exceeds(more) if !probe => {
            with_body("206 Partial Content", &fields, &[body, &vec![0; more]].concat())
        }
        _ => with_body("206 Partial Content", &fields, body),
    }
}

fn with_body(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let mut reply = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{fields}\r\n",
        body.len()
    )
    .into_bytes();
    reply.extend_from_slice(body);
    reply
}

fn head(status: &str, fields: &str) -> Vec<u8> {
    with_body(status, fields, b"")
}
