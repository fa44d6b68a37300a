//! A guest's lines in the log, bounded and escaped.

use crate::context::Context;
use crate::own::GuestState;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// To who looks for a mistake.
    Debug,
    /// To who wants to know what goes on.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something went wrong.
    Error,
}

impl Context {
    /// Logs a line, if there is still room for it.
    pub fn say(&mut self, level: Level, message: &str) {
        let Some(left) = self.log_left.and_then(|left| left.checked_sub(message.len())) else {
            self.drop_line();
            return;
        };
        if self.tenant().is_some_and(|tenant| !tenant.may_log(message.len())) {
            self.stats().log_dropped();
            return;
        }
        self.log_left = Some(left);
        let (plugin, id) = (self.plugin.spec.name.as_ref(), self.exchange_id());
        let message = message.escape_debug().to_string();
        match level {
            Level::Debug => tracing::debug!(target: "plugin", plugin, id, text = message, "plugin says"),
            Level::Info => tracing::info!(target: "plugin", plugin, id, text = message, "plugin says"),
            Level::Warn => tracing::warn!(target: "plugin", plugin, id, text = message, "plugin says"),
            Level::Error => tracing::error!(target: "plugin", plugin, id, text = message, "plugin says"),
        }
    }

    /// The name of the exchange that the guest works for.
    fn exchange_id(&self) -> Option<String> {
        let own = || self.own.any().and_then(GuestState::exchange);
        let id = self.exchange.as_ref().map(|exchange| exchange.id).or_else(own);
        id.map(|id| id.to_string())
    }

    /// Counts a line that is over the limit. The first of an exchange is told, unless others were in the same second.
    fn drop_line(&mut self) {
        self.stats().log_dropped();
        let is_first = self.log_left.take().is_some();
        if !is_first || !self.stats().may_notice() {
            return;
        }
        let (plugin, id) = (self.plugin.spec.name.as_ref(), self.exchange_id());
        let limit_bytes = self.plugin.spec.limits.log;
        tracing::warn!(plugin, id, limit_bytes, "a plugin logs more than it may");
    }
}
