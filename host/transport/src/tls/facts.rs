//! What is told of a connection once its handshake is over. Computed once, and shared by all exchanges on it.

use std::sync::Arc;

use model::{ClientCertificate, TlsFacts};
use rustls::pki_types::CertificateDer;
use rustls::{CipherSuite, ProtocolVersion, ServerConnection};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::subject;

pub(super) fn facts(connection: &ServerConnection) -> TlsFacts {
    let suite = connection.negotiated_cipher_suite().map(|suite| suite.suite());
    TlsFacts {
        version: match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
            _ => "TLSv1.2",
        },
        cipher: suite.map_or("", iana_name),
        server_name: connection.server_name().map(|name| Arc::from(name.to_ascii_lowercase())),
        client: connection.peer_certificates().and_then(<[_]>::first).map(client),
    }
}

/// The client's own certificate, which comes first and was verified with its chain.
fn client(certificate: &CertificateDer<'_>) -> ClientCertificate {
    // What was verified can be parsed; if our two parsers disagree all the same, nobody is named.
    let subject = X509Certificate::from_der(certificate).map(|(_, parsed)| subject::text(parsed.subject()));
    ClientCertificate {
        subject: subject.unwrap_or_default().into(),
        fingerprint: format!("{:x}", Sha256::digest(certificate)).into(),
    }
}

/// rustls calls those of TLS 1.3 by names of its own.
fn iana_name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str().unwrap_or_default(),
    }
}
