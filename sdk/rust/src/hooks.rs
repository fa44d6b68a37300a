//! The hooks as traits: what a plugin implements.

use crate::metrics::Metric;
use crate::{Choice, Decision, Endpoint, Outcome, Request, Response, Result, Verdict};

/// A filter: it sees requests on their way in and responses on their way out. Export the hooks it has with
/// [`filter!`](crate::filter).
pub trait Filter {
    /// Called once an exchange, when the head of the request is here, the route is known and the body is unread.
    fn on_request(&mut self, request: &mut Request) -> Result {
        _ = request;
        Ok(Verdict::Continue)
    }

    /// Called once an exchange, when the head of the response is here and its body unread: for answers of the
    /// upstream, of other filters and of the host alike.
    fn on_response(&mut self, response: &mut Response) -> Result {
        _ = response;
        Ok(Verdict::Continue)
    }

    /// Called once an exchange, after the response is on its way; nobody waits for it.
    fn on_log(&mut self, outcome: &Outcome) {
        _ = outcome;
    }
}

/// A router: it names the route of a request. Export it with [`router!`](crate::router).
pub trait Router {
    /// Called once an exchange, before the route table is asked. A path that it sets is what the table then matches.
    fn route(&mut self, request: &mut Request) -> Result<Decision>;
}

/// A balancing policy. It is resident: one instance a worker and upstream, which may keep what it learned. Export it
/// with [`picker!`](crate::picker).
pub trait Picker {
    /// Called before the first `pick`. The endpoints never change within an instance.
    fn on_endpoints(&mut self, endpoints: Vec<Endpoint>);

    /// Called for each attempt to send a request. `usable` holds the indexes that may be chosen, ascending and never
    /// none; `active` has for every endpoint the number of requests under way on this worker.
    fn pick(&mut self, usable: &[u32], active: &[u32]) -> Choice;
}

/// A plugin with settings: name `configure` among the hooks, and instances are made by it in place of [`Default`].
pub trait Configure: Sized {
    /// Makes an instance from the plugin's `settings` as JSON text, `{}` where there are none.
    ///
    /// # Errors
    ///
    /// The message refuses the configuration, and whoever wrote it reads it.
    fn configure(settings: &str) -> Result<Self, String>;

    /// The metrics that the plugin counts by [`metrics`](crate::metrics); asked for once, when it is loaded.
    fn metrics() -> Vec<Metric> {
        Vec::new()
    }
}
