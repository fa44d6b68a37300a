//! Opening connections to endpoints: TCP or a unix socket, then TLS if the endpoint's scheme asks for it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use model::{Address, Endpoint, EndpointScheme, Fault, FaultKind, is_localhost};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::stream::{EndpointStream, Socket, Spoken};
use crate::tls::ClientTls;

/// The protocols that an endpoint may choose from, where TLS lets it choose (ALPN, RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
    /// One of the two.
    Either,
}

/// Where to connect, and by which scheme.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// What it is called in a fault.
    pub label: &'a str,
    /// Where.
    pub address: &'a Address,
    /// How.
    pub scheme: EndpointScheme,
}

impl<'a> From<&'a Endpoint> for Target<'a> {
    fn from(endpoint: &'a Endpoint) -> Self {
        Target { label: &endpoint.label, address: &endpoint.address, scheme: endpoint.scheme }
    }
}

/// Connects to an endpoint. A header of the PROXY protocol, if there is one, is the first that it is sent.
pub async fn connect(
    target: Target<'_>,
    header: Option<Vec<u8>>,
    tls: Option<&ClientTls>,
    offer: Offer,
) -> Result<(EndpointStream, Spoken), Fault> {
    let failed =
        |error: io::Error| Fault::new(FaultKind::ConnectFailed, format!("{}: {error}", target.label));
    match (target.address, target.scheme, tls) {
        (Address::Unix(path), _, _) => {
            let stream = Socket::Unix(UnixStream::connect(path).await.map_err(failed)?);
            let stream = announce(stream, header).await.map_err(failed)?;
            Ok((EndpointStream::Plain(stream), in_the_clear(offer)))
        }
        (Address::Tcp { host, port, ip }, EndpointScheme::Https, Some(tls)) => {
            let stream = tcp(host, *ip, *port).await.map_err(failed)?;
            let stream = announce(stream, header).await.map_err(failed)?;
            handshake(target.label, host, stream, tls, offer).await
        }
        // Never in the clear where the configuration says TLS.
        (Address::Tcp { .. }, EndpointScheme::Https, None) => {
            Err(Fault::new(FaultKind::UpstreamTls, format!("{}: TLS is not set up", target.label)))
        }
        (Address::Tcp { host, port, ip }, EndpointScheme::Http | EndpointScheme::H2c, _) => {
            let stream = tcp(host, *ip, *port).await.map_err(failed)?;
            let stream = announce(stream, header).await.map_err(failed)?;
            Ok((EndpointStream::Plain(stream), in_the_clear(offer)))
        }
    }
}

/// Without TLS nobody is asked: HTTP/2 is known beforehand (RFC 9113 section 3.3).
fn in_the_clear(offer: Offer) -> Spoken {
    match offer {
        Offer::Http2 => Spoken::Http2,
        Offer::Http1 | Offer::Either => Spoken::Http1,
    }
}

/// Names are looked up beside the request's way: here nobody waits for one.
async fn tcp(host: &str, ip: Option<IpAddr>, port: u16) -> io::Result<Socket> {
    let stream = match ip.or_else(|| host.parse().ok()) {
        Some(ip) => TcpStream::connect(SocketAddr::new(ip, port)).await?,
        None if is_localhost(host) => this_host(port).await?,
        None => {
            return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "nobody knows where its name leads"));
        }
    };
    stream.set_nodelay(true)?;
    Ok(Socket::Tcp(stream))
}

/// It comes before TLS: who speaks it needs no key.
async fn announce(mut stream: Socket, header: Option<Vec<u8>>) -> io::Result<Socket> {
    if let Some(header) = header {
        stream.write_all(&header).await?;
    }
    Ok(stream)
}

/// It has two loopback addresses, and a server may listen on one of them only: that the other refuses says nothing.
async fn this_host(port: u16) -> io::Result<TcpStream> {
    match TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
        Ok(stream) => Ok(stream),
        // Where neither accepts, the first error says more: not every host has IPv6.
        Err(error) => TcpStream::connect((Ipv6Addr::LOCALHOST, port)).await.map_err(|_| error),
    }
}

async fn handshake(
    label: &str,
    host: &str,
    stream: Socket,
    tls: &ClientTls,
    offer: Offer,
) -> Result<(EndpointStream, Spoken), Fault> {
    let failed =
        |why: &dyn std::fmt::Display| Fault::new(FaultKind::UpstreamTls, format!("{label}: TLS: {why}"));
    let name = tls.name_of(host).ok_or_else(|| failed(&"its host is no name that a certificate can have"))?;
    let connector = TlsConnector::from(tls.config(offer));
    let stream = connector.connect(name, stream).await.map_err(|error| failed(&error))?;
    let chosen = stream.get_ref().1.alpn_protocol();
    let agreed = match (offer, chosen) {
        (_, Some(crate::tls::HTTP2)) => Spoken::Http2,
        (Offer::Http2, _) => return Err(failed(&"the endpoint does not agree to HTTP/2 (ALPN)")),
        _ => Spoken::Http1,
    };
    Ok((EndpointStream::Tls(Box::new(stream)), agreed))
}
