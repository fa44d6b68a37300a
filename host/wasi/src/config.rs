//! `wasi:config`: the plugin's settings, as names and texts.

use std::sync::Arc;

use sandbox::Context;
use serde_json::Value;
use wasmtime::component::{HasSelf, Linker};

/// The versions of it, as Rust.
#[allow(missing_docs, unreachable_pub, dead_code, reason = "generated")]
mod versions {
    pub mod rc {
        wasmtime::component::bindgen!({ path: "wit/config-rc", imports: { default: trappable } });
    }
    pub mod draft {
        wasmtime::component::bindgen!({ path: "wit/config-draft", imports: { default: trappable } });
    }
}

use versions::{draft, rc};

/// The settings of a plugin, as this interface has them.
type Values = Arc<[(String, String)]>;

pub(super) fn add_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    rc::wasi::config::store::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    draft::wasi::config::store::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)
}

/// What settings are as names and texts: a text is itself, all else is its JSON. Settings without names are none.
fn values_of(settings: &str) -> Values {
    let Ok(Value::Object(settings)) = serde_json::from_str(settings) else { return Values::default() };
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    settings.into_iter().map(|(name, value)| (name, text(value))).collect()
}

/// Settings, for all versions of the interface.
trait Settings {
    fn values_of_settings(&mut self) -> wasmtime::Result<&Values>;
    fn setting(&mut self, key: &str) -> wasmtime::Result<Option<String>>;
}

impl Settings for Context {
    fn values_of_settings(&mut self) -> wasmtime::Result<&Values> {
        self.count_call()?;
        Ok(self.plugin.values.get_or_init(|| values_of(self.plugin.settings())))
    }

    fn setting(&mut self, key: &str) -> wasmtime::Result<Option<String>> {
        let values = self.values_of_settings()?;
        Ok(values.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone()))
    }
}

impl rc::wasi::config::store::Host for Context {
    fn get(
        &mut self,
        key: String,
    ) -> wasmtime::Result<Result<Option<String>, rc::wasi::config::store::Error>> {
        self.setting(&key).map(Ok)
    }

    fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, rc::wasi::config::store::Error>> {
        Ok(Ok(self.values_of_settings()?.to_vec()))
    }
}

impl draft::wasi::config::store::Host for Context {
    fn get(
        &mut self,
        key: String,
    ) -> wasmtime::Result<Result<Option<String>, draft::wasi::config::store::Error>> {
        self.setting(&key).map(Ok)
    }

    fn get_all(
        &mut self,
    ) -> wasmtime::Result<Result<Vec<(String, String)>, draft::wasi::config::store::Error>> {
        Ok(Ok(self.values_of_settings()?.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_texts_by_their_names() {
        let values = values_of(r#"{ "a": "b", "n": 3, "list": [1, "x"] }"#);
        let text = |name: &str| values.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        assert_eq!((text("a"), text("n"), text("list")), (Some("b"), Some("3"), Some("[1,\"x\"]")));
        assert!(values_of("[1]").is_empty() && values_of("{}").is_empty());
    }
}
