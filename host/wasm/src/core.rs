//! Which contract a core module was built for, told by its exports.

use proxy_wasm::Abi;

/// A contract of core modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contract {
    /// That of proxy-wasm.
    ProxyWasm(Abi),
    /// The handler ABI of http-wasm.
    HttpWasm,
}

impl Contract {
    /// What a module has to have somewhere in its bytes to be worth the time that it takes to compile it.
    pub(crate) const MARKERS: [&[u8]; 2] = [b"proxy_abi_version_", http_wasm::HANDLE_REQUEST.as_bytes()];

    /// That which exports of these names tell of.
    pub(crate) fn of(exports: &[String]) -> Option<Contract> {
        if let Some(abi) = Abi::of(exports) {
            return Some(Contract::ProxyWasm(abi));
        }
        exports.iter().any(|export| export == http_wasm::HANDLE_REQUEST).then_some(Contract::HttpWasm)
    }

    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Contract::ProxyWasm(abi) => abi.name(),
            Contract::HttpWasm => "http-wasm",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_of_the_contract_that_it_exports() {
        let name = |exports: &[&str]| {
            let exports: Vec<String> = exports.iter().map(|name| (*name).to_owned()).collect();
            Contract::of(&exports).map(Contract::name)
        };
        assert_eq!(name(&["memory", "handle_request", "handle_response"]), Some("http-wasm"));
        assert_eq!(name(&["handle_request", "proxy_abi_version_0_2_1"]), Some("proxy-wasm 0.2.1"));
        assert_eq!(name(&["memory", "handle_response", "_start"]), None);
    }
}
