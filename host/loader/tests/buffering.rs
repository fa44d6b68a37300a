//! What the file says of bodies that are kept on their way: routes say what is different from the server.

#![expect(clippy::unwrap_used, reason = "a test whose configuration is refused has failed")]

use std::path::Path;
use std::time::Duration;

use config::{Config, Route, Switch, WorkerBuffers};

fn parse(server: &str, route: &str) -> (Config, Route) {
    let text = format!(
        "version: 1\nserver: {server}\nlisteners: [{{ name: web, address: \"127.0.0.1:0\" }}]\n\
         upstreams: {{ app: {{ endpoints: [\"http://a\"] }} }}\nroutes: [{{ name: a, upstream: app, {route} }}]\n"
    );
    let config = loader::parse("test.yaml", &text, Path::new("/etc/sandgate")).unwrap();
    let route = config.routes.first().unwrap().clone();
    (config, route)
}

#[test]
fn nothing_is_kept_unless_it_is_asked_for() {
    let (config, route) = parse("{}", "");
    let buffering = &route.buffering;
    assert_eq!((buffering.request, buffering.response), (Switch::Off, Switch::Off));
    assert_eq!((buffering.memory, buffering.disk), (64 << 10, 64 << 20));
    assert_eq!(config.server.buffers, WorkerBuffers { memory: 128 << 20, disk: 4 << 30 });
    assert_eq!((route.body_limit, route.timeouts.send), (64 << 20, Duration::from_secs(30)));
}

#[test]
fn a_route_says_what_is_different_from_the_server() {
    let server = "{ limits: { body: 1MiB }, buffering: { request: on, memory: 32KiB, path: spill, worker_disk: 1GiB } }";
    let (config, usual) = parse(server, "timeouts: { response: 5s }");
    assert_eq!((usual.buffering.request, usual.buffering.memory), (Switch::On, 32 << 10));
    assert_eq!(usual.buffering.path, Path::new("/etc/sandgate/spill"));
    assert_eq!((usual.body_limit, usual.timeouts.send), (1 << 20, Duration::from_secs(5)));
    assert_eq!(config.server.buffers.disk, 1 << 30);
    let other = "buffering: { request: off, response: on, disk: 0, path: /var/spill }, limits: { body: 0 }";
    let (_, other) = parse(server, other);
    let buffering = &other.buffering;
    assert_eq!((buffering.request, buffering.response), (Switch::Off, Switch::On));
    assert_eq!((buffering.memory, buffering.disk, other.body_limit), (32 << 10, 0, 0));
    assert_eq!(buffering.path, Path::new("/var/spill"));
}
