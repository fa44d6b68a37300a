//! How long an endpoint asks to be left alone: a door to a file that knows no door.

#[path = "../../../host/proxy/src/exchange/send/retry_after.rs"]
mod retry_after;

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// What an answer asks for.
pub fn asked_for(fields: &HeaderMap, now: SystemTime) -> Option<Duration> {
    retry_after::asked_for(fields, now)
}
