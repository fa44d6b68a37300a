//! An origin that does what a test tells it to, and remembers what it was asked.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;

use socket2::{Domain, Socket, Type};

use crate::message::{Ending, Request};
use crate::wait::{PATIENCE, wait_for};
use crate::wire::Wire;

/// An origin on a port of its own. Dropped, it stops listening and ends its connections.
pub struct Origin {
    address: SocketAddr,
    record: Arc<Record>,
    /// Holds its port, also when nobody listens on it any more, so that no other test gets it.
    _reserved: Socket,
}

/// What an origin saw.
#[derive(Default)]
struct Record {
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    open: Mutex<Vec<Weak<TcpStream>>>,
    is_stopped: AtomicBool,
}

/// One connection that an origin accepted, as its script sees it.
pub struct Connection {
    /// The bytes.
    pub wire: Wire,
    /// Which of the origin's connections it is; the first is 0.
    pub number: usize,
    record: Arc<Record>,
}

impl Origin {
    /// Answers every request with a status and a body.
    pub fn replying(status: u16, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref().to_vec();
        Origin::answering(move |_| response(status, "", &body))
    }

    /// Answers 200 with a field `x-backend`, to tell which origin it was.
    pub fn named(name: &str) -> Self {
        let field = format!("x-backend: {name}\r\n");
        Origin::answering(move |_| response(200, &field, b"hello"))
    }

    /// Answers with the request that it got: head, then body.
    pub fn echo() -> Self {
        Origin::answering(|request| response(200, "", &[&request.raw[..], &request.body].concat()))
    }

    /// Answers each request with the bytes that the function makes of it.
    pub fn answering(answer: impl Fn(&Request) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Origin::scripted(move |connection| connection.answer_all(&answer))
    }

    /// Reads requests and never answers.
    pub fn hanging() -> Self {
        Origin::scripted(|mut connection| while connection.request().is_some() {})
    }

    /// Does with each connection what the script says; the connection ends with it.
    pub fn scripted(script: impl Fn(Connection) + Send + Sync + 'static) -> Self {
        Origin::on_port(0, script)
    }

    /// As [`Origin::scripted`], on a port that is known beforehand. Only for what can't be told a port.
    pub fn on_port(port: u16, script: impl Fn(Connection) + Send + Sync + 'static) -> Self {
        Origin::at(SocketAddr::from((Ipv4Addr::LOCALHOST, port)), script).expect("a free port")
    }

    /// As [`Origin::scripted`], at an address of one's choice, which may be taken.
    pub fn at(address: SocketAddr, script: impl Fn(Connection) + Send + Sync + 'static) -> io::Result<Self> {
        let (reserved, address) = reserve(address)?;
        let listener = TcpListener::bind(address)?;
        let record = Arc::new(Record::default());
        let accepting = Arc::clone(&record);
        thread::spawn(move || accepting.accept(&listener, &Arc::new(script)));
        Ok(Origin { address, record, _reserved: reserved })
    }

    /// Refuses connections: its port is taken and nobody listens.
    pub fn refusing() -> Self {
        let (reserved, address) = reserve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        Origin { address, record: Arc::default(), _reserved: reserved }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// As an endpoint in a configuration.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests it saw, in the order of their heads' arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.record.requests.lock().unwrap().clone()
    }

    /// The requests it saw, once there are so many.
    pub fn wait_for_requests(&self, count: usize) -> Vec<Request> {
        wait_for(&format!("{count} requests at the origin"), PATIENCE, || self.requests().len() >= count);
        self.requests()
    }

    /// The one request it saw.
    pub fn only_request(&self) -> Request {
        let mut requests = self.wait_for_requests(1);
        assert_eq!(requests.len(), 1, "one request at the origin: {requests:?}");
        requests.remove(0)
    }

    /// How many connections it accepted.
    pub fn connections(&self) -> usize {
        self.record.connections.load(Ordering::SeqCst)
    }

    /// Stops listening and resets what is open, as a process that is killed does.
    pub fn kill(&self) {
        if self.record.is_stopped.swap(true, Ordering::SeqCst) {
            return;
        }
        // Wakes the accepting thread, which drops the listener.
        let _refused = TcpStream::connect(self.address);
        for stream in self.record.open.lock().unwrap().drain(..) {
            if let Some(stream) = stream.upgrade() {
                let _gone = stream.shutdown(Shutdown::Both);
            }
        }
    }
}

/// Takes an address that nobody listens on yet. Whoever may take an address that is in use (`SO_REUSEADDR`, which listeners of the standard library
/// have) can still listen on it, and a port that is chosen for somebody else is another one, as long as the socket is there.
fn reserve(address: SocketAddr) -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    let address = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok((socket, address))
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Record {
    fn accept<F: Fn(Connection) + Send + Sync + 'static>(
        self: &Arc<Self>,
        listener: &TcpListener,
        script: &Arc<F>,
    ) {
        for stream in listener.incoming() {
            if self.is_stopped.load(Ordering::SeqCst) {
                return;
            }
            let Ok(connection) = stream.and_then(|stream| self.begin(stream)) else { continue };
            let script = Arc::clone(script);
            thread::spawn(move || script(connection));
        }
    }

    fn begin(self: &Arc<Self>, stream: TcpStream) -> io::Result<Connection> {
        let wire = Wire::over(stream)?;
        self.open.lock().unwrap().push(wire.stream());
        let number = self.connections.fetch_add(1, Ordering::SeqCst);
        Ok(Connection { wire, number, record: Arc::clone(self) })
    }
}

impl Connection {
    /// The next request, whole; none when the connection ends first.
    pub fn request(&mut self) -> Option<Request> {
        let (place, mut request) = self.receive_head()?;
        let body = self.wire.receive_body(request.request_framing()).ok()?;
        (request.body, request.trailers, request.ending) = (body.bytes, body.trailers, Some(body.ending));
        self.record.requests.lock().unwrap()[place].clone_from(&request);
        (body.ending == Ending::Complete).then_some(request)
    }

    /// The next request's head, its body unread; none when the connection ends first.
    pub fn request_head(&mut self) -> Option<Request> {
        self.receive_head().map(|(_, request)| request)
    }

    /// Sends the bytes; a peer that is gone is no news to an origin.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _gone = self.wire.send(bytes);
    }

    /// Answers all requests that come, one after another.
    pub fn answer_all(mut self, answer: impl Fn(&Request) -> Vec<u8>) {
        while let Some(request) = self.request() {
            let mut answer = answer(&request);
            if request.method() == "HEAD" {
                answer.truncate(head_length(&answer));
            }
            self.send(answer);
        }
    }

    /// Waits until the peer ends the connection.
    pub fn hold(mut self) {
        let _gone = self.wire.receive_rest();
    }

    /// Ends the connection with a reset.
    pub fn reset(self) {
        self.wire.reset();
    }

    fn receive_head(&mut self) -> Option<(usize, Request)> {
        let head = self.wire.receive_head().ok()??;
        let (body, trailers, connection) = (Vec::new(), Vec::new(), self.number);
        let request = Request { head, body, trailers, ending: None, connection };
        let mut requests = self.record.requests.lock().unwrap();
        requests.push(request.clone());
        Some((requests.len() - 1, request))
    }
}

fn head_length(message: &[u8]) -> usize {
    message.windows(4).position(|window| window == b"\r\n\r\n").map_or(message.len(), |at| at + 4)
}

/// A response with a length; `fields` are whole lines.
pub(crate) fn response(status: u16, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{fields}\r\n", body.len());
    [head.as_bytes(), body].concat()
}
