//! The interface `log`: a guest's lines, bounded and escaped.

use crate::bindings::log::{Host, Level};
use crate::context::Context;

impl Host for Context {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        if message.len() > self.log_left {
            self.log_left = 0;
            self.stats().log_dropped();
            return Ok(());
        }
        self.log_left -= message.len();
        let (plugin, id) = (self.plugin.spec.name.as_ref(), self.exchange.as_ref().map(|e| e.id.to_string()));
        let message = message.escape_debug().to_string();
        match level {
            Level::Debug => tracing::debug!(target: "plugin", plugin, id, text = message, "plugin says"),
            Level::Info => tracing::info!(target: "plugin", plugin, id, text = message, "plugin says"),
            Level::Warn => tracing::warn!(target: "plugin", plugin, id, text = message, "plugin says"),
            Level::Error => tracing::error!(target: "plugin", plugin, id, text = message, "plugin says"),
        }
        Ok(())
    }
}
