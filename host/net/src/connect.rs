//! Opening connections to endpoints.

use std::io;
use std::net::{IpAddr, SocketAddr};

use model::Address;
use tokio::net::TcpStream;

/// Connects to an endpoint; of several addresses of a name, the first that accepts.
pub(crate) async fn connect(address: &Address) -> io::Result<TcpStream> {
    let Address::Tcp { host, port } = address else {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "unix sockets are not supported yet"));
    };
    let stream = match host.parse::<IpAddr>() {
        Ok(ip) => TcpStream::connect(SocketAddr::new(ip, *port)).await?,
        Err(_) => TcpStream::connect((host.as_ref(), *port)).await?,
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}
