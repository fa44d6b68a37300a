//! What the file says of logs.

use config::{Portion, Statuses};
use document::{Either, Field, List, Map};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::scalar::{TemplateText, Time};

/// What is logged.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `access` and `level`")]
pub struct Log {
    /// The access log: `off`, or its format and path. Default: JSON on stdout.
    pub access: Field<Access>,
    /// The least severe message that is written. Default: `info`.
    pub level: Field<Level>,
}

/// A name, or where lines go and what is in them.
pub type Access = Either<AccessName, AccessForm>;

/// No access log.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "`off`, or a map with `format` and `path`")]
pub enum AccessName {
    /// None is written.
    Off,
}

/// An access log.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "`off`, or a map with `format` and `path`")]
pub struct AccessForm {
    /// How a line looks: `json`, `combined`, or a text with variables. Default: `json`.
    pub format: Field<TemplateText>,
    /// `stdout`, a file's path, relative to this file, `syslog:unix:PATH` or `syslog:udp:ADDRESS`, or a map with
    /// `syslog`. Default: `stdout`.
    pub path: Field<LogPath>,
    /// Which fields a JSON line has, in this order. Default: all.
    pub fields: Field<List<String>>,
    /// Further fields of a JSON line: texts with variables, by their names.
    pub extra: Field<Map<TemplateText>>,
    /// Which requests have a line, if not all: those that meet one of these conditions.
    pub when: Field<When>,
    /// The share of requests that have a line, beside those of `when`. Default: all, or with `when` none.
    pub sample: Field<Portion>,
}

/// Where lines go.
pub type LogPath = Either<String, SyslogForm>;

/// A syslog receiver.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "`stdout`, a path, or a map with `syslog`")]
pub struct SyslogForm {
    /// `unix:PATH` or `udp:ADDRESS`, such as `unix:/dev/log`.
    pub syslog: Field<String>,
    /// The facility. Default: `local7`.
    pub facility: Field<Facility>,
    /// The severity. Default: `info`.
    pub severity: Field<Severity>,
    /// The name of the application. Default: `sandgate`.
    pub tag: Field<String>,
}

/// A facility of syslog, with its code (RFC 5424 section 6.2.1).
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "a facility such as `daemon`, or `local0` to `local7`")]
#[expect(missing_docs, reason = "the RFC's names")]
pub enum Facility {
    Kern = 0,
    User = 1,
    Mail = 2,
    Daemon = 3,
    Auth = 4,
    Syslog = 5,
    Lpr = 6,
    News = 7,
    Uucp = 8,
    Cron = 9,
    Authpriv = 10,
    Ftp = 11,
    Local0 = 16,
    Local1 = 17,
    Local2 = 18,
    Local3 = 19,
    Local4 = 20,
    Local5 = 21,
    Local6 = 22,
    Local7 = 23,
}

/// A severity of syslog, with its code (RFC 5424 section 6.2.1).
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "a severity such as `info` or `notice`")]
#[expect(missing_docs, reason = "the RFC's names")]
pub enum Severity {
    Emergency = 0,
    Alert = 1,
    Critical = 2,
    Error = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
    Debug = 7,
}

/// Which requests have a line.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `status` and `slower_than`")]
pub struct When {
    /// Those that are answered with one of these statuses, such as `5xx` or `500-599`, and those without any answer.
    pub status: Field<List<Statuses>>,
    /// Those that take longer.
    pub slower_than: Field<Time>,
}

/// How severe a message is.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `error`, `warn`, `info`, `debug` and `trace`")]
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

impl From<Level> for config::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => config::Level::Error,
            Level::Warn => config::Level::Warn,
            Level::Info => config::Level::Info,
            Level::Debug => config::Level::Debug,
            Level::Trace => config::Level::Trace,
        }
    }
}
