//! The configuration that cases are run with: the author's own, but for where it listens, where endpoints are, and where its
//! logs go. Sandbox, limits and grants, routes and filters stay as they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use document::{Diagnostic, Dialect, Parsed, Report, Source, Spanned};

use crate::case::Settings;
use crate::endpoints::Endpoints;
use crate::tree::{Read, Tree};

/// Any free port.
const ANYWHERE: &str = "127.0.0.1:0";
/// How often a weigher is asked, so that no case has to wait for it.
const INTERVAL: &str = "100ms";
/// Where clients come from and in what they are spoken to: cases come over plain connections.
const OF_LISTENERS: [&str; 3] = ["tls", "mode", "proxy_protocol"];
/// How endpoints are spoken to, and what asks them unbidden: those of cases speak HTTP/1.1, and count who asks them.
const OF_UPSTREAMS: [&str; 5] = ["health", "tls", "protocol", "http2", "proxy_protocol"];
/// Levels of the process log at which it says what cases wait for.
const TALKATIVE: [&str; 3] = ["info", "debug", "trace"];

/// Nothing is to come, and variables are none of ours.
pub(crate) const PLAIN: Dialect = Dialect { planned: &[], instead: &[], variables: "" };

/// A configuration, as far as cases need to know it.
#[derive(Clone, Debug)]
pub struct Scene {
    tree: Tree,
    folder: PathBuf,
}

impl Scene {
    /// Reads a configuration, a file or a folder. Whether it could be run is for Sandgate to say.
    pub fn read(path: &Path) -> Result<Scene, Report> {
        let absolute = std::path::absolute(path).map_err(|error| Diagnostic::unreadable(path, &error))?;
        let folder = if path.is_dir() { Some(absolute.as_path()) } else { absolute.parent() };
        let folder = folder.unwrap_or(Path::new("/")).to_owned();
        let source = Arc::new(Source::read(path)?);
        let Parsed { value, root, problems } = document::parse::<Read>(&source, &PLAIN)?;
        let read = value.filter(|read| problems.is_empty() && matches!(read, Read::Map(_)));
        match read {
            Some(value) => Ok(Scene { tree: Tree::of(&source, &Spanned { value, span: root }), folder }),
            None if problems.is_empty() => {
                Err(Diagnostic::at(&source, root, "this is no configuration".to_owned(), None).into())
            }
            None => Err(Report::new(problems)),
        }
    }

    /// Its folder, which paths in it are relative to.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The names of its plugins.
    pub fn plugins(&self) -> Vec<&str> {
        self.tree.get("plugins").into_iter().flat_map(Tree::keys).collect()
    }

    /// What it says of each plugin, to be changed.
    pub fn plugins_mut(&mut self) -> Vec<&mut Tree> {
        self.tree.get_mut("plugins").map(Tree::values_mut).unwrap_or_default()
    }

    /// The names of its listeners.
    pub(crate) fn listeners(&self) -> Vec<&str> {
        let listeners = self.tree.get("listeners").map(Tree::values).unwrap_or_default();
        listeners.into_iter().filter_map(|listener| listener.text("name")).collect()
    }

    /// The addresses of its endpoints, each once.
    pub(crate) fn endpoints(&self) -> Vec<&str> {
        let upstreams = self.tree.get("upstreams").map(Tree::values).unwrap_or_default();
        let lists = upstreams.into_iter().filter_map(|upstream| upstream.get("endpoints"));
        let mut addresses = Vec::new();
        for address in lists.flat_map(Tree::values).filter_map(address) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        addresses
    }

    /// The configuration to be run, as text.
    pub(crate) fn filled(&self, endpoints: &Endpoints, settings: Option<&Settings>) -> String {
        let mut tree = self.tree.clone();
        *tree.section("server").section("workers") = Tree::Plain("1".to_owned());
        tree.section("admin").set("address", ANYWHERE);
        fill_log(tree.section("log"));
        for listener in tree.section("listeners").values_mut() {
            listener.set("address", ANYWHERE);
            OF_LISTENERS.iter().for_each(|key| listener.remove(key));
        }
        if let Some(Settings { plugin, value }) = settings {
            *tree.section("plugins").section(plugin).section("settings") = value.clone();
        }
        let upstreams = tree.get_mut("upstreams").map(Tree::values_mut).unwrap_or_default();
        upstreams.into_iter().for_each(|upstream| fill_upstream(upstream, endpoints));
        tree.to_string()
    }
}

/// Each request gets a line, and what plugins log is there.
fn fill_log(log: &mut Tree) {
    log.remove("access");
    log.section("access").set("format", "json");
    log.section("access").set("path", "stdout");
    if !log.text("level").is_some_and(|level| TALKATIVE.contains(&level)) {
        log.set("level", "info");
    }
}

fn fill_upstream(upstream: &mut Tree, endpoints: &Endpoints) {
    OF_UPSTREAMS.iter().for_each(|key| upstream.remove(key));
    if let Some(interval) = upstream.get_mut("balance").and_then(|balance| balance.get_mut("interval")) {
        *interval = Tree::Text(INTERVAL.to_owned());
    }
    let written = upstream.get_mut("endpoints").map(Tree::values_mut).unwrap_or_default();
    for endpoint in written {
        let Some(url) = address(endpoint).and_then(|name| endpoints.url(name)) else { continue };
        match endpoint {
            Tree::Text(address) => *address = url,
            form => form.set("address", &url),
        }
    }
}

/// An endpoint's address, be it alone or with its weight.
fn address(endpoint: &Tree) -> Option<&str> {
    match endpoint {
        Tree::Text(address) => Some(address),
        form => form.text("address"),
    }
}
