//! What a client's TLS connection tells of itself and of the client.

use std::sync::Arc;

/// Facts of a TLS connection, the same for all exchanges on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// The protocol's version, `TLSv1.3`.
    pub version: &'static str,
    /// The cipher suite, by its IANA name.
    pub cipher: &'static str,
    /// The name the client asked for (RFC 6066 section 3), in lower case.
    pub server_name: Option<Arc<str>>,
    /// Who the client proved to be.
    pub client: Option<ClientCertificate>,
}

/// A client's certificate, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Its subject, as RFC 4514 writes it: `CN=ann,O=Example`.
    pub subject: Arc<str>,
    /// SHA-256 of the certificate as it was sent (DER), in lower-case hex.
    pub fingerprint: Arc<str>,
}
