//! TLS: what is spoken, certificates and how one is chosen, how clients are verified, and the handshake; and to endpoints,
//! whom to trust ([`ClientTls`]).
//!
//! Keys and certificates come as the bytes of PEM files; nothing here reads a file or knows the configuration. It is
//! rustls under tokio-rustls, so that there is one TLS, the same everywhere, and no library to install.

mod carrier;
mod certificate;
mod choice;
mod client;
mod clients;
mod error;
mod facts;
mod farewell;
mod handshake;
mod plaintext;
mod provider;
mod server;
mod subject;

pub use carrier::Carrier;
pub use certificate::{Certificate, CertificateChain};
pub use client::{ClientTls, ClientTlsError, ClientTlsFiles, ClientTlsPart, Verification};
pub use clients::{Authorities, ClientDemand, Clients, RevocationLists};
pub use error::{TlsError, is_of_tls};
pub use handshake::{HandshakeCounts, HandshakeResult, Secured, secure};
pub use server::{OldestVersion, ServerTls};

pub(crate) use client::HTTP2;
