//! Standard output and error of guests that answer requests: lines in the process log, as those by `wasi:logging` are.
//!
//! What comes before there is a request, as while a language's runtime begins, is on nobody's account, and is discarded.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as Task, Poll};

use bytes::Bytes;
use model::{ExchangeId, WorkerId};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::shared::Shared;

/// How long a line may be, in bytes: what is longer makes several.
const LINE: usize = 8 << 10;
/// How much may be written at a time, in bytes.
const WRITE: usize = 64 << 10;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Output,
    Error,
}

/// Where one of them goes.
#[derive(Clone)]
pub(super) struct Output(Arc<Mutex<Lines>>);

/// What was written since the last end of a line, and what may still be.
struct Lines {
    plugin: Arc<Shared>,
    stream: Stream,
    /// None as long as there is no request.
    of: Option<(ExchangeId, WorkerId)>,
    begun: Vec<u8>,
    /// Bytes that may still be logged; none when a line was over.
    left: Option<usize>,
}

impl Output {
    pub(super) fn new(plugin: &Arc<Shared>, stream: Stream) -> Self {
        let left = Some(plugin.spec.limits.log);
        let lines = Lines { plugin: Arc::clone(plugin), stream, of: None, begun: Vec::new(), left };
        Output(Arc::new(Mutex::new(lines)))
    }

    /// From now on the guest answers this request.
    pub(super) fn begin_serving(&self, exchange: ExchangeId, worker: WorkerId) {
        self.with_lines(|lines| lines.of = Some((exchange, worker)));
    }

    fn with_lines(&self, act: impl FnOnce(&mut Lines)) {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Lines {
    fn write(&mut self, mut bytes: &[u8]) {
        if self.of.is_none() {
            return;
        }
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(end);
            self.begun.extend_from_slice(line);
            self.end_line();
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.begun.extend_from_slice(bytes);
        if self.begun.len() > LINE {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.begun);
        for part in line.chunks(LINE) {
            self.say(&String::from_utf8_lossy(part));
        }
    }

    fn say(&mut self, line: &str) {
        let line = line.trim_end();
        let Some((exchange, worker)) = self.of.filter(|_| !line.is_empty()) else { return };
        let stats = self.plugin.stats.of(worker);
        let Some(left) = self.left.and_then(|left| left.checked_sub(line.len())) else {
            self.left = None;
            return stats.log_dropped();
        };
        if self.plugin.tenant().is_some_and(|tenant| !tenant.may_log(line.len())) {
            return stats.log_dropped();
        }
        self.left = Some(left);
        let (plugin, id) = (self.plugin.spec.name.as_ref(), exchange.to_string());
        let text = line.escape_debug().to_string();
        match self.stream {
            Stream::Output => tracing::info!(target: "plugin", plugin, id, text, "plugin says"),
            Stream::Error => tracing::warn!(target: "plugin", plugin, id, text, "plugin says"),
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.end_line();
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.with_lines(|lines| lines.write(&bytes));
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, _: &mut Task<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.with_lines(|lines| lines.write(bytes));
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Task<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Task<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
