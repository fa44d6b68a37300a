//! What a file holds, and whether it could be loaded as a plugin: for `sandgate inspect`, and for the sentence that a
//! refused configuration shows.

use std::collections::BTreeSet;
use std::sync::Arc;

use aot::{Code, MachineCode};
use sandbox::{Dialect, Engine, Grant, Grants, Known, LoadError, Needs, Waits};
use wasmtime::ImportType;

use contract::{FREE, HOOKS};

use crate::core::Contract;

/// Of a component's interfaces, all whose names begin so are granted: nothing is behind them.
const WASI: &str = "wasi:";

/// A kind of WebAssembly file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A component.
    Component,
    /// A core module.
    Module,
}

/// What a file has.
#[derive(Clone, Debug)]
pub struct Anatomy {
    /// Which kind of WebAssembly it is.
    pub kind: Kind,
    /// Bytes of the file.
    pub size: u64,
    /// Names of what it exports.
    pub exports: Vec<String>,
    /// Names of what it imports.
    pub imports: Vec<String>,
}

/// Whether a component could be loaded.
pub type WorldCheck = Result<(), LoadError>;

impl Anatomy {
    pub(crate) async fn of(engine: &Engine, bytes: &Arc<[u8]>) -> Result<(Code, Anatomy), LoadError> {
        let kind = check_kind(bytes)?;
        let wasmtime = &engine.machinery_for(Dialect::of(bytes))?.wasmtime;
        let code = engine.code(bytes).await;
        let code = code.map_err(|error| LoadError::Damaged(format!("{error:#}")))?;
        let (exports, imports) = match &code.machine {
            MachineCode::Component(component) => {
                let ty = component.component_type();
                let exports = ty.exports(wasmtime).map(|(name, _)| name.to_owned()).collect();
                (exports, ty.imports(wasmtime).map(|(name, _)| name.to_owned()).collect())
            }
            MachineCode::Module(module) => {
                let import = |import: ImportType<'_>| format!("{}.{}", import.module(), import.name());
                let exports = module.exports().map(|export| export.name().to_owned()).collect();
                (exports, module.imports().map(import).collect())
            }
        };
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok((code, Anatomy { kind, size, exports, imports }))
    }

    /// The versions of the contract that it has interfaces of, as `sandgate:proxy@0.1.0`, and what the host makes of them.
    pub fn contracts(&self) -> Vec<(String, Known)> {
        if self.kind == Kind::Module {
            let contract = Contract::of(&self.exports);
            return contract.map(|contract| (contract.name().to_owned(), Known::Here)).into_iter().collect();
        }
        let names = self.exports.iter().chain(&self.imports);
        let versions: BTreeSet<&str> = names.filter_map(|name| contract::version_in(name)).collect();
        let named = |version| (format!("{}@{version}", contract::PACKAGE), contract::known(version));
        versions.into_iter().map(named).chain(self.wasi_http()).collect()
    }

    /// The versions of `wasi:http` that it answers requests by.
    fn wasi_http(&self) -> impl Iterator<Item = (String, Known)> {
        let versions = self.exports.iter().filter_map(|export| {
            let handler = ["wasi:http/incoming-handler@", "wasi:http/handler@"];
            handler.into_iter().find_map(|handler| export.strip_prefix(handler))
        });
        versions.map(|version| (format!("wasi:http@{version}"), service::known(version)))
    }

    /// Whether it exports what the host calls, and imports only what the host gives.
    pub fn check(&self) -> WorldCheck {
        if self.kind == Kind::Module {
            let no_marker = "; it exports neither `proxy_abi_version_0_2_1`, or that of another version, nor `handle_request`";
            return Contract::of(&self.exports).map(drop).ok_or(LoadError::CoreModule(no_marker));
        }
        let is_called = |export: &String| contract::is_hook(export) || service::is_handler(export);
        if !self.exports.iter().any(is_called) {
            return Err(LoadError::NoHook {
                exports: list(&self.exports),
                hooks: HOOKS.join(", "),
                spoken: contract::spoken(),
            });
        }
        let strange = self.contracts().into_iter().find(|(_, known)| *known == Known::Elsewhere);
        if let Some((built_for, _)) = strange {
            return Err(LoadError::Version { built_for, spoken: contract::spoken() });
        }
        let ungranted = self.imports.iter().find(|import| !is_granted(import));
        match ungranted {
            Some(import) => Err(LoadError::Import(import.clone(), FREE.join(", "))),
            None => Ok(()),
        }
    }

