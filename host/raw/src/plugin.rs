//! What the file says of plugins.

use std::borrow::Cow;
use std::fmt;

use document::{Field, List};
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::Grants;
use crate::scalar::{Size, Time};

/// A WebAssembly component, or a module of proxy-wasm.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a plugin, a map with `wasm`")]
pub struct Plugin {
    /// The component's or the module's file, relative to this file.
    pub wasm: Field<String>,
    /// What the plugin is told, in its own terms. `${env:NAME}` and `${file:PATH}` in a string take a value from outside.
    #[serde(default)]
    pub settings: Field<Settings>,
    /// What a call may use.
    #[serde(default)]
    pub limits: Field<PluginLimits>,
    /// What it may use that outlives the request or leaves the process. Default: nothing.
    #[serde(default)]
    pub grants: Field<Grants>,
    /// How long an instance lives. Default: `exchange`; `resident` for modules of proxy-wasm.
    #[serde(default)]
    pub isolation: Field<Isolation>,
    /// What becomes of a request when the plugin fails. Default: `closed`.
    #[serde(default)]
    pub on_failure: Field<OnFailure>,
    /// When a plugin that fails always is left alone for a while.
    #[serde(default)]
    pub circuit: Field<Circuit>,
    /// What a module of proxy-wasm is told beside its settings. Components don't look at it.
    #[serde(default)]
    pub proxy_wasm: Field<ProxyWasm>,
}

/// Leaves a plugin alone for a while when it fails always.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a map such as `{ failures: 100, wait: 1s, longest_wait: 60s }`"
)]
pub struct Circuit {
    /// So many failures in a row on one worker open it; 0 never does. Default: 100.
    #[schemars(range(max = 1_000_000))]
    pub failures: Field<u64>,
    /// How long it is not called before one call is tried; twice as long after each that fails. Default: `1s`.
    pub wait: Field<Time>,
    /// The longest such time. Default: `60s`.
    pub longest_wait: Field<Time>,
}

/// What a call of a plugin may use.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map of limits")]
pub struct PluginLimits {
    /// The most memory an instance has. Default: `16MiB`.
    pub memory: Field<Size>,
    /// The longest time it computes. Default: `10ms`.
    pub cpu: Field<Time>,
    /// The longest time it takes, waiting included. Default: `1s`.
    pub wall: Field<Time>,
    /// The most calls of the host that it makes. Default: 10000.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub host_calls: Field<u64>,
    /// The most bytes of lines that it logs. Default: `4KiB`.
    pub log: Field<Size>,
    /// The most requests that it sends to upstreams. Default: 4.
    #[schemars(range(max = 1000))]
    pub callouts: Field<u64>,
    /// The most bytes of the body of such a request, and of its answer's. Default: `64KiB`.
    pub callout_body: Field<Size>,
    /// The longest time that it waits for such an answer. Default: `500ms`.
    pub callout_timeout: Field<Time>,
    /// The longest body that a hook is given. Default: `1MiB`.
    pub body: Field<Size>,
}

/// What a module of proxy-wasm is told beside its settings.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map such as `{ root_id: my_filter, bodies: none }`")]
pub struct ProxyWasm {
    /// Which of its root contexts it is to be, where it has several. Default: empty.
    pub root_id: Field<String>,
    /// The name of its VM. Default: empty.
    pub vm_id: Field<String>,
    /// What it is told when its VM starts. `${env:NAME}` and `${file:PATH}` take a value from outside. Default: empty.
    pub vm_configuration: Field<String>,
    /// Whose bodies it is given, where it has a callback for them. Default: `both`.
    pub bodies: Field<Bodies>,
}

/// Whose bodies a module of proxy-wasm is given.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "`both`, `request`, `response` or `none`")]
pub enum Bodies {
    /// Those of requests and of responses.
    Both,
    /// Those of requests.
    Request,
    /// Those of responses.
    Response,
    /// None.
    None,
}

impl From<Bodies> for config::Bodies {
    fn from(bodies: Bodies) -> Self {
        match bodies {
            Bodies::Both => config::Bodies::Both,
            Bodies::Request => config::Bodies::Request,
            Bodies::Response => config::Bodies::Response,
            Bodies::None => config::Bodies::None,
        }
    }
}

/// How long an instance of a plugin lives.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "`exchange` or `resident`")]
pub enum Isolation {
    /// For one request and its response.
    Exchange,
    /// As long as its worker: it sees request after request.
    Resident,
}

impl From<Isolation> for config::Isolation {
    fn from(isolation: Isolation) -> Self {
        match isolation {
            Isolation::Exchange => config::Isolation::Exchange,
            Isolation::Resident => config::Isolation::Resident,
        }
    }
}

/// What becomes of a request when a plugin fails.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "`closed`, `open` or `fallback`")]
pub enum OnFailure {
    /// It is answered with an error.
    Closed,
    /// It goes on as if the plugin weren't there.
    Open,
    /// A picker leaves the choice to the host; what fails of its other hooks is answered with an error.
    Fallback,
}

impl From<OnFailure> for config::OnFailure {
    fn from(on_failure: OnFailure) -> Self {
        match on_failure {
            OnFailure::Closed => config::OnFailure::Closed,
            OnFailure::Open => config::OnFailure::Open,
            OnFailure::Fallback => config::OnFailure::Fallback,
        }
    }
}

/// Settings as written; only the plugin knows what they mean.
#[derive(Debug)]
pub enum Settings {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text, in which variables are not replaced yet.
    Text(String),
    /// A list.
    List(List<Settings>),
    /// A map, in the order of the file.
    Map(IndexMap<String, Field<Settings>>),
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingsVisitor)
    }
}

struct SettingsVisitor;

impl<'de> Visitor<'de> for SettingsVisitor {
    type Value = Settings;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has")
    }

    fn visit_unit<E>(self) -> Result<Settings, E> {
        Ok(Settings::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Settings, E> {
        Ok(Settings::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Settings, E> {
        Ok(Settings::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Settings, E> {
        Ok(Settings::Number(value.into()))
    }

    /// JSON has no infinity.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Settings, E> {
        let number = Number::from_f64(value).map(Settings::Number);
        number.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Float(value), &self))
    }

    fn visit_str<E>(self, value: &str) -> Result<Settings, E> {
        Ok(Settings::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Settings, A::Error> {
        let mut items = List::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Settings::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Settings, A::Error> {
        let mut entries = IndexMap::new();
        while let Some((key, value)) = access.next_entry()? {
            entries.insert(key, value);
        }
        Ok(Settings::Map(entries))
    }
}

impl JsonSchema for Settings {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Settings".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}
