//! A rate limit for each client: who asks too often gets 429, and is told when to come back.

use std::time::Duration;

use sandgate_sdk::metrics::{self, Metric};
use sandgate_sdk::rate_limit::{self, Answer, Bucket};
use sandgate_sdk::{Configure, Filter, Reply, Request, Result, Verdict, exchange, filter};
use serde::Deserialize;

/// What the plugin counts, and the values of its label.
const METRIC: &str = "requests";
const PASSED: &str = "passed";
const LIMITED: &str = "limited";

/// The plugin's settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RateLimit {
    /// Requests that a client may make at once.
    burst: u32,
    /// Requests that it may make in each period, in the long run.
    requests: u32,
    /// The period.
    period_seconds: u64,
    /// The header field that says who the client is. Who sends none is known by its address.
    client: Option<String>,
}

impl Default for RateLimit {
    fn default() -> Self {
        RateLimit { burst: 20, requests: 10, period_seconds: 1, client: None }
    }
}

impl Configure for RateLimit {
    fn configure(settings: &str) -> Result<Self, String> {
        let limit: RateLimit = serde_json::from_str(settings).map_err(|error| error.to_string())?;
        match limit.burst > 0 && limit.requests > 0 && limit.period_seconds > 0 {
            true => Ok(limit),
            false => Err("burst, requests and period_seconds are at least 1".to_owned()),
        }
    }

    fn metrics() -> Vec<Metric> {
        vec![
            Metric::counter(METRIC, "Requests, by what became of them.")
                .with_label("result", &[PASSED, LIMITED]),
        ]
    }
}

impl Filter for RateLimit {
    fn on_request(&mut self, request: &mut Request) -> Result {
        let bucket = Bucket::new(self.burst, self.requests, Duration::from_secs(self.period_seconds));
        let Answer::Wait(millis) = rate_limit::take(&self.client_of(request), 1, bucket)? else {
            metrics::increment(METRIC, &[PASSED], 1)?;
            return Ok(Verdict::Continue);
        };
        metrics::increment(METRIC, &[LIMITED], 1)?;
        let seconds = millis.div_ceil(1000).to_string();
        Ok(Reply::new(429).with_header("retry-after", seconds).with_body("too many requests\n").into())
    }
}

impl RateLimit {
    /// Whose bucket it is. What clients write is cut: a key has at most 256 bytes.
    fn client_of(&self, request: &Request) -> String {
        let named = self.client.as_ref().and_then(|field| request.header(field));
        if let Some(name) = named.filter(|name| !name.is_empty()) {
            return format!("name:{}", name.chars().take(60).collect::<String>());
        }
        let address = exchange::client_address();
        let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _port)| host);
        format!("address:{host}")
    }
}

filter!(RateLimit: configure, on_request);

#[cfg(test)]
mod tests {
    use super::*;
    use sandgate_sdk::testing;

    fn status(limit: &mut RateLimit, request: Request) -> u16 {
        match limit.on_request(&mut { request }) {
            Ok(Verdict::Continue) => 200,
            Ok(Verdict::Reply(reply)) => reply.status,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn who_asks_too_often_waits_and_others_do_not() {
        let settings = r#"{"burst": 2, "requests": 1, "period_seconds": 60, "client": "x-api-key"}"#;
        let mut limit = RateLimit::configure(settings).unwrap();
        let mut ask = |key: &str| status(&mut limit, Request::get("/").with_header("x-api-key", key));
        assert_eq!([ask("ann"), ask("ann"), ask("ann"), ask("bob")], [200, 200, 429, 200]);
        testing::set_clock(Duration::from_secs(60));
        assert_eq!([ask("ann"), ask("ann")], [200, 429]);
        assert_eq!(testing::counted().len(), 6);
    }

    #[test]
    fn who_has_no_name_is_known_by_its_address_without_the_port() {
        let mut limit = RateLimit { burst: 1, ..RateLimit::default() };
        let mut ask = |address: &str| {
            testing::set_client_address(address);
            status(&mut limit, Request::get("/"))
        };
        assert_eq!([ask("192.0.2.1:1"), ask("192.0.2.1:2"), ask("[2001:db8::1]:1")], [200, 429, 200]);
    }

    #[test]
    fn settings_that_let_nothing_pass_are_refused() {
        assert!(RateLimit::configure(r#"{"burst": 0}"#).is_err());
        assert!(RateLimit::configure(r#"{"bursts": 1}"#).is_err());
    }
}
