//! `wasi:logging`: the same lines as by the interface `log`, under the same limits.

use sandbox::{Context, Level};
use wasmtime::component::{HasSelf, Linker};

/// The contract, as Rust.
#[allow(missing_docs, unreachable_pub, dead_code, reason = "generated")]
mod contract {
    wasmtime::component::bindgen!({ path: "wit/logging", imports: { default: trappable } });
}

use contract::wasi::logging::logging;

pub(super) fn add_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    logging::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)
}

impl logging::Host for Context {
    fn log(&mut self, level: logging::Level, context: String, message: String) -> wasmtime::Result<()> {
        let level = match level {
            logging::Level::Trace | logging::Level::Debug => Level::Debug,
            logging::Level::Info => Level::Info,
            logging::Level::Warn => Level::Warn,
            logging::Level::Error | logging::Level::Critical => Level::Error,
        };
        let message = if context.is_empty() { message } else { format!("{context}: {message}") };
        self.count_call()?;
        self.say(level, &message);
        Ok(())
    }
}
