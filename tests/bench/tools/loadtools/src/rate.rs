//! Open-loop HTTP/1.1 keep-alive client: requests are due at a constant rate, whatever became of the last ones.

use std::collections::VecDeque;
use std::time::Duration;

use crate::hist::Hist;
use crate::opt;
use crate::sys::{self, Epoll, Io};

/// The proxy accepts all connections before the first request is due.
const SETTLE: Duration = Duration::from_millis(300);

#[expect(clippy::disallowed_methods, reason = "how long a proxy takes to accept can't be seen from outside")]
pub fn run(args: &[String]) {
    sys::tune_process();
    let plan = Plan::parse(args);
    let mut client = Client::connect(&plan);
    std::thread::sleep(SETTLE);
    client.drive(&mut Schedule::starting_now(&plan));
    client.tally.print(&plan);
}

struct Plan {
    port: u16,
    conns: usize,
    rate: f64,
    secs: f64,
    warmup: f64,
    request: Vec<u8>,
}

impl Plan {
    fn parse(args: &[String]) -> Self {
        let (port, path) = (number(args, "--port", "0"), opt(args, "--path", "/small"));
        let host = opt(args, "--host", &format!("127.0.0.1:{port}"));
        let header = match opt(args, "--header", "").as_str() {
            "" => String::new(),
            line => format!("{line}\r\n"),
        };
        Plan {
            port,
            conns: number(args, "--conns", "64"),
            rate: number(args, "--rate", "4000"),
            secs: number(args, "--secs", "10"),
            warmup: number(args, "--warmup", "1"),
            request: format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n{header}\r\n").into_bytes(),
        }
    }

    fn closed_loop(&self) -> bool {
        self.rate <= 0.0
    }
}

fn number<T: std::str::FromStr>(args: &[String], name: &str, default: &str) -> T {
    let text = opt(args, name, default);
    text.parse().unwrap_or_else(|_| {
        eprintln!("{name}: not a number: {text}");
        std::process::exit(2)
    })
}

/// When requests are due, and from when to when they count. All times in ns of the monotonic clock.
struct Schedule {
    start: u64,
    measure_from: u64,
    end: u64,
    gap: f64,
    issued: u64,
    closed_loop: bool,
}

impl Schedule {
    fn starting_now(plan: &Plan) -> Self {
        let start = sys::now_ns();
        let measure_from = start + (plan.warmup * 1e9) as u64;
        let end = measure_from + (plan.secs * 1e9) as u64;
        let gap = if plan.closed_loop() { 0.0 } else { 1e9 / plan.rate };
        Schedule { start, measure_from, end, gap, issued: 0, closed_loop: plan.closed_loop() }
    }

    fn next_due(&self) -> u64 {
        self.start + (self.issued as f64 * self.gap) as u64
    }

    /// Until when there is nothing to send.
    fn wake_at(&self) -> u64 {
        if self.closed_loop { self.end } else { self.next_due().min(self.end) }
    }
}

#[derive(Default)]
struct Tally {
    /// From the instant a request was due.
    latency: Hist,
    /// From the instant it was written.
    service: Hist,
    errors: u64,
    non2xx: u64,
    backlog_max: usize,
}

impl Tally {
    fn answered(&mut self, c: &Conn, ok: bool, measure_from: u64) {
        let now = sys::now_ns();
        if now >= measure_from {
            self.latency.add(now.saturating_sub(c.due));
            self.service.add(now.saturating_sub(c.sent));
            self.non2xx += u64::from(!ok);
        }
    }

    fn print(&self, plan: &Plan) {
        let us = |h: &Hist, q: f64| h.quantile(q) as f64 / 1000.0;
        println!(
            "{{\"requests\":{},\"secs\":{},\"target_rate\":{},\"errors\":{},\"non2xx\":{},\"backlog_max\":{},\
             \"mean_us\":{:.1},\"p50_us\":{:.1},\"p90_us\":{:.1},\"p99_us\":{:.1},\"p999_us\":{:.1},\
             \"max_us\":{:.1},\"service_p50_us\":{:.1},\"service_p99_us\":{:.1}}}",
            self.latency.total,
            plan.secs,
            plan.rate,
            self.errors,
            self.non2xx,
            self.backlog_max,
            self.latency.mean() / 1000.0,
            us(&self.latency, 0.5),
            us(&self.latency, 0.9),
            us(&self.latency, 0.99),
            us(&self.latency, 0.999),
            self.latency.max as f64 / 1000.0,
            us(&self.service, 0.5),
            us(&self.service, 0.99),
        );
    }
}

