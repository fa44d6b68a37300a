//! Who computes when. Guests run on workers as long as they are quick; a plugin whose guests are not goes to the slow lane, where
//! tenants take turns. A clock interrupts those that take long, and what each has used is measured in slices.
//!
//! What a guest is, this does not know: it runs futures, and says how long they had their thread.

mod pace;
mod slice;
mod slow;
mod ticker;

pub use pace::{Pace, Paces, STRAIGHT_LIMIT};
pub use slice::{AtTick, begin_slice, end_slice, slice, tick};
pub use slow::{
    Payer, SlowLane, is_here, is_overdue, lower_priority, note_interrupted, note_resumed, was_interrupted,
};
pub use ticker::{Found, Ticker};
