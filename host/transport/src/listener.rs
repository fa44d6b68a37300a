//! Listening sockets: of TCP, one for each worker and address, between which the kernel spreads connections; of the file
//! system, one for all workers.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};

use socket2::{Domain, Protocol, SockAddr, Socket as Raw, Type};

use crate::stream::Socket;

/// How many connections the kernel keeps waiting to be accepted.
const BACKLOG: u16 = 4096;

/// Who is at the other end of a socket of the file system: nobody has an address there, and only processes of this
/// machine can be there, so it is the loopback address, with a port that no peer has.
const LOCAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A listening socket that no worker has yet.
pub enum ListeningSocket {
    /// Of an IP address and port.
    Tcp(TcpListener),
    /// Of the file system.
    Unix(UnixListener),
}

/// Listens on an address, beside other workers' sockets of the same one.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Raw::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    // What is accepted inherits it.
    socket.set_tcp_nodelay(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG.into())?;
    Ok(socket.into())
}

/// A listening socket of the file system. Dropped, its file goes, unless another has taken its place.
pub struct UnixPlace {
    socket: UnixListener,
    path: PathBuf,
    file: (u64, u64),
}

impl UnixPlace {
    /// Listens on a path. A socket there that nobody listens on is what a process left that ended badly, and is
    /// replaced; anything else is not ours to take away.
    pub fn bind(path: &Path, mode: Option<u32>) -> io::Result<UnixPlace> {
        make_room(path)?;
        let socket = Raw::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::unix(path)?)?;
        let meta = fs::symlink_metadata(path)?;
        let place =
            UnixPlace { socket: socket.into(), path: path.to_owned(), file: (meta.dev(), meta.ino()) };
        // Before anybody can connect, which is from `listen` on.
        place.permit(mode)?;
        socket2::SockRef::from(&place.socket).listen(BACKLOG.into())?;
        Ok(place)
    }

    /// Changes the file's permissions, where any are wanted.
    pub fn permit(&self, mode: Option<u32>) -> io::Result<()> {
        mode.map_or(Ok(()), |mode| fs::set_permissions(&self.path, fs::Permissions::from_mode(mode)))
    }

    /// The same socket once more, for a worker.
    pub fn share(&self) -> io::Result<ListeningSocket> {
        self.socket.try_clone().map(ListeningSocket::Unix)
    }
}

impl Drop for UnixPlace {
    fn drop(&mut self) {
        let is_ours = fs::symlink_metadata(&self.path).is_ok_and(|m| (m.dev(), m.ino()) == self.file);
        if is_ours {
            // If it can't be removed now, the next start does.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn make_room(path: &Path) -> io::Result<()> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !meta.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file, and it is no socket"));
    }
    let probe = Raw::new(Domain::UNIX, Type::STREAM, None)?;
    // A listener whose queue is full would make us wait.
    probe.set_nonblocking(true)?;
    match probe.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        _ => Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens there")),
    }
}

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    /// Whose connection it is.
    pub client: SocketAddr,
    /// What that connected to.
    pub local: SocketAddr,
    /// Whether the client is who it seems to be, and not somebody unknown behind it.
    pub is_known: bool,
}

/// The address that a TCP listener's connections are made to, where it is but one: else each connection is asked.
#[derive(Clone, Copy)]
pub struct Bound(Option<SocketAddr>);

impl Bound {
    fn of(socket: &TcpListener) -> Bound {
        Bound(socket.local_addr().ok().filter(|address| !address.ip().is_unspecified()))
    }

    fn local(self, stream: &tokio::net::TcpStream) -> SocketAddr {
        let ask = || stream.local_addr().ok();
        // It may be gone already.
        self.0.or_else(ask).unwrap_or(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0))
    }
}

/// A worker's listening socket.
pub enum Acceptor {
    /// Over TCP.
    Tcp(tokio::net::TcpListener, Bound),
    /// Over a unix socket.
    Unix(tokio::net::UnixListener),
}

