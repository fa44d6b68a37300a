//! The macros that export a plugin's hooks. Outside of WebAssembly they export nothing, but still check the types.

/// Exports the named hooks of a [`Filter`](crate::Filter): `filter!(AddHeader: on_request, on_response, on_log)`.
///
/// With `configure` among them the plugin takes settings: it is [`Configure`](crate::Configure) instead of
/// [`Default`].
#[macro_export]
macro_rules! filter {
    ($plugin:ty: $($hook:ident),+ $(,)?) => { $crate::__export!($plugin, Filter: $($hook)+); };
}

/// Exports a [`Router`](crate::Router): `router!(Canary)`, or `router!(Canary: configure)` if it takes settings; with
/// `reroute` if it has that hook, `router!(Canary: configure, reroute)`.
#[macro_export]
macro_rules! router {
    ($plugin:ty $(: $($hook:ident),+)?) => { $crate::__export!($plugin, Router: $($($hook)+)? route); };
}

/// Exports a [`Picker`](crate::Picker): `picker!(Least)`, or `picker!(Least: configure)` if it takes settings; with
/// `on_outcomes` if it has that hook, `picker!(Least: configure, on_outcomes)`.
#[macro_export]
macro_rules! picker {
    ($plugin:ty $(: $($hook:ident),+)?) => { $crate::__export!($plugin, Picker: $($($hook)+)? pick); };
}

/// Exports a [`Weigher`](crate::Weigher): `weigher!(Fastest)`, or `weigher!(Fastest: configure)` if it takes settings.
#[macro_export]
macro_rules! weigher {
    ($plugin:ty $(: $hook:ident)?) => { $crate::__export!($plugin, Weigher: $($hook)? weigh); };
}

/// One instance, and the exports that use it.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($plugin:ty, $kind:ident: $($hook:ident)+) => {
        const _: () = {
            const fn check<T: $crate::$kind>() {}
            check::<$plugin>();
            $crate::__start!(check $plugin; $($hook)+);
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            static SLOT: $crate::glue::Slot<$plugin> = $crate::glue::Slot::new($crate::__start!(use $plugin; $($hook)+));
            struct Export;
            $($crate::__hook!($hook);)+
        };
    };
}

/// How an instance is made: by `configure` if it is among the hooks.
#[doc(hidden)]
#[macro_export]
macro_rules! __start {
    (use $plugin:ty; configure $($rest:ident)*) => { $crate::glue::unconfigured::<$plugin> };
    (use $plugin:ty; $other:ident $($rest:ident)*) => { $crate::__start!(use $plugin; $($rest)*) };
    (use $plugin:ty;) => { $crate::glue::default::<$plugin> };
    (check $plugin:ty; configure $($rest:ident)*) => {
        const fn configurable<T: $crate::Configure>() {}
        configurable::<$plugin>();
    };
    (check $plugin:ty; $other:ident $($rest:ident)*) => { $crate::__start!(check $plugin; $($rest)*); };
    (check $plugin:ty;) => {
        const fn startable<T: Default>() {}
        startable::<$plugin>();
    };
}

