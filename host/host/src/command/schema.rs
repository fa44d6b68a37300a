//! `sandgate schema`.

use crate::exit::{Failure, print};

/// Prints the configuration's JSON Schema.
pub(crate) fn schema() -> Result<(), Failure> {
    print(&format!("{:#}\n", raw::schema()))
}
