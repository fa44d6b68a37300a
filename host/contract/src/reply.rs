//! Replies made by guests: what is checked before one becomes an answer of the host's.

use bytes::Bytes;
use http::HeaderMap;
use model::{Reply, append_field};
use sandbox::{BODY_LIMIT, Failure, check_status};

use crate::bindings::types;

/// The reply, if it is one that may be sent.
pub(super) fn check_reply(reply: types::Reply) -> Result<Reply, Failure> {
    let status = check_status(reply.status).ok_or_else(|| {
        Failure::invalid(format!("replied with the status {}, not one of 200 to 599", reply.status))
    })?;
    if reply.body.len() > BODY_LIMIT {
        return Err(Failure::invalid(format!(
            "replied with {} bytes, more than {BODY_LIMIT}",
            reply.body.len()
        )));
    }
    let mut fields = HeaderMap::new();
    for (name, value) in reply.fields {
        append_field(&mut fields, &name, value)
            .map_err(|error| Failure::invalid(format!("replied with the field {name:?}: {error}")))?;
    }
    Ok(Reply { status, fields, body: Bytes::from(reply.body) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, fields: &[(&str, &str)], body: usize) -> Result<Reply, Failure> {
        let fields = fields.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect();
        check_reply(types::Reply { status, fields, body: vec![b'x'; body] })
    }

    #[test]
    fn only_answers_that_may_be_sent_pass() {
        assert!(reply(418, &[("x-a", "b")], BODY_LIMIT).is_ok());
        assert!(reply(100, &[], 0).is_err());
        assert!(reply(999, &[], 0).is_err());
        assert!(reply(200, &[("content-length", "9")], 0).is_err());
        assert!(reply(200, &[("x-a", "b\r\nc: d")], 0).is_err());
        assert!(reply(200, &[], BODY_LIMIT + 1).is_err());
    }
}
