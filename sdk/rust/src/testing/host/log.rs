//! The log: lines are kept for the test.

use crate::log::Level;
use crate::testing::state::with;

pub(crate) fn write(level: Level, message: &str) {
    with(|state| state.logged.push((level, message.to_owned())));
}
