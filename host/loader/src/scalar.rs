//! Values that are written as one word and read as something else: durations, sizes and the like. Each knows its own syntax
//! and says it.

mod percent;
mod size;
mod text;
mod time;
mod workers;

pub(crate) use percent::Percent;
pub(crate) use size::Size;
pub(crate) use text::{HeaderText, HostText, TemplateText};
pub(crate) use time::{LONGEST, Time};
pub(crate) use workers::Workers;
