//! Loading a plugin: its component is read, checked, compiled and tried, its settings are held to its schema, and the
//! image that its instances begin with is made.

use std::sync::Arc;

use accounts::{MetricDeclaration, OwnMetrics, PluginStats};
use aot::Code;
use contract::First;
use sandbox::{
    Dialect, Engine, Grant, Guest, LoadError, MEMORY_LIMIT_MAX, Needs, NoImage, PluginSpec, Reading, Start,
    cut, trial,
};

use crate::inspect::{Anatomy, Kind};
use crate::plugin::Plugin;
use crate::recipe::{Recipe, state_of};
use crate::role::Role;
use crate::schema;
use crate::snapshot::{self, Snapshot};

impl Plugin {
    /// Reads, checks, compiles and tries a component. On success an instance of it could be made and configured.
    /// If it was loaded before for as many workers, and neither what its file holds nor what the configuration says of it
    /// has changed, nothing more is done; if something has, what is counted of it goes on.
    pub async fn load(
        engine: &Engine,
        spec: PluginSpec,
        workers: usize,
        before: Option<&Plugin>,
    ) -> Result<Plugin, LoadError> {
        if spec.limits.memory > MEMORY_LIMIT_MAX {
            return Err(LoadError::MemoryLimit(spec.limits.memory));
        }
        let reading = Reading::of(&spec.path)?;
        let (bytes, content, seen) = (&reading.bytes, reading.content, reading.seen());
        if let Some(same) =
            before.filter(|before| before.is(&spec, content) && before.stats().is_for(workers))
        {
            same.shared.seen.again(&reading);
            return Ok(same.owned_by(spec.tenant));
        }
        let stats = before.map_or_else(|| PluginStats::new(workers), |before| before.stats().grown(workers));
        let (code, anatomy) = Anatomy::of(engine, bytes).await?;
        anatomy.check()?;
        if anatomy.kind == Kind::Component {
            anatomy.check_grants(&spec.name, &spec.grants)?;
        }
        let (machinery, waits, state) =
            (engine.machinery_for(Dialect::of(bytes))?, anatomy.waits(), state_of(&spec.grants, before));
        let mut recipe = Recipe {
            engine,
            machinery,
            spec,
            content,
            seen,
            bytes,
            waits,
            workers,
            stats,
            state,
            metrics: None,
        };
        if anatomy.kind == Kind::Module {
            recipe.metrics = recipe.open_metrics(before);
            return recipe.module(&code).await;
        }
        let plain = recipe.plugin(&code, Start::Plain)?;
        let First { said, metrics, .. } = recipe.first(&plain).await?;
        recipe.check_settings(&plain, said.as_ref().and_then(|said| said.settings_schema.as_deref()))?;
        recipe.metrics = recipe.metrics(metrics, before)?;
        recipe.started(&plain, &code).await
    }

    /// Says so where instances can't begin configured.
    pub(crate) fn say_how_it_starts(&self) {
        if let Start::Configure(why) = self.start() {
            tracing::warn!(plugin = %self.name(), reason = %why, "a plugin is configured in each instance");
        }
    }
}

impl Recipe<'_> {
    /// What a first instance of a component says of itself.
    pub(crate) async fn first(&self, plain: &Plugin) -> Result<First, LoadError> {
        let mut guest = Guest::unconfigured(&plain.shared).await.map_err(trial)?;
        let Role::Component(exports) = &plain.role else { return Err(LoadError::CoreModule("")) };
        if let Some(role) = exports.http {
            let (store, instance) = guest.parts();
            role.handler()
                .check(store, instance)
                .map_err(|error| LoadError::mismatch("wasi:http", &error))?;
        }
        contract::describe(&mut guest, &exports.hooks).await
    }

    fn check_settings(&self, plain: &Plugin, schema: Option<&str>) -> Result<(), LoadError> {
        // A service may look its settings up by `wasi:config`.
        let takes_settings = plain.shared.configure().is_some() || plain.serves();
        if self.spec.settings.is_some() && !takes_settings {
            return Err(LoadError::TakesNoSettings);
        }
        schema.map_or(Ok(()), |schema| schema::check(schema, plain.shared.settings()))
    }

    /// A place for what the plugin wants to count, or the one that there was.
    fn metrics(
        &self,
        described: Vec<MetricDeclaration>,
        before: Option<&Plugin>,
    ) -> Result<Option<Arc<OwnMetrics>>, LoadError> {
        if described.is_empty() {
            return Ok(None);
        }
        let PluginSpec { name, grants, .. } = &self.spec;
        let Some(limit) = grants.metrics else {
            let (what, missing) = ("describes metrics".to_owned(), Needs(vec![Grant::Metrics]));
            return Err(LoadError::not_granted(what, name, grants, &missing));
        };
        let declared =
            accounts::check_metrics(described, limit).map_err(|problem| LoadError::Metrics(cut(problem)))?;
        let old = before.and_then(|before| before.shared.metrics.as_ref()).filter(|old| old.are(&declared));
        Ok(Some(old.map_or_else(|| Arc::new(OwnMetrics::new(declared)), Arc::clone)))
    }

    /// A place for what a module will define, or the one that there was.
    fn open_metrics(&self, before: Option<&Plugin>) -> Option<Arc<OwnMetrics>> {
        let limit = usize::try_from(self.spec.grants.metrics?).unwrap_or(usize::MAX);
        let old = before.and_then(|before| before.shared.metrics.as_ref()).filter(|old| old.are_open(limit));
        Some(old.map_or_else(|| Arc::new(OwnMetrics::open(limit)), Arc::clone))
    }

    /// The plugin, whose instances begin configured if that can be.
    async fn started(&self, plain: &Plugin, code: &Code) -> Result<Plugin, LoadError> {
        if plain.shared.configure().is_none() {
            return self.tried(code, Start::Plain).await;
        }
        let why = match snapshot::of(self).await? {
            Snapshot::Image(image) => match self.tried(&image, Start::Configured).await {
                Ok(plugin) => return Ok(plugin),
                Err(error) => NoImage::Useless(error.to_string()),
            },
            Snapshot::None(why) => why,
        };
        let plugin = self.tried(code, Start::Configure(why)).await?;
        plugin.say_how_it_starts();
        Ok(plugin)
    }

    async fn tried(&self, code: &Code, start: Start) -> Result<Plugin, LoadError> {
        let plugin = self.plugin(code, start)?;
        Guest::new(&plugin.shared).await.map_err(trial)?;
        code.settle();
        Ok(self.finished(plugin))
    }
}
