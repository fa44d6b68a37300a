//! Faults: why an exchange could not go on, whose fault it is, and whether another endpoint may be tried.

use std::borrow::Cow;
use std::num::NonZeroU16;
use std::time::Duration;

use http::StatusCode;

/// Why an exchange could not go on.
#[derive(Debug)]
pub struct Fault {
    /// Which of the named reasons.
    pub kind: FaultKind,
    /// What is known beyond the kind, for the log; never shown to the client.
    pub detail: Cow<'static, str>,
    /// In how many seconds it may be worth asking again, where that is known (Retry-After, RFC 9110 section 10.2.3).
    pub retry_after_secs: Option<NonZeroU16>,
}

impl Fault {
    /// A fault with something to say.
    pub fn new(kind: FaultKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Fault { kind, detail: detail.into(), retry_after_secs: None }
    }

    /// The fault, of which the client is told that it may be worth asking again after this time.
    #[must_use]
    pub fn worth_another_try_in(self, wait: Duration) -> Self {
        let secs = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let secs = u16::try_from(secs).unwrap_or(u16::MAX).max(1);
        Fault { retry_after_secs: NonZeroU16::new(secs), ..self }
    }
}

impl From<FaultKind> for Fault {
    fn from(kind: FaultKind) -> Self {
        Fault::new(kind, "")
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.detail.as_ref() {
            "" => f.write_str(self.kind.name()),
            detail => write!(f, "{}: {detail}", self.kind.name()),
        }
    }
}

impl std::error::Error for Fault {}

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The client sent or did something wrong, or left.
    Client,
    /// The configuration has no answer, or a limit of ours was reached.
    Sandgate,
    /// The endpoint, or the way to it.
    Upstream,
    /// A guest.
    Plugin,
}

/// What a guest did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PluginFault {
    /// It trapped: an unreachable instruction, an index out of bounds, a division by zero, a use after drop.
    Trap,
    /// It used more stack than it has.
    Stack,
    /// It asked for more memory than it may have.
    Memory,
    /// It used more CPU time than it may.
    Cpu,
    /// It took longer than it may.
    Wall,
    /// It called the host more often than it may.
    HostCalls,
    /// It handed the host more in one call than it may.
    Copy,
    /// It kept more handles than it may.
    Handles,
    /// Its answer is none that the host can use.
    Invalid,
    /// No instance could be made: the pool is exhausted.
    Exhausted,
    /// A body is longer than it may be given.
    Body,
    /// It was not called: it failed each time before.
    Circuit,
    /// All guests of its tenant together have as much memory as they may.
    TenantMemory,
    /// Its tenant has as many guests as it may.
    TenantGuests,
}

