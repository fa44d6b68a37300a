//! HTTP requests to upstreams of the configuration, by their names. The guest waits until the whole answer is here.
//!
//! The configuration grants them: `grants: { callout: [auth] }`. A plugin may make 4 calls for one exchange, with bodies of
//! 64 KiB either way, of 500 ms each, unless its `limits` say otherwise.
//!
//! ```
//! use sandgate_sdk::callout::{Answer, Question};
//! use sandgate_sdk::testing;
//!
//! testing::answer_callouts(|question| Ok(Answer::new(if question.path == "/ann" { 204 } else { 403 })));
//! let answer = Question::get("auth", "/ann").with_header("accept", "text/plain").ask();
//! assert_eq!(answer.map(|answer| answer.status), Ok(204));
//! ```

use std::time::Duration;

use crate::{Failure, host};

pub use crate::bindings::imports::sandgate::proxy::callout::{Answer, CalloutError, Question};

impl Question {
    /// A request to that upstream.
    pub fn new(upstream: &str, method: &str, path: &str) -> Self {
        Question {
            upstream: upstream.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            authority: None,
            fields: Vec::new(),
            body: Vec::new(),
            timeout_ms: None,
        }
    }

    /// A GET request.
    pub fn get(upstream: &str, path: &str) -> Self {
        Question::new(upstream, "GET", path)
    }

    /// With one field more.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// With that host in place of the endpoint's own.
    #[must_use]
    pub fn with_authority(self, authority: &str) -> Self {
        Question { authority: Some(authority.to_owned()), ..self }
    }

    /// With that body.
    #[must_use]
    pub fn with_body(self, body: impl Into<Vec<u8>>) -> Self {
        Question { body: body.into(), ..self }
    }

    /// Waiting no longer than that. The host waits no longer than the plugin's limit either way.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Question { timeout_ms: Some(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)), ..self }
    }

    /// Sends it, and waits for the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// There is no whole answer: why, says the error.
    pub fn ask(&self) -> Result<Answer, CalloutError> {
        host::callout::call(self)
    }
}

impl Answer {
    /// An answer of that status, with nothing in it; for tests.
    pub fn new(status: u16) -> Self {
        Answer { status, fields: Vec::new(), body: Vec::new() }
    }

    /// The first value of a field as text.
    pub fn header(&self, name: &str) -> Option<String> {
        let field = self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some(crate::text::from_bytes(field.1.clone()))
    }
}

impl From<CalloutError> for Failure {
    fn from(error: CalloutError) -> Self {
        match error {
            CalloutError::NotGranted => Failure::new("a callout to an upstream that is not granted"),
            CalloutError::TooMany => Failure::new("as many callouts as there may be were made"),
            CalloutError::Invalid(rule) => Failure::new(format!("a callout that can't be sent: {rule}")),
            CalloutError::TooLarge => Failure::new("a callout's body is too large"),
            CalloutError::Timeout => Failure::new("a callout was not answered in time"),
            CalloutError::Failed(why) => Failure::new(format!("a callout was not answered: {why}")),
            CalloutError::Other(reason) => Failure::new(reason),
        }
    }
}
