//! Checks of bodies that are kept on their way. A route says what is different from what the server says.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use config::{Buffering, Switch, WorkerBuffers};
use document::{Field, Span, Spanned};

use super::Check;
use super::server::native;

/// Below a page, a file would be written in crumbs; with much more, a few bodies take all there is.
const MEMORY: RangeInclusive<u64> = (4 << 10)..=(64 << 20);
/// The largest file that usual file systems hold.
const DISK: RangeInclusive<u64> = 0..=(16 << 40);
/// Room for a body of the largest `memory`.
const WORKER_MEMORY: RangeInclusive<u64> = (1 << 20)..=(1 << 40);

impl Check<'_> {
    /// What routes do that say nothing else, and what it may take altogether.
    pub(super) fn server_buffering(
        &mut self,
        buffering: Field<raw::ServerBuffering>,
    ) -> (Buffering, WorkerBuffers) {
        let (span, raw) = parts(buffering);
        let raw::ServerBuffering { request, response, memory, disk, path, worker_memory, worker_disk } = raw;
        let own = raw::Buffering { request, response, memory, disk, path };
        let default = WorkerBuffers::default();
        let memory_span = worker_memory.span();
        let workers = WorkerBuffers {
            memory: self.size(worker_memory, default.memory, WORKER_MEMORY),
            disk: self.size(worker_disk, default.disk, DISK),
        };
        let buffering = self.laid_over(Buffering::default(), own, span);
        if let Some(span) = memory_span.filter(|_| workers.memory < buffering.memory as u64) {
            self.complain(span, "`worker_memory` is less than `memory`", None);
        }
        (buffering, workers)
    }

    /// What a route does.
    pub(super) fn buffering(&mut self, buffering: Field<raw::Buffering>) -> Buffering {
        let (span, raw) = parts(buffering);
        self.laid_over(self.inherited.buffering.clone(), raw, span)
    }

    fn laid_over(&mut self, under: Buffering, raw: raw::Buffering, span: Option<Span>) -> Buffering {
        Buffering {
            request: raw.request.into_value().map_or(under.request, Switch::from),
            response: raw.response.into_value().map_or(under.response, Switch::from),
            memory: native(self.size(raw.memory, under.memory as u64, MEMORY)),
            disk: self.size(raw.disk, under.disk, DISK),
            path: self.spill_folder(raw.path).unwrap_or(under.path),
            span: span.unwrap_or(under.span),
        }
    }

    fn spill_folder(&mut self, path: Field<String>) -> Option<PathBuf> {
        let Field::Given(path) = path else { return None };
        if path.value.is_empty() {
            self.expected("the path of a folder", &path);
        }
        Some(self.path_of(&path))
    }
}

fn parts<T: Default>(field: Field<T>) -> (Option<Span>, T) {
    match field {
        Field::Given(Spanned { value, span }) => (Some(span), value),
        Field::Absent | Field::Broken => (None, T::default()),
    }
}
