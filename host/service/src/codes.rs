//! What goes wrong between a guest of `wasi:http` and others, in the words of either side.

use model::{CalloutError, FaultKind};
use wasmtime_wasi_http::Error;

/// Why the body of the request that it answers ended early.
pub(super) fn of_clients(kind: FaultKind) -> Error {
    match kind {
        FaultKind::BodyTooLarge => Error::HttpRequestBodySize(None),
        FaultKind::ClientTimeout => Error::ConnectionReadTimeout,
        FaultKind::ClientGone => Error::ConnectionTerminated,
        _ => Error::HttpProtocolError,
    }
}

/// Why there is no answer to a request of its own, or why that ended early.
pub(super) fn of_callout(failed: CalloutError) -> Error {
    let kind = match failed {
        CalloutError::Late => return Error::HttpResponseTimeout,
        CalloutError::TooLarge => return Error::HttpResponseBodySize(None),
        CalloutError::Failed(kind) => kind,
    };
    match kind {
        FaultKind::ConnectFailed => Error::ConnectionRefused,
        FaultKind::ConnectTimeout => Error::ConnectionTimeout,
        FaultKind::QueueFull | FaultKind::QueueTimeout | FaultKind::UpstreamFull => {
            Error::ConnectionLimitReached
        }
        FaultKind::UpstreamTls => Error::TlsProtocolError,
        FaultKind::UpstreamReset => Error::ConnectionTerminated,
        FaultKind::UpstreamTimeout => Error::HttpResponseTimeout,
        FaultKind::UpstreamTruncated => Error::HttpResponseIncomplete,
        // What it has sent is none: its body broke off, or is not as long as it said.
        FaultKind::BadResponse | FaultKind::BadRequest | FaultKind::Plugin(_) => Error::HttpProtocolError,
        FaultKind::BodyTooLarge | FaultKind::ClientTimeout | FaultKind::ClientGone => of_clients(kind),
        _ => Error::DestinationUnavailable,
    }
}

/// Why a body broke off that the guest was given and has passed on, if that says whose doing it was.
pub(super) fn fault_of_others(error: &Error) -> Option<FaultKind> {
    match error {
        Error::HttpRequestBodySize(None) => Some(FaultKind::BodyTooLarge),
        Error::ConnectionReadTimeout => Some(FaultKind::ClientTimeout),
        Error::ConnectionTerminated => Some(FaultKind::ClientGone),
        Error::HttpResponseIncomplete => Some(FaultKind::UpstreamTruncated),
        Error::HttpResponseTimeout => Some(FaultKind::UpstreamTimeout),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_a_body_that_is_passed_on_keeps_its_name() {
        for kind in [FaultKind::BodyTooLarge, FaultKind::ClientTimeout, FaultKind::ClientGone] {
            assert_eq!(fault_of_others(&of_clients(kind)), Some(kind));
        }
        for kind in [FaultKind::UpstreamTruncated, FaultKind::UpstreamTimeout] {
            assert_eq!(fault_of_others(&of_callout(CalloutError::Failed(kind))), Some(kind));
        }
        assert_eq!(fault_of_others(&of_callout(CalloutError::Failed(FaultKind::NoEndpoint))), None);
    }
}
