//! Which packages of the workspace are guests, as cargo tells.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};

/// What `cargo metadata` says, as far as it is used.
#[derive(Deserialize)]
pub(super) struct Workspace {
    /// Where cargo builds: `target`, or what the environment says.
    pub(super) target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    sandgate: Option<Marks>,
}

/// `[package.metadata.sandgate]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marks {
    guest: bool,
    /// The component's name, if it is not the package's.
    name: Option<String>,
    /// The hooks it has. The test of the built components holds them to it.
    #[serde(default)]
    exports: Vec<String>,
}

/// A package that is built into a component.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Guest {
    /// The package's name.
    pub(super) package: String,
    /// The component's name.
    pub(super) name: String,
    /// The hooks it says that it has, by their interfaces' names.
    #[cfg_attr(not(test), allow(dead_code, reason = "what the test of built components compares"))]
    pub(super) exports: Vec<String>,
}

impl Workspace {
    /// The guests, in cargo's order.
    pub(super) fn guests(&self) -> Vec<Guest> {
        self.packages.iter().filter_map(Package::guest).collect()
    }
}

impl Package {
    fn guest(&self) -> Option<Guest> {
        let marks = self.metadata.as_ref()?.sandgate.as_ref().filter(|marks| marks.guest)?;
        let name = marks.name.as_ref().unwrap_or(&self.name).clone();
        Some(Guest { package: self.name.clone(), name, exports: marks.exports.clone() })
    }
}

/// Asks cargo.
pub(super) fn workspace(root: &Path) -> Result<Workspace> {
    crate::cargo::metadata(root)
}

/// The guests of these names; all for no names.
pub(super) fn select(guests: Vec<Guest>, names: &[String]) -> Result<Vec<Guest>> {
    if names.is_empty() {
        return Ok(guests);
    }
    names.iter().map(|name| find(&guests, name)).collect()
}

fn find(guests: &[Guest], name: &str) -> Result<Guest> {
    guests.iter().find(|guest| guest.name == name).cloned().ok_or_else(|| {
        let known: Vec<&str> = guests.iter().map(|guest| guest.name.as_str()).collect();
        Error::Failed(format!("no guest is named {name:?}; there are {}", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guest(name: &str) -> Guest {
        Guest {
            package: format!("guest-{name}"),
            name: name.to_owned(),
            exports: vec!["on-request".to_owned()],
        }
    }

    #[test]
    fn no_names_mean_all_guests() {
        let all = vec![guest("a"), guest("b")];
        assert_eq!(select(all.clone(), &[]).unwrap(), all);
    }

    #[test]
    fn a_name_selects_its_guest_and_a_wrong_one_is_told_the_right_ones() {
        let all = vec![guest("a"), guest("b")];
        assert_eq!(select(all.clone(), &["b".to_owned()]).unwrap(), [guest("b")]);
        let error = select(all, &["c".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("\"c\"") && error.contains("a, b"), "{error}");
    }

    #[test]
    fn only_marked_packages_are_guests() {
        let text = r#"{ "target_directory": "/t", "packages": [
            { "name": "plain", "metadata": null },
            { "name": "other", "metadata": { "docs": {} } },
            { "name": "guest-a", "metadata": { "sandgate": { "guest": true, "name": "a", "exports": ["on-request"] } } }
        ] }"#;
        let workspace: Workspace = serde_json::from_str(text).unwrap();
        assert_eq!(workspace.guests(), [guest("a")]);
    }
}
