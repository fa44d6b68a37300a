//! Sockets that are open: which of them a new configuration keeps, which it has opened, and who accepts from which.
//!
//! A socket stays open as long as its listener, whoever accepts from it: the kernel resets the connections that wait in
//! the queue of a socket that is closed. So the sockets of workers that left are taken over by those that stayed.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use config::{ListenAddress, Listener, UnixSocket};
use transport::{ListeningSocket, UnixPlace};

/// A listener that is open.
pub(crate) struct Open {
    pub(crate) name: Arc<str>,
    /// As the configuration has it.
    configured: ListenAddress,
    /// As it is: where the configuration leaves the port to the system, this is the one.
    pub(crate) actual: ListenAddress,
    sockets: Sockets,
}

/// Tells a socket from all others of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SocketNumber(u64);

impl SocketNumber {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        SocketNumber(NEXT.fetch_add(1, Relaxed))
    }
}

#[derive(Clone)]
enum Sockets {
    /// As many as there are workers, or were at a time; the kernel spreads connections between them.
    Tcp(Vec<(SocketNumber, Arc<TcpListener>)>),
    /// One of the file system, for all workers.
    Unix(SocketNumber, Arc<UnixPlace>),
}

impl Open {
    /// Opens a listener for so many workers: what was open before and stays is not opened again.
    pub(crate) fn listen(listener: &Listener, before: &[Open], workers: usize) -> io::Result<Open> {
        match &listener.address {
            ListenAddress::Tcp(address) => Open::tcp(listener, *address, before, workers),
            ListenAddress::Unix(socket) => Open::unix(listener, socket, before),
        }
    }

    fn tcp(listener: &Listener, address: SocketAddr, before: &[Open], workers: usize) -> io::Result<Open> {
        let (name, configured) = (Arc::clone(&listener.name), listener.address.clone());
        let same = before.iter().find(|open| open.name == name && open.configured == configured);
        let (mut actual, mut sockets) = match same {
            Some(Open { actual: ListenAddress::Tcp(actual), sockets: Sockets::Tcp(sockets), .. }) => {
                (*actual, sockets.clone())
            }
            _ => (address, Vec::new()),
        };
        while sockets.len() < workers {
            // The first one fixes the port, where the system chooses it.
            let socket = transport::bind(actual)?;
            actual = socket.local_addr()?;
            sockets.push((SocketNumber::next(), Arc::new(socket)));
        }
        Ok(Open { name, configured, actual: ListenAddress::Tcp(actual), sockets: Sockets::Tcp(sockets) })
    }

    fn unix(listener: &Listener, socket: &UnixSocket, before: &[Open]) -> io::Result<Open> {
        let kept = before.iter().find(|open| open.path() == Some(&socket.path));
        let sockets = match kept.map(|open| &open.sockets) {
            Some(Sockets::Unix(number, place)) => Sockets::Unix(*number, Arc::clone(place)),
            _ => {
                let place = UnixPlace::bind(&socket.path, socket.mode)?;
                Sockets::Unix(SocketNumber::next(), Arc::new(place))
            }
        };
        if let Sockets::Unix(_, place) = &sockets {
            place.permit(socket.mode)?;
        }
        let (name, configured) = (Arc::clone(&listener.name), listener.address.clone());
        Ok(Open { name, actual: configured.clone(), configured, sockets })
    }

    fn path(&self) -> Option<&PathBuf> {
        match &self.configured {
            ListenAddress::Unix(socket) => Some(&socket.path),
            ListenAddress::Tcp(_) => None,
        }
    }

    /// The sockets that one of so many workers is to accept from.
    pub(crate) fn share_of(
        &self,
        worker: usize,
        workers: usize,
    ) -> io::Result<Vec<(SocketNumber, ListeningSocket)>> {
        match &self.sockets {
            Sockets::Unix(number, place) => Ok(vec![(*number, place.share()?)]),
            Sockets::Tcp(sockets) => {
                let dealt = sockets.iter().enumerate();
                let own = dealt.filter(|(at, _)| is_for(*at, sockets.len(), worker, workers));
                own.map(|(_, (number, socket))| Ok((*number, ListeningSocket::Tcp(socket.try_clone()?))))
                    .collect()
            }
        }
    }
}

/// Whether a worker is to accept from the socket at a place. Each gets equally many; those that are left over are
/// everybody's, so that nobody has twice the connections of another.
fn is_for(at: usize, sockets: usize, worker: usize, workers: usize) -> bool {
    let dealt = sockets - sockets % workers.max(1);
    at >= dealt || at % workers.max(1) == worker
}

#[cfg(test)]
mod tests {
    use super::is_for;

    fn shares(sockets: usize, workers: usize) -> Vec<Vec<usize>> {
        let of = |worker| (0..sockets).filter(|at| is_for(*at, sockets, worker, workers)).collect();
        (0..workers).map(of).collect()
    }

    #[test]
    fn every_socket_has_somebody_and_all_have_equally_many() {
        assert_eq!(shares(2, 2), [[0], [1]]);
        assert_eq!(shares(4, 2), [[0, 2], [1, 3]]);
        assert_eq!(shares(3, 2), [[0, 2], [1, 2]], "the last is for both");
        assert_eq!(shares(5, 1), [[0, 1, 2, 3, 4]]);
    }
}
