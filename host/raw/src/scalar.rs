//! Values that are written as one word and read as something else: durations, sizes and the like. Each knows its own syntax
//! and says it.

mod percent;
mod rate;
mod size;
mod text;
mod time;
mod workers;

pub use percent::Percent;
pub use rate::{Amount, PerSecond, Times};
pub use size::Size;
pub use text::{HeaderText, HostText, TemplateText};
pub use time::{LONGEST, Time};
pub use workers::Workers;
