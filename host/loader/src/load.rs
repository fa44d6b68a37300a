//! The way from a file or a folder to a [`Config`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::Config;
use document::{Diagnostic, Field, Parsed, Report, Source, Span};
use raw::{DIALECT, File};

use crate::check::Check;
use crate::tenants::{Base, Tenancies};

/// A configuration, and where it came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Its file or folder, absolute.
    pub path: PathBuf,
    /// All that was read for it: a change of any file makes it another, and so does one of what is in the folder.
    pub files: Vec<PathBuf>,
}

/// Reads and checks a file, or the files of a folder. Paths in them are relative to the folder that they are in.
pub fn load(path: &Path) -> Result<Loaded, Report> {
    let shown = if path.is_dir() { Some(path) } else { path.parent() };
    load_for(path, shown.unwrap_or(Path::new("")))
}

/// The same, with paths that are relative to another folder.
pub fn load_for(path: &Path, folder: &Path) -> Result<Loaded, Report> {
    let unreadable = |error| Diagnostic::unreadable(path, &error);
    let absolute = std::path::absolute(path).map_err(unreadable)?;
    // The folder of a bare name is the one that we are in, which has no name of its own.
    let shown = folder;
    let folder = std::path::absolute(Path::new(".").join(folder)).map_err(unreadable)?;
    let (config, others) = read_source(Source::read(path)?, Base { folder: &folder, shown })?;
    let files = [absolute.clone()].into_iter().chain(others).collect();
    Ok(Loaded { config, path: absolute, files })
}

/// Checks a text; `name` is what diagnostics call it, `base` the folder that paths in it are relative to.
pub fn parse(name: &str, text: &str, base: &Path) -> Result<Config, Report> {
    read_source(Source::named(name, text)?, Base { folder: base, shown: base }).map(|(config, _)| config)
}

/// The configuration, and the files that its variables and its tenants named.
pub(crate) fn read_source(source: Source, base: Base<'_>) -> Result<(Config, Vec<PathBuf>), Report> {
    let source = Arc::new(source);
    let Parsed { value, root, mut problems } = document::parse::<File>(&source, &DIALECT)?;
    let no_tenants = Field::Absent;
    let tenants = value.as_ref().map_or(&no_tenants, |file| &file.tenants);
    let mut tenancies = Tenancies::read(source, tenants, base);
    problems.append(&mut tenancies.problems);
    let source = Arc::clone(&tenancies.source);
    let mut check = Check::new(&source, base.folder);
    let config = value.and_then(|file| check.config(file, &tenancies));
    problems.append(&mut check.problems);
    match config {
        Some(config) if problems.is_empty() => Ok((config, check.files)),
        _ if problems.is_empty() => Err(nothing(&source, root)),
        _ => Err(Report::new(problems)),
    }
}

/// A report is never empty: whoever prints it would say nothing and fail.
fn nothing(source: &Arc<Source>, root: Span) -> Report {
    Diagnostic::at(source, root, "this is no configuration".to_owned(), None).into()
}
