//! A client that speaks TLS, and says what it saw of it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use crate::pki::{Authority, Identity};
use crate::wait::PATIENCE;

/// What clients have in common: whom they trust, who they are, what they speak. Sessions are remembered in it.
#[derive(Clone)]
pub struct TlsSetup(Arc<ClientConfig>);

/// A client on one TLS connection.
pub struct TlsClient {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

/// What is different from the usual client.
#[derive(Clone, Copy)]
pub struct TlsOptions<'a> {
    /// The certificate it shows.
    pub identity: Option<&'a Identity>,
    /// What it offers to speak inside (RFC 7301).
    pub alpn: &'a [&'a str],
    /// The versions it speaks.
    pub versions: &'a [&'static SupportedProtocolVersion],
}

impl Default for TlsOptions<'_> {
    fn default() -> Self {
        TlsOptions { identity: None, alpn: &[], versions: rustls::ALL_VERSIONS }
    }
}

impl TlsSetup {
    /// Clients that trust an authority.
    pub fn new(authority: &Authority, options: TlsOptions<'_>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(certificate(authority.pem())).expect("an authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(options.versions)
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = match options.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).expect("a key");
                builder.with_client_auth_cert(vec![certificate(&identity.certificate)], key).expect("a pair")
            }
        };
        config.alpn_protocols = options.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config.resumption = Resumption::in_memory_sessions(16);
        TlsSetup(Arc::new(config))
    }

    /// Shakes hands, asking for a name.
    pub fn connect(&self, address: SocketAddr, name: &str) -> io::Result<TlsClient> {
        self.connect_after(b"", address, name)
    }

    /// Shakes hands after some bytes, which are sent together with what a handshake begins with.
    pub fn connect_after(&self, first: &[u8], address: SocketAddr, name: &str) -> io::Result<TlsClient> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let mut connection = ClientConnection::new(Arc::clone(&self.0), name).expect("a client");
        let mut beginning = first.to_vec();
        connection.write_tls(&mut beginning)?;
        let mut stream = StreamOwned::new(connection, stream);
        stream.sock.write_all(&beginning)?;
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(TlsClient { stream })
    }
}

impl TlsClient {
    /// The protocol that was agreed upon.
    pub fn alpn(&self) -> Option<String> {
        self.stream.conn.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned())
    }

    /// Whether the session is one from before.
    pub fn is_resumed(&self) -> bool {
        self.stream.conn.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// The certificate that was shown is this one.
    pub fn was_shown(&self, identity: &Identity) -> bool {
        let shown = self.stream.conn.peer_certificates().and_then(<[_]>::first).cloned();
        shown == Some(certificate(&identity.certificate))
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref())?;
        self.stream.flush()
    }

    /// Tells the other side that no more bytes will come (RFC 8446 section 6.1).
    pub fn finish_sending(&mut self) -> io::Result<()> {
        self.stream.conn.send_close_notify();
        self.stream.flush()?;
        self.stream.sock.shutdown(Shutdown::Write)
    }

    /// Asks for a path on a connection that stays, and returns the answer's head and body; it must have a length.
    pub fn get(&mut self, path: &str) -> io::Result<(String, String)> {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: test.example\r\n\r\n"))?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length =
            length.and_then(|length| length.parse().ok()).unwrap_or_else(|| panic!("no length: {head}"));
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((head, String::from_utf8_lossy(&body).into_owned()))
    }

    /// Everything up to the end, which is an error unless the other side said that it is one (RFC 8446 section 6.1).
    pub fn rest(&mut self) -> (Vec<u8>, io::Result<()>) {
        let mut bytes = Vec::new();
        let end = self.stream.read_to_end(&mut bytes).map(drop);
        (bytes, end)
    }

    /// The connection with an HTTP/2 preface and an empty SETTINGS sent; whether the other side answers with its own.
    pub fn speaks_http2(&mut self) -> bool {
        self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").expect("an open connection");
        let mut frame = [0; 9];
        match self.stream.read_exact(&mut frame) {
            Ok(()) => frame[3] == 4,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => false,
            Err(error) => panic!("{error}"),
        }
    }
}

fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")
}
