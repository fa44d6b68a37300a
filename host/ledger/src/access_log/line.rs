//! A line of the access log: what is said of an exchange that is over.
//!
//! The names are part of the product: they are documented in `host/docs/logging.md`.

use std::fmt::Display;
use std::time::{Duration, SystemTime};

use config::{LineFormat, LogField};
use model::{Escape, Exchange, Spans, Template, TlsFacts};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// How long a line of text may be, and a field that is added to one in JSON. What is longer is cut, not dropped.
const TEXT_LIMIT: usize = 64 << 10;

/// Adds an exchange's line, or nothing.
pub(super) fn add(format: &LineFormat, exchange: &Exchange, lines: &mut Vec<u8>) -> serde_json::Result<()> {
    let before = lines.len();
    let added = match format {
        LineFormat::Text(template) => {
            lines.extend_from_slice(template.line(exchange, Escape::Log, TEXT_LIMIT).as_bytes());
            Ok(())
        }
        LineFormat::Json { fields, extra } => {
            let spans = exchange.spans();
            serde_json::to_writer(&mut *lines, &JsonLine { exchange, spans, fields, extra })
        }
    };
    match added {
        Ok(()) => lines.push(b'\n'),
        Err(_) => lines.truncate(before),
    }
    added
}

/// A line in JSON.
struct JsonLine<'a> {
    exchange: &'a Exchange,
    spans: Spans,
    fields: &'a [LogField],
    extra: &'a [(Box<str>, Template)],
}

impl Serialize for JsonLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.fields.iter().try_for_each(|field| self.add(*field, &mut map))?;
        for (name, template) in self.extra {
            map.serialize_entry(name, &template.line(self.exchange, Escape::Plain, TEXT_LIMIT))?;
        }
        map.end()
    }
}

impl JsonLine<'_> {
    fn add<M: SerializeMap>(&self, field: LogField, map: &mut M) -> Result<(), M::Error> {
        let exchange = self.exchange;
        let mut entry = Entry { name: field.name(), map };
        match field {
            LogField::Time => entry.show(humantime::format_rfc3339_millis(self.began())),
            LogField::Id => entry.show(exchange.id),
            LogField::TraceId => entry.show_some(exchange.trace),
            LogField::Client => entry.show(exchange.client.ip().to_canonical()),
            LogField::Method => entry.set(exchange.asked_method().as_str()),
            LogField::Host => entry.set(exchange.asked_authority()),
            LogField::Path => entry.set(exchange.asked_path_and_query()),
            LogField::Status => entry.set(exchange.sent_status()),
            LogField::Route => entry.set_some(exchange.route.as_ref().map(|route| route.name.as_ref())),
            LogField::Tenant => {
                entry.set_some(exchange.tenant.as_ref().map(|visit| visit.tenant().name().as_ref()))
            }
            LogField::Upstream => entry.set_some(exchange.upstream.as_deref()),
            LogField::Endpoint => entry.set_some(exchange.endpoint.as_ref().map(|e| e.label.as_ref())),
            LogField::Attempts => entry.set(exchange.attempts),
            LogField::DurationMs => entry.time(Some(self.spans.total)),
            LogField::QueueMs => entry.time(self.spans.queue),
            LogField::ConnectMs => entry.time(self.spans.connect),
            LogField::UpstreamMs => entry.time(self.spans.first_byte),
            LogField::UpstreamTotalMs => entry.time(self.spans.upstream),
            LogField::Bytes => entry.set(exchange.body_bytes),
            LogField::Protocol => entry.set_some(exchange.protocol.as_deref()),
            LogField::BytesUp => entry.set_some(exchange.protocol.as_ref().map(|_| exchange.sent_bytes)),
            LogField::Fault => entry.set_some(exchange.fault.as_ref().map(|fault| fault.kind.name())),
            LogField::Detail => {
                let detail = exchange.fault.as_ref().map(|fault| fault.detail.as_ref());
                entry.set_some(detail.filter(|detail: &&str| !detail.is_empty()))
            }
            LogField::Tls => entry.set_some(exchange.tls.as_deref().map(Tls::from)),
            LogField::Notes => entry.set_some((!exchange.notes.is_empty()).then_some(Notes(&exchange.notes))),
            LogField::Plugins => {
                let costs = exchange.plugin_costs.as_deref().filter(|costs| !costs.is_empty());
                entry.set_some(costs.map(Costs))
            }
        }
    }

    /// When the request's head was here, on the calendar.
    fn began(&self) -> SystemTime {
        SystemTime::now().checked_sub(self.spans.total).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// A field that is to be written.
struct Entry<'a, M> {
    name: &'static str,
    map: &'a mut M,
}

impl<M: SerializeMap> Entry<'_, M> {
    fn set(&mut self, value: impl Serialize) -> Result<(), M::Error> {
        self.map.serialize_entry(self.name, &value)
    }

    fn set_some(&mut self, value: Option<impl Serialize>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.set(value))
    }

    fn show(&mut self, value: impl Display) -> Result<(), M::Error> {
        self.set(format_args!("{value}"))
    }

    fn show_some(&mut self, value: Option<impl Display>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.show(value))
    }

    fn time(&mut self, span: Option<Duration>) -> Result<(), M::Error> {
        self.set_some(span.map(milliseconds))
    }
}

fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Of the client's connection, where it is TLS.
#[derive(Serialize)]
struct Tls<'a> {
    version: &'a str,
    cipher: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_fingerprint: Option<&'a str>,
}

impl<'a> From<&'a TlsFacts> for Tls<'a> {
    fn from(facts: &'a TlsFacts) -> Self {
        let client = facts.client.as_ref();
        Tls {
            version: facts.version,
            cipher: facts.cipher,
            server_name: facts.server_name.as_deref(),
            client_subject: client.map(|client| client.subject.as_ref()),
            client_fingerprint: client.map(|client| client.fingerprint.as_ref()),
        }
    }
}

/// What plugins cost, as a list of objects.
struct Costs<'a>(&'a model::PluginCosts);

/// What one of them cost, in microseconds, bytes and numbers.
#[derive(Serialize)]
struct Cost<'a> {
    name: &'a str,
    us: f64,
    calls: u32,
    wall_us: f64,
    instance_us: f64,
    memory: u64,
    host_calls: u32,
}

impl<'a> Cost<'a> {
    fn of((name, cost): (&'a str, &model::PluginCost)) -> Self {
        let us = |time: Duration| (time.as_secs_f64() * 1e7).round() / 10.0;
        Cost {
            name,
            us: us(cost.cpu),
            calls: cost.calls,
            wall_us: us(cost.wall),
            instance_us: us(cost.making),
            memory: cost.memory,
            host_calls: cost.host_calls,
        }
    }
}

impl Serialize for Costs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Cost::of))
    }
}

/// Notes, as an object.
struct Notes<'a>(&'a model::Notes);

impl Serialize for Notes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}
