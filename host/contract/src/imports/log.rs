//! The interface `log`: a guest's lines, bounded and escaped.

use sandbox::Context;

use crate::bindings::log::{Host, Level};

impl Host for Context {
    fn write(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        self.count_call()?;
        let level = match level {
            Level::Debug => sandbox::Level::Debug,
            Level::Info => sandbox::Level::Info,
            Level::Warn => sandbox::Level::Warn,
            Level::Error => sandbox::Level::Error,
        };
        self.say(level, &message);
        Ok(())
    }
}
