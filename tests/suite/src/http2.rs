//! A client that speaks HTTP/2 without TLS, with prior knowledge (RFC 9113 section 3.3).

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::{self, SendRequest};
use http::{HeaderMap, Method, Request, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::wait::PATIENCE;

/// A client on one connection.
pub struct Http2Client {
    runtime: Runtime,
    sender: SendRequest<Bytes>,
}

/// A response as the client got it.
#[derive(Debug)]
pub struct Http2Answer {
    /// The status code.
    pub status: StatusCode,
    /// The fields.
    pub fields: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// Whether the stream ended as a whole message does, and was not reset.
    pub is_complete: bool,
}

impl Http2Client {
    /// Connects to an address.
    pub fn connect(address: SocketAddr) -> Self {
        Http2Client::connect_after(b"", address)
    }

    /// Connects to an address and sends some bytes first.
    pub fn connect_after(first: &[u8], address: SocketAddr) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let sender = runtime.block_on(async {
            let mut stream = TcpStream::connect(address).await.expect("sandgate accepts connections");
            stream.write_all(first).await.expect("an open connection");
            let (sender, connection) = client::handshake(stream).await.expect("an HTTP/2 connection");
            tokio::spawn(connection);
            sender
        });
        Http2Client { runtime, sender }
    }

    /// What sends requests.
    pub(crate) fn sender(&self) -> SendRequest<Bytes> {
        self.sender.clone()
    }

    /// What the connection runs on.
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Asks for a path.
    pub fn get(&self, path: &str) -> Http2Answer {
        self.send(request(Method::GET, path), b"")
    }

    /// Sends a body.
    pub fn post(&self, path: &str, body: &[u8]) -> Http2Answer {
        self.send(request(Method::POST, path), body)
    }

    /// Sends a request with its body and waits for the answer.
    pub fn send(&self, request: Request<()>, body: &[u8]) -> Http2Answer {
        self.runtime.block_on(exchange(self.sender.clone(), request, Bytes::copy_from_slice(body)))
    }

    /// The same of a request with trailers; the answer's trailers come with it.
    pub fn send_with_trailers(
        &self,
        request: Request<()>,
        body: &[u8],
        trailers: HeaderMap,
    ) -> (Http2Answer, Option<HeaderMap>) {
        let (sender, body) = (self.sender.clone(), Bytes::copy_from_slice(body));
        self.runtime.block_on(async {
            let end = timeout(PATIENCE, converse_to_the_end(sender, request, body, Some(trailers)));
            end.await.expect("an answer in time").expect("an answer")
        })
    }

    /// Asks for several paths at once, each on a stream of its own.
    pub fn get_all(&self, paths: &[String]) -> Vec<Http2Answer> {
        let begin = |path: &String| {
            self.runtime.spawn(exchange(self.sender.clone(), request(Method::GET, path), Bytes::new()))
        };
        let exchanges: Vec<_> = paths.iter().map(begin).collect();
        self.runtime.block_on(async {
            let mut answers = Vec::new();
            for exchange in exchanges {
                answers.push(exchange.await.expect("an answer"));
            }
            answers
        })
    }
}

fn request(method: Method, path: &str) -> Request<()> {
    Request::builder().method(method).uri(format!("http://test.example{path}")).body(()).expect("a request")
}

async fn exchange(sender: SendRequest<Bytes>, request: Request<()>, body: Bytes) -> Http2Answer {
    timeout(PATIENCE, converse(sender, request, body)).await.expect("an answer in time").expect("an answer")
}

async fn converse(
    sender: SendRequest<Bytes>,
    request: Request<()>,
    body: Bytes,
) -> Result<Http2Answer, h2::Error> {
    converse_to_the_end(sender, request, body, None).await.map(|(answer, _)| answer)
}

async fn converse_to_the_end(
    sender: SendRequest<Bytes>,
    request: Request<()>,
    body: Bytes,
    trailers: Option<HeaderMap>,
) -> Result<(Http2Answer, Option<HeaderMap>), h2::Error> {
    let ends = trailers.is_none();
    let (response, mut stream) = sender.ready().await?.send_request(request, ends && body.is_empty())?;
    if !body.is_empty() {
        stream.send_data(body, ends)?;
    }
    if let Some(trailers) = trailers {
        stream.send_trailers(trailers)?;
    }
    let (head, mut incoming) = response.await?.into_parts();
    let (mut body, mut is_complete) = (Vec::new(), true);
    while let Some(data) = incoming.data().await {
        let Ok(data) = data else {
            is_complete = false;
            break;
        };
        incoming.flow_control().release_capacity(data.len())?;
        body.extend_from_slice(&data);
    }
    let trailers = if is_complete { incoming.trailers().await? } else { None };
    Ok((Http2Answer { status: head.status, fields: head.headers, body, is_complete }, trailers))
}
