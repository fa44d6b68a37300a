//! Values that are written as one word, and that others than the loader have a use for. Each knows its own syntax and says it.

mod cidr;
mod portion;
mod retry;
mod status;

pub use cidr::Cidr;
pub use portion::Portion;
pub use retry::RetryOn;
pub use status::Statuses;
