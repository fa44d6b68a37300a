//! Keys and values that the design names and this release does not build.
//!
//! They are refused by name: ignoring `tls` would be worse than not having it, and "unknown key" would be a lie.

use document::Dialect;

/// By the Rust name of the raw struct or enum that they will belong to.
const PLANNED: &[(&str, &[&str])] = &[("File", &["tenants"])];

/// Those that are written in place of a key that exists, which is then not missing.
const INSTEAD: &[(&str, &str, &str)] = &[];

/// What the document says of ours in its messages.
pub const DIALECT: Dialect = Dialect {
    planned: PLANNED,
    instead: INSTEAD,
    variables: "variables work in header rules, rewrites, redirects, replies, error pages and access logs, and `${env:NAME}` and \
                `${file:PATH}` in the settings of plugins too",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_owner_is_a_type_of_the_schema() {
        let schema = crate::schema();
        for (owner, _) in PLANNED {
            let defined = *owner == "File" || schema["$defs"].get(owner).is_some();
            assert!(defined, "{owner} is no raw type");
        }
    }
}
