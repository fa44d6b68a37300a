//! How a module of http-wasm is loaded: a first instance shows what it needs, and where each exchange has one, these begin with the image of
//! one that has started, if that can be.

use std::sync::Arc;

use super::Recipe;
use crate::compile::Code;
use crate::http_wasm;
use crate::inspect::{LoadError, Waits};
use crate::plugin::{Plugin, Shared, Start};
use crate::snapshot::{NoImage, Snapshot};
use crate::spec::Isolation;

impl Recipe<'_> {
    /// The plugin. One that looks at trailers may be suspended, and is linked otherwise.
    pub(super) async fn handler(
        &mut self,
        code: &Code,
        mut shared: Arc<Shared>,
    ) -> Result<Plugin, LoadError> {
        self.shown = http_wasm::try_out(&shared).await?;
        if self.shown.waits_for_trailers() {
            self.waits = Waits::Answers;
            shared = self.shared(code, Start::Plain)?;
        }
        if shared.isolation() == Isolation::Resident {
            code.settle();
            return Ok(self.finished(shared));
        }
        let why = match self.handler_image().await? {
            Ok(shared) => return Ok(self.finished(shared)),
            Err(why) => why,
        };
        let shared = self.shared(code, Start::Configure(why))?;
        code.settle();
        let plugin = self.finished(shared);
        plugin.say_how_it_starts();
        Ok(plugin)
    }

    /// The same as instances that begin where the first one was, which one of them has shown that it can.
    async fn handler_image(&mut self) -> Result<Result<Arc<Shared>, NoImage>, LoadError> {
        let image = match http_wasm::image(self).await? {
            Snapshot::Image(image) => image,
            Snapshot::None(why) => return Ok(Err(why)),
        };
        let plain = self.shown;
        self.shown = plain.of_image();
        let shared = self.shared(&image, Start::Configured);
        self.shown = plain;
        let useless = |error: LoadError| NoImage::Useless(error.to_string());
        let shared = match shared {
            Ok(shared) => shared,
            Err(error) => return Ok(Err(useless(error))),
        };
        if let Err(error) = http_wasm::try_out(&shared).await {
            return Ok(Err(useless(error)));
        }
        image.settle();
        Ok(Ok(shared))
    }
}
