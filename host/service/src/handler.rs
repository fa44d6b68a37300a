//! What a component answers requests by, looked up once when it is loaded.

use sandbox::{CONCURRENT_HANDLER, Context, Known};
use wasmtime::Store;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, Instance};

use crate::concurrent::{Params as ConcurrentParams, Returned};
use crate::incoming::{Request, ResponseOut};

/// The interface that a component of `wasi:http` 0.2 answers by, up to the last part of its version.
const INCOMING_HANDLER: &str = "wasi:http/incoming-handler@0.2.";

/// Whether it is the name of an interface that a component answers by.
pub fn is_handler(export: &str) -> bool {
    export.starts_with(INCOMING_HANDLER) || export.starts_with(CONCURRENT_HANDLER)
}

/// What this host makes of a version of `wasi:http`. What has more to it than numbers (`0.3.0-rc-1`) is another contract.
pub fn known(version: &str) -> Known {
    let is_released = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match version.starts_with("0.2.") || (version.starts_with("0.3.") && is_released) {
        true => Known::Here,
        false => Known::Elsewhere,
    }
}

/// What a component answers by.
#[derive(Clone, Copy, Debug)]
pub enum Handler {
    /// `handle` of `wasi:http/incoming-handler` 0.2.
    Blocking(ComponentExportIndex),
    /// `handle` of `wasi:http/handler` 0.3.
    Concurrent(ComponentExportIndex),
}

/// What a component is that has a handler.
#[derive(Clone, Copy, Debug)]
pub enum Role {
    /// It answers requests in an upstream's place.
    Service(Handler),
    /// It stands around the rest of the way: it imports what it exports.
    Middleware(Handler),
}

impl Role {
    /// That of a component, if it has a handler.
    pub fn of(component: &Component) -> Option<Role> {
        let handler = Handler::of(component)?;
        Some(if imports_handler(component) { Role::Middleware(handler) } else { Role::Service(handler) })
    }

    /// Its handler.
    pub fn handler(self) -> Handler {
        let (Role::Service(handler) | Role::Middleware(handler)) = self;
        handler
    }
}

impl Handler {
    fn of(component: &Component) -> Option<Handler> {
        // Any of 0.2 is found by the name of one, and so is any of 0.3.
        let handle = |interface: &str| {
            let interface = component.get_export_index(None, interface)?;
            component.get_export_index(Some(&interface), "handle")
        };
        let concurrent = handle("wasi:http/handler@0.3.0").map(Handler::Concurrent);
        concurrent.or_else(|| handle("wasi:http/incoming-handler@0.2.0").map(Handler::Blocking))
    }

    /// Whether its type is the one that it will be called with.
    pub fn check(self, store: &mut Store<Context>, instance: &Instance) -> wasmtime::Result<()> {
        match self {
            Handler::Blocking(hook) => {
                instance.get_typed_func::<(Request, ResponseOut), ()>(store, hook).map(drop)
            }
            Handler::Concurrent(hook) => {
                instance.get_typed_func::<ConcurrentParams, Returned>(store, hook).map(drop)
            }
        }
    }
}

/// Whether a component may call on what it answers by itself. Some import the interface for its types alone.
fn imports_handler(component: &Component) -> bool {
    let (ty, engine) = (component.component_type(), component.engine());
    let mut handlers = ty.imports(engine).filter(|(name, _)| name.starts_with(CONCURRENT_HANDLER));
    handlers.any(|(_, import)| match import.ty {
        ComponentItem::ComponentInstance(instance) => instance.get_export(engine, "handle").is_some(),
        _ => false,
    })
}
