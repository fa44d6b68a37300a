//! The JSON Schema of the file, for editors.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::{File, TenantFile};

/// The JSON Schema (draft 2020-12) of a configuration file, made from the types that read it.
pub fn schema() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>().to_value()
}

/// The same of a tenant's own file.
pub fn tenant_schema() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<TenantFile>().to_value()
}
