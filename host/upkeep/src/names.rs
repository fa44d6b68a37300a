//! The names of endpoints: what they lead to, asked again when the answer grows old.
//!
//! What was found is kept until something else is found: a DNS server that fails takes no endpoint away. When a name
//! leads elsewhere, a new generation is assembled; nothing of a generation changes in place.

mod book;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use config::{Config, EndpointAddress};
use outbound::{Found, NameError, NameQuestion, Resolver, ResolverSettings};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

pub use book::{Book, Entry};

/// How soon a lookup that failed is tried again, the first time.
const RETRY: Duration = Duration::from_secs(1);
/// How soon at the latest, after many.
const RETRY_MOST: Duration = Duration::from_secs(30);
/// So many lookups are under way at a time: more would be a flood to a DNS server, which drops what it can't take.
const LOOKUPS_AT_ONCE: usize = 64;
/// How long a start or a reload waits for names that nothing is known of.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whom to ask, and how long answers are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameSettings {
    /// Whom to ask.
    pub resolver: ResolverSettings,
    /// An answer is believed no shorter than this, whatever its TTL.
    pub min_ttl: Duration,
    /// And no longer than this.
    pub max_ttl: Duration,
}

/// What a configuration wants to know.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// How to find out.
    pub settings: NameSettings,
    /// The names of its endpoints.
    pub questions: BTreeSet<NameQuestion>,
}

impl Wanted {
    /// What a configuration wants to know.
    pub fn by(config: &Config) -> Self {
        let resolver = &config.server.resolver;
        let settings = NameSettings {
            resolver: ResolverSettings { servers: resolver.servers.clone(), timeout: resolver.timeout },
            min_ttl: resolver.min_ttl,
            max_ttl: resolver.max_ttl,
        };
        let endpoints = config.upstreams.values().flat_map(|upstream| &upstream.endpoints);
        Wanted { settings, questions: endpoints.filter_map(|endpoint| question(&endpoint.address)).collect() }
    }
}

/// What must be asked to know where an endpoint is; nothing, if the configuration says so itself.
pub fn question(address: &EndpointAddress) -> Option<NameQuestion> {
    match address {
        address if address.is_place() => None,
        EndpointAddress::Tcp { host, .. } => Some(NameQuestion::Host(Arc::clone(host))),
        EndpointAddress::Service(name) => Some(NameQuestion::Service(Arc::clone(name))),
        EndpointAddress::Unix(_) => None,
    }
}

/// The names of a configuration, followed.
pub struct Names {
    settings: Option<NameSettings>,
    resolver: Option<Resolver>,
    due: HashMap<NameQuestion, Due>,
    lookups: JoinSet<(NameQuestion, Result<Found, NameError>)>,
    book: Arc<Book>,
}

/// When a name is asked again.
struct Due {
    at: Instant,
    /// Lookups that failed, one after the other.
    failures: u32,
    asking: bool,
}

impl Due {
    fn now() -> Self {
        Due { at: Instant::now(), failures: 0, asking: false }
    }
}

impl Names {
    /// Follows nothing yet.
    pub fn new() -> Self {
        Names {
            settings: None,
            resolver: None,
            due: HashMap::new(),
            lookups: JoinSet::new(),
            book: Arc::default(),
        }
    }

    /// What is known.
    pub fn book(&self) -> Arc<Book> {
        Arc::clone(&self.book)
    }

    /// Follows these names as well, and waits a while for those that nothing is known of.
    pub async fn learn(&mut self, wanted: &Wanted) {
        self.use_settings(&wanted.settings);
        for question in &wanted.questions {
            self.due.entry(question.clone()).or_insert_with(Due::now);
        }
        let _ = timeout(PATIENCE, self.first_answers()).await;
    }

    /// Follows these names and no others.
    pub fn keep_only(&mut self, wanted: &Wanted) {
        self.use_settings(&wanted.settings);
        self.due.retain(|question, _| wanted.questions.contains(question));
        self.book.keep_only(|question| self.due.contains_key(question));
    }

    async fn first_answers(&mut self) {
        while self.due.keys().any(|question| self.book.is_new(question)) {
            self.ask();
            let Some(answered) = self.lookups.join_next().await else { return };
            self.note(answered);
        }
    }

    fn use_settings(&mut self, settings: &NameSettings) {
        if self.settings.as_ref() == Some(settings) {
            return;
        }
        self.resolver = match Resolver::new(&settings.resolver) {
            Ok(resolver) => Some(resolver),
            Err(error) => {
                tracing::error!(%error, "names can't be looked up");
                None
            }
        };
        self.settings = Some(settings.clone());
        // What another server said may be wrong by this one.
        self.due.values_mut().for_each(|due| due.at = Instant::now());
    }

    /// Waits until a name leads elsewhere than it did. May be cancelled.
    pub async fn changed(&mut self) {
        loop {
            self.ask();
            let next = self.next_due();
            let changed = tokio::select! {
                Some(answered) = self.lookups.join_next() => self.note(answered),
                () = sleep_until_some(next) => false,
            };
            if changed {
                return;
            }
        }
    }

    /// When the next lookup may begin; where there is no room for one, an answer has to come first.
    fn next_due(&self) -> Option<Instant> {
        let has_room = self.lookups.len() < LOOKUPS_AT_ONCE;
        self.due.values().filter(|due| has_room && !due.asking).map(|due| due.at).min()
    }

    /// Begins the lookups that are due: as many as there is room for, those first that are due for the longest time.
    fn ask(&mut self) {
        let Some(resolver) = &self.resolver else { return };
        let (now, room) = (Instant::now(), LOOKUPS_AT_ONCE.saturating_sub(self.lookups.len()));
        let due = self.due.iter_mut().filter(|(_, due)| !due.asking && due.at <= now);
        let mut due: Vec<_> = due.collect();
        if due.len() > room {
            due.sort_unstable_by_key(|(_, due)| due.at);
        }
        for (question, due) in due.into_iter().take(room) {
            due.asking = true;
            let (resolver, question) = (resolver.clone(), question.clone());
            self.lookups.spawn(async move {
                let answer = resolver.look_up(&question).await;
                (question, answer)
            });
        }
    }

    /// Takes down an answer; true if it is another than before.
    fn note(
        &mut self,
        answered: Result<(NameQuestion, Result<Found, NameError>), tokio::task::JoinError>,
    ) -> bool {
        let Ok((question, answer)) = answered else { return false };
        let (Some(due), Some(settings)) = (self.due.get_mut(&question), &self.settings) else { return false };
        due.asking = false;
        match answer {
            Ok(Found { places, ttl }) => {
                due.failures = 0;
                due.at = Instant::now() + jittered(ttl.clamp(settings.min_ttl, settings.max_ttl));
                self.book.found(question, places)
            }
            Err(error) => {
                due.at = Instant::now() + jittered(retry_after(due.failures));
                due.failures = due.failures.saturating_add(1);
                tracing::warn!(name = %question, %error, "a name can't be looked up");
                self.book.failed(question);
                false
            }
        }
    }
}

impl Default for Names {
    fn default() -> Self {
        Names::new()
    }
}

async fn sleep_until_some(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn retry_after(failures: u32) -> Duration {
    RETRY.saturating_mul(2_u32.saturating_pow(failures.min(8))).min(RETRY_MOST)
}

/// Up to a tenth more, so that many proxies don't ask at the same moment.
fn jittered(after: Duration) -> Duration {
    after.mul_f64(1.0 + fastrand::f64() / 10.0)
}

#[cfg(test)]
mod tests;
