//! Where requests are accepted, and TLS there.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use document::Span;

use crate::scalar::Cidr;

/// An address on which requests are accepted.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its name, unique among listeners.
    pub name: Arc<str>,
    /// Where it listens.
    pub address: ListenAddress,
    /// TLS, if it is spoken.
    pub tls: Option<ListenerTls>,
    /// Where connections have to come from that begin with a header of the PROXY protocol, if all are to begin so.
    pub announcers: Option<Vec<Cidr>>,
    /// Where the file says the address.
    pub span: Span,
}

/// Where a listener listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListenAddress {
    /// An IP address and port; port 0 takes any free port.
    Tcp(SocketAddr),
    /// A socket of the file system.
    Unix(UnixSocket),
}

/// A socket of the file system.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnixSocket {
    /// Its path.
    pub path: PathBuf,
    /// Permissions of its file; what the umask leaves where there are none.
    pub mode: Option<u32>,
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListenAddress::Tcp(address) => write!(f, "{address}"),
            ListenAddress::Unix(socket) => write!(f, "unix:{}", socket.path.display()),
        }
    }
}

/// TLS on a listener.
#[derive(Clone, Debug)]
pub struct ListenerTls {
    /// Certificates with their keys; at least one, and the first is the default.
    pub certificates: Vec<Certificate>,
    /// How clients are verified, if they are.
    pub clients: Option<ClientVerification>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate, followed by those that lead to its authority.
    pub certificate: NamedFile,
    /// Its private key.
    pub key: NamedFile,
}

/// A file that the configuration names.
#[derive(Clone, Debug)]
pub struct NamedFile {
    /// The file.
    pub path: PathBuf,
    /// Where the configuration names it.
    pub span: Span,
}

/// How clients are verified.
#[derive(Clone, Debug)]
pub struct ClientVerification {
    /// The authorities whose certificates clients may show.
    pub authorities: NamedFile,
    /// Revocation lists.
    pub revoked: Option<NamedFile>,
    /// Whether a client must show a certificate.
    pub demand: ClientAuth,
}

/// Whether a client must show a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// It may.
    Optional,
    /// It must.
    Required,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl ListenerTls {
    /// All files it is made from.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let pairs = self.certificates.iter().flat_map(|pair| [&pair.certificate, &pair.key]);
        let clients = self.clients.iter().flat_map(|c| [Some(&c.authorities), c.revoked.as_ref()]);
        pairs.chain(clients.flatten()).map(|file| &file.path)
    }
}
