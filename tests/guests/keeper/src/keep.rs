//! What outlives the exchange: values, counters and buckets.

use std::time::Duration;

use sandgate_sdk::counter;
use sandgate_sdk::kv::{self, KvError};
use sandgate_sdk::rate_limit::{self, Answer, Bucket};

/// How large a value `fill` sets.
const FILLING: usize = 1000;

pub(crate) fn values(words: &[&str]) -> String {
    match words {
        ["set", key, value] => told(kv::set(key, value, None)),
        ["set", key, value, ttl_ms] => told(kv::set(key, value, Some(Duration::from_millis(number(ttl_ms))))),
        ["get", key] => kv::get(key).map_or("none".to_owned(), |entry| text(entry.value)),
        ["get-many", keys @ ..] => {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            let found = kv::get_many(&keys).into_iter();
            let found: Vec<String> =
                found.map(|entry| entry.map_or("none".to_owned(), |entry| text(entry.value))).collect();
            found.join(" ")
        }
        ["delete", key] => kv::delete(key).to_string(),
        ["keys", prefix] => kv::keys(prefix, None, 100).join(" "),
        ["usage"] => format!("{:?}", kv::usage()),
        ["increment", key, times] => increment(key, number(times)),
        ["fill"] => fill(),
        _ => "no such deed".to_owned(),
    }
}

pub(crate) fn counters(words: &[&str]) -> String {
    match words {
        ["add", key, by] => match counter::add(key, by.parse().unwrap_or_default()) {
            Ok(count) => count.to_string(),
            Err(error) => format!("{error:?}"),
        },
        ["get", key] => counter::get(key).map_or("none".to_owned(), |count| count.to_string()),
        ["delete", key] => counter::delete(key).to_string(),
        _ => "no such deed".to_owned(),
    }
}

/// The bucket is given by its burst, its refill and its period.
pub(crate) fn take(key: &str, cost: &str, bucket: [&str; 3]) -> String {
    let [burst, refill, period_ms] = bucket.map(number);
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    let bucket = Bucket::new(small(burst), small(refill), Duration::from_millis(period_ms));
    match rate_limit::take(key, small(number(cost)), bucket) {
        Ok(Answer::Taken(left)) => format!("taken {left}"),
        Ok(Answer::Wait(millis)) => format!("wait {millis}"),
        Ok(Answer::Never) => "never".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

/// Reads, adds 1 and writes, so often; what another guest wrote meanwhile is not lost.
fn increment(key: &str, times: u64) -> String {
    let mut done = 0;
    let mut value = 0;
    while done < times {
        let entry = kv::get(key);
        let (old, version) =
            entry.map_or((0, None), |entry| (number(&text(entry.value)), Some(entry.version)));
        value = old + 1;
        match kv::compare_and_set(key, version, value.to_string(), None) {
            Ok(_) => done += 1,
            Err(KvError::Conflict) => {}
            Err(error) => return format!("{error:?}"),
        }
    }
    value.to_string()
}

/// Sets values until one is refused, and says how many there were.
fn fill() -> String {
    let mut count = 0;
    loop {
        match kv::set(&format!("fill-{count}"), [0; FILLING], None) {
            Ok(_) => count += 1,
            Err(error) => return format!("{count} {error:?}"),
        }
    }
}

fn told(set: Result<u64, KvError>) -> String {
    match set {
        Ok(version) => version.to_string(),
        Err(error) => format!("{error:?}"),
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}