/// One export. `SLOT` and `Export` are those of `__export!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __hook {
    (configure) => {
        use $crate::bindings::with_plugin::exports::sandgate::proxy::plugin;
        impl plugin::Guest for Export {
            fn describe() -> plugin::Description {
                plugin::Description {
                    name: env!("CARGO_PKG_NAME").into(),
                    version: env!("CARGO_PKG_VERSION").into(),
                    summary: env!("CARGO_PKG_DESCRIPTION").into(),
                    metrics: $crate::glue::metrics(&SLOT),
                    settings_schema: $crate::glue::settings_schema(&SLOT),
                }
            }
            fn configure(settings: String) -> Result<(), String> {
                $crate::glue::configure(&SLOT, &settings)
            }
        }
        $crate::bindings::with_plugin::export_with_plugin!(Export with_types_in $crate::bindings::with_plugin);
    };
    (on_request) => {
        impl $crate::bindings::with_on_request::exports::sandgate::proxy::on_request::Guest for Export {
            fn on_request(request: $crate::glue::HostRequest) -> $crate::Verdict {
                $crate::glue::on_request(&SLOT, request)
            }
        }
        $crate::bindings::with_on_request::export_with_on_request!(Export with_types_in $crate::bindings::with_on_request);
    };
    (on_request_body) => {
        impl $crate::bindings::with_on_request_body::exports::sandgate::proxy::on_request_body::Guest for Export {
            fn on_request_body(request: $crate::glue::HostRequest, body: Vec<u8>) -> $crate::BodyVerdict {
                $crate::glue::on_request_body(&SLOT, request, body)
            }
        }
        $crate::bindings::with_on_request_body::export_with_on_request_body!(
            Export with_types_in $crate::bindings::with_on_request_body
        );
    };
    (on_response_body) => {
        impl $crate::bindings::with_on_response_body::exports::sandgate::proxy::on_response_body::Guest for Export {
            fn on_response_body(response: $crate::glue::HostResponse, body: Vec<u8>) -> $crate::BodyVerdict {
                $crate::glue::on_response_body(&SLOT, response, body)
            }
        }
        $crate::bindings::with_on_response_body::export_with_on_response_body!(
            Export with_types_in $crate::bindings::with_on_response_body
        );
    };
    (on_response) => {
        impl $crate::bindings::with_on_response::exports::sandgate::proxy::on_response::Guest for Export {
            fn on_response(response: $crate::glue::HostResponse) -> $crate::Verdict {
                $crate::glue::on_response(&SLOT, response)
            }
        }
        $crate::bindings::with_on_response::export_with_on_response!(Export with_types_in $crate::bindings::with_on_response);
    };
    (on_log) => {
        impl $crate::bindings::with_on_log::exports::sandgate::proxy::on_log::Guest for Export {
            fn on_log(outcome: $crate::Outcome) {
                $crate::glue::on_log(&SLOT, &outcome);
            }
        }
        $crate::bindings::with_on_log::export_with_on_log!(Export with_types_in $crate::bindings::with_on_log);
    };
    (route) => {
        impl $crate::bindings::with_router::exports::sandgate::proxy::router::Guest for Export {
            fn route(request: $crate::glue::HostRequest) -> $crate::Decision {
                $crate::glue::route(&SLOT, request)
            }
        }
        $crate::bindings::with_router::export_with_router!(Export with_types_in $crate::bindings::with_router);
    };
    (reroute) => {
        impl $crate::bindings::with_reroute::exports::sandgate::proxy::reroute::Guest for Export {
            fn reroute(failure: $crate::UpstreamFailure) -> $crate::Detour {
                $crate::glue::reroute(&SLOT, &failure)
            }
        }
        $crate::bindings::with_reroute::export_with_reroute!(Export with_types_in $crate::bindings::with_reroute);
    };
    (pick) => {
        impl $crate::bindings::with_picker::exports::sandgate::proxy::picker::Guest for Export {
            fn on_endpoints(endpoints: Vec<$crate::Endpoint>) {
                $crate::glue::on_endpoints(&SLOT, endpoints);
            }
            fn pick(
                usable: Vec<u32>,
                tried: Vec<u32>,
                active: Vec<u32>,
                weight: Vec<f64>,
                latency_us: Vec<f64>,
            ) -> $crate::Choice {
                $crate::glue::pick(
                    &SLOT,
                    $crate::Candidates {
                        usable: &usable,
                        tried: &tried,
                        active: &active,
                        weight: &weight,
                        latency_us: &latency_us,
                    },
                )
            }
        }
        $crate::bindings::with_picker::export_with_picker!(Export with_types_in $crate::bindings::with_picker);
    };
    (on_outcomes) => {
        impl $crate::bindings::with_on_outcomes::exports::sandgate::proxy::on_outcomes::Guest for Export {
            fn on_outcomes(endpoint: Vec<u32>, status: Vec<u16>, latency_us: Vec<f64>) {
                $crate::glue::on_outcomes(
                    &SLOT,
                    $crate::Attempts { endpoint: &endpoint, status: &status, latency_us: &latency_us },
                );
            }
        }
        $crate::bindings::with_on_outcomes::export_with_on_outcomes!(
            Export with_types_in $crate::bindings::with_on_outcomes
        );
    };
    (weigh) => {
        use $crate::bindings::with_weigher::exports::sandgate::proxy::weigher;
        impl weigher::Guest for Export {
            fn on_endpoints(endpoints: Vec<weigher::Endpoint>) {
                $crate::glue::on_weighed_endpoints(&SLOT, endpoints.into_iter().map(|e| (e.address, e.weight)));
            }
            fn weigh(active: Vec<u32>, latency_us: Vec<f64>, failures: Vec<u64>) -> Vec<f64> {
                $crate::glue::weigh(
                    &SLOT,
                    $crate::Loads { active: &active, latency_us: &latency_us, failures: &failures },
                )
            }
        }
        $crate::bindings::with_weigher::export_with_weigher!(Export with_types_in $crate::bindings::with_weigher);
    };
    ($other:ident) => {
        compile_error!(concat!(
            "no such hook: `", stringify!($other),
            "`; there are `configure`, `on_request`, `on_request_body`, `on_response`, `on_response_body` and `on_log`"
        ));
    };
}
