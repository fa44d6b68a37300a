//! Logs: what is written, how, and where to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use document::Span;
use model::Template;

use crate::scalar::Statuses;

/// What is logged.
#[derive(Clone, Debug)]
pub struct Log {
    /// The access log.
    pub access: Access,
    /// Where it is written, for a complaint.
    pub access_span: Span,
    /// The least severe message that is written.
    pub level: Level,
}

impl Default for Log {
    fn default() -> Self {
        Log { access: Access::On(Box::default()), access_span: Span::default(), level: Level::Info }
    }
}

/// The access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// None.
    Off,
    /// One.
    On(Box<AccessLog>),
}

/// An access log that is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessLog {
    /// How a line looks.
    pub format: LineFormat,
    /// Where lines go.
    pub path: LogPath,
    /// Which requests have one; all, if it is none.
    pub selection: Option<Selection>,
}

/// How a line looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineFormat {
    /// A JSON object.
    Json {
        /// Its fields, in their order.
        fields: Vec<LogField>,
        /// Further ones, with their names.
        extra: Vec<(Box<str>, Template)>,
    },
    /// A text.
    Text(Template),
}

impl Default for LineFormat {
    fn default() -> Self {
        LineFormat::Json { fields: LogField::unasked(), extra: Vec::new() }
    }
}

/// A field of a JSON line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its name in ALL, and explained in host/docs/logging.md")]
pub enum LogField {
    Time,
    Id,
    TraceId,
    Client,
    Method,
    Host,
    Path,
    Status,
    Route,
    Tenant,
    Upstream,
    Endpoint,
    Attempts,
    DurationMs,
    QueueMs,
    ConnectMs,
    UpstreamMs,
    UpstreamTotalMs,
    Bytes,
    Protocol,
    BytesUp,
    Fault,
    Detail,
    Tls,
    Notes,
    Plugins,
}

impl LogField {
    /// All of them with their names, in the order in which a line has them.
    pub const ALL: [(&'static str, LogField); 26] = [
        ("time", LogField::Time),
        ("id", LogField::Id),
        ("trace_id", LogField::TraceId),
        ("client", LogField::Client),
        ("method", LogField::Method),
        ("host", LogField::Host),
        ("path", LogField::Path),
        ("status", LogField::Status),
        ("route", LogField::Route),
        ("tenant", LogField::Tenant),
        ("upstream", LogField::Upstream),
        ("endpoint", LogField::Endpoint),
        ("attempts", LogField::Attempts),
        ("duration_ms", LogField::DurationMs),
        ("queue_ms", LogField::QueueMs),
        ("connect_ms", LogField::ConnectMs),
        ("upstream_ms", LogField::UpstreamMs),
        ("upstream_total_ms", LogField::UpstreamTotalMs),
        ("bytes", LogField::Bytes),
        ("protocol", LogField::Protocol),
        ("bytes_up", LogField::BytesUp),
        ("fault", LogField::Fault),
        ("detail", LogField::Detail),
        ("tls", LogField::Tls),
        ("notes", LogField::Notes),
        ("plugins", LogField::Plugins),
    ];

    /// Those of a line for which none are named. What plugins cost is noted only for those who ask.
    pub fn unasked() -> Vec<LogField> {
        LogField::ALL
            .into_iter()
            .map(|(_, field)| field)
            .filter(|field| *field != LogField::Plugins)
            .collect()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        LogField::ALL.get(self as usize).map_or("", |(name, _)| *name)
    }

    /// The field of that name.
    pub fn named(name: &str) -> Option<Self> {
        LogField::ALL.iter().find(|(own, _)| *own == name).map(|(_, field)| *field)
    }
}

/// Where a log goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogPath {
    /// The process's standard output.
    #[default]
    Stdout,
    /// A file, to which lines are appended.
    File(PathBuf),
    /// A syslog receiver, one datagram a line.
    Syslog(Syslog),
}

/// A syslog receiver, and what it is told of each line (RFC 5424).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syslog {
    /// Where it is.
    pub receiver: SyslogReceiver,
    /// Facility and severity in one number (section 6.2.1).
    pub priority: u8,
    /// The application's name.
    pub tag: String,
}

/// Where a syslog receiver is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyslogReceiver {
    /// At a socket of this machine.
    Unix(PathBuf),
    /// At an address, by UDP (RFC 5426).
    Udp(SocketAddr),
}

/// Which requests have a line: those that meet a condition, and a share of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Those that are answered with one of these statuses; if there are any, also those without an answer.
    pub status: Vec<Statuses>,
    /// Those that take longer.
    pub slower_than: Option<Duration>,
    /// So many of a hundred, chosen at random.
    pub percent: u32,
}

impl Selection {
    /// Whether a request meets a condition. The status of one without an answer is 0.
    pub fn takes(&self, status: u16, duration: Duration) -> bool {
        self.status.iter().any(|statuses| status == 0 || statuses.contains(status))
            || self.slower_than.is_some_and(|least| duration > least)
    }
}

/// How severe a message is, the most severe first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed that should not.
    Error,
    /// Something is wrong and could be borne.
    Warn,
    /// What an operator wants to know.
    Info,
    /// What a developer wants to know.
    Debug,
    /// Everything.
    Trace,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_their_own_names() {
        for (name, field) in LogField::ALL {
            assert_eq!((field.name(), LogField::named(name)), (name, Some(field)));
        }
    }
}
