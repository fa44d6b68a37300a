//! Ketama's ring, with the points that nginx's `hash ... consistent` has, so that a key goes where nginx sends it.
//!
//! Each endpoint has 160 points on a circle of 32 bits for each unit of its weight; a key belongs to the first point
//! at or after its digest. An endpoint that leaves takes only its own keys with it.

use std::sync::Arc;

use model::Endpoint;

use super::digest::Crc32;

/// Points for each unit of weight. nginx's number.
const POINTS: u64 = 160;
/// The most points of a ring, of 8 bytes each. Where the weights ask for more, all get fewer in proportion.
const POINT_LIMIT: u64 = 1 << 20;

/// The points of all endpoints, in their order on the circle.
#[derive(Debug)]
pub(super) struct Ring {
    points: Box<[Point]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Point {
    hash: u32,
    index: u32,
}

impl Ring {
    pub(super) fn new(endpoints: &[Arc<Endpoint>]) -> Self {
        let total: u64 = endpoints.iter().map(|endpoint| u64::from(endpoint.weight)).sum();
        let wanted = total.saturating_mul(POINTS).max(1);
        let mut points = Vec::new();
        for (index, endpoint) in (0u32..).zip(endpoints) {
            let own = u64::from(endpoint.weight) * POINTS;
            let count = if wanted > POINT_LIMIT { (own * POINT_LIMIT / wanted).max(1) } else { own };
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            points.extend(hashes(&endpoint.label).take(count).map(|hash| Point { hash, index }));
        }
        points.sort_unstable();
        points.dedup_by_key(|point| point.hash);
        Ring { points: points.into() }
    }

    /// The endpoints of the points from a digest on, once around.
    pub(super) fn from(&self, digest: u32) -> impl Iterator<Item = u32> {
        let first = self.points.partition_point(|point| point.hash < digest);
        let (before, after) = self.points.split_at_checked(first).unwrap_or_default();
        after.iter().chain(before).map(|point| point.index)
    }
}

/// The points of an endpoint: CRC-32 of host, a zero, port, and the point before. What is host and what is port, nginx
/// decides by the last colon that only digits follow.
fn hashes(label: &str) -> impl Iterator<Item = u32> {
    let server = label.split_once("://").map_or(label, |(_, server)| server);
    let (host, port) = match (server.strip_prefix("unix:"), server.rsplit_once(':')) {
        (Some(path), _) => (path, ""),
        (None, Some((host, port))) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
        _ => (server, ""),
    };
    let mut base = Crc32::new();
    [host.as_bytes(), b"\0", port.as_bytes()].iter().for_each(|part| base.feed(part));
    let point = move |before: u32| {
        let mut crc = base;
        crc.feed(&before.to_le_bytes());
        crc.finish()
    };
    std::iter::successors(Some(point(0)), move |before| Some(point(*before)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Bench, endpoint};

    // Computed by a transcription of nginx's `ngx_http_upstream_init_chash` and zlib's CRC-32.
    const VECTOR_PORT: [u32; 3] = [1353366775, 3101462538, 708007374];
    const VECTOR_NAME: [u32; 3] = [2593814866, 1003156846, 1920114361];
    const VECTOR_UNIX: [u32; 3] = [2906223951, 2593637744, 2142824447];
    const VECTOR_OWNERS: [u32; 9] = [2, 1, 2, 1, 1, 1, 0, 2, 0];

    fn labelled(labels: &[(&str, u32)]) -> Vec<Arc<Endpoint>> {
        let one = |(label, weight): &(&str, u32)| {
            Arc::new(Endpoint { label: (*label).into(), ..endpoint(*weight) })
        };
        labels.iter().map(one).collect()
    }

    fn crc(key: &str) -> u32 {
        let mut crc = Crc32::new();
        crc.feed(key.as_bytes());
        crc.finish()
    }

    #[test]
    fn points_are_those_of_nginx() {
        let first = |label: &str| hashes(label).take(3).collect::<Vec<_>>();
        assert_eq!(first("http://127.0.0.1:8081"), VECTOR_PORT);
        assert_eq!(first("http://app.internal"), VECTOR_NAME);
        assert_eq!(first("unix:/run/app.sock"), VECTOR_UNIX);
    }

    #[test]
    fn keys_go_where_nginx_sends_them() {
        let ring = Ring::new(&labelled(&[
            ("http://127.0.0.1:8081", 1),
            ("http://127.0.0.1:8082", 2),
            ("http://127.0.0.1:8083", 1),
        ]));
        let mut found = ["/", "/a", "/b", "/c", "alice", "bob", "carol", "dave", ""]
            .map(|key| (key, ring.from(crc(key))));
        let owners: Vec<u32> = found.iter_mut().filter_map(|(_, points)| points.next()).collect();
        assert_eq!(owners, VECTOR_OWNERS);
    }

    #[test]
    fn a_ring_has_a_limit_and_leaves_nobody_out() {
        let weights: Vec<u32> = (0..50).map(|at| if at == 0 { 1 } else { 65_535 }).collect();
        let ring = Ring::new(&Bench::new(&weights).endpoints);
        assert!(ring.points.len() as u64 <= POINT_LIMIT + 50);
        assert!(ring.points.iter().any(|point| point.index == 0));
    }

    #[test]
    fn an_empty_ring_has_no_owner() {
        assert_eq!(Ring::new(&[]).from(7).next(), None);
    }
}
