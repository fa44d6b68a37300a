//! The interface `trace`: the trace that the request is part of, and how long what took.

use sandbox::Context;

use crate::bindings::trace::{Host, Part};
use crate::imports::{AtHand, first};

/// How long the name of a note may be, in bytes: what is longer would be cut, and may then be another's.
const NAME_LIMIT: usize = 64;

impl Host for Context {
    fn trace_id(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(self.exchange()?.trace.map(|trace| trace.to_string()))
    }

    fn traceparent(&mut self) -> wasmtime::Result<Option<String>> {
        let parent = first(&self.exchange()?.request.fields, "traceparent");
        Ok(parent.and_then(|parent| String::from_utf8(parent).ok()))
    }

    fn took(&mut self, part: Part) -> wasmtime::Result<Option<u64>> {
        let spans = self.exchange()?.spans();
        let took = match part {
            Part::Total => Some(spans.total),
            Part::Queue => spans.queue,
            Part::Connect => spans.connect,
            Part::FirstByte => spans.first_byte,
            Part::Upstream => spans.upstream,
        };
        Ok(took.map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX)))
    }

    fn attribute(&mut self, name: String, value: String) -> wasmtime::Result<bool> {
        let name = format!("{}.{name}", self.plugin.spec.name);
        let notes = &mut self.exchange()?.notes;
        Ok(name.len() <= NAME_LIMIT && notes.keep(&name, &value))
    }
}
