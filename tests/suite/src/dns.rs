//! A DNS server that knows what a test tells it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, SRV};
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// A DNS server on a port of its own, for UDP. Dropped, it answers no more.
pub struct DnsServer {
    address: SocketAddr,
    zone: Arc<Zone>,
}

#[derive(Default)]
struct Zone {
    /// By lower-case name without the last dot.
    records: Mutex<HashMap<(String, RecordType), Vec<Record>>>,
    is_failing: AtomicBool,
    is_stopped: AtomicBool,
    queries: AtomicUsize,
}

impl DnsServer {
    /// One that knows no name.
    pub fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = socket.local_addr().expect("a bound socket");
        let zone = Arc::new(Zone::default());
        let serving = Arc::clone(&zone);
        thread::spawn(move || serving.serve(&socket));
        DnsServer { address, zone }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on, the name has these addresses; none at all, and it does not exist.
    pub fn set_host(&self, name: &str, ttl: u32, addresses: &[IpAddr]) {
        let of = |record_type| {
            let data = addresses.iter().map(|ip| match ip {
                IpAddr::V4(ip) => RData::A(A(*ip)),
                IpAddr::V6(ip) => RData::AAAA(AAAA(*ip)),
            });
            data.filter(|data| data.record_type() == record_type).collect::<Vec<_>>()
        };
        self.set(name, ttl, RecordType::A, of(RecordType::A));
        self.set(name, ttl, RecordType::AAAA, of(RecordType::AAAA));
    }

    /// From now on, the service is at these places: priority, weight, port and host.
    pub fn set_service(&self, name: &str, ttl: u32, places: &[(u16, u16, u16, &str)]) {
        let data = places.iter().map(|(priority, weight, port, host)| {
            RData::SRV(SRV::new(*priority, *weight, *port, parse(host)))
        });
        self.set(name, ttl, RecordType::SRV, data.collect());
    }

    /// From now on, every query gets SERVFAIL; or answers again.
    pub fn fail(&self, fails: Failing) {
        self.zone.is_failing.store(matches!(fails, Failing::Yes), Ordering::SeqCst);
    }

    /// How many queries it saw.
    pub fn queries(&self) -> usize {
        self.zone.queries.load(Ordering::SeqCst)
    }

    fn set(&self, name: &str, ttl: u32, record_type: RecordType, data: Vec<RData>) {
        let records = data.into_iter().map(|data| Record::from_rdata(parse(name), ttl, data)).collect();
        self.zone.records.lock().unwrap().insert((name.to_owned(), record_type), records);
    }
}

/// Whether a server fails.
#[derive(Clone, Copy, Debug)]
pub enum Failing {
    /// It does.
    Yes,
    /// It answers.
    No,
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.zone.is_stopped.store(true, Ordering::SeqCst);
        // Wakes the serving thread.
        let _gone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|s| s.send_to(&[], self.address));
    }
}

impl Zone {
    fn serve(&self, socket: &UdpSocket) {
        let mut buffer = [0; 2048];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            if self.is_stopped.load(Ordering::SeqCst) {
                return;
            }
            if let Ok(query) = Message::from_vec(&buffer[..len]) {
                self.queries.fetch_add(1, Ordering::SeqCst);
                let answer = self.answer(&query).to_vec().expect("a message that can be written");
                let _gone = socket.send_to(&answer, from);
            }
        }
    }

    fn answer(&self, query: &Message) -> Message {
        let mut answer = Message::response(query.metadata.id, query.metadata.op_code);
        answer.add_queries(query.queries.clone());
        if self.is_failing.load(Ordering::SeqCst) {
            answer.metadata.response_code = ResponseCode::ServFail;
            return answer;
        }
        for query in &query.queries {
            answer.add_answers(self.records(query));
        }
        if answer.answers.is_empty() && !self.has_name(&query.queries) {
            answer.metadata.response_code = ResponseCode::NXDomain;
        }
        answer
    }

    fn records(&self, query: &Query) -> Vec<Record> {
        let key = (plain(query.name()), query.query_type());
        self.records.lock().unwrap().get(&key).cloned().unwrap_or_default()
    }

    fn has_name(&self, queries: &[Query]) -> bool {
        let records = self.records.lock().unwrap();
        let has = |name: &str| records.iter().any(|((own, _), records)| own == name && !records.is_empty());
        queries.iter().any(|query| has(&plain(query.name())))
    }
}

fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_lowercase()
}

fn parse(name: &str) -> Name {
    let mut name: Name = name.parse().expect("a name");
    name.set_fqdn(true);
    name
}
