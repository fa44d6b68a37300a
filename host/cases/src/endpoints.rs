//! The endpoints that a configuration names, each an origin on a free port that answers as the case at hand says.

use std::fmt::Write as _;
use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::case::{Answer, Case, Fields, Manner};
use crate::scene::Scene;
use crate::wire::Message;

/// How long a connection may be idle. Longer than the proxy keeps it: the side that asks is the one to close.
const IDLE: Duration = Duration::from_secs(120);

/// All of them. They serve as long as the process lives.
#[derive(Debug)]
pub struct Endpoints {
    all: Vec<Endpoint>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

#[derive(Debug)]
struct Endpoint {
    /// Its address in the configuration.
    name: String,
    /// Where it is.
    address: SocketAddr,
    answer: Arc<Mutex<Option<Arc<Answer>>>>,
}

/// A request that an endpoint got.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The endpoint's address in the configuration.
    pub(crate) endpoint: String,
    pub(crate) request: Message,
}

impl Endpoints {
    /// Starts one for each endpoint of the configuration.
    pub fn start(scene: &Scene) -> io::Result<Endpoints> {
        let seen = Arc::default();
        let all = scene.endpoints().into_iter().map(|name| Endpoint::start(name, &seen));
        Ok(Endpoints { all: all.collect::<io::Result<_>>()?, seen })
    }

    /// From now on they answer as a case says, and what they saw before is forgotten.
    pub(crate) fn answer_as(&self, case: &Case) {
        for endpoint in &self.all {
            let answer = case.answers.get(&endpoint.name).unwrap_or(&case.answer);
            *lock(&endpoint.answer) = Some(Arc::clone(answer));
        }
        lock(&self.seen).clear();
    }

    /// The requests they got since they were asked last, in the order of their arrival.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *lock(&self.seen))
    }

    /// Where the one of that name is.
    pub(crate) fn url(&self, name: &str) -> Option<String> {
        self.all.iter().find(|endpoint| endpoint.name == name).map(Endpoint::url)
    }

    /// The name of the one that is there.
    pub(crate) fn name(&self, url: &str) -> Option<&str> {
        self.all.iter().find(|endpoint| endpoint.url() == url).map(|endpoint| endpoint.name.as_str())
    }
}

impl Endpoint {
    fn start(name: &str, seen: &Arc<Mutex<Vec<Seen>>>) -> io::Result<Endpoint> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let answer = Arc::default();
        let place = Place { name: name.to_owned(), answer: Arc::clone(&answer), seen: Arc::clone(seen) };
        thread::Builder::new().name("origin".to_owned()).spawn(move || place.accept(&listener))?;
        Ok(Endpoint { name: name.to_owned(), address, answer })
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// What the threads of an endpoint share.
#[derive(Clone)]
struct Place {
    name: String,
    answer: Arc<Mutex<Option<Arc<Answer>>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Place {
    fn accept(&self, listener: &TcpListener) {
        for stream in listener.incoming().flatten() {
            let place = self.clone();
            let serving = move || {
                // A peer that goes away is no news.
                let _gone = place.serve(&stream);
            };
            // Without a thread the connection is closed: the case says what came of it.
            let _started = thread::Builder::new().name("origin".to_owned()).spawn(serving);
        }
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(IDLE))?;
        stream.set_write_timeout(Some(IDLE))?;
        let mut input = BufReader::new(stream);
        while let Some(request) = Message::request(&mut input)? {
            let is_head = request.method() == "HEAD";
            lock(&self.seen).push(Seen { endpoint: self.name.clone(), request });
            let answer = lock(&self.answer).clone();
            let Some(answer) = answer.filter(|answer| answer.manner == Manner::Answers) else {
                return Ok(());
            };
            be_slow(answer.delay);
            let bytes = bytes(&answer, is_head);
            (&*stream).write_all(&bytes)?;
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "no wait for anything: this is how slow the endpoint is")]
fn be_slow(delay: Duration) {
    thread::sleep(delay);
}

fn bytes(answer: &Answer, is_head: bool) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {} Said\r\n", answer.status);
    write_fields(&mut text, &answer.headers);
    // RFC 9110 section 8.6: not with a status that has no body.
    if !matches!(answer.status, 204 | 304) {
        let _ = write!(text, "content-length: {}\r\n", answer.body.len());
    }
    text.push_str("\r\n");
    if !is_head && !matches!(answer.status, 204 | 304) {
        text.push_str(&answer.body);
    }
    text.into_bytes()
}

/// Fields as they are written, line by line.
pub(crate) fn write_fields(text: &mut String, fields: &Fields) {
    for (name, values) in fields {
        for value in values {
            let _ = write!(text, "{name}: {value}\r\n");
        }
    }
}

/// A thread that failed leaves nothing half done behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
