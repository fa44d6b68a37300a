//! Limit: a request's body is held to what its route allows. One that says that it is longer is refused unread.

use generation::Route;
use model::{Fault, FaultKind};

use crate::exchange::begin::Upload;

/// Holds the body to the route's limit.
pub(super) fn hold(route: &Route, upload: &mut Upload) -> Result<(), Fault> {
    let limit = route.body_limit;
    let Some(body) = &mut upload.body else { return Ok(()) };
    match upload.length {
        Some(length) if length > limit => {
            Err(Fault::new(FaultKind::BodyTooLarge, format!("{length} bytes, more than {limit}")))
        }
        _ => {
            body.set_limit(limit);
            Ok(())
        }
    }
}
