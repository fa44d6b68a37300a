//! Which route a request takes, and what its patterns capture of the request.
//!
//! The table knows what each route is for, not what is done there: it leads to whatever is [`Routed`]. Nothing here changes a
//! request or answers one.

mod host;
mod parts;
mod table;

pub use parts::Parts;
pub use table::{Explanation, Match, Question, RouteTable, Routed};
