//! An endpoint that does as it is told, byte by byte, on a real socket.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One thing that the endpoint does with a connection.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Pause(u64),
    /// Sends these bytes until nobody takes them any more.
    Endless(Vec<u8>),
    /// Sends no more, but keeps the connection.
    Half,
    /// Closes the connection.
    Close,
    /// Breaks the connection.
    Reset,
    /// Does nothing until the other side goes.
    Hang,
}

/// What is done for each request; the last one is repeated.
pub(crate) type Script = Vec<Vec<Step>>;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The lines of its head, in lower case.
    pub(crate) head: String,
    pub(crate) body: Value,
}

#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Endpoint {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (script, log) = (Arc::new(script), Arc::clone(&seen));
        let connections: Arc<AtomicUsize> = Arc::default();
        let count = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&log)));
            }
        });
        Self { address, seen, connections, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("nobody panicked").clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Script>, log: Arc<Mutex<Vec<Seen>>>) {
    let _ = stream.set_nodelay(true);
    while let Ok(Some(seen)) = read_request(&mut stream).await {
        let number = {
            let mut log = log.lock().expect("nobody panicked");
            log.push(seen);
            log.len() - 1
        };
        let steps = &script[number.min(script.len() - 1)];
        match run(&mut stream, steps).await {
            Ok(End::Open) => {}
            Ok(End::Reset) => {
                let _ = stream.set_zero_linger();
                return;
            }
            Ok(End::Closed) | Err(_) => return,
        }
    }
}

enum End {
    Open,
    Closed,
    Reset,
}

async fn run(stream: &mut TcpStream, steps: &[Step]) -> io::Result<End> {
    for step in steps {
        match step {
            Step::Send(bytes) => stream.write_all(bytes).await?,
            Step::Pause(time) => tokio::time::sleep(Duration::from_millis(*time)).await,
            Step::Endless(bytes) => loop {
                stream.write_all(bytes).await?;
                tokio::time::sleep(Duration::from_micros(200)).await;
            },
            Step::Half => stream.shutdown().await?,
            Step::Close => return Ok(End::Closed),
            Step::Reset => return Ok(End::Reset),
            Step::Hang => {
                let mut rest = [0; 64];
                while stream.read(&mut rest).await? > 0 {}
                return Ok(End::Closed);
            }
        }
    }
    Ok(End::Open)
}

async fn read_request(stream: &mut TcpStream) -> io::Result<Option<Seen>> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let length: usize = length.unwrap_or(0);
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
    let body = serde_json::from_slice(&bytes[head..head + length]).unwrap_or_default();
    Ok(Some(Seen { head: text, body }))
}

/// A whole response, with its length.
pub(crate) fn http(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<Step> {
    let body = body.as_ref();
    let length = body.len().to_string();
    let mut headers = headers.to_vec();
    headers.push(("content-length", &length));
    vec![Step::Send([head(status, &headers).as_bytes(), body].concat())]
}

/// A head with these headers and no others.
pub(crate) fn head(status: u16, headers: &[(&str, &str)]) -> String {
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status} Whatever\r\n{headers}\r\n")
}

/// A stream of pieces, each a chunk; it is open at its end.
pub(crate) fn open_stream(pieces: &[&str]) -> Vec<Step> {
    let head = head(
        200,
        &[
            ("content-type", "text/event-stream"),
            ("transfer-encoding", "chunked"),
            ("x-request-id", "req-s"),
        ],
    );
    let chunks =
        pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| chunk(piece.as_bytes()));
    let mut steps = vec![Step::Send(head.into_bytes())];
    steps.extend(chunks.map(Step::Send));
    steps
}

/// A stream of pieces that ends as it should.
pub(crate) fn stream(pieces: &[&str]) -> Vec<Step> {
    let mut steps = open_stream(pieces);
    steps.push(Step::Send(b"0\r\n\r\n".to_vec()));
    steps
}

pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}
