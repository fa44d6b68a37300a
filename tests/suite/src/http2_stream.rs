//! A stream of HTTP/2 that is asked to become a tunnel, with an extended CONNECT (RFC 8441).

use bytes::Bytes;
use h2::ext::Protocol;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Method, Request, StatusCode};
use tokio::time::timeout;

use crate::http2::Http2Client;
use crate::wait::{PATIENCE, wait_for};

/// A stream whose CONNECT was answered.
pub struct Http2Stream<'a> {
    client: &'a Http2Client,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's fields.
    pub fields: HeaderMap,
    outgoing: SendStream<Bytes>,
    incoming: RecvStream,
    ahead: Vec<u8>,
}

impl Http2Client {
    /// Whether the server says that streams may become tunnels (SETTINGS_ENABLE_CONNECT_PROTOCOL).
    pub fn may_connect(&self) -> bool {
        self.sender().is_extended_connect_protocol_enabled()
    }

    /// Asks for a tunnel of a protocol, and waits for the answer.
    pub fn open(&self, protocol: &str, path: &str, fields: &[(&str, &str)]) -> Http2Stream<'_> {
        wait_for("the server's SETTINGS", PATIENCE, || {
            self.run(tokio::task::yield_now());
            self.may_connect()
        });
        let uri = format!("http://test.example{path}");
        let mut request =
            Request::builder().method(Method::CONNECT).uri(uri).extension(Protocol::from(protocol));
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request");
        let (response, outgoing) = self.run(async {
            let mut ready = self.sender().ready().await.expect("a connection");
            let (response, outgoing) = ready.send_request(request, false).expect("a stream");
            (response.await.expect("an answer"), outgoing)
        });
        let (head, incoming) = response.into_parts();
        let (status, fields) = (head.status, head.headers);
        Http2Stream { client: self, status, fields, outgoing, incoming, ahead: Vec::new() }
    }

    fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime().block_on(async { timeout(PATIENCE, future).await }).expect("an end in time")
    }
}

impl Http2Stream<'_> {
    /// Sends bytes, as the windows allow, and takes what comes meanwhile.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let mut rest = Bytes::copy_from_slice(bytes.as_ref());
        let Http2Stream { client, outgoing, incoming, ahead, .. } = self;
        client.run(async {
            while !rest.is_empty() {
                outgoing.reserve_capacity(rest.len());
                let room = std::future::poll_fn(|cx| outgoing.poll_capacity(cx));
                tokio::select! {
                    room = room => {
                        let room = room.expect("an open stream").expect("room").min(rest.len());
                        outgoing.send_data(rest.split_to(room), false).expect("an open stream");
                    }
                    Some(Ok(data)) = incoming.data() => take(incoming, ahead, &data),
                }
            }
        });
        self
    }

    /// The next so many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let Http2Stream { client, incoming, ahead, .. } = self;
        client.run(async {
            while ahead.len() < count {
                let data = incoming.data().await.expect("more bytes").expect("more bytes");
                take(incoming, ahead, &data);
            }
        });
        self.ahead.drain(..count).collect()
    }

    /// All bytes up to the end, and with what the stream was reset if it was.
    pub fn rest(&mut self) -> (Vec<u8>, Option<Reason>) {
        let Http2Stream { client, incoming, ahead, .. } = self;
        let reset = client.run(async {
            while let Some(data) = incoming.data().await {
                match data {
                    Ok(data) => take(incoming, ahead, &data),
                    Err(error) => return error.reason(),
                }
            }
            None
        });
        (std::mem::take(ahead), reset)
    }

    /// Ends our side; the other may go on.
    pub fn finish(&mut self) -> &mut Self {
        self.outgoing.send_data(Bytes::new(), true).expect("an open stream");
        self.client.run(tokio::task::yield_now());
        self
    }

    /// Resets the stream.
    pub fn reset(mut self) {
        self.outgoing.send_reset(Reason::CANCEL);
        self.client.run(tokio::task::yield_now());
    }
}

fn take(incoming: &mut RecvStream, ahead: &mut Vec<u8>, data: &[u8]) {
    ahead.extend_from_slice(data);
    let _over = incoming.flow_control().release_capacity(data.len());
}
