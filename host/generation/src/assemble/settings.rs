//! What is said of a plugin that can't be loaded: settings that are wrong are shown where the file has them.

use config::{Config, Plugin};
use document::Diagnostic;
use wasm::LoadError;

/// All that is wrong, each at its place.
pub(super) fn faults(config: &Config, plugin: &Plugin, error: &LoadError) -> Vec<Diagnostic> {
    let (name, places) = (&plugin.name, &plugin.settings_places);
    let file = Some(format!("the file is {}", plugin.wasm.display()));
    match error {
        LoadError::Settings(faults) => faults
            .iter()
            .map(|fault| {
                let place = if fault.place.is_empty() { "" } else { &format!(" at `{}`", fault.place) };
                let message = format!("the settings of plugin `{name}` are wrong{place}: {}", fault.message);
                let help = Some("that is how the plugin describes its settings".to_owned());
                config.complain(places.of(&fault.place), message, help)
            })
            .collect(),
        LoadError::Refused(_) | LoadError::TakesNoSettings => {
            vec![config.complain(places.of(""), format!("plugin `{name}` can't be loaded: {error}"), file)]
        }
        LoadError::NotGranted { .. } => {
            vec![config.complain(
                plugin.grants_span,
                format!("plugin `{name}` can't be loaded: {error}"),
                file,
            )]
        }
        error => {
            vec![config.complain(plugin.wasm_span, format!("plugin `{name}` can't be loaded: {error}"), file)]
        }
    }
}
