//! What the file says of logs, and what becomes of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test prepares has to work")]

use std::path::Path;
use std::time::Duration;

use config::{Access, Config, LineFormat, LogField, LogPath, Statuses, Syslog, SyslogReceiver, Trust};
use document::Report;

const MINIMAL: &str = "version: 1\nlisteners: [{ name: web, address: '127.0.0.1:0' }]\n";

fn minimal_with(rest: &str) -> Result<Config, Report> {
    loader::parse("minimal.yaml", &format!("{MINIMAL}{rest}"), Path::new("/"))
}

#[test]
fn every_key_reaches_its_place() {
    let full = include_str!("good/full.yaml");
    let config = loader::parse("full.yaml", full, Path::new("/etc/sandgate")).unwrap();
    let Access::On(access) = &config.log.access else { panic!("an access log") };
    assert_eq!(access.path, LogPath::File("/etc/sandgate/logs/access.log".into()));
    assert_eq!((&access.selection, config.log.level), (&None, config::Level::Debug));
    let request_id = config.server.request_id.as_ref().unwrap();
    assert_eq!((request_id.header.as_str(), request_id.trust), ("x-correlation-id", Trust::Nobody));
    assert_eq!(config.trace_start.unwrap().percent, 5);
}

#[test]
fn what_is_absent_has_its_default() {
    let config = minimal_with("").unwrap();
    assert_eq!(config.log.access, Access::On(Box::default()));
    assert!(config.server.request_id.is_none() && config.trace_start.is_none());
}

#[test]
fn an_access_log_can_be_off() {
    assert_eq!(minimal_with("log: { access: off }").unwrap().log.access, Access::Off);
}

fn access_log(access: &str) -> config::AccessLog {
    let config = minimal_with(&format!("log: {{ access: {access} }}\n")).unwrap();
    let Access::On(access) = config.log.access else { panic!("an access log") };
    *access
}

#[test]
fn lines_of_the_log_have_the_fields_that_are_chosen() {
    let log = access_log("{ fields: [status, id], extra: { agent: '${request.header.user-agent}' } }");
    let LineFormat::Json { fields, extra } = log.format else { panic!("JSON") };
    assert_eq!(fields, [LogField::Status, LogField::Id]);
    assert_eq!(extra[0].0.as_ref(), "agent");
}

#[test]
fn what_has_no_value_is_a_dash_in_a_line_of_text() {
    let LineFormat::Text(text) = access_log("{ format: '${fault} ${fault:-none}' }").format else {
        panic!("a text")
    };
    assert_eq!(text.literals().collect::<Vec<_>>(), ["-", " ", "none"]);
    assert!(matches!(access_log("{ format: combined }").format, LineFormat::Text(_)));
}

#[test]
fn the_example_of_the_logging_page_loads() {
    let page = include_str!("../../docs/logging.md");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let Access::On(log) = minimal_with(example).unwrap().log.access else { panic!("an access log") };
    assert!(matches!(log.format, LineFormat::Text(_)));
}

#[test]
fn a_log_goes_to_a_syslog_receiver() {
    let unix = |priority, tag: &str| {
        let receiver = SyslogReceiver::Unix("/dev/log".into());
        LogPath::Syslog(Syslog { receiver, priority, tag: tag.to_owned() })
    };
    assert_eq!(access_log("{ path: 'syslog:unix:/dev/log' }").path, unix(190, "sandgate"));
    let form = "{ path: { syslog: 'unix:/dev/log', facility: daemon, severity: notice, tag: edge } }";
    assert_eq!(access_log(form).path, unix(29, "edge"));
    let LogPath::Syslog(udp) = access_log("{ path: 'syslog:udp:[::1]:514' }").path else { panic!("syslog") };
    assert_eq!(udp.receiver, SyslogReceiver::Udp("[::1]:514".parse().unwrap()));
}

#[test]
fn a_log_may_have_a_line_for_some_requests_only() {
    let chosen = |access| access_log(access).selection.unwrap();
    let some = chosen("{ when: { status: [404, 500-599], slower_than: 1s } }");
    assert_eq!((some.status, some.percent), (vec![Statuses::of(404..=404), Statuses::of(500..=599)], 0));
    assert_eq!(some.slower_than, Some(Duration::from_secs(1)));
    assert_eq!(chosen("{ sample: 1% }").percent, 1);
}
