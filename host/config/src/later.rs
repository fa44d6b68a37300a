//! Keys and values that the design names and this release does not build.
//!
//! They are refused by name: ignoring `tls` would be worse than not having it, and "unknown key" would be a lie.

/// By the Rust name of the raw struct or enum that they will belong to.
const PLANNED: &[(&str, &[&str])] = &[("File", &["tenants"]), ("Plugin", &["grants"])];

/// Whether a word is one of those.
pub(crate) fn is_planned(owner: &str, word: &str) -> bool {
    PLANNED.iter().any(|(name, words)| *name == owner && words.contains(&word))
}

/// Those that are written in place of a key that exists, which is then not missing.
const INSTEAD: &[(&str, &str, &str)] = &[];

/// The key in whose place a word is written.
pub(crate) fn instead_of(owner: &str, word: &str) -> Option<&'static str> {
    INSTEAD.iter().find(|(name, planned, _)| *name == owner && *planned == word).map(|(_, _, key)| *key)
}

/// What is said of it.
pub(crate) fn refusal(word: &str) -> String {
    format!("`{word}` is not supported yet")
}

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
