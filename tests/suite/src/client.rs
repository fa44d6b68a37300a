//! A client that sends the very bytes it is told to.

use std::io::ErrorKind;
use std::net::SocketAddr;

use crate::message::{Framing, Head, Response};
use crate::origin::Origin;
use crate::sandgate::Sandgate;
use crate::wait::{PATIENCE, wait_for};
use crate::wire::{Wire, is_break};

/// A client on one raw connection. What goes wrong panics with the bytes' story, because it is the test's claim.
pub struct RawClient {
    wire: Wire,
}

/// The answer to one GET on a connection of its own.
pub fn get(address: SocketAddr, path: &str) -> Response {
    RawClient::connect(address).get(path)
}

/// Sends requests until one of them is with `busy`, which hangs; they last as long as the clients that are returned. What `other` got is
/// over then: it has nothing more to do than before.
pub fn make_busy(sandgate: &Sandgate, busy: &Origin, other: &Origin) -> Vec<RawClient> {
    let asked = || busy.requests().len() + other.requests().len();
    let mut waiting = Vec::new();
    while busy.requests().is_empty() {
        let before = asked();
        let mut client = sandgate.client();
        client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
        wait_for("an origin to be asked", PATIENCE, || asked() > before);
        if busy.requests().is_empty() {
            client.response();
        } else {
            waiting.push(client);
        }
    }
    waiting
}

impl RawClient {
    /// Connects to an address.
    pub fn connect(address: SocketAddr) -> Self {
        RawClient { wire: Wire::connect(address).expect("sandgate accepts connections") }
    }

    /// The address that the other side sees.
    pub fn address(&self) -> SocketAddr {
        self.wire.local_address()
    }

    /// The connection, for what needs its errors.
    pub fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// Sends all of the bytes. Nothing is said of a peer that has closed: what it answered tells.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        match self.wire.send(bytes) {
            Err(error) if !is_break(&error) => panic!("can't send: {error}"),
            _ => self,
        }
    }

    /// Tells the other side that no more bytes will come.
    pub fn finish_sending(&mut self) -> &mut Self {
        self.wire.finish_sending();
        self
    }

    /// Asks for a path and keeps the connection alive.
    pub fn get(&mut self, path: &str) -> Response {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: test.example\r\n\r\n")).response()
    }

    /// Asks for a path with one more field and keeps the connection alive.
    pub fn get_with(&mut self, path: &str, name: &str, value: &str) -> Response {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: test.example\r\n{name}: {value}\r\n\r\n")).response()
    }

    /// Sends a body with its length.
    pub fn post(&mut self, path: &str, body: impl AsRef<[u8]>) -> Response {
        let body = body.as_ref();
        self.send(format!(
            "POST {path} HTTP/1.1\r\nhost: test.example\r\ncontent-length: {}\r\n\r\n",
            body.len()
        ));
        self.send(body).response()
    }

    /// The next head alone, be it interim or final.
    pub fn head(&mut self) -> Head {
        self.wire.receive_head().expect("a head").expect("a head before the connection ends")
    }

    /// Exactly so many bytes of what comes next.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        self.wire.receive(count).expect("bytes before the connection ends")
    }

    /// The next response, whole.
    pub fn response(&mut self) -> Response {
        self.response_or_close().expect("a response before the connection ends")
    }

    /// The next response to a HEAD, which has no body whatever its fields say.
    pub fn response_to_head(&mut self) -> Response {
        let head = self.head();
        self.respond(Vec::new(), head, Framing::Empty)
    }

    /// The next response, or none if the connection ends before its first byte.
    pub fn response_or_close(&mut self) -> Option<Response> {
        let mut interim = Vec::new();
        loop {
            let head = match self.wire.receive_head() {
                Ok(head) => head?,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no response: {error}"),
            };
            if !(100..200).contains(&head.status()) {
                let framing = head.response_framing();
                return Some(self.respond(interim, head, framing));
            }
            interim.push(head);
        }
    }

    /// Everything up to the end of the connection.
    pub fn rest(&mut self) -> Vec<u8> {
        self.wire.receive_rest().expect("the end of the connection")
    }

    /// Everything up to the end of the connection, be it orderly or a reset.
    pub fn rest_or_break(&mut self) -> Vec<u8> {
        self.wire.receive_rest_or_break().expect("the end of the connection")
    }

    /// Panics unless the other side closes the connection without another byte.
    pub fn expect_closed(&mut self) {
        match self.wire.receive_rest() {
            Ok(rest) if rest.is_empty() => {}
            Ok(rest) => panic!("expected the end, found {:?}", String::from_utf8_lossy(&rest)),
            Err(error) if is_break(&error) => {}
            Err(error) => panic!("the connection stays open: {error}"),
        }
    }

    fn respond(&mut self, interim: Vec<Head>, head: Head, framing: Framing) -> Response {
        let body = self.wire.receive_body(framing).expect("a body");
        Response { interim, head, body: body.bytes, trailers: body.trailers, ending: body.ending }
    }
}
