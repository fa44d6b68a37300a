//! TLS of one listener, ready to be spoken: shared by all workers, and replaced as a whole by a reload.
//!
//! Sessions are resumed by tickets alone (RFC 8446 section 4.6.1): nothing is kept of a session here, and any worker
//! takes any ticket. Their keys change every six hours. Early data is never accepted: it can be replayed.

use std::fmt;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::server::{NoServerSessionStorage, ProducesTickets, WebPkiClientVerifier};
use tokio_rustls::TlsAcceptor;

use super::certificate::Certificate;
use super::choice::Choice;
use super::clients::Clients;
use super::error::TlsError;
use super::provider::{BOTH, NEWEST, provider};

/// Tickets that a client is given after a handshake. Each costs a message; a client that opens several connections at
/// once may use one of them for all.
const TICKETS: usize = 1;

/// The name of HTTP/2 in ALPN (RFC 9113 section 3.2).
pub(super) const H2: &[u8] = b"h2";
/// The name of HTTP/1.1 there (RFC 7301 section 6).
const HTTP11: &[u8] = b"http/1.1";
/// That of HTTP/1.0, which is all that `curl --http1.0` offers.
const HTTP10: &[u8] = b"http/1.0";

/// The oldest version that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldestVersion {
    /// TLS 1.2, and 1.3.
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

/// TLS of one listener.
pub struct ServerTls {
    pub(super) acceptor: TlsAcceptor,
    tickets: Arc<dyn ProducesTickets>,
    /// How clients are verified, if they are. Tickets are taken only where it is the same: one says that its client
    /// was verified, and must not say so to somebody who demands more.
    policy: Option<[u8; 32]>,
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl ServerTls {
    /// TLS with these certificates, of which the first is the default. Ticket keys are shared with those of `others`
    /// that verify clients in the same way, so that sessions outlive reloads.
    pub fn new<'a>(
        certificates: &[Certificate],
        clients: Option<&Clients>,
        oldest: OldestVersion,
        others: impl IntoIterator<Item = &'a ServerTls>,
    ) -> Result<ServerTls, TlsError> {
        let policy = clients.map(|clients| clients.digest);
        let known = others.into_iter().find(|other| other.policy == policy);
        let tickets = match known {
            Some(known) => Arc::clone(&known.tickets),
            None => Ticketer::new().map_err(TlsError::SetUp)?,
        };
        let versions = match oldest {
            OldestVersion::Tls12 => BOTH.as_slice(),
            OldestVersion::Tls13 => NEWEST.as_slice(),
        };
        let verifier = clients
            .map_or_else(WebPkiClientVerifier::no_client_auth, |clients| Arc::clone(&clients.verifier));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .map_err(TlsError::SetUp)?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(Choice::among(certificates)));
        config.alpn_protocols = [H2, HTTP11, HTTP10].map(<[u8]>::to_vec).to_vec();
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Arc::clone(&tickets);
        config.send_tls13_tickets = TICKETS;
        config.max_early_data_size = 0;
        Ok(ServerTls { acceptor: TlsAcceptor::from(Arc::new(config)), tickets, policy })
    }
}

#[cfg(test)]
mod tests {
    use super::super::clients::{Authorities, ClientDemand};
    use super::*;

    fn tls(clients: Option<&Clients>, others: &[&ServerTls]) -> ServerTls {
        ServerTls::new(&[], clients, OldestVersion::Tls12, others.iter().copied()).unwrap()
    }

    fn takes_tickets_of(one: &ServerTls, other: &ServerTls) -> bool {
        let ticket = other.tickets.encrypt(b"session").unwrap();
        one.tickets.decrypt(&ticket).is_some()
    }

    #[test]
    fn tickets_outlive_a_reload() {
        let before = tls(None, &[]);
        let after = tls(None, &[&before]);
        assert!(takes_tickets_of(&after, &before) && takes_tickets_of(&before, &after));
    }

    #[test]
    fn tickets_count_only_where_clients_are_verified_in_the_same_way() {
        let pem = rcgen::generate_simple_self_signed(vec!["ca.example".to_owned()]).unwrap().cert.pem();
        let authorities = Authorities::from_pem(pem.as_bytes()).unwrap();
        let strict = Clients::new(&authorities, None, ClientDemand::Required).unwrap();
        let lax = Clients::new(&authorities, None, ClientDemand::Optional).unwrap();
        let open = tls(None, &[]);
        let lax = tls(Some(&lax), &[&open]);
        let strict = tls(Some(&strict), &[&open, &lax]);
        for (one, other) in [(&strict, &open), (&strict, &lax), (&lax, &open), (&open, &strict)] {
            assert!(!takes_tickets_of(one, other));
        }
    }
}
