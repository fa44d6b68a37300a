//! Who speaks the PROXY protocol, as the configuration has it.

#![expect(clippy::unwrap_used, reason = "what a test prepares has to work")]

use std::path::Path;

use config::{Config, ProxyVersion};

fn parsed(name: &str, text: &str) -> Config {
    loader::parse(name, text, Path::new("/etc/sandgate")).unwrap()
}

#[test]
fn who_may_announce_clients_and_who_is_told_reaches_its_place() {
    let config = parsed("full.yaml", include_str!("good/full.yaml"));
    let announcers: Vec<_> = config.listeners.iter().map(|listener| listener.announcers.as_deref()).collect();
    assert_eq!(announcers[1], Some(config.server.trusted_proxies.as_slice()));
    assert_eq!(announcers[2], None);
    let own = announcers[0].unwrap();
    assert!(own.len() == 2 && own[0].contains([10, 1, 2, 3].into()));
    assert_eq!(config.upstreams["quick"].proxy_protocol, Some(ProxyVersion::V2));
    assert_eq!(config.upstreams["app"].proxy_protocol, None);
}

#[test]
fn the_example_of_the_page_loads() {
    let page = include_str!("../../docs/proxy_protocol.md");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let config = parsed("proxy_protocol.yaml", example);
    assert!(config.listeners.iter().all(|listener| listener.announcers.is_some()));
    assert_eq!(config.upstreams["mail"].proxy_protocol, Some(ProxyVersion::V2));
    assert!(config.warnings.is_empty());
}
