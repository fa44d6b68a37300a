//! Lines for a syslog receiver: RFC 5424, one message a datagram, over a socket of this machine or UDP (RFC 5426).

use std::fs;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use config::{Syslog, SyslogReceiver};

use super::output::Failure;

/// How long a message may be: what fits into a datagram of UDP. The rest of a line that is longer is cut off.
const MESSAGE_LIMIT: usize = 60 << 10;
/// How long the receiver may take to make room.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest name of a host (section 6.2.4).
const HOST_LIMIT: usize = 255;

/// The way to a receiver.
pub(super) struct Sender {
    socket: Socket,
    priority: u8,
    /// What stands between the time and the line.
    middle: String,
}

/// Not connected: a receiver that is started anew is found by its name.
enum Socket {
    Unix(UnixDatagram, PathBuf),
    Udp(UdpSocket, SocketAddr),
}

impl Sender {
    /// Makes a socket. Whether anybody receives is not known before the first line.
    pub(super) fn open(syslog: &Syslog) -> io::Result<Self> {
        let socket = match &syslog.receiver {
            SyslogReceiver::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.set_write_timeout(Some(PATIENCE))?;
                Socket::Unix(socket, path.clone())
            }
            SyslogReceiver::Udp(address) => Socket::Udp(udp_socket(address)?, *address),
        };
        let middle = format!("{} {} {} - - ", host(), syslog.tag, std::process::id());
        Ok(Sender { socket, priority: syslog.priority, middle })
    }

    /// Sends each line. After the first that can't be sent, the others of a batch are not tried.
    pub(super) fn send_all(&self, batch: &[u8]) -> Result<(), Failure> {
        let mut lines = batch.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let time = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        while let Some(line) = lines.next() {
            if let Err(error) = self.send(&self.message(&time, line)) {
                let left = u64::try_from(lines.count()).unwrap_or(u64::MAX);
                return Err(Failure { lines: left.saturating_add(1), error });
            }
        }
        Ok(())
    }

    /// Header, no structured data, and the line (section 6).
    fn message(&self, time: &str, line: &[u8]) -> Vec<u8> {
        let mut message = format!("<{}>1 {time} {}", self.priority, self.middle).into_bytes();
        message.extend_from_slice(line);
        message.truncate(MESSAGE_LIMIT);
        message
    }

    fn send(&self, message: &[u8]) -> io::Result<usize> {
        match &self.socket {
            Socket::Unix(socket, path) => socket.send_to(message, path),
            Socket::Udp(socket, address) => socket.send_to(message, address),
        }
    }
}

fn udp_socket(to: &SocketAddr) -> io::Result<UdpSocket> {
    let socket = match to {
        SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?,
        SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?,
    };
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// The machine's name, as the kernel has it; a dash is for none (section 6.2.4).
fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    let plain = name.bytes().all(|byte| byte.is_ascii_graphic());
    if name.is_empty() || name.len() > HOST_LIMIT || !plain { "-".to_owned() } else { name.to_owned() }
}
