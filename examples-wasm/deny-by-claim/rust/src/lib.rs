//! A filter that lets a request pass if a claim of its token (RFC 7519) has one of the right values.
//!
//! It reads tokens and verifies no signature: it is for tokens that somebody before it has verified, or for denying early what
//! the upstream would deny as well.

mod token;

use sandgate_sdk::{Configure, Filter, Reply, Request, Result, Verdict, clock, filter};
use serde::Deserialize;
use serde_json::Value;

use token::Unreadable;

/// Where the upstream is told the token's subject.
const SUBJECT: &str = "x-subject";

/// The plugin's settings: `{ claim: role, allow: [admin, editor] }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DenyByClaim {
    /// The claim that is looked at: a text, or a list of which one is enough.
    claim: String,
    /// The values that may pass.
    allow: Vec<String>,
}

impl Configure for DenyByClaim {
    fn configure(settings: &str) -> Result<Self, String> {
        let filter: DenyByClaim = serde_json::from_str(settings).map_err(|error| error.to_string())?;
        match filter.allow.is_empty() {
            true => Err(String::from("allow must name at least one value")),
            false => Ok(filter),
        }
    }
}

impl Filter for DenyByClaim {
    fn on_request(&mut self, request: &mut Request) -> Result {
        let authorization = request.header("authorization").unwrap_or_default();
        let Some(token) = token::bearer(&authorization) else {
            return Ok(refused(401, Some("Bearer"), "a bearer token is needed\n").into());
        };
        let claims = match token::claims(token, clock::wall()) {
            Ok(claims) => claims,
            Err(why) => return Ok(unreadable(&why).into()),
        };
        if !self.allows(claims.get(&self.claim)) {
            let body = format!("{} must be one of {}\n", self.claim, self.allow.join(", "));
            return Ok(refused(403, None, &body).into());
        }
        match claims.get("sub").and_then(Value::as_str) {
            Some(subject) => request.set_header(SUBJECT, subject)?,
            None => request.remove_header(SUBJECT)?,
        }
        Ok(Verdict::Continue)
    }
}

filter!(DenyByClaim: configure, on_request);

impl DenyByClaim {
    fn allows(&self, claim: Option<&Value>) -> bool {
        let is_allowed =
            |value: &Value| value.as_str().is_some_and(|text| self.allow.iter().any(|a| a == text));
        match claim {
            Some(Value::Array(values)) => values.iter().any(is_allowed),
            Some(value) => is_allowed(value),
            None => false,
        }
    }
}

fn unreadable(why: &Unreadable) -> Reply {
    let body = match why {
        Unreadable::Malformed => "the token can't be read\n",
        Unreadable::Expired => "the token has expired\n",
    };
    refused(401, Some("Bearer error=\"invalid_token\""), body)
}

/// What a client is told (RFC 6750 section 3).
fn refused(status: u16, challenge: Option<&str>, body: &str) -> Reply {
    let reply = Reply::new(status).with_header("content-type", "text/plain").with_body(body);
    match challenge {
        Some(challenge) => reply.with_header("www-authenticate", challenge),
        None => reply,
    }
}

#[cfg(test)]
mod tests;