    /// What its imports need to be granted.
    pub fn needs(&self) -> Needs {
        let mut needs = Vec::new();
        for grant in self.imports.iter().filter_map(|import| Grant::needed_for(import)) {
            // Several interfaces may need the same.
            if !needs.contains(&grant) {
                needs.push(grant);
            }
        }
        Needs(needs)
    }

    /// Whether all that its imports need is granted to the plugin of that name.
    pub(crate) fn check_grants(&self, plugin: &str, grants: &Grants) -> WorldCheck {
        let is_missing = |import: &&String| Grant::needed_for(import).is_some_and(|grant| !grants.has(grant));
        let imports: Vec<String> =
            self.imports.iter().filter(is_missing).map(|import| format!("`{import}`")).collect();
        if imports.is_empty() {
            return Ok(());
        }
        let missing = Needs(self.needs().0.into_iter().filter(|grant| !grants.has(*grant)).collect());
        Err(LoadError::not_granted(format!("imports {}", imports.join(", ")), plugin, grants, &missing))
    }

    /// What its guests can wait for.
    pub(crate) fn waits(&self) -> Waits {
        let any = |is: fn(&str) -> bool| self.imports.iter().any(|import| is(import));
        if self.kind == Kind::Module {
            // One that can't read bodies waits for none.
            let reads = any(|import| import == http_wasm::READ_BODY);
            return if reads { Waits::Answers } else { Waits::Nothing };
        }
        if any(|import| import.starts_with(WASI)) {
            return Waits::Wasi;
        }
        let calls_out = any(|import| Grant::needed_for(import) == Some(Grant::Callout));
        if calls_out { Waits::Answers } else { Waits::Nothing }
    }
}

