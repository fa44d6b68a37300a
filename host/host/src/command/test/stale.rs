//! Whether what is tested was built from the sources as they are: cases that hold for yesterday's component tell nothing.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use workshop::Project;

/// What is in a project's folder and no source: a change of it needs no build.
const OTHERS: [&str; 3] = ["yaml", "md", "lock"];

/// Says so, if a folder is a project whose component has to be built.
pub(super) fn tell(folder: &Path) {
    let Ok(project) = Project::open(folder) else { return };
    if let Some(why) = stale(&project) {
        // Where nobody reads it, the cases are run all the same.
        let _ = writeln!(std::io::stderr().lock(), "{why}: `sandgate build` builds it");
    }
}

fn stale(project: &Project) -> Option<String> {
    let component = project.component();
    let shown = |path: &Path| path.strip_prefix(&project.folder).unwrap_or(path).display().to_string();
    let Some(built) = modified(&component) else { return Some(format!("there is no {}", shown(&component))) };
    let newer = |path: &PathBuf| is_source(path) && modified(path).is_some_and(|saved| saved > built);
    let newer = project.sources().into_iter().find(newer)?;
    Some(format!("{} is older than {}", shown(&component), shown(&newer)))
}

fn is_source(path: &Path) -> bool {
    let kind = path.extension().and_then(|kind| kind.to_str());
    kind.is_some_and(|kind| !OTHERS.contains(&kind))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_component_is_stale_when_it_is_not_there_or_older_than_a_source() {
        let below = tempfile::tempdir().unwrap();
        let folder = below.path().join("it");
        fs::create_dir_all(folder.join("build")).unwrap();
        fs::write(folder.join("Cargo.toml"), "").unwrap();
        let project = Project::open(&folder).unwrap();
        assert_eq!(stale(&project).as_deref(), Some("there is no build/it.wasm"));
        fs::write(folder.join("build/it.wasm"), "").unwrap();
        let save = |name: &str, after: u64| {
            let file = fs::File::create(folder.join(name)).unwrap();
            file.set_modified(SystemTime::now() + Duration::from_secs(after)).unwrap();
        };
        save("cases.yaml", 10);
        assert_eq!(stale(&project), None);
        save("lib.rs", 10);
        assert_eq!(stale(&project).as_deref(), Some("build/it.wasm is older than lib.rs"));
    }
}
