//! Who alone knows what: the packages that one crate of `host/` depends on and no other may.
//!
//! deny.toml holds the same rules against what comes in by way of others. Tests may know anything.

use super::{Breach, Crate};

/// A crate, and the packages that only it knows.
struct Owner {
    name: &'static str,
    packages: &'static [&'static str],
    /// Others that may know them, with a reason in the map.
    also: &'static [&'static str],
    /// What is lost when a second crate knows them.
    why: &'static str,
}

const OWNERS: [Owner; 12] = [
    Owner {
        name: "transport",
        packages: &["rustls", "rustls-native-certs", "tokio-rustls", "x509-parser"],
        also: &[],
        why: "everything else sees facts of a connection, never keys or certificates",
    },
    Owner {
        name: "inbound",
        packages: &["hyper", "hyper-util"],
        also: &["outbound", "control"],
        why: "everything else sees requests and responses, never a connection",
    },
    Owner {
        name: "inbound",
        packages: &["h2"],
        also: &["gate", "outbound"],
        why: "everything else sees requests and responses, never a connection",
    },
    Owner {
        name: "outbound",
        packages: &["hickory-resolver"],
        also: &[],
        why: "everything else sees where a name leads, never DNS",
    },
    Owner {
        name: "sandbox",
        packages: &["wasmtime"],
        also: &["aot", "contract", "wasi", "service", "module", "proxy_wasm", "http_wasm", "wasm"],
        why: "everything else sees filters, routers and balancers, never a component",
    },
    Owner {
        name: "sandbox",
        packages: &["wasmtime-wasi", "wasmtime-wasi-http"],
        also: &["wasi", "service"],
        why: "contracts of our own know nothing of WASI's",
    },
    Owner {
        name: "wasm",
        packages: &["wasmtime-wizer", "jsonschema"],
        also: &[],
        why: "one place loads plugins",
    },
    Owner {
        name: "document",
        packages: &["saphyr-parser", "annotate-snippets"],
        also: &[],
        why: "everything else sees typed values with their places, never YAML or lines of text",
    },
    Owner {
        name: "raw",
        packages: &["schemars"],
        also: &["document", "config"],
        why: "everything else sees the checked configuration, never the file's format",
    },
    Owner { name: "upkeep", packages: &["notify"], also: &[], why: "one place watches files" },
    Owner {
        name: "control",
        packages: &["axum", "prometheus-client"],
        also: &[],
        why: "what operators are shown is kept away from the way of requests",
    },
    Owner { name: "host", packages: &["clap"], also: &[], why: "only the binary has a command line" },
];

/// The tests of the whole, whose clients and origins speak for themselves.
const TESTS: &str = "sandgate-tests";

/// What is known by whom it must not be known.
pub(super) fn breaches(crates: &[Crate]) -> Vec<Breach> {
    crates.iter().filter(|each| each.name != TESTS).flat_map(of_crate).collect()
}

fn of_crate(each: &Crate) -> Vec<Breach> {
    let mut found = Vec::new();
    for dependency in each.dependencies.iter().filter(|dependency| !dependency.is_for_tests()) {
        let owner = OWNERS.iter().find(|owner| owner.packages.contains(&dependency.name.as_str()));
        let stranger = |owner: &&Owner| owner.name != each.name && !owner.also.contains(&each.name.as_str());
        if let Some(Owner { name, why, .. }) = owner.filter(stranger) {
            let rule = format!("only `{name}` knows {}: {why}", dependency.name);
            found.push(each.breach(dependency.key(), rule));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knowing(name: &str, package: &str, kind: Option<&str>) -> Crate {
        let mut sample = Crate::sample(name, &[package]);
        for dependency in &mut sample.dependencies {
            (dependency.name, dependency.kind) = (package.to_owned(), kind.map(str::to_owned));
        }
        sample
    }

    #[test]
    fn only_the_owner_knows_a_package_and_tests() {
        assert!(breaches(&[knowing("inbound", "hyper", None)]).is_empty());
        assert!(breaches(&[knowing("proxy", "hyper", Some("dev"))]).is_empty());
        assert!(breaches(&[knowing(TESTS, "rustls", None)]).is_empty());
        assert!(breaches(&[knowing(TESTS, "h2", None)]).is_empty());
        assert!(breaches(&[knowing("proxy", "bytes", None)]).is_empty());
        let found = breaches(&[knowing("proxy", "hyper", None)]);
        assert!(found[0].to_string().starts_with("host/proxy/Cargo.toml:2: only `inbound` knows hyper: "));
    }
}
