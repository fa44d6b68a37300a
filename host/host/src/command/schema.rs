//! `sandgate schema`.

use crate::arguments::Schema;
use crate::exit::{Failure, print};

/// Prints the JSON Schema of a configuration, or of a tenant's.
pub(crate) fn schema(arguments: &Schema) -> Result<(), Failure> {
    let schema = if arguments.tenant { raw::tenant_schema() } else { raw::schema() };
    print(&format!("{schema:#}\n"))
}
