//! The configuration that was read last, so that it is not read again for a component that has changed.
//!
//! A configuration of thousands of plugins takes longer to read and check than all else that a reload of it does. What it
//! says depends on nothing but its files and the environment of the process. With tenants it does: what paths in their files lead
//! to is looked at when they are read, so those are read each time.

use std::fs::{self, Metadata};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use config::Config;
use loader::Loaded;
use model::Stamp;

/// A configuration, and how its files are known.
pub(super) struct Last {
    config: Arc<Config>,
    files: Vec<PathBuf>,
    stamps: Vec<(PathBuf, Stamp)>,
}

impl Last {
    /// Of a reading that began at that time; none if it is not known for certain what was read.
    pub(super) fn of(loaded: Loaded, read_since: SystemTime) -> (Arc<Config>, Vec<PathBuf>, Option<Last>) {
        let Loaded { config, files, .. } = loaded;
        let config = Arc::new(config);
        let has_settled = |meta: &Metadata| Stamp::settled(meta, read_since);
        let stamps = if config.tenants.is_empty() { stamps(&files, has_settled) } else { None };
        let last = stamps.map(|stamps| Last { config: Arc::clone(&config), files: files.clone(), stamps });
        (config, files, last)
    }

    /// What was read, if reading it again would give the same.
    pub(super) fn still(&self) -> Option<(Arc<Config>, Vec<PathBuf>)> {
        let now = stamps(&self.files, |meta| Some(Stamp::now(meta)))?;
        (now == self.stamps).then(|| (Arc::clone(&self.config), self.files.clone()))
    }
}

/// Those of files, and of the files of folders; none if one has none.
fn stamps(files: &[PathBuf], of: impl Fn(&Metadata) -> Option<Stamp>) -> Option<Vec<(PathBuf, Stamp)>> {
    let mut stamps = Vec::new();
    for path in files {
        let meta = fs::metadata(path).ok()?;
        let listed = if meta.is_dir() { document::listing(path).ok()? } else { Vec::new() };
        stamps.push((path.clone(), of(&meta)?));
        for file in listed {
            let stamp = of(&fs::metadata(&file).ok()?)?;
            stamps.push((file, stamp));
        }
    }
    Some(stamps)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;

    const MINIMAL: &str = "version: 1\nlisteners: [{ name: web, address: '127.0.0.1:0' }]\n";
    const TENANT: &str = "tenants: { acme: { hosts: [acme.example.net], config: acme.yaml } }\n";
    const VARIABLE: &str = "plugins: { it: { wasm: it.wasm, settings: '${file:name}' } }\n";

    /// What is read of a path long after it was written.
    fn last(path: &Path) -> (Arc<Config>, Option<Last>) {
        let later = SystemTime::now() + Duration::from_secs(60);
        let (config, _, last) = Last::of(loader::load(path).unwrap(), later);
        (config, last)
    }

    fn is_still(last: Option<&Last>, config: &Arc<Config>) -> bool {
        last.and_then(Last::still).is_some_and(|(same, _)| Arc::ptr_eq(&same, config))
    }

    #[test]
    fn a_file_is_known_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.yaml");
        fs::write(&path, MINIMAL).unwrap();
        let (config, known) = last(&path);
        assert!(is_still(known.as_ref(), &config));
        fs::write(&path, format!("{MINIMAL}#\n")).unwrap();
        assert!(!is_still(known.as_ref(), &config));
        fs::remove_file(&path).unwrap();
        assert!(!is_still(known.as_ref(), &config));
    }

    #[test]
    fn a_file_that_has_just_changed_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.yaml");
        fs::write(&path, MINIMAL).unwrap();
        assert!(Last::of(loader::load(&path).unwrap(), SystemTime::now()).2.is_none());
    }

    #[test]
    fn a_folder_is_known_by_all_of_its_files() {
        for change in ["one.yaml", "another.yaml"] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("one.yaml"), MINIMAL).unwrap();
            let (config, known) = last(folder.path());
            assert!(is_still(known.as_ref(), &config));
            fs::write(folder.path().join(change), "# nothing\n").unwrap();
            assert!(!is_still(known.as_ref(), &config), "{change}");
        }
    }

    #[test]
    fn what_variables_put_in_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let [path, name] = ["it.yaml", "name"].map(|name| folder.path().join(name));
        fs::write(&path, format!("{MINIMAL}{VARIABLE}")).unwrap();
        fs::write(&name, "one").unwrap();
        let (config, known) = last(&path);
        assert!(is_still(known.as_ref(), &config));
        fs::write(&name, "other").unwrap();
        assert!(!is_still(known.as_ref(), &config));
    }

    #[test]
    fn what_paths_of_tenants_lead_to_is_looked_at_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.yaml");
        fs::write(&path, format!("{MINIMAL}{TENANT}")).unwrap();
        fs::write(folder.path().join("acme.yaml"), "version: 1\n").unwrap();
        assert!(last(&path).1.is_none());
    }
}
