use std::net::{Ipv4Addr, UdpSocket};

use super::*;

/// Wants many names of a DNS server that never answers.
fn wanting(names: usize, server: &UdpSocket) -> Wanted {
    let resolver =
        ResolverSettings { servers: vec![server.local_addr().unwrap()], timeout: Duration::from_millis(100) };
    let settings =
        NameSettings { resolver, min_ttl: Duration::from_secs(1), max_ttl: Duration::from_secs(1) };
    let host = |at| NameQuestion::Host(Arc::from(format!("host{at}.test")));
    Wanted { settings, questions: (0..names).map(host).collect() }
}

fn silent() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

#[tokio::test]
async fn no_more_lookups_are_under_way_than_may_be_and_all_come_to_their_turn() {
    let (server, names) = (silent(), LOOKUPS_AT_ONCE * 2 + 1);
    let wanted = wanting(names, &server);
    let mut following = Names::new();
    following.use_settings(&wanted.settings);
    for question in &wanted.questions {
        following.due.insert(question.clone(), Due::now());
    }
    let mut heard = 0;
    while heard < names {
        following.ask();
        assert!(following.lookups.len() <= LOOKUPS_AT_ONCE, "{}", following.lookups.len());
        let is_full = following.lookups.len() == LOOKUPS_AT_ONCE;
        assert!(!is_full || following.next_due().is_none(), "nobody is woken by what has no room");
        let answered = following.lookups.join_next().await.expect("one under way");
        following.note(answered);
        heard += 1;
    }
    assert!(wanted.questions.iter().all(|question| !following.book.is_new(question)), "none was left out");
}

#[test]
fn localhost_is_looked_up_by_nobody() {
    let asks = |host: &str| question(&EndpointAddress::Tcp { host: host.into(), port: 80 }).is_some();
    for place in ["localhost", "LocalHost", "localhost.", "127.0.0.1", "::1"] {
        assert!(!asks(place), "{place}");
    }
    for name in ["app.localhost", "localhost.example", "mylocalhost"] {
        assert!(asks(name), "{name}");
    }
}