/// The named reasons. Each is a label in the access log and in `sandgate_faults_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The request breaks the rules of HTTP or could be read in two ways.
    BadRequest,
    /// The head is larger than the limit.
    HeadTooLarge,
    /// The target is longer than the limit.
    UriTooLong,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// A transfer coding we do not know.
    UnknownCoding,
    /// A version of HTTP whose major number is not 1.
    UnsupportedVersion,
    /// An extended CONNECT for a protocol that is not spoken here (RFC 9220 section 3).
    UnsupportedProtocol,
    /// An expectation other than `100-continue`.
    ExpectationFailed,
    /// The client took too long to send, or to take what it is sent.
    ClientTimeout,
    /// The client went away.
    ClientGone,
    /// No route matches.
    NoRoute,
    /// A route matches, but not with this method.
    MethodNotAllowed,
    /// What a redirect made of the request is no target, or too long.
    BadRedirect,
    /// What a rewrite or a reply made of the request is no target, or too long.
    BadRewrite,
    /// No endpoint is left that may be tried.
    NoEndpoint,
    /// The upstream failed too often: its breaker is open.
    BreakerOpen,
    /// The upstream has as many requests under way as it may, and as many wait.
    QueueFull,
    /// The request waited too long for its turn at the upstream.
    QueueTimeout,
    /// The endpoint could not be connected to.
    ConnectFailed,
    /// The endpoint took too long to accept.
    ConnectTimeout,
    /// As much is under way at the endpoint as may be, and none of it ended in time.
    UpstreamFull,
    /// TLS with the endpoint failed: it did not prove who it is, or did not accept who we are.
    UpstreamTls,
    /// The endpoint closed the connection before its answer began.
    UpstreamReset,
    /// The endpoint took too long to answer.
    UpstreamTimeout,
    /// The endpoint's answer breaks the rules of HTTP.
    BadResponse,
    /// The endpoint stopped in the middle of its answer.
    UpstreamTruncated,
    /// Nothing came through a tunnel for too long.
    TunnelIdle,
    /// No room is left for bodies that are kept on their way.
    BuffersFull,
    /// A file for a body could not be made, written or read.
    SpillFailed,
    /// The tenant has as many requests under way as it may.
    TenantConcurrency,
    /// The tenant's guests have used more CPU time than they may.
    TenantCpu,
    /// A guest failed.
    Plugin(PluginFault),
    /// The host itself failed: a panic was caught.
    Internal,
}

impl FaultKind {
    /// Every kind there is, for metrics.
    pub const ALL: [FaultKind; 46] = [
        FaultKind::BadRequest,
        FaultKind::HeadTooLarge,
        FaultKind::UriTooLong,
        FaultKind::BodyTooLarge,
        FaultKind::UnknownCoding,
        FaultKind::UnsupportedVersion,
        FaultKind::UnsupportedProtocol,
        FaultKind::ExpectationFailed,
        FaultKind::ClientTimeout,
        FaultKind::ClientGone,
        FaultKind::NoRoute,
        FaultKind::MethodNotAllowed,
        FaultKind::BadRedirect,
        FaultKind::BadRewrite,
        FaultKind::NoEndpoint,
        FaultKind::BreakerOpen,
        FaultKind::QueueFull,
        FaultKind::QueueTimeout,
        FaultKind::ConnectFailed,
        FaultKind::ConnectTimeout,
        FaultKind::UpstreamFull,
        FaultKind::UpstreamTls,
        FaultKind::UpstreamReset,
        FaultKind::UpstreamTimeout,
        FaultKind::BadResponse,
        FaultKind::UpstreamTruncated,
        FaultKind::TunnelIdle,
        FaultKind::BuffersFull,
        FaultKind::SpillFailed,
        FaultKind::TenantConcurrency,
        FaultKind::TenantCpu,
        FaultKind::Plugin(PluginFault::Trap),
        FaultKind::Plugin(PluginFault::Stack),
        FaultKind::Plugin(PluginFault::Memory),
        FaultKind::Plugin(PluginFault::Cpu),
        FaultKind::Plugin(PluginFault::Wall),
        FaultKind::Plugin(PluginFault::HostCalls),
        FaultKind::Plugin(PluginFault::Copy),
        FaultKind::Plugin(PluginFault::Handles),
        FaultKind::Plugin(PluginFault::Invalid),
        FaultKind::Plugin(PluginFault::Exhausted),
        FaultKind::Plugin(PluginFault::Body),
        FaultKind::Plugin(PluginFault::Circuit),
        FaultKind::Plugin(PluginFault::TenantMemory),
        FaultKind::Plugin(PluginFault::TenantGuests),
        FaultKind::Internal,
    ];

