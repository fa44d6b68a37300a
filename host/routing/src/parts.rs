//! The parts of a request that a route's patterns capture.

use config::{HostPattern, Matching, PathMatch};
use model::Captures;

use crate::host::bare_host;

/// Patterns that capture something.
#[derive(Clone, Debug)]
pub struct Parts {
    hosts: Vec<HostPattern>,
    path: PathMatch,
}

impl Parts {
    /// Of a route; none, where its patterns capture nothing: then a request costs nothing.
    pub fn of(route: &Matching) -> Option<Box<Self>> {
        route.capture_names().next()?;
        let hosts = route.hosts.iter().filter(|host| host.names().next().is_some()).cloned().collect();
        Some(Box::new(Parts { hosts, path: route.path.clone() }))
    }

    /// Captures the parts of a request: of the first host pattern that matches, and of the path.
    pub fn capture(&self, host: &str, path: &str, captures: &mut Captures) {
        let host = bare_host(host);
        let of_host = self.hosts.iter().find(|pattern| pattern.is_match(&host));
        let of_host = of_host.into_iter().flat_map(|pattern| pattern.captures(&host));
        for (name, value) in of_host.chain(self.path.captures(path)) {
            captures.add(name.clone(), value.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::{Letters, Pattern, Template};

    #[test]
    fn host_and_path_are_captured() {
        let host = Pattern::compile("^(?<tenant>[a-z]+)\\.example\\.org$", Letters::AnyCase).unwrap();
        let route = Matching {
            hosts: vec![HostPattern::Exact("example.org".to_owned()), HostPattern::Regex(host)],
            path: PathMatch::Template(Template::parse("/users/{id}").unwrap()),
            methods: Vec::new(),
            conditions: Vec::new(),
            priority: 0,
        };
        let parts = Parts::of(&route).unwrap();
        let captured = |host: &str| {
            let mut captures = Captures::default();
            parts.capture(host, "/users/7", &mut captures);
            captures.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        };
        assert_eq!(captured("ACME.example.org:8080"), ["tenant=acme", "id=7"]);
        assert_eq!(captured("example.org"), ["id=7"]);
    }

    #[test]
    fn a_route_without_names_has_no_parts() {
        let path = PathMatch::Regex(Pattern::compile("^/v([0-9]+)/", Letters::Exact).unwrap());
        let route = Matching { hosts: vec![], path, methods: vec![], conditions: vec![], priority: 0 };
        assert!(Parts::of(&route).is_none());
    }
}