impl Acceptor {
    /// On a socket, in the runtime of the worker.
    pub fn new(socket: ListeningSocket) -> io::Result<Acceptor> {
        match socket {
            ListeningSocket::Tcp(socket) => {
                let bound = Bound::of(&socket);
                tokio::net::TcpListener::from_std(socket).map(|listener| Acceptor::Tcp(listener, bound))
            }
            ListeningSocket::Unix(socket) => tokio::net::UnixListener::from_std(socket).map(Acceptor::Unix),
        }
    }

    /// The next connection.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Socket, Ends)>> {
        match self {
            Acceptor::Tcp(listener, bound) => {
                let (stream, address) = ready!(listener.poll_accept(cx))?;
                Poll::Ready(Ok(tcp(stream, address, *bound)))
            }
            Acceptor::Unix(listener) => {
                let (stream, _) = ready!(listener.poll_accept(cx))?;
                Poll::Ready(Ok(unix(stream)))
            }
        }
    }

    /// Closes the socket, after the connections were taken out that wait in its queue: the kernel would reset them. No more
    /// than can wait at a time: those that come meanwhile are not to keep it open.
    pub fn into_queue(self) -> impl Iterator<Item = (Socket, Ends)> {
        let waiting = Waiting::of(self);
        if let Err(error) = &waiting {
            tracing::warn!(%error, "connections that wait to be accepted are lost");
        }
        waiting.into_iter().flatten().take(BACKLOG.into())
    }
}

/// What waits in a queue. The runtime is not asked, as it may not know of it yet.
enum Waiting {
    Tcp(TcpListener, Bound),
    Unix(UnixListener),
}

impl Waiting {
    fn of(acceptor: Acceptor) -> io::Result<Waiting> {
        match acceptor {
            Acceptor::Tcp(listener, bound) => {
                listener.into_std().map(|listener| Waiting::Tcp(listener, bound))
            }
            Acceptor::Unix(listener) => listener.into_std().map(Waiting::Unix),
        }
    }

    fn accept(&self) -> io::Result<(Socket, Ends)> {
        match self {
            Waiting::Tcp(listener, bound) => {
                let (stream, address) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Ok(tcp(tokio::net::TcpStream::from_std(stream)?, address, *bound))
            }
            Waiting::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Ok(unix(tokio::net::UnixStream::from_std(stream)?))
            }
        }
    }
}

impl Iterator for Waiting {
    type Item = (Socket, Ends);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.accept() {
                Ok(accepted) => return Some(accepted),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => return None,
            }
        }
    }
}

fn tcp(stream: tokio::net::TcpStream, client: SocketAddr, bound: Bound) -> (Socket, Ends) {
    let local = bound.local(&stream);
    (Socket::Tcp(stream), Ends { client, local, is_known: true })
}

fn unix(stream: tokio::net::UnixStream) -> (Socket, Ends) {
    (Socket::Unix(stream), Ends { client: LOCAL, local: LOCAL, is_known: true })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let folder = folder();
        let path = folder.path().join("s");
        let live = UnixListener::bind(&path).unwrap();
        let error = UnixPlace::bind(&path, None).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        drop(live);
        let place = UnixPlace::bind(&path, Some(0o600)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(UnixStream::connect(&path).is_ok());
        drop(place);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_waits_in_a_queue_is_taken_out_before_the_socket_closes() {
        let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let clients: Vec<_> = (0..9).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
        let acceptor = Acceptor::new(ListeningSocket::Tcp(socket)).unwrap();
        let waiting: Vec<_> = acceptor.into_queue().map(|(_, ends)| (ends.client, ends.local)).collect();
        let expected: Vec<_> = clients.iter().map(|client| (client.local_addr().unwrap(), address)).collect();
        assert_eq!(waiting, expected);
        assert!(std::net::TcpStream::connect(address).is_err(), "it is closed");
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let folder = folder();
        let path = folder.path().join("s");
        fs::write(&path, "precious").unwrap();
        assert_eq!(UnixPlace::bind(&path, None).err().unwrap().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }

    #[test]
    fn a_socket_in_our_place_is_not_ours_to_remove() {
        let folder = folder();
        let path = folder.path().join("s");
        let place = UnixPlace::bind(&path, None).unwrap();
        fs::remove_file(&path).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(place);
        assert!(path.exists());
    }
}
