//! Loading a core module: a first instance of it is started. Where each exchange has one of its own, they begin with the image of one
//! that has started, if that can be.

mod http_wasm;
mod image;
mod proxy_wasm;

use aot::Code;
use sandbox::{Isolation, LoadError, NoImage, Start};

use crate::plugin::Plugin;
use crate::recipe::Recipe;
use crate::role::{Role, Shown};
use crate::snapshot::Snapshot;

impl Recipe<'_> {
    /// The plugin, if what it is made of is a module.
    pub(crate) async fn module(&self, code: &Code) -> Result<Plugin, LoadError> {
        let plugin = self.plugin(code, Start::Plain)?;
        match &plugin.role {
            Role::ProxyWasm(module) => {
                let began = ::proxy_wasm::try_out(&plugin.shared, module).await?;
                self.proxy_wasm(code, plugin, began).await
            }
            Role::HttpWasm(module) => {
                let shown = ::http_wasm::try_out(&plugin.shared, module).await?;
                self.http_wasm(code, plugin, shown).await
            }
            Role::Component(_) => Err(LoadError::CoreModule("")),
        }
    }

    /// The plugin, whose instances are resident and start once.
    fn resident(&self, code: &Code, plugin: Plugin) -> Plugin {
        code.settle();
        self.finished(plugin)
    }

    /// The plugin whose instances begin with an image, as one of them has shown that they can.
    async fn begun(&self, image: Snapshot, shown: Shown) -> Result<Plugin, NoImage> {
        let image = match image {
            Snapshot::Image(image) => image,
            Snapshot::None(why) => return Err(why),
        };
        let useless = |error: LoadError| NoImage::Useless(error.to_string());
        let plugin = self.plugin_shown(&image, Start::Configured, shown).map_err(useless)?;
        try_out(&plugin).await.map_err(useless)?;
        image.settle();
        Ok(plugin)
    }

    /// The plugin, whose instances begin with an image; or, where there can't be one, are started one by one.
    fn fresh(&self, code: &Code, begun: Result<Plugin, NoImage>, shown: Shown) -> Result<Plugin, LoadError> {
        let why = match begun {
            Ok(plugin) => return Ok(self.finished(plugin)),
            Err(why) => why,
        };
        let plugin = self.plugin_shown(code, Start::Configure(why), shown)?;
        code.settle();
        plugin.say_how_it_starts();
        Ok(self.finished(plugin))
    }
}

fn is_resident(plugin: &Plugin) -> bool {
    plugin.shared.isolation() == Isolation::Resident
}

/// Starts an instance and drops it.
async fn try_out(plugin: &Plugin) -> Result<(), LoadError> {
    match &plugin.role {
        Role::ProxyWasm(module) => ::proxy_wasm::try_out(&plugin.shared, module).await.map(drop),
        Role::HttpWasm(module) => ::http_wasm::try_out(&plugin.shared, module).await.map(drop),
        Role::Component(_) => Ok(()),
    }
}
