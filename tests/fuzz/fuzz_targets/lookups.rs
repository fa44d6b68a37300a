//! What is looked up in heads: cookies, parameters of a query, and how long Retry-After asks to wait. Each against its grammar, read
//! a second time.
#![no_main]

use std::time::{Duration, SystemTime};

use http::{HeaderMap, Uri};
use libfuzzer_sys::fuzz_target;
use model::RequestHead;
use relay::retry_after::asked_for;
use sandgate_fuzz::{fields, parts};

/// What is looked for.
const NAMES: [&str; 3] = ["a", "sg", "a b"];

fuzz_target!(|data: &[u8]| {
    let [cookies, query, retry] = parts::<3>(data);
    let uri = Uri::try_from([b"/?", query].concat()).unwrap_or_default();
    let fields_of_cookies = fields("cookie", cookies.split(|byte| *byte == b'\n'));
    let request = RequestHead { uri, fields: fields_of_cookies, ..RequestHead::default() };
    for name in NAMES {
        assert_eq!(request.cookie(name), cookie(&request.fields, name), "{name}");
        let parameter = request.uri.query().and_then(|query| first_of(query.split('&'), name));
        assert_eq!(request.query_parameter(name), parameter, "{name}");
    }
    hold_retry(&fields("retry-after", [retry].into_iter()));
});

/// The first with this name, in lines of text.
fn cookie<'a>(fields: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let is_text = |line: &&[u8]| line.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t'));
    let lines = fields.get_all("cookie").iter().map(http::HeaderValue::as_bytes).filter(is_text);
    let pairs = lines.flat_map(|line| line.split(|byte| *byte == b';')).map(<[u8]>::trim_ascii);
    first_of(pairs.map(|pair| std::str::from_utf8(pair).expect("it is text")), name)
}

fn first_of<'a>(mut pairs: impl Iterator<Item = &'a str>, name: &str) -> Option<&'a str> {
    pairs.find_map(|pair| pair.split_once('=').filter(|(found, _)| *found == name)).map(|(_, value)| value)
}

fn hold_retry(fields: &HeaderMap) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let later = now + Duration::from_secs(1);
    let text = fields.get("retry-after").and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
    let (wait, wait_later) = (asked_for(fields, now), asked_for(fields, later));
    if let Some(seconds) = meant(text) {
        assert_eq!((wait, wait_later), (Some(seconds), Some(seconds)), "{text:?}");
        return;
    }
    let date = httpdate::parse_http_date(text).ok();
    assert_eq!(wait.is_some(), date.is_some(), "{text:?}");
    assert_eq!(wait.is_some(), wait_later.is_some(), "{text:?}");
    if let (Some(wait), Some(wait_later)) = (wait, wait_later) {
        let expected = wait.saturating_sub(Duration::from_secs(1));
        assert_eq!(wait_later, expected, "a date stays where it is: {text:?}");
    }
}

/// RFC 9110 section 10.2.3, `1*DIGIT`; what is longer than any time is the longest.
fn meant(text: &str) -> Option<Duration> {
    if text.is_empty() || text.chars().any(|char| !char.is_ascii_digit()) {
        return None;
    }
    let digits = text.trim_start_matches('0');
    let number = if digits.len() > 20 { u128::MAX } else { digits.parse().unwrap_or(0) };
    Some(Duration::from_secs(u64::try_from(number).unwrap_or(u64::MAX)))
}
