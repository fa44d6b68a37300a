//! Checks of listeners: addresses that are used once, and what TLS needs. The files themselves are read later.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use config::{
    Certificate, Cidr, ClientVerification, ListenAddress, Listener, ListenerTls, NamedFile, UnixSocket,
};
use document::{Field, List, Span, Spanned};

use super::Check;
use super::server::given;

/// What a socket's address in the kernel holds, without the byte that ends it (unix(7)).
const UNIX_PATH_LIMIT: usize = 107;
/// Each is parsed at every reload; a listener with more names is better served by wildcards.
const CERTIFICATES_LIMIT: usize = 10_000;
/// Permissions without those of setuid and its like, which mean nothing on a socket.
const MODE_LIMIT: u32 = 0o777;

/// What listeners have taken so far, and who.
#[derive(Default)]
struct Taken {
    names: HashMap<String, Span>,
    addresses: HashMap<ListenAddress, String>,
}

impl Check<'_> {
    /// `None` when there is none, or the list itself is wrong.
    pub(super) fn listeners(
        &mut self,
        listeners: Field<List<raw::Listener>>,
        trusted: &[Cidr],
    ) -> Option<Vec<Listener>> {
        let help = "write at least one: `listeners: [{ name: web, address: \"127.0.0.1:8080\" }]`";
        let listeners = match listeners {
            Field::Broken => return None,
            Field::Absent => {
                self.complain(Span::default(), "missing key `listeners`", Some(help.to_owned()));
                return None;
            }
            Field::Given(listeners) => listeners,
        };
        if listeners.value.is_empty() {
            self.complain(listeners.span, "no listeners", Some(help.to_owned()));
        }
        let mut taken = Taken::default();
        let items = given(listeners.value);
        Some(items.filter_map(|item| self.listener(item, trusted, &mut taken)).collect())
    }

    fn listener(
        &mut self,
        listener: Spanned<raw::Listener>,
        trusted: &[Cidr],
        taken: &mut Taken,
    ) -> Option<Listener> {
        let Spanned { value: raw::Listener { name, address, mode, tls, proxy_protocol }, span } = listener;
        let announcers = self.announcers(proxy_protocol, trusted);
        let name = self.required(name, "name", span);
        let address = self.required(address, "address", span);
        if let Some(name) = &name {
            self.unique_name(name, "listener", &mut taken.names);
        }
        let tls = match tls {
            Field::Given(tls) => Some(self.listener_tls(tls)),
            Field::Absent | Field::Broken => None,
        };
        let address = address?;
        let place = self.listen_address(&address, mode)?;
        let name = name?;
        self.unique_address(&place, address.span, &name.value, taken);
        let tls = match tls {
            Some(tls) => Some(tls?),
            None => None,
        };
        Some(Listener { name: Arc::from(name.value), address: place, tls, announcers, span: address.span })
    }

    fn listen_address(&mut self, address: &Spanned<String>, mode: Field<String>) -> Option<ListenAddress> {
        let Some(path) = address.value.strip_prefix("unix:") else {
            if let Field::Given(mode) = mode {
                self.complain(mode.span, "`mode` is for listeners on `unix:PATH` only", None);
            }
            return self.socket(address).map(ListenAddress::Tcp);
        };
        let mode = match mode {
            Field::Given(mode) => self.permissions(&mode),
            Field::Absent | Field::Broken => None,
        };
        let path = self.base.join(path);
        let is_fine = !path.as_os_str().is_empty() && address.value != "unix:";
        if !is_fine || path.as_os_str().len() > UNIX_PATH_LIMIT {
            let what =
                format!("`unix:` and a path of at most {UNIX_PATH_LIMIT} bytes, the folder's included");
            self.expected(what, address);
            return None;
        }
        Some(ListenAddress::Unix(UnixSocket { path, mode }))
    }

    fn permissions(&mut self, mode: &Spanned<String>) -> Option<u32> {
        let digits = mode.value.bytes().all(|byte| byte.is_ascii_digit());
        let parsed = u32::from_str_radix(&mode.value, 8).ok().filter(|bits| digits && *bits <= MODE_LIMIT);
        if parsed.is_none() {
            self.expected("permissions in octal such as `\"0660\"`", mode);
        }
        parsed
    }

    /// Whatever the permissions: two listeners can't share a path either.
    fn unique_address(&mut self, place: &ListenAddress, span: Span, name: &str, taken: &mut Taken) {
        let key = match place {
            ListenAddress::Tcp(address) if address.port() == 0 => return,
            ListenAddress::Tcp(_) => place.clone(),
            ListenAddress::Unix(socket) => {
                ListenAddress::Unix(UnixSocket { path: socket.path.clone(), mode: None })
            }
        };
        if let Some(other) = taken.addresses.insert(key, name.to_owned()) {
            self.complain(span, format!("listener `{other}` has this address already"), None);
        }
    }

    fn listener_tls(&mut self, tls: Spanned<raw::ListenerTls>) -> Option<ListenerTls> {
        let Spanned { value: raw, span } = tls;
        let certificates = self.required(raw.certificates, "certificates", span);
        let clients = self.client_verification(raw.client_ca, raw.client_auth, raw.client_crl);
        let min_version = raw.min_version.or(raw::TlsVersion::Tls12);
        let certificates = self.certificates(certificates?);
        Some(ListenerTls { certificates, clients, min_version: min_version?.value.into() })
    }

    fn certificates(&mut self, list: Spanned<List<raw::Certificate>>) -> Vec<Certificate> {
        let count = list.value.len();
        if !(1..=CERTIFICATES_LIMIT).contains(&count) {
            let message = format!("expected 1 to {CERTIFICATES_LIMIT} certificates, found {count}");
            let help = "write one: `certificates: [{ certificate: site.pem, key: site.key }]`".to_owned();
            self.complain(list.span, message, Some(help));
        }
        let mut seen = HashSet::new();
        given(list.value).filter_map(|pair| self.certificate(pair, &mut seen)).collect()
    }

    fn certificate(
        &mut self,
        pair: Spanned<raw::Certificate>,
        seen: &mut HashSet<PathBuf>,
    ) -> Option<Certificate> {
        let certificate = self.required(pair.value.certificate, "certificate", pair.span);
        let key = self.required(pair.value.key, "key", pair.span);
        let certificate = certificate.and_then(|path| self.named_file(&path));
        let key = key.and_then(|path| self.named_file(&path));
        let certificate = certificate?;
        if !seen.insert(certificate.path.clone()) {
            self.complain(certificate.span, "the listener has this certificate already", None);
        }
        Some(Certificate { certificate, key: key? })
    }

    fn client_verification(
        &mut self,
        authorities: Field<String>,
        demand: Field<raw::ClientAuth>,
        revoked: Field<String>,
    ) -> Option<ClientVerification> {
        let Field::Given(authorities) = authorities else {
            let needless =
                [demand.span().map(|s| ("client_auth", s)), revoked.span().map(|s| ("client_crl", s))];
            let is_absent = matches!(authorities, Field::Absent);
            for (key, span) in needless.into_iter().flatten().filter(|_| is_absent) {
                let help = "name the authorities that clients' certificates come from".to_owned();
                self.complain(span, format!("`{key}` without `client_ca`"), Some(help));
            }
            return None;
        };
        let authorities = self.named_file(&authorities);
        let revoked = match revoked {
            Field::Given(revoked) => self.named_file(&revoked),
            Field::Absent | Field::Broken => None,
        };
        let demand = demand.or(raw::ClientAuth::Required)?.value.into();
        Some(ClientVerification { authorities: authorities?, revoked, demand })
    }

    fn named_file(&mut self, path: &Spanned<String>) -> Option<NamedFile> {
        if path.value.is_empty() {
            self.expected("the path of a PEM file", path);
            return None;
        }
        Some(NamedFile { path: self.base.join(&path.value), span: path.span })
    }
}
