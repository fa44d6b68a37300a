//! Loading a core module: a first instance of it is started. Where each exchange has one of its own, they begin with the image of one
//! that has started, if that can be.

use aot::Code;
use proxy_wasm::Began;
use sandbox::{Isolation, LoadError, NoImage, Start};

use crate::module_image;
use crate::plugin::Plugin;
use crate::recipe::Recipe;
use crate::role::Role;
use crate::snapshot::Snapshot;

impl Recipe<'_> {
    /// The plugin, if what it is made of is a module.
    pub(crate) async fn module(&self, code: &Code) -> Result<Plugin, LoadError> {
        let plugin = self.plugin(code, Start::Plain)?;
        let began = match &plugin.role {
            Role::ProxyWasm(module) => proxy_wasm::try_out(&plugin.shared, module).await?,
            Role::HttpWasm(module) => {
                http_wasm::try_out(&plugin.shared, module).await?;
                code.settle();
                return Ok(self.finished(plugin));
            }
            Role::Component(_) => return Err(LoadError::CoreModule("")),
        };
        if plugin.shared.isolation() == Isolation::Resident {
            code.settle();
            return Ok(self.finished(plugin));
        }
        let begun = match began {
            Ok(began) => self.begun(began).await?,
            Err(why) => Err(why),
        };
        let why = match begun {
            Ok(plugin) => return Ok(self.finished(plugin)),
            Err(why) => why,
        };
        let plugin = self.plugin(code, Start::Configure(why))?;
        code.settle();
        plugin.say_how_it_starts();
        Ok(self.finished(plugin))
    }

    /// The same as VMs that begin where the first one was, which one of them has shown that it can.
    async fn begun(&self, began: Began) -> Result<Result<Plugin, NoImage>, LoadError> {
        let image = match module_image::of(self).await? {
            Snapshot::Image(image) => image,
            Snapshot::None(why) => return Ok(Err(why)),
        };
        let useless = |error: LoadError| NoImage::Useless(error.to_string());
        let plugin = match self.plugin_begun(&image, began) {
            Ok(plugin) => plugin,
            Err(error) => return Ok(Err(useless(error))),
        };
        if let Role::ProxyWasm(module) = &plugin.role
            && let Err(error) = proxy_wasm::try_out(&plugin.shared, module).await
        {
            return Ok(Err(useless(error)));
        }
        image.settle();
        Ok(Ok(plugin))
    }
}
