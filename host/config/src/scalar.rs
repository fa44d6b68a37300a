//! Values that are written as one word: durations, sizes, networks and the like. Each knows its own syntax and says it.

mod cidr;
mod percent;
mod portion;
mod retry;
mod size;
mod status;
mod text;
mod time;
mod workers;

pub use cidr::Cidr;
pub(crate) use percent::Percent;
pub use portion::Portion;
pub use retry::RetryOn;
pub(crate) use size::Size;
pub use status::Statuses;
pub(crate) use text::{HeaderText, HostText, TemplateText};
pub(crate) use time::{LONGEST, Time};
pub(crate) use workers::Workers;
