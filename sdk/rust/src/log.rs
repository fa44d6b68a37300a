//! Lines in the host's log, marked with the plugin's name and the exchange's id.
//!
//! A guest may write `limits.log` in each exchange, 4 KiB unless configured; the rest is dropped and counted.

use crate::host;

pub use crate::bindings::imports::sandgate::proxy::log::Level;

/// Writes a line for whoever writes the plugin.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message);
}

/// Writes a line that is normal, but worth it.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message);
}

/// Writes a line about what is odd but handled.
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, message);
}

/// Writes a line about what someone must act on.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message);
}

/// Writes a line.
pub fn write(level: Level, message: impl AsRef<str>) {
    host::log::write(level, message.as_ref());
}