fn is_granted(import: &str) -> bool {
    let interface = import.split('@').next().unwrap_or(import);
    interface.starts_with(WASI) || FREE.contains(&interface) || Grant::needed_for(import).is_some()
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Whether the bytes begin as a component does (the binary format's magic number, version and layer).
fn check_kind(bytes: &[u8]) -> Result<Kind, LoadError> {
    const MAGIC: &[u8] = b"\0asm";
    const COMPONENT: &[u8] = &[0x0d, 0x00, 0x01, 0x00];
    const MODULE: &[u8] = &[0x01, 0x00, 0x00, 0x00];
    if bytes.is_empty() {
        return Err(LoadError::Empty);
    }
    let Some(after) = bytes.strip_prefix(MAGIC) else {
        let start: Vec<u8> = bytes.iter().copied().take(8).collect();
        return Err(LoadError::NotWasm(String::from_utf8_lossy(&start).into_owned()));
    };
    if after.starts_with(COMPONENT) {
        return Ok(Kind::Component);
    }
    if after.starts_with(MODULE) {
        // Others are not worth the time that it takes to compile them.
        let has = |marker: &[u8]| bytes.windows(marker.len()).any(|window| window == marker);
        let is_told = Contract::MARKERS.into_iter().any(has);
        return if is_told { Ok(Kind::Module) } else { Err(LoadError::CoreModule("")) };
    }
    Err(LoadError::Damaged("unknown version of the binary format".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wrong_kind_of_file_has_a_sentence_of_its_own() {
        let message = |bytes: &[u8]| check_kind(bytes).unwrap_err().to_string();
        assert!(message(b"").contains("empty"));
        assert!(message(b"#!/bin/sh").contains("begins with \"#!/bin/s\""));
        assert!(message(b"\0asm\x01\0\0\0").contains("core module"));
        assert_eq!(check_kind(b"\0asm\x01\0\0\0..proxy_abi_version_0_2_1").unwrap(), Kind::Module);
        assert!(message(b"\0asm\x99\0\0\0").contains("is the file whole"));
        assert!(check_kind(b"\0asm\x0d\0\x01\0").is_ok());
    }

    #[test]
    fn each_version_of_the_contract_is_named_once() {
        let exports = ["on-request@0.1.0", "on-log@0.1.0", "on-log@0.9.0"];
        let exports = exports.map(|export| format!("sandgate:proxy/{export}")).into_iter();
        let exports = exports.chain(["memory".to_owned(), "other:proxy/on-log@0.2.0".to_owned()]).collect();
        let imports = vec!["sandgate:proxy/types@0.1.99".to_owned()];
        let contracts = Anatomy { kind: Kind::Component, size: 0, exports, imports }.contracts();
        let named = |version: &str, known| (format!("sandgate:proxy@{version}"), known);
        let expected =
            [named("0.1.0", Known::Here), named("0.1.99", Known::Earlier), named("0.9.0", Known::Elsewhere)];
        assert_eq!(contracts, expected);
    }

    #[test]
    fn only_granted_imports_and_known_hooks_pass() {
        let anatomy = |exports: &[&str], imports: &[&str]| Anatomy {
            kind: Kind::Component,
            size: 0,
            exports: exports.iter().map(|s| (*s).to_owned()).collect(),
            imports: imports.iter().map(|s| (*s).to_owned()).collect(),
        };
        let hook = "sandgate:proxy/on-request@0.1.0";
        assert!(anatomy(&[hook], &["sandgate:proxy/log@0.1.0", "wasi:io/poll@0.2.6"]).check().is_ok());
        let kept = anatomy(&[hook], &["sandgate:proxy/kv@0.1.0", "sandgate:proxy/counter@0.1.0"]);
        assert!(kept.check().is_ok(), "that there is such an interface is no grant yet");
        let refused = |grants: &Grants| kept.check_grants("it", grants).unwrap_err().to_string();
        assert!(
            refused(&Grants::default()).ends_with(
                "under `plugins.it` by `grants: { kv: { quota: 1MiB }, counter: { keys: 1000 } }`"
            )
        );
        let some = Grants { kv: Some(1), ..Grants::default() };
        assert_eq!(
            refused(&some),
            "it imports `sandgate:proxy/counter@0.1.0`, which it is not granted; \
             add to `plugins.it.grants`: `counter: { keys: 1000 }`"
        );
        assert!(kept.check_grants("it", &Grants { counter: Some(1), ..some }).is_ok());
        let several =
            anatomy(&[hook], &["wasi:keyvalue/store@0.2.0-draft", "wasi:keyvalue/batch@0.2.0-draft"]);
        assert_eq!(several.needs().to_string(), "grants: { kv: { quota: 1MiB } }", "once");
        assert!(matches!(anatomy(&[hook], &["evil:x/y"]).check(), Err(LoadError::Import(..))));
        assert!(matches!(anatomy(&["run"], &[]).check(), Err(LoadError::NoHook { .. })));
        let strange =
            |exports: &[&str], imports: &[&str]| anatomy(exports, imports).check().unwrap_err().to_string();
        let said = "it was built for sandgate:proxy@0.9.0, and this Sandgate speaks 0.1.0 to 0.1.1;";
        for (exports, imports) in [
            (&["sandgate:proxy/on-request@0.9.0"][..], &[][..]),
            (&[hook, "sandgate:proxy/on-log@0.9.0"], &[]),
            (&[hook], &["sandgate:proxy/log@0.9.0"]),
        ] {
            let refused = strange(exports, imports);
            assert!(refused.starts_with(said), "{refused}");
        }
    }
}
