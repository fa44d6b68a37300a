//! Checks of where a log goes: standard output, a file, or a syslog receiver.

use config::{LogPath, Syslog, SyslogReceiver};
use document::{Either, Field, Spanned};
use raw::{Facility, Severity};

use super::Check;

/// What the short form of a syslog receiver begins with.
const SYSLOG: &str = "syslog:";
/// The application's name in syslog (RFC 5424 section 6).
const TAG: &str = "sandgate";
/// Its longest.
const TAG_LIMIT: usize = 48;
/// The longest path that a socket's address holds.
const SOCKET_LIMIT: usize = 107;

impl Check<'_> {
    pub(super) fn log_path(&mut self, path: Field<raw::LogPath>) -> LogPath {
        let Field::Given(Spanned { value, span }) = path else { return LogPath::Stdout };
        match value {
            Either::Scalar(text) => self.log_path_text(&Spanned { value: text, span }),
            Either::Map(form) => {
                let tag = self.syslog_tag(form.tag);
                let written = self.required(form.syslog, "syslog", span);
                let receiver = written.and_then(|written| self.syslog_receiver(&written.value, &written));
                let Some(receiver) = receiver else { return LogPath::Stdout };
                let facility = form.facility.into_value().unwrap_or(Facility::Local7);
                let severity = form.severity.into_value().unwrap_or(Severity::Info);
                LogPath::Syslog(Syslog { receiver, priority: priority(facility, severity), tag })
            }
        }
    }

    fn log_path_text(&mut self, path: &Spanned<String>) -> LogPath {
        if let Some(receiver) = path.value.strip_prefix(SYSLOG) {
            let receiver = self.syslog_receiver(receiver, path);
            let priority = priority(Facility::Local7, Severity::Info);
            return receiver.map_or(LogPath::Stdout, |receiver| {
                LogPath::Syslog(Syslog { receiver, priority, tag: TAG.to_owned() })
            });
        }
        if path.value.is_empty() {
            self.expected("`stdout` or a path", path);
        }
        match path.value.as_str() {
            "stdout" => LogPath::Stdout,
            file => LogPath::File(self.base.join(file)),
        }
    }

    fn syslog_receiver(&mut self, text: &str, written: &Spanned<String>) -> Option<SyslogReceiver> {
        let receiver = match text.split_once(':') {
            Some(("unix", path)) if !path.is_empty() => {
                let path = self.base.join(path);
                let fits = path.as_os_str().len() <= SOCKET_LIMIT;
                fits.then_some(SyslogReceiver::Unix(path))
            }
            Some(("udp", address)) => address
                .parse()
                .ok()
                .filter(|address: &std::net::SocketAddr| address.port() != 0)
                .map(SyslogReceiver::Udp),
            _ => None,
        };
        if receiver.is_none() {
            let expected = format!(
                "a syslog receiver, `unix:PATH` with at most {SOCKET_LIMIT} bytes or `udp:ADDRESS:PORT` with an IP address"
            );
            self.expected(expected, written);
        }
        receiver
    }

    fn syslog_tag(&mut self, tag: Field<String>) -> String {
        let Field::Given(tag) = tag else { return TAG.to_owned() };
        let plain = tag.value.bytes().all(|byte| byte.is_ascii_graphic());
        if tag.value.is_empty() || tag.value.len() > TAG_LIMIT || !plain {
            self.expected(format!("a name of visible ASCII, at most {TAG_LIMIT} long"), &tag);
        }
        tag.value
    }
}

fn priority(facility: Facility, severity: Severity) -> u8 {
    facility as u8 * 8 + severity as u8
}
