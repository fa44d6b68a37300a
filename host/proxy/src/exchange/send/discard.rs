//! Discarding an answer that another one is to take the place of.
//!
//! A short rest of its body is read, so that the connection can be used again; a long or slow one costs the connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use http_body::Body;
use outbound::{Answer, UpstreamBody};
use transport::{Timers, run_later};

/// The longest rest that is read, in bytes.
const REST_LIMIT: usize = 64 << 10;
/// The longest time that reading it may take.
const REST_TIMEOUT: Duration = Duration::from_secs(1);

/// Lets go of an answer.
pub(super) fn discard(timers: &Timers, answer: Answer) {
    let body = answer.into_body();
    let known = body.size_hint().lower();
    if body.is_end_stream() || known > REST_LIMIT as u64 {
        return;
    }
    let timers = timers.clone();
    run_later(async move {
        // What is not read in time is dropped, and closed with it.
        let _read_or_not = timers.timeout(REST_TIMEOUT, read(body)).await;
    });
}

async fn read(mut body: UpstreamBody) {
    let mut left = REST_LIMIT;
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, bytes::Bytes::len)) else { return };
        left = rest;
    }
}
