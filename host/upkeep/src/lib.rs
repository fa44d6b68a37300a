//! What goes on beside exchanges, on timers and events of its own: endpoints are asked how they are and compared with one another,
//! their names are looked up again, and the files that all was built from are watched.
//!
//! It is the process's, one for all workers. What it finds out reaches exchanges through atomics of `model`, or as a reason to build a
//! new generation; no exchange waits for it.

mod names;
mod outliers;
mod patrol;
mod watch;

pub use names::{Book, Entry, NameSettings, Names, Wanted, question};
pub use outliers::{Outliers, has_room};
pub use patrol::{Beat, Patrol, WeighRule};
pub use watch::Watch;
