//! Whose a series of a plugin is: the labels that all of them begin with.

use std::fmt;

use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder};
use wasm::Plugin;

/// A plugin, and its tenant if it is one's: without one there is no such label, which to Prometheus is the same as an empty one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whose<'a> {
    plugin: &'a str,
    tenant: Option<&'a str>,
}

impl<'a> Whose<'a> {
    pub(super) fn of(plugin: &'a Plugin) -> Self {
        Whose { plugin: plugin.name(), tenant: plugin.tenant().map(AsRef::as_ref) }
    }
}

impl EncodeLabelSet for Whose<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        ("plugin", self.plugin).encode(encoder.encode_label())?;
        match self.tenant {
            Some(tenant) => ("tenant", tenant).encode(encoder.encode_label()),
            None => Ok(()),
        }
    }
}
