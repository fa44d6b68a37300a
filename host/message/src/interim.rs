//! Interim responses (1xx, RFC 9110 section 15.2): from an endpoint to whoever waits for its answer.
//!
//! How each is written its protocol says ([`InterimWriter`]).

use std::rc::Rc;

use http::{HeaderMap, StatusCode, header};

use crate::hop::strip_response_fields;

/// Interim responses before a final one; more, and the answer is no good.
pub const MOST: u32 = 64;

/// An interim response.
#[derive(Clone, Debug)]
pub struct Interim {
    /// 100, or 102 and up; never 101, which is not interim.
    pub status: StatusCode,
    /// Its fields, without those of the endpoint's connection.
    pub fields: HeaderMap,
}

impl Interim {
    /// What of it is for the client.
    pub fn new(status: StatusCode, mut fields: HeaderMap) -> Self {
        strip_response_fields(&mut fields);
        for name in [header::CONTENT_LENGTH, header::TRAILER] {
            fields.remove(name);
        }
        Interim { status, fields }
    }
}

/// Passes interim responses on to a client. Each protocol brings its own.
pub trait InterimWriter {
    /// Sends it, or leaves it out if the client can't take it now. It must not wait.
    fn write(&self, interim: Interim);
}

/// Where the interim responses to one request go.
pub type InterimSink = Rc<dyn InterimWriter>;

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn fields_of_the_endpoints_connection_stay_there() {
        let fields = [("connection", "x-a"), ("x-a", "1"), ("content-length", "5"), ("link", "</b>")];
        let fields = fields.map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
        let interim = Interim::new(StatusCode::EARLY_HINTS, fields.into_iter().collect());
        let names: Vec<_> = interim.fields.keys().map(ToString::to_string).collect();
        assert_eq!(names, ["link"]);
    }
}
