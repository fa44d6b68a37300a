//! What a tunnel does with ends, with a side that does not read, and with silence.

use std::future::poll_fn;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::timers::Timers;

const IDLE: Duration = Duration::from_secs(60);

/// Runs a test beside a tunnel between two streams, whose other ends it gets; returns how the tunnel ended, and how
/// many bytes went up and down.
fn through<F: Future>(test: impl FnOnce(DuplexStream, DuplexStream, Timers) -> F) -> (TunnelEnd, u64, u64) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let local = tokio::task::LocalSet::new();
    let timers = Timers::default();
    local.spawn_local(timers.clone().run());
    local.block_on(&runtime, async {
        let (client, near) = duplex(64);
        let (far, upstream) = duplex(64);
        let mut tunnel = Tunnel::new(near, far, IDLE, timers.alarm());
        let run = poll_fn(|cx| tunnel.poll(cx));
        let (end, _) = tokio::join!(run, test(client, upstream, timers.clone()));
        (end, tunnel.to_upstream(), tunnel.to_client())
    })
}

#[test]
fn bytes_pass_both_ways_and_an_end_lets_the_other_way_go_on() {
    let ended = through(|mut client, mut upstream, _| async move {
        client.write_all(b"ping").await.unwrap();
        client.shutdown().await.unwrap();
        let mut seen = Vec::new();
        upstream.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, b"ping");
        upstream.write_all(b"late answer").await.unwrap();
        drop(upstream);
        let mut seen = Vec::new();
        client.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, b"late answer");
    });
    assert_eq!(ended, (TunnelEnd::Closed, 4, 11));
}

#[test]
fn a_side_that_does_not_read_stops_the_other_from_sending() {
    let ended = through(|mut client, upstream, timers| async move {
        let all = vec![0; 4 * PIECE];
        let sent = timers.timeout(IDLE / 2, client.write_all(&all)).await;
        assert!(sent.is_err(), "no more than the buffers hold is taken in");
        drop(upstream);
    });
    assert_eq!(ended.0, TunnelEnd::UpstreamBroke);
    assert_eq!(ended.1, 64, "what the streams between hold");
}

#[test]
fn a_tunnel_ends_when_nothing_has_come_for_too_long_and_not_before() {
    let ended = through(|mut client, mut upstream, timers| async move {
        for _ in 0..3 {
            let _ = timers.timeout(IDLE / 4 * 3, std::future::pending::<()>()).await;
            client.write_all(b"x").await.unwrap();
            upstream.read_u8().await.unwrap();
        }
        let _ = timers.timeout(IDLE * 2, std::future::pending::<()>()).await;
    });
    assert_eq!(ended, (TunnelEnd::Idle, 3, 0));
}
