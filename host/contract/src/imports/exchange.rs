//! The interface `exchange`: facts of the exchange at hand.

use std::time::{Duration, Instant};

use sandbox::Context;

use crate::bindings::exchange::Host;
use crate::imports::{AtHand, first};

impl Host for Context {
    fn id(&mut self) -> wasmtime::Result<String> {
        Ok(self.exchange()?.id.to_string())
    }

    fn client_address(&mut self) -> wasmtime::Result<String> {
        Ok(self.exchange()?.client.to_string())
    }

    fn tls_version(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(self.exchange()?.tls.as_ref().map(|tls| tls.version.to_owned()))
    }

    fn tls_cipher(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(self.exchange()?.tls.as_ref().map(|tls| tls.cipher.to_owned()))
    }

    fn tls_server_name(&mut self) -> wasmtime::Result<Option<String>> {
        let tls = self.exchange()?.tls.as_ref();
        Ok(tls.and_then(|tls| tls.server_name.as_deref()).map(str::to_owned))
    }

    fn client_certificate_subject(&mut self) -> wasmtime::Result<Option<String>> {
        let tls = self.exchange()?.tls.as_ref();
        Ok(tls.and_then(|tls| tls.client.as_ref()).map(|client| client.subject.to_string()))
    }

    fn client_certificate_fingerprint(&mut self) -> wasmtime::Result<Option<String>> {
        let tls = self.exchange()?.tls.as_ref();
        Ok(tls.and_then(|tls| tls.client.as_ref()).map(|client| client.fingerprint.to_string()))
    }

    fn route(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(self.exchange()?.route.as_ref().map(|route| route.name.to_string()))
    }

    fn tenant(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(self.exchange()?.tenant.as_ref().map(|visit| visit.tenant().name().to_string()))
    }

    fn request_header(&mut self, name: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(first(&self.exchange()?.request.fields, &name))
    }

    fn request_path(&mut self) -> wasmtime::Result<String> {
        Ok(self.exchange()?.request.path_and_query().to_owned())
    }

    fn request_cookie(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.exchange()?.request.cookie(&name).map(str::to_owned))
    }

    fn deadline_left(&mut self) -> wasmtime::Result<Option<u64>> {
        let deadline = self.exchange()?.deadline;
        Ok(deadline.map(|deadline| micros(deadline.saturating_duration_since(Instant::now()))))
    }

    fn cpu_left(&mut self) -> wasmtime::Result<u64> {
        self.exchange()?;
        Ok(micros(self.plugin.spec.limits.cpu.saturating_sub(self.cpu_used())))
    }

    fn note(&mut self, name: String, value: String) -> wasmtime::Result<bool> {
        Ok(self.exchange()?.notes.keep(&name, &value))
    }

    fn noted(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.exchange()?.notes.find(&name).map(str::to_owned))
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
