//! TLS to endpoints: whom to trust, which name to expect, who we are. Made once for an upstream and shared by all
//! workers, so that sessions are resumed whichever of them connects.

use std::sync::{Arc, LazyLock};

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use crate::connect::Offer;
use crate::tls::provider::provider;

mod unverified;

use unverified::Unverified;

/// ALPN names (RFC 7301 section 6).
pub(crate) const HTTP1: &[u8] = b"http/1.1";
pub(crate) const HTTP2: &[u8] = b"h2";

/// Sessions that can be resumed, over all endpoints of an upstream. Each takes a few hundred bytes.
const SESSIONS: usize = 256;

/// What the configuration says of TLS to an upstream, its files read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientTlsFiles {
    /// The name to ask for and to expect, in place of the endpoint's host.
    pub server_name: Option<String>,
    /// Whether certificates are verified.
    pub verification: Verification,
    /// Certificates to trust, PEM, in place of the system's.
    pub ca: Option<Vec<u8>>,
    /// Our certificate with its chain, and its key, both PEM.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// Whether an endpoint must prove who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verification {
    /// It must.
    #[default]
    Full,
    /// Anybody will do: what is sent is hidden from who listens, and from nobody who interferes.
    Off,
}

/// TLS to the endpoints of an upstream.
pub struct ClientTls {
    files: ClientTlsFiles,
    server_name: Option<ServerName<'static>>,
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
    either: Arc<ClientConfig>,
}

/// Which part of it can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientTlsPart {
    /// The name.
    ServerName,
    /// The certificates to trust.
    Ca,
    /// Our certificate.
    Certificate,
    /// Our key.
    Key,
}

/// Why TLS to an upstream can't be set up.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ClientTlsError {
    /// Where the reason is.
    pub part: ClientTlsPart,
    message: String,
}

impl ClientTlsError {
    fn new(part: ClientTlsPart, message: impl std::fmt::Display) -> Self {
        ClientTlsError { part, message: message.to_string() }
    }
}

impl std::fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the key.
        f.debug_struct("ClientTls").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

impl ClientTls {
    /// Made of what the configuration says, or what is wrong with that.
    pub fn new(files: ClientTlsFiles) -> Result<Self, ClientTlsError> {
        let name = files.server_name.clone().map(ServerName::try_from).transpose();
        let server_name = name.map_err(|_| {
            let name = files.server_name.as_deref().unwrap_or_default();
            let message = format!("`{name}` is no name that a certificate can have");
            ClientTlsError::new(ClientTlsPart::ServerName, message)
        })?;
        let base = config(&files)?;
        let offering = |protocols: &[&[u8]]| {
            let mut config = base.clone();
            config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
            Arc::new(config)
        };
        let (http1, http2) = (offering(&[HTTP1]), offering(&[HTTP2]));
        Ok(ClientTls { http1, http2, either: offering(&[HTTP2, HTTP1]), server_name, files })
    }

    /// Whether it was made of these very files: then sessions and connections stay good.
    pub fn is_made_of(&self, files: &ClientTlsFiles) -> bool {
        self.files == *files
    }

    /// How to connect.
    pub(crate) fn config(&self, offer: Offer) -> Arc<ClientConfig> {
        Arc::clone(match offer {
            Offer::Http1 => &self.http1,
            Offer::Http2 => &self.http2,
            Offer::Either => &self.either,
        })
    }

    /// The name to expect of an endpoint; none where its host can't be the name of a certificate.
    pub(crate) fn name_of(&self, host: &str) -> Option<ServerName<'static>> {
        self.server_name.clone().or_else(|| ServerName::try_from(host.to_owned()).ok())
    }
}

fn config(files: &ClientTlsFiles) -> Result<ClientConfig, ClientTlsError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| ClientTlsError::new(ClientTlsPart::Ca, error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier(files)?);
    let mut config = match &files.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates(certificate, ClientTlsPart::Certificate)?;
            let key = private_key(key)?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| ClientTlsError::new(ClientTlsPart::Key, key_trouble(&error)))?
        }
    };
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(config)
}

fn key_trouble(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InconsistentKeys(_) => "the key does not belong to the certificate".to_owned(),
        error => format!("the key can't be used: {error}"),
    }
}

fn verifier(files: &ClientTlsFiles) -> Result<Arc<dyn ServerCertVerifier>, ClientTlsError> {
    if files.verification == Verification::Off {
        return Ok(Arc::new(Unverified::new(provider())));
    }
    let roots = match &files.ca {
        Some(pem) => Arc::new(trusted(pem)?),
        None => system_roots()?,
    };
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider())
        .build()
        .map_err(|error| ClientTlsError::new(ClientTlsPart::Ca, error))?;
    Ok(verifier)
}

fn trusted(pem: &[u8]) -> Result<RootCertStore, ClientTlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, ClientTlsPart::Ca)? {
        roots.add(certificate).map_err(|error| {
            ClientTlsError::new(ClientTlsPart::Ca, format!("a certificate can't be trusted: {error}"))
        })?;
    }
    Ok(roots)
}

/// The system's: what its operator trusts, kept up to date by the distribution. Read once.
fn system_roots() -> Result<Arc<RootCertStore>, ClientTlsError> {
    static ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
        let mut roots = RootCertStore::empty();
        // Those that can't be read or understood are as good as not trusted.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    });
    if ROOTS.is_empty() {
        let message = "the system has no trusted certificates: name some with `ca`";
        return Err(ClientTlsError::new(ClientTlsPart::Ca, message));
    }
    Ok(Arc::clone(&ROOTS))
}

fn certificates(pem: &[u8], part: ClientTlsPart) -> Result<Vec<CertificateDer<'static>>, ClientTlsError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = read.map_err(|error| ClientTlsError::new(part, format!("not PEM: {error}")))?;
    if all.is_empty() {
        return Err(ClientTlsError::new(part, "there is no certificate in it (PEM, `BEGIN CERTIFICATE`)"));
    }
    Ok(all)
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, ClientTlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| {
        let message = format!("there is no private key in it that can be read (PEM): {error}");
        ClientTlsError::new(ClientTlsPart::Key, message)
    })
}

#[cfg(test)]
mod tests;
