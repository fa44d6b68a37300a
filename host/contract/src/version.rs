//! The contract's versions: which of `sandgate:proxy` this host speaks, and which a component was built for.
//!
//! Versions whose minor is the same make a line: a later one has all of the earlier, and functions that these don't have. So of
//! each line the host links the newest, which serves components of all. Lines are linked side by side, and know nothing of
//! each other. What is promised, and how a line is added, is in `wit/README.md`.

use sandbox::{Context, Known};
use wasmtime::component::{Component, Linker};

use crate::imports;

/// The package that the contract is.
pub const PACKAGE: &str = "sandgate:proxy";
/// The names of the interfaces that make a component a plugin.
pub const HOOKS: [&str; 11] = [
    "plugin",
    "on-request",
    "on-request-body",
    "on-response",
    "on-response-body",
    "on-log",
    "router",
    "reroute",
    "picker",
    "on-outcomes",
    "weigher",
];

/// A line of versions, each of which a later one can stand in for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Line {
    /// Those that begin with 0.1.
    #[default]
    V0_1,
}

/// A released version: three numbers. What has more to it (`0.2.0-rc.1`) was never promised to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Version([u64; 3]);

impl Line {
    /// All that the host speaks, the newest first: that is the order in which a component's hooks are looked for.
    pub(crate) const ALL: [Line; 1] = [Line::V0_1];

    /// Its first version, and its newest: `wit/` has the one, and all before it are archived there.
    const fn versions(self) -> (&'static str, &'static str) {
        match self {
            Line::V0_1 => ("0.1.0", "0.1.1"),
        }
    }

    /// The newest line that a component exports hooks of.
    pub(crate) fn of(component: &Component) -> Option<Line> {
        let has = |line: &Line| {
            HOOKS.iter().any(|hook| component.get_export_index(None, line.interface(hook).as_str()).is_some())
        };
        Line::ALL.into_iter().find(has)
    }

    /// The name of one of its interfaces. The component model finds earlier versions by it too.
    pub(crate) fn interface(self, name: &str) -> String {
        format!("{PACKAGE}/{name}@{}", self.versions().1)
    }

    /// Makes its imports known.
    fn link(self, linker: &mut Linker<Context>) -> wasmtime::Result<()> {
        match self {
            Line::V0_1 => imports::add_to_linker(linker),
        }
    }
}

/// All lines in one linker.
pub fn add_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    Line::ALL.into_iter().try_for_each(|line| line.link(linker))
}

/// The newest version that this host speaks, with the package's name.
pub fn newest() -> String {
    format!("{PACKAGE}@{}", Line::default().versions().1)
}

/// All versions of the contract that this host speaks, for a sentence.
pub fn spoken() -> String {
    let lines = Line::ALL.map(|line| match line.versions() {
        (first, newest) if first == newest => newest.to_owned(),
        (first, newest) => format!("{first} to {newest}"),
    });
    lines.join(", ")
}

/// The version in the name of an interface of the contract, if it is one.
pub fn version_in(interface: &str) -> Option<&str> {
    parts(interface).map(|(_, version)| version)
}

/// Whether it is the name of a hook, of whatever version.
pub fn is_hook(export: &str) -> bool {
    parts(export).is_some_and(|(name, _)| HOOKS.contains(&name))
}

/// Name and version of an interface of the contract.
fn parts(interface: &str) -> Option<(&str, &str)> {
    interface.strip_prefix(PACKAGE)?.strip_prefix('/')?.split_once('@')
}

/// What this host makes of a version.
pub fn known(version: &str) -> Known {
    let Some(version) = Version::parse(version) else { return Known::Elsewhere };
    let mut newest = Line::ALL.into_iter().filter_map(|line| Version::parse(line.versions().1));
    match newest.find(|newest| newest.line() == version.line()) {
        Some(newest) if version <= newest => Known::Here,
        Some(_) => Known::Earlier,
        None => Known::Elsewhere,
    }
}

impl Version {
    fn parse(text: &str) -> Option<Version> {
        let mut numbers = text.split('.').map(|number| number.parse().ok());
        let version = Version([numbers.next()??, numbers.next()??, numbers.next()??]);
        numbers.next().is_none().then_some(version)
    }

    /// As the component model has it: up to the first number that is not 0.
    fn line(self) -> (u64, u64) {
        match self.0 {
            [0, minor, _] => (0, minor),
            [major, ..] => (major, 0),
        }
    }
}

#[cfg(test)]
mod tests;
