//! What a tenant's file may name: things of its own, its own hosts, and paths within its folder.
//!
//! The file is checked by the same functions as everybody's; they ask here where it matters whose it is.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use config::{HostPattern, OF_TENANT};
use document::{Spanned, quoted};

use super::Check;
use crate::tenants::TenantFolder;

/// Whose file is checked, if it is a tenant's.
pub(crate) struct Scope {
    pub(super) tenant: Arc<str>,
    pub(super) hosts: Vec<HostPattern>,
    pub(super) folder: TenantFolder,
}

impl Check<'_> {
    /// The name under which everybody else knows what the file calls so.
    pub(super) fn full_name(&self, name: &str) -> Arc<str> {
        match &self.scope {
            None => Arc::from(name),
            Some(Scope { tenant, .. }) => Arc::from(format!("{tenant}{OF_TENANT}{name}")),
        }
    }

    /// Whose what the file defines is.
    pub(super) fn tenant(&self) -> Option<Arc<str>> {
        self.scope.as_ref().map(|scope| Arc::clone(&scope.tenant))
    }

    /// Whether the file is a tenant's.
    pub(crate) fn is_tenants(&self) -> bool {
        self.scope.is_some()
    }

    /// Where a path leads.
    pub(super) fn path_of(&mut self, path: &Spanned<String>) -> PathBuf {
        self.path_in(&path.value, path.span)
    }

    /// Where a path leads that is written within a text.
    pub(super) fn path_in(&mut self, path: &str, span: document::Span) -> PathBuf {
        self.located(path).unwrap_or_else(|message| {
            self.complain(span, message, None);
            self.base.join(path)
        })
    }

    /// The same, or why it leads nowhere that may be named here.
    pub(crate) fn located(&self, path: &str) -> Result<PathBuf, String> {
        match &self.scope {
            None => Ok(self.base.join(path)),
            Some(scope) => scope.located(path),
        }
    }

    /// Whether an open file may be read here: between the look at its path and its opening, a link may have changed.
    pub(crate) fn may_read(&self, file: &File) -> Result<(), String> {
        let Some(scope) = &self.scope else { return Ok(()) };
        let real = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()));
        match real {
            Ok(real) if real.starts_with(&scope.folder.real) => Ok(()),
            _ => Err(scope.outside("the file")),
        }
    }

    /// A host that a route is for: one of the tenant's.
    pub(super) fn own_host(&mut self, host: &Spanned<HostPattern>) {
        let Some(scope) = &self.scope else { return };
        if scope.hosts.iter().any(|own| covers(own, &host.value)) {
            return;
        }
        let message = format!("{} is none of the hosts of tenant `{}`", host.value, scope.tenant);
        let own: Vec<String> = scope.hosts.iter().map(ToString::to_string).collect();
        let help = match host.value {
            HostPattern::Exact(_) | HostPattern::Wildcard(_) => format!("its hosts are: {}", own.join(", ")),
            _ => "a tenant's routes name hosts and wildcards such as `*.example.org`".to_owned(),
        };
        self.complain(host.span, message, Some(help));
    }
}

impl Scope {
    fn located(&self, path: &str) -> Result<PathBuf, String> {
        if self.folder.is_shared {
            let folder = quoted(&self.folder.named.display().to_string());
            let tenant = &self.tenant;
            return Err(format!(
                "tenant `{tenant}` can't name files: its folder {folder} holds somebody else's; give it one of its own"
            ));
        }
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if !Path::new(path).components().all(is_plain) {
            return Err(self.outside(&quoted(path)));
        }
        let named = self.folder.named.join(path);
        match self.real(&named) {
            Ok(real) if real.starts_with(&self.folder.real) => Ok(named),
            Ok(_) => Err(self.outside(&quoted(path))),
            Err(error) => Err(format!("{} can't be looked at: {error}", quoted(path))),
        }
    }

    /// Where a path, or what there is of it, really is. A link that leads nowhere leads out: what will be there is not known.
    fn real(&self, path: &Path) -> std::io::Result<PathBuf> {
        for part in path.ancestors() {
            match fs::canonicalize(part) {
                Ok(real) => return Ok(real),
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                Err(_) if fs::symlink_metadata(part).is_ok() => return Ok(PathBuf::from("/")),
                Err(_) => {}
            }
        }
        Ok(PathBuf::from("/"))
    }

    fn outside(&self, path: &str) -> String {
        let folder = quoted(&self.folder.named.display().to_string());
        format!("{path} is outside of the folder of tenant `{}`, {folder}", self.tenant)
    }
}

/// Whether all hosts that one pattern stands for are the other's. Those of others than names and wildcards are nobody's.
fn covers(own: &HostPattern, host: &HostPattern) -> bool {
    match (own, host) {
        (HostPattern::Exact(own), HostPattern::Exact(host)) => own == host,
        (HostPattern::Wildcard(_), HostPattern::Exact(host)) => own.is_match(host),
        (HostPattern::Wildcard(own_end), HostPattern::Wildcard(end)) => own_end == end || own.is_match(end),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_what_is_below_it_and_nothing_beside() {
        let exact = |text: &str| HostPattern::Exact(text.to_owned());
        let wildcard = |text: &str| HostPattern::Wildcard(text.to_owned());
        for (own, host, is_own) in [
            (exact("a.b"), exact("a.b"), true),
            (exact("a.b"), exact("x.a.b"), false),
            (exact("a.b"), wildcard("a.b"), false),
            (wildcard("a.b"), exact("x.a.b"), true),
            (wildcard("a.b"), exact("a.b"), false),
            (wildcard("a.b"), exact("xa.b"), false),
            (wildcard("a.b"), wildcard("a.b"), true),
            (wildcard("a.b"), wildcard("x.a.b"), true),
            (wildcard("a.b"), wildcard("xa.b"), false),
            (wildcard("a.b"), wildcard("b"), false),
            (wildcard("a.b"), HostPattern::Trailing("x.a".to_owned()), false),
        ] {
            assert_eq!(covers(&own, &host), is_own, "{own} {host}");
        }
    }
}
