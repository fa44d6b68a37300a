//! What stands before an origin: TLS, or a unix socket. Bytes pass through it unread.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{HandshakeKind, RootCertStore, ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio_rustls::TlsAcceptor;

use crate::background::Background;
use crate::pki::{Authority, Identity};

/// Something before an origin. Dropped, it stops listening and ends its connections.
pub struct Front {
    address: Option<SocketAddr>,
    hellos: Arc<Mutex<Vec<Hello>>>,
    _task: Background,
}

/// What a client of TLS said of itself, once its handshake was over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The name it asked for (SNI).
    pub server_name: Option<String>,
    /// The protocol that was agreed on (ALPN).
    pub protocol: Option<String>,
    /// Whether it showed a certificate.
    pub has_certificate: bool,
    /// Whether it resumed a session.
    pub is_resumed: bool,
}

/// How a front speaks TLS.
pub struct TlsSide<'a> {
    /// Who it is.
    pub identity: &'a Identity,
    /// Whose certificates it wants to see.
    pub clients: Option<&'a Authority>,
    /// The protocols it knows, those it prefers first.
    pub protocols: &'a [&'a str],
}

impl Front {
    /// TLS before an origin.
    pub fn tls(side: &TlsSide, origin: SocketAddr) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config(side)));
        let hellos = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&hellos);
        let bind = async { TcpListener::bind("127.0.0.1:0").await.expect("a free port") };
        let (task, address) = Background::serve(bind, move |listener: TcpListener| async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    // A client that refuses us, or that we refuse, is gone.
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    seen.lock().unwrap().push(hello(stream.get_ref().1));
                    relay(stream, origin).await;
                });
            }
        });
        Front { address: Some(address), hellos, _task: task }
    }

    /// A unix socket before an origin.
    pub fn unix(path: &Path, origin: SocketAddr) -> Self {
        let bind = async { UnixListener::bind(path).expect("a free path") };
        let (task, ()) = Background::serve(bind, move |listener: UnixListener| async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(relay(stream, origin));
            }
        });
        Front { address: None, hellos: Arc::default(), _task: task }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.expect("a front that listens on TCP").port()
    }

    /// The clients whose handshake went well.
    pub fn hellos(&self) -> Vec<Hello> {
        self.hellos.lock().unwrap().clone()
    }
}

async fn relay(mut client: impl AsyncRead + AsyncWrite + Unpin, origin: SocketAddr) {
    let Ok(mut origin) = TcpStream::connect(origin).await else { return };
    let _ended = copy_bidirectional(&mut client, &mut origin).await;
}

fn hello(connection: &ServerConnection) -> Hello {
    Hello {
        server_name: connection.server_name().map(ToString::to_string),
        protocol: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        has_certificate: connection.peer_certificates().is_some(),
        is_resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
    }
}

fn config(side: &TlsSide) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions that the provider knows");
    let builder = match side.clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            let root = CertificateDer::from_pem_slice(authority.pem().as_bytes()).expect("a certificate");
            roots.add(root).expect("a certificate of an authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
    };
    let certificate = CertificateDer::from_pem_slice(side.identity.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(side.identity.key.as_bytes());
    let mut config = builder
        .with_single_cert(vec![certificate.expect("a certificate")], key.expect("a key"))
        .expect("a certificate and its key");
    config.alpn_protocols = side.protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}
