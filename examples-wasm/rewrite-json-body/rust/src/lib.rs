//! A filter for JSON bodies: it sets fields in those of requests, and takes fields out of those of responses.
//!
//! What is no JSON passes as it is, but for requests that say they are: those are refused.

mod json;

use sandgate_sdk::{
    BodyVerdict, Configure, Failure, Filter, Reply, Request, Response, Result, Verdict, filter, log,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The plugin's settings: `{ set: { tenant: acme }, hide: [password] }`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RewriteJson {
    /// What the upstream gets in each object that a client sends, whatever the client has written there.
    set: Map<String, Value>,
    /// Names of fields that clients are not shown, wherever they are.
    hide: Vec<String>,
}

impl Configure for RewriteJson {
    fn configure(settings: &str) -> Result<Self, String> {
        serde_json::from_str(settings).map_err(|error| error.to_string())
    }
}

impl Filter for RewriteJson {
    /// A coded answer could not be read: the upstream is not told that the client would take one.
    fn on_request(&mut self, request: &mut Request) -> Result {
        request.remove_header("accept-encoding")?;
        Ok(Verdict::Continue)
    }

    fn on_request_body(&mut self, request: &mut Request, body: Vec<u8>) -> Result<BodyVerdict> {
        if self.set.is_empty() || !json::is_json(|name| request.header(name)) {
            return Ok(BodyVerdict::Keep);
        }
        let Ok(mut object) = serde_json::from_slice::<Map<String, Value>>(&body) else {
            return Ok(Reply::new(400).with_body("expected a JSON object\n").into());
        };
        object.extend(self.set.clone());
        replace(&Value::Object(object))
    }

    fn on_response_body(&mut self, response: &mut Response, body: Vec<u8>) -> Result<BodyVerdict> {
        if !json::is_json(|name| response.header(name)) {
            return Ok(BodyVerdict::Keep);
        }
        let Ok(mut value) = serde_json::from_slice::<Value>(&body) else {
            log::warn("a response that says it is JSON is none");
            return Ok(BodyVerdict::Keep);
        };
        match json::hide(&mut value, &self.hide) {
            0 => Ok(BodyVerdict::Keep),
            _ => replace(&value),
        }
    }
}

filter!(RewriteJson: configure, on_request, on_request_body, on_response_body);

fn replace(value: &Value) -> Result<BodyVerdict> {
    serde_json::to_vec(value).map(BodyVerdict::Replace).map_err(|error| Failure::new(error.to_string()))
}

#[cfg(test)]
mod tests;
