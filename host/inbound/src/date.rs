//! The Date field of answers that have none (RFC 9110 section 6.6.1).

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderValue;

thread_local! {
    static LAST: RefCell<(u64, HeaderValue)> = const { RefCell::new((0, HeaderValue::from_static(""))) };
}

/// The time now, written out once a second.
pub(crate) fn now() -> HeaderValue {
    let now = SystemTime::now();
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    LAST.with_borrow_mut(|(at, value)| {
        if *at != seconds
            && let Ok(written) = HeaderValue::try_from(httpdate::fmt_http_date(now))
        {
            (*at, *value) = (seconds, written);
        }
        value.clone()
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_date_is_one_that_can_be_read() {
        let date = super::now();
        assert_eq!(super::now(), date);
        assert!(httpdate::parse_http_date(date.to_str().unwrap()).is_ok());
    }
}
