//! Variables of the access log: what can be said of an exchange only when it is over.

use std::fmt::Display;
use std::time::{Duration, SystemTime};

use crate::template::Escaped;
use crate::{Exchange, Spans};

/// A variable that only the access log has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its name in LOGGED, and explained in host/docs/variables.md")]
pub enum Logged {
    Status,
    Bytes,
    BytesUp,
    DurationMs,
    Attempts,
    Fault,
    FaultDetail,
    QueueMs,
    ConnectMs,
    FirstByteMs,
    UpstreamMs,
    TimeLocal,
}

/// Their names.
pub(super) const LOGGED: [(&str, Logged); 12] = [
    ("status", Logged::Status),
    ("bytes", Logged::Bytes),
    ("bytes_up", Logged::BytesUp),
    ("duration_ms", Logged::DurationMs),
    ("attempts", Logged::Attempts),
    ("fault", Logged::Fault),
    ("fault.detail", Logged::FaultDetail),
    ("queue_ms", Logged::QueueMs),
    ("upstream.connect_ms", Logged::ConnectMs),
    ("upstream.first_byte_ms", Logged::FirstByteMs),
    ("upstream.total_ms", Logged::UpstreamMs),
    ("time.local", Logged::TimeLocal),
];

impl Logged {
    pub(super) fn write(self, exchange: &Exchange, out: &mut Escaped<'_>) {
        match self {
            // Three digits always: that is what tools which read such logs expect.
            Logged::Status => out.show(format_args!("{:03}", exchange.sent_status())),
            Logged::Bytes => out.show(exchange.body_bytes),
            Logged::BytesUp => show(exchange.protocol.as_ref().map(|_| exchange.sent_bytes), out),
            Logged::Attempts => out.show(exchange.attempts),
            Logged::Fault => out.text(exchange.fault.as_ref().map(|fault| fault.kind.name())),
            Logged::FaultDetail => out.text(exchange.fault.as_ref().map(|fault| fault.detail.as_ref())),
            Logged::DurationMs => milliseconds(exchange, out, |spans| Some(spans.total)),
            Logged::QueueMs => milliseconds(exchange, out, |spans| spans.queue),
            Logged::ConnectMs => milliseconds(exchange, out, |spans| spans.connect),
            Logged::FirstByteMs => milliseconds(exchange, out, |spans| spans.first_byte),
            Logged::UpstreamMs => milliseconds(exchange, out, |spans| spans.upstream),
            Logged::TimeLocal => common_log_time(SystemTime::now(), out),
        }
    }
}

fn show(value: Option<impl Display>, out: &mut Escaped<'_>) {
    if let Some(value) = value {
        out.show(value);
    }
}

fn milliseconds(exchange: &Exchange, out: &mut Escaped<'_>, span: fn(Spans) -> Option<Duration>) {
    let span = span(exchange.spans());
    show(span.map(|span| format!("{:.3}", span.as_secs_f64() * 1e3)), out);
}

/// The time as the Common Log Format has it, `10/Oct/2000:13:55:36 +0000`, in UTC.
fn common_log_time(now: SystemTime, out: &mut Escaped<'_>) {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let iso = humantime::format_rfc3339_seconds(now).to_string();
    let Some((date, time)) = iso.trim_end_matches('Z').split_once('T') else { return };
    let mut parts = date.split('-');
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else { return };
    let number = month.parse::<usize>().ok().and_then(|month| month.checked_sub(1));
    let month = number.and_then(|number| MONTHS.get(number)).copied().unwrap_or(month);
    out.show(format_args!("{day}/{month}/{year}:{time} +0000"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Escape;
    use crate::variable::Spelling;

    #[test]
    fn the_time_is_that_of_the_common_log_format() {
        let mut text = String::new();
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(971_186_136);
        common_log_time(at, &mut Escaped::new(&mut text, Escape::Log, Spelling::Plain, 100));
        assert_eq!(text, "10/Oct/2000:13:55:36 +0000");
    }
}
