//! A router: a part of the clients gets the route `canary`, the others what the route table says.
//!
//! Who sends `x-canary: 1` gets it for certain. Of all others the settings name a share, and a client's identifier
//! decides: the same client always gets the same answer, on every worker and after a restart. What the canary can't
//! answer, the route `back` does.

mod client;

use sandgate_sdk::{Configure, Decision, Detour, Request, Result, Router, UpstreamFailure, exchange, router};
use serde::Deserialize;

/// The header that asks for the canary.
const ASKED_BY: &str = "x-canary";
/// The route it gets.
const ROUTE: &str = "canary";

/// The plugin's settings: `{ percent: 10, client: x-client-id, back: all }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Canary {
    /// Of a hundred clients, how many get the canary.
    percent: u8,
    /// The header, or else the cookie, that tells clients apart.
    client: String,
    /// The route whose upstream answers where the canary's can't; none if it is empty.
    back: String,
}

impl Default for Canary {
    fn default() -> Self {
        Canary { percent: 0, client: String::from("x-client-id"), back: String::new() }
    }
}

impl Configure for Canary {
    fn configure(settings: &str) -> Result<Self, String> {
        let canary: Canary = serde_json::from_str(settings).map_err(|e| e.to_string())?;
        match canary.percent {
            0..=100 => Ok(canary),
            percent => Err(format!("percent is {percent}: it must be 0 to 100")),
        }
    }
}

impl Router for Canary {
    fn route(&mut self, request: &mut Request) -> Result<Decision> {
        Ok(match self.reason(request) {
            Some(reason) => {
                exchange::note("canary", reason);
                Decision::Route(String::from(ROUTE))
            }
            None => Decision::Table,
        })
    }

    fn reroute(&mut self, _: &UpstreamFailure) -> Result<Detour> {
        let is_canary = exchange::route().is_some_and(|route| route == ROUTE);
        if !is_canary || self.back.is_empty() {
            return Ok(Detour::Fallback);
        }
        exchange::note("canary", "back");
        Ok(Detour::ToRoute(self.back.clone()))
    }
}

impl Canary {
    /// Why the request gets the canary, if it does.
    fn reason(&self, request: &Request) -> Option<&'static str> {
        if request.header(ASKED_BY).is_some_and(|value| value == "1") {
            return Some("asked");
        }
        if self.percent == 0 {
            return None;
        }
        let client = client::identifier(request, &self.client)?;
        (client::bucket(&client) < self.percent).then_some("share")
    }
}

router!(Canary: configure, reroute);

#[cfg(test)]
mod tests;