    /// Its name in logs, metrics and documentation.
    pub const fn name(self) -> &'static str {
        match self {
            FaultKind::BadRequest => "bad_request",
            FaultKind::HeadTooLarge => "head_too_large",
            FaultKind::UriTooLong => "uri_too_long",
            FaultKind::BodyTooLarge => "body_too_large",
            FaultKind::UnknownCoding => "unknown_coding",
            FaultKind::UnsupportedVersion => "unsupported_version",
            FaultKind::UnsupportedProtocol => "unsupported_protocol",
            FaultKind::ExpectationFailed => "expectation_failed",
            FaultKind::ClientTimeout => "client_timeout",
            FaultKind::ClientGone => "client_gone",
            FaultKind::NoRoute => "no_route",
            FaultKind::MethodNotAllowed => "method_not_allowed",
            FaultKind::BadRedirect => "bad_redirect",
            FaultKind::BadRewrite => "bad_rewrite",
            FaultKind::NoEndpoint => "no_endpoint",
            FaultKind::BreakerOpen => "breaker_open",
            FaultKind::QueueFull => "queue_full",
            FaultKind::QueueTimeout => "queue_timeout",
            FaultKind::ConnectFailed => "connect_failed",
            FaultKind::ConnectTimeout => "connect_timeout",
            FaultKind::UpstreamFull => "upstream_full",
            FaultKind::UpstreamTls => "upstream_tls",
            FaultKind::UpstreamReset => "upstream_reset",
            FaultKind::UpstreamTimeout => "upstream_timeout",
            FaultKind::BadResponse => "bad_response",
            FaultKind::UpstreamTruncated => "upstream_truncated",
            FaultKind::TunnelIdle => "tunnel_idle",
            FaultKind::BuffersFull => "buffers_full",
            FaultKind::SpillFailed => "spill_failed",
            FaultKind::TenantConcurrency => "tenant_concurrency",
            FaultKind::TenantCpu => "tenant_cpu",
            FaultKind::Plugin(PluginFault::Trap) => "plugin_trap",
            FaultKind::Plugin(PluginFault::Stack) => "plugin_stack",
            FaultKind::Plugin(PluginFault::Memory) => "plugin_memory",
            FaultKind::Plugin(PluginFault::Cpu) => "plugin_cpu",
            FaultKind::Plugin(PluginFault::Wall) => "plugin_wall",
            FaultKind::Plugin(PluginFault::HostCalls) => "plugin_host_calls",
            FaultKind::Plugin(PluginFault::Copy) => "plugin_copy",
            FaultKind::Plugin(PluginFault::Handles) => "plugin_handles",
            FaultKind::Plugin(PluginFault::Invalid) => "plugin_invalid",
            FaultKind::Plugin(PluginFault::Exhausted) => "plugin_exhausted",
            FaultKind::Plugin(PluginFault::Body) => "plugin_body",
            FaultKind::Plugin(PluginFault::Circuit) => "plugin_circuit",
            FaultKind::Plugin(PluginFault::TenantMemory) => "tenant_memory",
            FaultKind::Plugin(PluginFault::TenantGuests) => "tenant_guests",
            FaultKind::Internal => "internal",
        }
    }

    /// What the client is told (RFC 9110 section 15; 431 is RFC 6585 section 5).
    pub const fn status(self) -> StatusCode {
        match self {
            FaultKind::BadRequest | FaultKind::BadRedirect | FaultKind::ClientGone => StatusCode::BAD_REQUEST,
            FaultKind::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            FaultKind::UriTooLong => StatusCode::URI_TOO_LONG,
            FaultKind::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            FaultKind::UnknownCoding | FaultKind::UnsupportedProtocol => StatusCode::NOT_IMPLEMENTED,
            FaultKind::UnsupportedVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            FaultKind::ExpectationFailed => StatusCode::EXPECTATION_FAILED,
            FaultKind::ClientTimeout => StatusCode::REQUEST_TIMEOUT,
            FaultKind::NoRoute => StatusCode::NOT_FOUND,
            FaultKind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            FaultKind::NoEndpoint
            | FaultKind::BreakerOpen
            | FaultKind::QueueFull
            | FaultKind::QueueTimeout
            | FaultKind::UpstreamFull
            | FaultKind::BuffersFull
            | FaultKind::TenantConcurrency
            | FaultKind::Plugin(
                PluginFault::Exhausted
                | PluginFault::Circuit
                | PluginFault::TenantMemory
                | PluginFault::TenantGuests,
            ) => StatusCode::SERVICE_UNAVAILABLE,
            FaultKind::TenantCpu => StatusCode::TOO_MANY_REQUESTS,
            FaultKind::ConnectFailed
            | FaultKind::UpstreamTls
            | FaultKind::UpstreamReset
            | FaultKind::BadResponse
            | FaultKind::UpstreamTruncated => StatusCode::BAD_GATEWAY,
            FaultKind::ConnectTimeout | FaultKind::UpstreamTimeout | FaultKind::TunnelIdle => {
                StatusCode::GATEWAY_TIMEOUT
            }
            FaultKind::Plugin(_) | FaultKind::BadRewrite | FaultKind::SpillFailed | FaultKind::Internal => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    /// Whose fault it is.
    pub const fn blame(self) -> Blame {
        match self {
            FaultKind::BadRequest
            | FaultKind::HeadTooLarge
            | FaultKind::UriTooLong
            | FaultKind::BodyTooLarge
            | FaultKind::UnknownCoding
            | FaultKind::UnsupportedVersion
            | FaultKind::UnsupportedProtocol
            | FaultKind::ExpectationFailed
            | FaultKind::ClientTimeout
            | FaultKind::ClientGone
            | FaultKind::BadRedirect => Blame::Client,
            FaultKind::NoRoute
            | FaultKind::MethodNotAllowed
            | FaultKind::TunnelIdle
            | FaultKind::BadRewrite
            | FaultKind::UpstreamFull
            | FaultKind::BuffersFull
            | FaultKind::SpillFailed
            | FaultKind::TenantConcurrency
            | FaultKind::TenantCpu
            | FaultKind::Internal => Blame::Sandgate,
            FaultKind::NoEndpoint
            | FaultKind::BreakerOpen
            | FaultKind::QueueFull
            | FaultKind::QueueTimeout
            | FaultKind::ConnectFailed
            | FaultKind::ConnectTimeout
            | FaultKind::UpstreamTls
            | FaultKind::UpstreamReset
            | FaultKind::UpstreamTimeout
            | FaultKind::BadResponse
            | FaultKind::UpstreamTruncated => Blame::Upstream,
            FaultKind::Plugin(_) => Blame::Plugin,
        }
    }

    /// Whether the connection's framing can no longer be trusted, so that it must be closed after the answer.
    pub const fn spoils_connection(self) -> bool {
        matches!(self.blame(), Blame::Client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_wait_is_told_in_whole_seconds_of_which_there_is_one_at_least() {
        for (millis, secs) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (u64::MAX, u16::MAX)] {
            let fault = Fault::from(FaultKind::QueueFull).worth_another_try_in(Duration::from_millis(millis));
            assert_eq!(fault.retry_after_secs.map(NonZeroU16::get), Some(secs), "{millis}ms");
        }
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let names: HashSet<_> = FaultKind::ALL.iter().map(|k| k.name()).collect();
        assert_eq!(names.len(), FaultKind::ALL.len());
    }

    #[test]
    fn blame_and_status_agree() {
        // What a client asks for that HTTP has and Sandgate has not.
        let unsupported =
            [FaultKind::UnknownCoding, FaultKind::UnsupportedVersion, FaultKind::UnsupportedProtocol];
        for kind in FaultKind::ALL {
            let client_error = kind.status().is_client_error();
            match kind.blame() {
                Blame::Client => assert!(client_error || unsupported.contains(&kind), "{}", kind.name()),
                Blame::Upstream | Blame::Plugin => {
                    assert!(kind.status().is_server_error(), "{}", kind.name());
                }
                Blame::Sandgate => {}
            }
        }
    }
}
