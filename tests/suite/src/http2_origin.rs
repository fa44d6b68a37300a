//! An origin that speaks HTTP/2 without TLS, with each exchange scripted by the test.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use tokio::net::{TcpListener, TcpStream};

use crate::background::Background;

/// An origin on a port of its own. Dropped, it stops listening and ends its connections.
pub struct Http2Origin {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
    _task: Background,
}

/// A request, and where to answer it.
pub struct Http2Exchange {
    /// The head.
    pub request: Request<()>,
    /// The body, unread.
    pub body: RecvStream,
    /// The way back.
    pub respond: SendResponse<Bytes>,
}

impl Http2Origin {
    /// Does with each request what the script says.
    pub fn scripted<F, Fut>(script: F) -> Self
    where
        F: Fn(Http2Exchange) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Http2Origin::with_settings(Builder::new(), script)
    }

    /// As [`Http2Origin::scripted`], with settings of its own.
    pub fn with_settings<F, Fut>(settings: Builder, script: F) -> Self
    where
        F: Fn(Http2Exchange) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let ended = Arc::new(AtomicUsize::new(0));
        let over = Arc::clone(&ended);
        let bind = async { TcpListener::bind("127.0.0.1:0").await.expect("a free port") };
        let (task, address) = Background::serve(bind, move |listener: TcpListener| async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (served, over) = (serve(stream, settings.clone(), script.clone()), Arc::clone(&over));
                tokio::spawn(async move {
                    served.await;
                    over.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Http2Origin { address, connections, ended, _task: task }
    }

    /// Answers every request with its body, and trailers with its trailers.
    pub fn echo() -> Self {
        Http2Origin::scripted(|mut exchange| async move {
            let (body, trailers) = exchange.read().await;
            exchange.answer(Response::new(()), body, trailers);
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// As an endpoint in a configuration.
    pub fn url(&self) -> String {
        format!("h2c://{}", self.address)
    }

    /// How many connections it accepted.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// How many of them have ended.
    pub fn ended(&self) -> usize {
        self.ended.load(Ordering::SeqCst)
    }
}

async fn serve<F, Fut>(stream: TcpStream, settings: Builder, script: F)
where
    F: Fn(Http2Exchange) -> Fut,
    Fut: Future<Output = ()> + Send + 'static,
{
    let Ok(mut connection) = settings.handshake(stream).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, ());
        tokio::spawn(script(Http2Exchange { request, body, respond }));
    }
}

impl Http2Exchange {
    /// The body and the trailers, whole.
    pub async fn read(&mut self) -> (Vec<u8>, Option<HeaderMap>) {
        let mut body = Vec::new();
        while let Some(Ok(data)) = self.body.data().await {
            let _over = self.body.flow_control().release_capacity(data.len());
            body.extend_from_slice(&data);
        }
        (body, self.body.trailers().await.ok().flatten())
    }

    /// Answers whole.
    pub fn answer(self, head: Response<()>, body: Vec<u8>, trailers: Option<HeaderMap>) {
        let mut stream = self.begin(head);
        let is_end = trailers.is_none();
        let _gone = stream.send_data(body.into(), is_end);
        if let Some(trailers) = trailers {
            let _gone = stream.send_trailers(trailers);
        }
    }

    /// Sends the head of an answer.
    pub fn begin(mut self, head: Response<()>) -> SendStream<Bytes> {
        self.respond.send_response(head, false).expect("a client that waits")
    }
}
