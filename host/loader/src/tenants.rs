//! Tenants' own files: where they are, and their texts. What they say is checked in `check/tenants.rs`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use document::{Diagnostic, FOLDER_LIMIT, Field, Map, Part, Report, Source, Span, Spanned, quoted};

/// The most tenants.
pub(crate) const TENANT_LIMIT: usize = 1_000;
/// The longest that the files of all tenants may be together, in bytes.
const TEXT_LIMIT: usize = 4 * FOLDER_LIMIT;

/// A folder that paths are relative to.
#[derive(Clone, Copy)]
pub(crate) struct Base<'a> {
    /// Absolute.
    pub(crate) folder: &'a Path,
    /// As the user named it.
    pub(crate) shown: &'a Path,
}

/// What was read of tenants.
pub(crate) struct Tenancies {
    /// The configuration's text, followed by those of the tenants.
    pub(crate) source: Arc<Source>,
    /// By the tenant's name; of one whose files can't be read, nothing.
    pub(crate) files: HashMap<String, TenantFiles>,
    pub(crate) problems: Vec<Diagnostic>,
}

/// The files of one tenant.
pub(crate) struct TenantFiles {
    /// The file or folder, absolute.
    pub(crate) path: PathBuf,
    pub(crate) part: Part,
    pub(crate) folder: TenantFolder,
}

/// The folder that a tenant's paths are relative to, and don't lead out of.
#[derive(Clone, Debug)]
pub(crate) struct TenantFolder {
    /// Absolute, as it was named.
    pub(crate) named: PathBuf,
    /// The same without symbolic links.
    pub(crate) real: PathBuf,
    /// Whether something of somebody else's is in it.
    pub(crate) is_shared: bool,
}

impl Tenancies {
    /// Reads the files that the section names.
    pub(crate) fn read(source: Arc<Source>, tenants: &Field<Map<raw::Tenant>>, base: Base<'_>) -> Self {
        let mut reading =
            Reading { source: &source, base, read: Vec::new(), length: 0, problems: Vec::new() };
        let tenants = tenants.value().into_iter().flatten().take(TENANT_LIMIT);
        for (name, tenant) in tenants {
            if let Some(config) = tenant.value().and_then(|tenant| given(&tenant.config)) {
                reading.tenant(&name.value, config);
            }
        }
        let Reading { mut read, problems, .. } = reading;
        if read.is_empty() {
            return Tenancies { source, files: HashMap::new(), problems };
        }
        note_shared(&mut read, base);
        let sources = std::iter::once(source.as_ref()).chain(read.iter().map(|(_, own, _)| own));
        let (joined, parts) = Source::joined(sources);
        let files = read.into_iter().zip(parts.into_iter().skip(1));
        let files = files.map(|((name, _, (path, folder)), part)| (name, TenantFiles { path, part, folder }));
        Tenancies { source: Arc::new(joined), files: files.collect(), problems }
    }
}

/// A tenant's name, its text, and where that was.
type Read = (String, Source, (PathBuf, TenantFolder));

struct Reading<'a> {
    source: &'a Arc<Source>,
    base: Base<'a>,
    read: Vec<Read>,
    length: usize,
    problems: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn tenant(&mut self, name: &str, config: &Spanned<String>) {
        let shown = self.base.shown.join(&config.value);
        let read = match text(&shown) {
            Ok(read) => read,
            Err(Unread::Told(report)) => return self.problems.extend(report.diagnostics),
            Err(Unread::Error(message)) => return self.complain(config.span, message),
        };
        self.length = self.length.saturating_add(read.length());
        if self.length > TEXT_LIMIT {
            let message = format!("the files of all tenants are longer than {TEXT_LIMIT} bytes together");
            return self.complain(config.span, message);
        }
        let path = self.base.folder.join(&config.value);
        let named = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
        let named = named.unwrap_or(Path::new("/")).to_owned();
        match fs::canonicalize(&named) {
            Ok(real) => {
                let folder = TenantFolder { named, real, is_shared: false };
                self.read.push((name.to_owned(), read, (path, folder)));
            }
            Err(error) => self.complain(config.span, unreadable(&named, &error)),
        }
    }

    fn complain(&mut self, span: Span, message: String) {
        self.problems.push(Diagnostic::at(self.source, span, message, None));
    }
}

enum Unread {
    /// With diagnostics of its own.
    Told(Report),
    Error(String),
}

/// A pipe or a device would keep the reader waiting, or never end.
fn text(path: &Path) -> Result<Source, Unread> {
    let meta = fs::metadata(path).map_err(|error| Unread::Error(unreadable(path, &error)))?;
    if !meta.is_file() && !meta.is_dir() {
        let shown = quoted(&path.display().to_string());
        return Err(Unread::Error(format!("{shown} is no regular file")));
    }
    Source::read(path).map_err(Unread::Told)
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("{} can't be read: {error}", quoted(&path.display().to_string()))
}

/// Finds the folders that hold something of another tenant, or of the configuration itself.
fn note_shared(read: &mut [Read], base: Base<'_>) {
    let main = fs::canonicalize(base.folder).ok();
    // What is in a folder comes right after it.
    let mut folders: Vec<PathBuf> = read.iter().map(|(_, _, (_, folder))| folder.real.clone()).collect();
    folders.extend(main);
    folders.sort_unstable();
    for (_, _, (_, folder)) in read {
        let after = folders.partition_point(|other| *other <= folder.real);
        let before = folders.partition_point(|other| *other < folder.real);
        let holds_next = folders.get(after).is_some_and(|next| next.starts_with(&folder.real));
        folder.is_shared = after.saturating_sub(before) > 1 || holds_next;
    }
}

fn given<T>(field: &Field<T>) -> Option<&Spanned<T>> {
    match field {
        Field::Given(given) => Some(given),
        Field::Absent | Field::Broken => None,
    }
}
