//! Probes: asking an endpoint whether it is well, over a connection of its own.
//!
//! A kept connection would say that the process lives; a new one says that it can be reached, which is what the next
//! request may need. Who asks when, and what follows, is for others to say. Nothing here is on a request's way.

mod body;
mod first_bytes;
mod grpc;
mod http;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::http::uri::{PathAndQuery, Scheme};
use ::http::{HeaderValue, Method, StatusCode};
use model::{Address, EndpointScheme, Fault};
use transport::{ClientTls, EndpointStream, Offer, ProxyVersion, Spoken, Target, connect};

use crate::pool::{Protocol, offer};

/// A question to one endpoint.
#[derive(Clone)]
pub struct Probe {
    /// What whom to ask is called.
    pub label: Arc<str>,
    /// Whom to ask.
    pub address: Address,
    /// Whether over TLS.
    pub scheme: EndpointScheme,
    /// How to speak TLS; there if the scheme asks for it.
    pub tls: Option<Arc<ClientTls>>,
    /// What requests to it are sent in: a check that asks otherwise would say little of them.
    pub protocol: Protocol,
    /// In which version of the PROXY protocol it is told that the connection is our own, if it is.
    pub announce: Option<ProxyVersion>,
    /// How.
    pub question: Question,
    /// The longest time until the answer is known to be good.
    pub timeout: Duration,
}

/// How an endpoint is asked.
#[derive(Clone)]
pub enum Question {
    /// By opening a connection.
    Tcp,
    /// By an HTTP request.
    Http(HttpQuestion),
    /// By `grpc.health.v1.Health/Check`, over HTTP/2.
    Grpc {
        /// The service that is asked about; empty for the server as a whole.
        service: Arc<str>,
        /// The authority.
        host: HeaderValue,
    },
}

/// An HTTP request, and what is a good answer to it.
#[derive(Clone)]
pub struct HttpQuestion {
    /// The method.
    pub method: Method,
    /// What is asked for.
    pub path: PathAndQuery,
    /// The Host field's value.
    pub host: HeaderValue,
    /// Which statuses are good.
    pub is_good: Arc<dyn Fn(StatusCode) -> bool + Send + Sync>,
    /// What a good body has in it.
    pub body: Option<Arc<str>>,
}

/// Why a probe failed.
#[derive(Debug)]
pub enum ProbeFailure {
    /// There was no good answer in time.
    TimedOut(Duration),
    /// No connection could be opened.
    Connect(Fault),
    /// The connection broke off, or what came is no HTTP.
    Broken(String),
    /// The answer has a status that is not good.
    Status(StatusCode),
    /// The answer's body has not in it what was expected.
    Body,
    /// The gRPC status of the answer is not 0.
    GrpcStatus(String),
    /// The service does not serve: the number is that of `ServingStatus`.
    NotServing(u64),
}

impl fmt::Display for ProbeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProbeFailure::TimedOut(after) => write!(f, "no answer within {after:?}"),
            ProbeFailure::Connect(fault) => write!(f, "{fault}"),
            ProbeFailure::Broken(how) => f.write_str(how),
            ProbeFailure::Status(status) => write!(f, "status {}", status.as_u16()),
            ProbeFailure::Body => f.write_str("the body is not as expected"),
            ProbeFailure::GrpcStatus(status) => write!(f, "grpc-status {status}"),
            ProbeFailure::NotServing(status) => write!(f, "serving status {status}, not 1"),
        }
    }
}

impl std::error::Error for ProbeFailure {}

impl Probe {
    /// Asks, and waits for the answer. To be called within a runtime's context.
    pub async fn ask(&self) -> Result<(), ProbeFailure> {
        let asked = tokio::time::timeout(self.timeout, self.ask_at_leisure()).await;
        asked.unwrap_or(Err(ProbeFailure::TimedOut(self.timeout)))
    }

    async fn ask_at_leisure(&self) -> Result<(), ProbeFailure> {
        let (stream, agreed) = self.connect().await.map_err(ProbeFailure::Connect)?;
        match (&self.question, agreed) {
            (Question::Tcp, _) => Ok(()),
            (Question::Http(question), Spoken::Http1) => http::ask_http1(stream, question).await,
            (Question::Http(question), Spoken::Http2) => {
                http::ask_http2(stream, question, self.scheme()).await
            }
            (Question::Grpc { service, host }, _) => grpc::ask(stream, service, host, self.scheme()).await,
        }
    }

    /// A connection that accepts is all that a TCP check wants to know: it speaks no TLS.
    async fn connect(&self) -> Result<(EndpointStream, Spoken), Fault> {
        let (scheme, offer) = match &self.question {
            Question::Tcp => (EndpointScheme::Http, Offer::Http1),
            Question::Http(_) => (self.scheme, offer(self.scheme, self.protocol)),
            Question::Grpc { .. } => (self.scheme, Offer::Http2),
        };
        let target = Target { label: &self.label, address: &self.address, scheme };
        let header = self.announce.map(ProxyVersion::header_of_own);
        connect(target, header, self.tls.as_deref(), offer).await
    }

    /// As HTTP/2 requests say it (RFC 9113 section 8.3.1).
    fn scheme(&self) -> Scheme {
        match self.scheme {
            EndpointScheme::Https => Scheme::HTTPS,
            EndpointScheme::Http | EndpointScheme::H2c => Scheme::HTTP,
        }
    }
}

/// Ends a connection's task with the probe that it was for.
struct Task(tokio::task::JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn broken(error: &hyper::Error) -> ProbeFailure {
    use std::error::Error;
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    ProbeFailure::Broken(format!("{error}{cause}"))
}

#[cfg(test)]
mod tests;