struct Client<'a> {
    plan: &'a Plan,
    epoll: Epoll,
    conns: Vec<Conn>,
    idle: VecDeque<usize>,
    /// Due times of requests that wait for a free connection; never more than rate times seconds.
    late: VecDeque<u64>,
    tally: Tally,
}

impl<'a> Client<'a> {
    fn connect(plan: &'a Plan) -> Self {
        let epoll = Epoll::new();
        let conns: Vec<Conn> = (0..plan.conns).map(|i| Conn::open(plan.port, &epoll, i)).collect();
        let idle = (0..plan.conns).collect();
        Client { plan, epoll, conns, idle, late: VecDeque::new(), tally: Tally::default() }
    }

    fn drive(&mut self, schedule: &mut Schedule) {
        let mut events = vec![libc::epoll_event { events: 0, u64: 0 }; 256];
        let mut buf = vec![0u8; 256 * 1024];
        while sys::now_ns() < schedule.end {
            self.send_due(schedule);
            let nap = schedule.wake_at().saturating_sub(sys::now_ns());
            let ready = self.epoll.wait(&mut events, Some(nap));
            for event in &events[..ready] {
                self.receive(event.u64 as usize, &mut buf, schedule.measure_from);
            }
        }
    }

    fn send_due(&mut self, schedule: &mut Schedule) {
        if schedule.closed_loop {
            while let Some(i) = self.idle.pop_front() {
                self.send(i, sys::now_ns());
            }
            return;
        }
        let now = sys::now_ns();
        while schedule.next_due() <= now {
            self.late.push_back(schedule.next_due());
            schedule.issued += 1;
        }
        while let (Some(&due), Some(&i)) = (self.late.front(), self.idle.front()) {
            self.late.pop_front();
            self.idle.pop_front();
            self.send(i, due);
        }
        self.tally.backlog_max = self.tally.backlog_max.max(self.late.len());
    }

    /// A write that fails is not counted here: the connection's read side reports the loss.
    fn send(&mut self, i: usize, due: u64) {
        let conn = &mut self.conns[i];
        conn.due = due;
        conn.sent = sys::now_ns();
        let _ = sys::write(conn.fd, &self.plan.request);
    }

    fn receive(&mut self, i: usize, buf: &mut [u8], measure_from: u64) {
        let conn = &mut self.conns[i];
        let fed = match sys::read(conn.fd, buf) {
            Io::Again => return,
            Io::Done(n) => conn.feed(&buf[..n]),
            Io::Closed => Fed::Bad,
        };
        match fed {
            Fed::More => return,
            Fed::Answer(ok) => self.tally.answered(conn, ok, measure_from),
            Fed::Bad => {
                self.tally.errors += 1;
                sys::close(conn.fd);
                *conn = Conn::open(self.plan.port, &self.epoll, i);
            }
        }
        self.idle.push_back(i);
    }
}

struct Conn {
    fd: i32,
    due: u64,
    sent: u64,
    inb: Vec<u8>,
    /// Bytes of the answer still to come; 0: its head is not read yet.
    need: usize,
    ok: bool,
}

enum Fed {
    More,
    Answer(bool),
    Bad,
}

impl Conn {
    fn open(port: u16, epoll: &Epoll, key: usize) -> Self {
        let fd = sys::connect(port).expect("connect to the proxy");
        epoll.add(fd, libc::EPOLLIN as u32, key as u64);
        Conn { fd, due: 0, sent: 0, inb: Vec::with_capacity(4096), need: 0, ok: false }
    }

    fn feed(&mut self, data: &[u8]) -> Fed {
        if self.need > 0 {
            return self.body(data.len());
        }
        self.inb.extend_from_slice(data);
        let Some(end) = self.inb.windows(4).position(|w| w == b"\r\n\r\n") else {
            return Fed::More;
        };
        let head = String::from_utf8_lossy(&self.inb[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse().ok());
        let Some(length) = length else {
            return Fed::Bad;
        };
        self.ok = head.split(' ').nth(1).is_some_and(|status| status.starts_with('2'));
        self.need = length;
        let have = self.inb.len() - end - 4;
        self.inb.clear();
        self.body(have)
    }

    fn body(&mut self, n: usize) -> Fed {
        match self.need.checked_sub(n) {
            None => Fed::Bad,
            Some(0) => {
                self.need = 0;
                Fed::Answer(self.ok)
            }
            Some(rest) => {
                self.need = rest;
                Fed::More
            }
        }
    }
}
