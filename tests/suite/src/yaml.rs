//! Pieces of configurations that many tests share. `@app@` stands for the endpoints that [`Setup`](crate::Setup) is
//! told of under the name `app`.

/// What every configuration begins with: one worker, so that pools and residents are the same for every request.
pub fn entry() -> String {
    entry_with("{ workers: 1, shutdown_grace: 5s }")
}

/// As [`entry`], with the test's own `server`.
pub fn entry_with(server: &str) -> String {
    format!(
        "version: 1\n\
         server: {server}\n\
         listeners: [{{ name: web, address: \"127.0.0.1:0\" }}]\n\
         admin: {{ address: \"127.0.0.1:0\" }}\n"
    )
}

/// Everything goes to the upstream `app`, whose endpoints are `@app@`, by the route `all`.
pub fn forwarding() -> String {
    entry() + FORWARD_ALL
}

/// As [`forwarding`], with the test's own `server`.
pub fn forwarding_with(server: &str) -> String {
    entry_with(server) + FORWARD_ALL
}

/// Everything goes by the route `all`, which has these further keys, to the upstream `app`.
pub fn forwarding_by(route: &str) -> String {
    entry()
        + &format!(
            "upstreams:\n  app: {{ endpoints: @app@ }}\n\
             routes:\n  - {{ name: all, match: {{ path: {{ prefix: / }} }}, upstream: app, {route} }}\n"
        )
}

/// Everything goes to the upstream `app`, which has these further keys.
pub fn forwarding_to(upstream: &str) -> String {
    entry()
        + &format!(
            "upstreams:\n  app: {{ endpoints: @app@, {upstream} }}\n\
             routes:\n  - {{ name: all, match: {{ path: {{ prefix: / }} }}, upstream: app }}\n"
        )
}

/// As [`forwarding_with`], by TLS with these keys of `tls`.
pub fn secured(tls: &str, server: &str) -> String {
    let listener = format!("address: \"127.0.0.1:0\", tls: {{ {tls} }}");
    forwarding_with(server).replacen("address: \"127.0.0.1:0\"", &listener, 1)
}

/// One route `/`, named so, to the upstream `app`.
pub fn route_named(name: &str, path: &str) -> String {
    format!("  - {{ name: {name}, match: {{ path: {{ {path} }} }}, upstream: app }}\n")
}

/// The upstream `app`, and routes to follow.
pub const APP: &str = "upstreams:\n  app: { endpoints: @app@ }\nroutes:\n";

const FORWARD_ALL: &str = "upstreams:\n  app: { endpoints: @app@ }\n\
    routes:\n  - { name: all, match: { path: { prefix: / } }, upstream: app }\n";
