//! The interface `exchange`: facts of the exchange at hand.

use crate::bindings::exchange::Host;
use crate::context::Context;
use crate::imports::first;

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

    fn request_header(&mut self, name: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(first(&self.exchange()?.request.fields, &name))
    }

    fn request_path(&mut self) -> wasmtime::Result<String> {
        Ok(self.exchange()?.request.path_and_query().to_owned())
    }

    fn note(&mut self, name: String, value: String) -> wasmtime::Result<bool> {
        Ok(self.exchange()?.notes.keep(&name, &value))
    }

    fn noted(&mut self, name: String) -> wasmtime::Result<Option<String>> {
        Ok(self.exchange()?.notes.find(&name).map(str::to_owned))
    }
}
