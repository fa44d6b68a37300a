//! The few system calls that both tools need.

use std::io;

pub struct Epoll(i32);

impl Epoll {
    pub fn new() -> Self {
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        assert!(fd >= 0, "epoll_create1");
        Epoll(fd)
    }
    pub fn add(&self, fd: i32, events: u32, key: u64) {
        self.ctl(libc::EPOLL_CTL_ADD, fd, events, key)
    }
    pub fn modify(&self, fd: i32, events: u32, key: u64) {
        self.ctl(libc::EPOLL_CTL_MOD, fd, events, key)
    }
    fn ctl(&self, op: i32, fd: i32, events: u32, key: u64) {
        let mut ev = libc::epoll_event { events, u64: key };
        let r = unsafe { libc::epoll_ctl(self.0, op, fd, &mut ev) };
        assert_eq!(r, 0, "epoll_ctl: {}", io::Error::last_os_error());
    }
    /// Waits at most `timeout_ns` (None: for ever).
    pub fn wait(&self, evs: &mut [libc::epoll_event], timeout_ns: Option<u64>) -> usize {
        let ts = timeout_ns.map(|n| libc::timespec {
            tv_sec: (n / 1_000_000_000) as i64,
            tv_nsec: (n % 1_000_000_000) as i64,
        });
        let p = ts.as_ref().map_or(std::ptr::null(), |t| t as *const _);
        let n = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                self.0,
                evs.as_mut_ptr(),
                evs.len() as i32,
                p,
                std::ptr::null::<libc::sigset_t>(),
                8usize,
            )
        };
        if n < 0 { 0 } else { n as usize }
    }
}

pub fn addr(port: u16) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes([127, 0, 0, 1]) },
        sin_zero: [0; 8],
    }
}

fn set(fd: i32, level: i32, name: i32) {
    let one: i32 = 1;
    unsafe { libc::setsockopt(fd, level, name, &one as *const _ as *const _, 4) };
}

pub fn listen(port: u16) -> i32 {
    unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK, 0);
        set(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR);
        let a = addr(port);
        let r = libc::bind(fd, &a as *const _ as *const _, std::mem::size_of_val(&a) as u32);
        assert_eq!(r, 0, "bind {port}: {}", io::Error::last_os_error());
        assert_eq!(libc::listen(fd, 4096), 0);
        fd
    }
}

pub fn accept(fd: i32) -> Option<i32> {
    let c = unsafe { libc::accept4(fd, std::ptr::null_mut(), std::ptr::null_mut(), libc::SOCK_NONBLOCK) };
    if c < 0 {
        return None;
    }
    set(c, libc::IPPROTO_TCP, libc::TCP_NODELAY);
    Some(c)
}

pub fn connect(port: u16) -> io::Result<i32> {
    unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0);
        let a = addr(port);
        if libc::connect(fd, &a as *const _ as *const _, std::mem::size_of_val(&a) as u32) != 0 {
            let e = io::Error::last_os_error();
            libc::close(fd);
            return Err(e);
        }
        set(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY);
        let fl = libc::fcntl(fd, libc::F_GETFL);
        libc::fcntl(fd, libc::F_SETFL, fl | libc::O_NONBLOCK);
        Ok(fd)
    }
}

pub enum Io {
    Done(usize),
    Again,
    Closed,
}

fn outcome(n: isize) -> Io {
    match n {
        0 => Io::Closed,
        n if n > 0 => Io::Done(n as usize),
        _ => match io::Error::last_os_error().raw_os_error() {
            Some(libc::EAGAIN) | Some(libc::EINTR) => Io::Again,
            _ => Io::Closed,
        },
    }
}

pub fn read(fd: i32, buf: &mut [u8]) -> Io {
    outcome(unsafe { libc::recv(fd, buf.as_mut_ptr() as *mut _, buf.len(), 0) })
}

pub fn write(fd: i32, buf: &[u8]) -> Io {
    outcome(unsafe { libc::send(fd, buf.as_ptr() as *const _, buf.len(), libc::MSG_NOSIGNAL) })
}

pub fn close(fd: i32) {
    unsafe { libc::close(fd) };
}

pub fn now_ns() -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// Timers fire when asked, not up to 50 us later; file limit to its hard value.
pub fn tune_process() {
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1usize, 0, 0, 0);
        let mut r = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut r);
        r.rlim_cur = r.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &r);
    }
}
