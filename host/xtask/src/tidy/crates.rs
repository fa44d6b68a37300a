//! Rules for the crates: their arrows, what each alone knows, and their manifests.

mod arrows;
mod manifests;
mod owners;

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Breach;
use crate::error::{Error, Result};

/// What `cargo metadata` says, as far as the rules go.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    description: Option<String>,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
    metadata: Option<serde_json::Value>,
}

/// One line of a manifest's `[dependencies]`, or of the dev or build ones.
#[derive(Clone, Deserialize)]
struct Dependency {
    /// The package's name in its registry.
    name: String,
    /// What this crate calls it, if it calls it otherwise.
    rename: Option<String>,
    /// None for an ordinary one.
    kind: Option<String>,
}

/// A crate of the workspace.
struct Crate {
    /// Its name in the map: its folder's for what is in `host/`, [`GUESTS`] for guests, else the package's.
    name: String,
    package: String,
    description: String,
    /// Its manifest, from the root.
    path: String,
    /// What is in its manifest.
    manifest: String,
    dependencies: Vec<Dependency>,
}

/// The one name of all guests in the map.
const GUESTS: &str = "guests";

/// What is wrong with the crates.
pub(super) fn breaches(root: &Path) -> Result<Vec<Breach>> {
    let metadata: Metadata = crate::cargo::metadata(root)?;
    let crates: Vec<Crate> = metadata.packages.iter().map(|p| Crate::read(root, p)).collect::<Result<_>>()?;
    let mut found = arrows::breaches(&crates, &read(&root.join(arrows::MAP))?);
    found.extend(owners::breaches(&crates));
    found.extend(manifests::breaches(&crates));
    found.extend(manifests::members(&read(&root.join("Cargo.toml"))?));
    Ok(found)
}

impl Crate {
    fn read(root: &Path, package: &Package) -> Result<Self> {
        let path = package.manifest_path.strip_prefix(root).unwrap_or(&package.manifest_path);
        Ok(Crate {
            name: map_name(package, path),
            package: package.name.clone(),
            description: package.description.clone().unwrap_or_default(),
            path: path.display().to_string(),
            manifest: read(&package.manifest_path)?,
            dependencies: package.dependencies.clone(),
        })
    }

    /// A breach at the manifest's line that begins with this name; at its first line if there is none.
    fn breach(&self, name: &str, rule: impl Into<String>) -> Breach {
        let is_it =
            |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '.', '=']));
        let line = self.manifest.lines().position(is_it).map_or(1, |at| at + 1);
        Breach::new(&self.path, line, rule)
    }
}

impl Dependency {
    /// As the manifest calls it.
    fn key(&self) -> &str {
        self.rename.as_ref().unwrap_or(&self.name)
    }

    fn is_for_tests(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

fn map_name(package: &Package, path: &Path) -> String {
    let is_guest = package.metadata.as_ref().and_then(|m| m.pointer("/sandgate/guest"));
    if is_guest.and_then(serde_json::Value::as_bool) == Some(true) {
        return GUESTS.to_owned();
    }
    let folder = path.strip_prefix("host").ok().and_then(Path::parent);
    folder.map_or_else(|| package.name.clone(), |folder| folder.display().to_string())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| Error::file("read", path, &e))
}

#[cfg(test)]
impl Crate {
    /// One with these dependencies, called as they are named.
    fn sample(name: &str, dependencies: &[&str]) -> Self {
        let lines: String = dependencies.iter().map(|name| format!("{name}.workspace = true\n")).collect();
        let dependency = |name: &&str| Dependency {
            name: format!("sandgate-{name}"),
            rename: Some((*name).to_owned()),
            kind: None,
        };
        Crate {
            name: name.to_owned(),
            package: format!("sandgate-{name}"),
            description: "A crate.".to_owned(),
            path: format!("host/{name}/Cargo.toml"),
            manifest: format!("[dependencies]\n{lines}\n[lints]\nworkspace = true\n"),
            dependencies: dependencies.iter().map(dependency).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_called_as_in_the_map() {
        let package = |name: &str, metadata| Package {
            name: name.to_owned(),
            description: None,
            manifest_path: PathBuf::new(),
            dependencies: Vec::new(),
            metadata,
        };
        let guest = Some(serde_json::json!({ "sandgate": { "guest": true } }));
        let name = |package: &Package, path: &str| map_name(package, Path::new(path));
        assert_eq!(name(&package("sandgate", None), "host/host/Cargo.toml"), "host");
        assert_eq!(name(&package("sandgate-sdk", None), "sdk/rust/Cargo.toml"), "sandgate-sdk");
        assert_eq!(name(&package("hostile", guest), "tests/guests/hostile/Cargo.toml"), GUESTS);
    }

    #[test]
    fn a_breach_is_at_the_line_of_its_dependency() {
        let sample = Crate::sample("net", &["model", "model-more"]);
        assert_eq!(sample.breach("model-more", "x").to_string(), "host/net/Cargo.toml:3: x");
        assert_eq!(sample.breach("absent", "x").to_string(), "host/net/Cargo.toml:1: x");
    }
}
