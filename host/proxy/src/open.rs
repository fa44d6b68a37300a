//! Sockets that are open: which of them a new configuration keeps, and which it has opened.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use config::{ListenAddress, Listener, UnixSocket};
use net::{ListeningSocket, UnixPlace};

/// A listener that is open on every worker.
pub(crate) struct Open {
    pub(crate) name: Arc<str>,
    /// As the configuration has it.
    configured: ListenAddress,
    /// As it is: where the configuration leaves the port to the system, this is the one.
    pub(crate) actual: ListenAddress,
    /// The socket of the file system, if it is one. All workers have the same.
    place: Option<Arc<UnixPlace>>,
}

impl Open {
    /// Opens a listener: a socket for each worker, or none if it was open before and stays.
    pub(crate) fn listen(
        listener: &Listener,
        before: &[Open],
        workers: usize,
    ) -> io::Result<(Open, Vec<ListeningSocket>)> {
        match &listener.address {
            ListenAddress::Tcp(address) => Open::tcp(listener, *address, before, workers),
            ListenAddress::Unix(socket) => Open::unix(listener, socket, before, workers),
        }
    }

    fn tcp(
        listener: &Listener,
        address: SocketAddr,
        before: &[Open],
        workers: usize,
    ) -> io::Result<(Open, Vec<ListeningSocket>)> {
        let (name, configured) = (Arc::clone(&listener.name), listener.address.clone());
        if let Some(open) = before.iter().find(|open| open.name == name && open.configured == configured) {
            return Ok((Open { name, configured, actual: open.actual.clone(), place: None }, Vec::new()));
        }
        let (mut actual, mut sockets) = (address, Vec::new());
        for _ in 0..workers {
            // The first one fixes the port, where the system chooses it.
            let socket = net::bind(actual)?;
            actual = socket.local_addr()?;
            sockets.push(ListeningSocket::Tcp(socket));
        }
        Ok((Open { name, configured, actual: ListenAddress::Tcp(actual), place: None }, sockets))
    }

    fn unix(
        listener: &Listener,
        socket: &UnixSocket,
        before: &[Open],
        workers: usize,
    ) -> io::Result<(Open, Vec<ListeningSocket>)> {
        let same = before.iter().find(|open| open.path() == Some(&socket.path));
        let kept = same.and_then(|open| open.place.clone());
        let place = match kept {
            Some(place) => place,
            None => Arc::new(UnixPlace::bind(&socket.path, socket.mode)?),
        };
        place.permit(socket.mode)?;
        let stays = same.is_some_and(|open| open.name == listener.name);
        let count = if stays { 0 } else { workers };
        let sockets: io::Result<Vec<_>> = (0..count).map(|_| place.share()).collect();
        let (name, configured) = (Arc::clone(&listener.name), listener.address.clone());
        Ok((Open { name, actual: configured.clone(), configured, place: Some(place) }, sockets?))
    }

    fn path(&self) -> Option<&std::path::PathBuf> {
        match &self.configured {
            ListenAddress::Unix(socket) => Some(&socket.path),
            ListenAddress::Tcp(_) => None,
        }
    }
}
