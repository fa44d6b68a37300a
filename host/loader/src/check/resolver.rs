//! Checks of how names are looked up.

use config::Resolver;
use document::Field;

use super::Check;
use super::server::given;

impl Check<'_> {
    pub(super) fn resolver(&mut self, resolver: Field<raw::Resolver>) -> Resolver {
        let raw::Resolver { servers, timeout, min_ttl, max_ttl } = resolver.or_default();
        let default = Resolver::default();
        let span = max_ttl.span().or(min_ttl.span());
        let servers = given(servers.or_default()).filter_map(|server| self.socket(&server)).collect();
        let timeout = self.time(timeout, default.timeout);
        let min_ttl = self.time(min_ttl, default.min_ttl);
        let max_ttl = self.time(max_ttl, default.max_ttl.max(min_ttl));
        if let Some(span) = span.filter(|_| max_ttl < min_ttl) {
            self.complain(span, "`max_ttl` is shorter than `min_ttl`", None);
        }
        Resolver { servers, timeout, min_ttl, max_ttl }
    }
}
