//! Checks of the process's part: limits that the HTTP stack has itself, the admin address, logs.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::thread::available_parallelism;
use std::time::Duration;

use config::{Admin, ClientTimeouts, ForwardedForm, Http2, Limits, ListenAddress, Listener, Server};
use document::{Field, List, Spanned};
use raw::Workers;

use super::{Check, Inherited};

/// The HTTP/1 parser needs a buffer of 8 KiB, and a head of more than 16 MiB is an attack.
const HEAD: RangeInclusive<u64> = (8 << 10)..=(16 << 20);
/// The type for a request's target holds no more than 65534 bytes.
const URI: RangeInclusive<u64> = 1..=65_534;
/// The type for a header holds 32768 fields; nobody needs a third of it.
const HEADERS: RangeInclusive<u64> = 1..=10_000;
/// A connection is a file descriptor, of which the kernel gives a process about a million by default.
const CONNECTIONS: RangeInclusive<u64> = 1..=1_000_000;

/// A stream takes memory even when it waits; a client that needs thousands takes another connection.
const STREAMS: RangeInclusive<u64> = 1..=10_000;
/// With 0 a client could not even cancel one request.
const ABANDONED: RangeInclusive<u64> = 1..=1_000_000;

const SHUTDOWN_GRACE: Duration = Duration::from_secs(30);

impl Check<'_> {
    pub(super) fn server(&mut self, server: Field<raw::Server>) -> Server {
        let server = server.or_default();
        let workers = match server.workers {
            Field::Given(Spanned { value: Workers::Number(number), .. }) => number,
            _ => available_parallelism().unwrap_or(NonZeroUsize::MIN),
        };
        let trusted = server.trusted_proxies.or_default();
        let refused = server.refuse_in_paths.or_default();
        let limits = self.limits(server.limits.or_default());
        let (buffering, buffers) = self.server_buffering(server.buffering);
        self.inherited = Inherited { buffering, body_limit: limits.body };
        Server {
            workers,
            shutdown_grace: self.time_or_zero(server.shutdown_grace, SHUTDOWN_GRACE),
            limits,
            timeouts: self.client_timeouts(server.timeouts.or_default()),
            http2: self.http2(server.http2.or_default()),
            buffers,
            resolver: self.resolver(server.resolver),
            refuse_in_paths: given(refused).map(|part| part.value.into()).collect(),
            trusted_proxies: given(trusted).map(|network| network.value).collect(),
            forwarded: server.forwarded.into_value().map(ForwardedForm::from).unwrap_or_default(),
            error_pages: self.error_pages(server.error_pages),
            request_id: self.request_id(server.request_id),
        }
    }

    fn limits(&mut self, limits: raw::Limits) -> Limits {
        let default = Limits::default();
        let any = 0..=u64::MAX;
        Limits {
            head: native(self.size(limits.head, default.head as u64, HEAD)),
            uri: native(self.size(limits.uri, default.uri as u64, URI)),
            headers: native(self.number(limits.headers, default.headers as u64, HEADERS)),
            body: self.size(limits.body, default.body, any),
            connections: native(self.number(limits.connections, default.connections as u64, CONNECTIONS)),
        }
    }

    fn http2(&mut self, http2: raw::Http2) -> Http2 {
        let default = Http2::default();
        let is_aged = matches!(http2.max_age, Field::Given(_));
        let max_age = self.time(http2.max_age, Duration::MAX);
        Http2 {
            streams: narrow(self.number(http2.streams, default.streams.into(), STREAMS)),
            abandoned: narrow(self.number(http2.abandoned, default.abandoned.into(), ABANDONED)),
            max_age: is_aged.then_some(max_age),
        }
    }

    fn client_timeouts(&mut self, timeouts: raw::ClientTimeouts) -> ClientTimeouts {
        let default = ClientTimeouts::default();
        ClientTimeouts {
            header: self.time(timeouts.header, default.header),
            body: self.time(timeouts.body, default.body),
            send: self.time(timeouts.send, default.send),
            idle: self.time(timeouts.idle, default.idle),
            half_close: self.time_or_zero(timeouts.half_close, default.half_close),
            tls_handshake: self.time(timeouts.tls_handshake, default.tls_handshake),
        }
    }

    pub(super) fn admin(&mut self, admin: Field<raw::Admin>, listeners: &[Listener]) -> Option<Admin> {
        let Field::Given(Spanned { value: admin, span }) = admin else { return None };
        let address = self.required(admin.address, "address", span)?;
        let socket = self.socket(&address)?;
        let same = |other: &&Listener| other.address == ListenAddress::Tcp(socket) && socket.port() != 0;
        if let Some(other) = listeners.iter().find(same) {
            self.complain(address.span, format!("listener `{}` has this address already", other.name), None);
        }
        let allow_changes = self.allow_changes(admin.allow_changes, socket);
        Some(Admin { address: socket, allow_changes, span: address.span })
    }

    /// Who reaches the admin address may do all it does, so that only users of this machine should.
    fn allow_changes(&mut self, allow: Field<bool>, address: SocketAddr) -> bool {
        let Field::Given(Spanned { value: true, span }) = allow else { return false };
        if !address.ip().is_loopback() {
            let help =
                "the admin address has no access control: bind it to `127.0.0.1` or `[::1]`".to_owned();
            self.complain(span, "changes are allowed on a loopback address only", Some(help));
        }
        true
    }
}

/// The items that are not broken.
pub(super) fn given<T>(items: List<T>) -> impl Iterator<Item = Spanned<T>> {
    items.into_iter().filter_map(|item| match item {
        Field::Given(item) => Some(item),
        Field::Absent | Field::Broken => None,
    })
}

/// Numbers in range fit; others have been complained of.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Numbers in range fit; others have been complained of.
pub(super) fn native(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
