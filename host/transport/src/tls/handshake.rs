//! The handshake: from a socket to a connection over which HTTP is spoken, within a time, and counted.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use model::{Counter, TlsFacts};
use tokio_rustls::server::TlsStream;

use super::facts::facts;
use super::server::{H2, ServerTls};
use super::{farewell, plaintext};
use crate::patience::{GivenUp, Patience, in_time};
use crate::stream::Spoken;
use crate::tls::Carrier;

/// How a handshake ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeResult {
    /// In a new session.
    Full,
    /// In a session that a ticket told of.
    Resumed,
    /// The client took too long.
    Timeout,
    /// The client shows no certificate, and must.
    NoClientCertificate,
    /// The client's certificate is not valid here.
    BadClientCertificate,
    /// The client speaks HTTP without TLS.
    Plaintext,
    /// The client went away.
    ClientGone,
    /// The two have nothing in common, one broke the protocol, or the client does not trust us.
    Failed,
}

impl HandshakeResult {
    /// All of them, in the order in which they are counted.
    pub const ALL: [HandshakeResult; 8] = [
        HandshakeResult::Full,
        HandshakeResult::Resumed,
        HandshakeResult::Timeout,
        HandshakeResult::NoClientCertificate,
        HandshakeResult::BadClientCertificate,
        HandshakeResult::Plaintext,
        HandshakeResult::ClientGone,
        HandshakeResult::Failed,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            HandshakeResult::Full => "full",
            HandshakeResult::Resumed => "resumed",
            HandshakeResult::Timeout => "timeout",
            HandshakeResult::NoClientCertificate => "no_client_certificate",
            HandshakeResult::BadClientCertificate => "bad_client_certificate",
            HandshakeResult::Plaintext => "plaintext",
            HandshakeResult::ClientGone => "client_gone",
            HandshakeResult::Failed => "failed",
        }
    }
}

/// A worker's handshakes by how they ended. It alone writes them.
#[derive(Debug, Default)]
pub struct HandshakeCounts([Counter; HandshakeResult::ALL.len()]);

impl HandshakeCounts {
    fn count(&self, result: HandshakeResult) {
        let counters = HandshakeResult::ALL.iter().zip(&self.0);
        for (_, counter) in counters.filter(|(known, _)| **known == result) {
            counter.add(1);
        }
    }

    /// Each way to end with its count.
    pub fn counts(&self) -> impl Iterator<Item = (HandshakeResult, u64)> {
        HandshakeResult::ALL.into_iter().zip(self.0.iter().map(Counter::value))
    }
}

/// A connection whose handshake went well.
pub struct Secured {
    /// The connection.
    pub stream: Box<TlsStream<Carrier>>,
    /// What is known of it.
    pub facts: Arc<TlsFacts>,
    /// What was agreed upon (RFC 7301); HTTP/1.1 with clients that say nothing of it.
    pub protocol: Spoken,
}

/// Shakes hands. None: it came to nothing, which was counted.
pub async fn secure(
    carrier: Carrier,
    address: SocketAddr,
    tls: &ServerTls,
    patience: Patience<'_>,
    counts: &HandshakeCounts,
) -> Option<Secured> {
    let accepted = match in_time(tls.acceptor.accept(carrier).into_fallible(), &patience).await {
        Ok(accepted) => accepted,
        Err(GivenUp::TooLate) => {
            counts.count(HandshakeResult::Timeout);
            return None;
        }
        Err(GivenUp::Stopped) => return None,
    };
    match accepted {
        Ok(stream) => {
            let secured = secured(stream);
            let resumed =
                matches!(secured.stream.get_ref().1.handshake_kind(), Some(rustls::HandshakeKind::Resumed));
            counts.count(if resumed { HandshakeResult::Resumed } else { HandshakeResult::Full });
            Some(secured)
        }
        Err((error, carrier)) => {
            let result = if carrier.speaks_http() { HandshakeResult::Plaintext } else { failure(&error) };
            counts.count(result);
            tracing::debug!(%address, %error, "no TLS handshake");
            // What comes of the farewell is the client's business: it is told in time, or not at all.
            match result {
                HandshakeResult::Plaintext => {
                    let _ = in_time(plaintext::refuse(carrier.into_socket()), &patience).await;
                }
                // With TLS 1.3 it has sent its request already, and the alert says why it is not answered.
                HandshakeResult::NoClientCertificate | HandshakeResult::BadClientCertificate => {
                    let _ = in_time(farewell::part(carrier.into_socket()), &patience).await;
                }
                _ => {}
            }
            None
        }
    }
}

fn secured(stream: TlsStream<Carrier>) -> Secured {
    let connection = stream.get_ref().1;
    let facts = Arc::new(facts(connection));
    let protocol = if connection.alpn_protocol() == Some(H2) { Spoken::Http2 } else { Spoken::Http1 };
    Secured { stream: Box::new(stream), facts, protocol }
}

fn failure(error: &io::Error) -> HandshakeResult {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::NoCertificatesPresented) => HandshakeResult::NoClientCertificate,
        Some(rustls::Error::InvalidCertificate(_)) => HandshakeResult::BadClientCertificate,
        Some(_) => HandshakeResult::Failed,
        None => HandshakeResult::ClientGone,
    }
}
