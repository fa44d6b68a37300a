//! The hooks as traits: what a plugin implements.

use crate::metrics::Metric;
use crate::{
    BodyVerdict, Choice, Decision, Detour, Endpoint, Outcome, Request, Response, Result, UpstreamFailure,
    Verdict,
};

/// A filter: it sees requests on their way in and responses on their way out. Export the hooks it has with
/// [`filter!`](crate::filter).
pub trait Filter {
    /// Called once an exchange, when the head of the request is here, the route is known and the body is unread.
    fn on_request(&mut self, request: &mut Request) -> Result {
        _ = request;
        Ok(Verdict::Continue)
    }

    /// Called with the whole body, after `on_request` of all filters; not for an empty one, nor one longer than the plugin's
    /// `limits.body`. A coded body (Content-Encoding) is given as it is.
    fn on_request_body(&mut self, request: &mut Request, body: Vec<u8>) -> Result<BodyVerdict> {
        _ = (request, body);
        Ok(BodyVerdict::Keep)
    }

    /// Called once an exchange, when the head of the response is here and its body unread: for answers of the
    /// upstream, of other filters and of the host alike.
    fn on_response(&mut self, response: &mut Response) -> Result {
        _ = response;
        Ok(Verdict::Continue)
    }

    /// Called with the whole body, right after `on_response`; not for an empty one, a part of one (206), events and gRPC,
    /// nor one longer than the plugin's `limits.body`. A coded body (Content-Encoding) is given as it is.
    fn on_response_body(&mut self, response: &mut Response, body: Vec<u8>) -> Result<BodyVerdict> {
        _ = (response, body);
        Ok(BodyVerdict::Keep)
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

    /// Called at most once an exchange, when its upstream could not answer: name the hook to have it,
    /// `router!(Canary: reroute)`. What `route` knew is gone unless it was noted, but for a resident instance.
    fn reroute(&mut self, failure: &UpstreamFailure) -> Result<Detour> {
        _ = failure;
        Ok(Detour::Fallback)
    }
}

/// A balancing policy. It is resident: one instance a worker and upstream, which may keep what it learned. Export it
/// with [`picker!`](crate::picker).
pub trait Picker {
    /// Called before the first `pick`. The endpoints never change within an instance.
    fn on_endpoints(&mut self, endpoints: Vec<Endpoint>);

    /// Called for each attempt to send a request, unless a [`Choice::Ranking`] says where a retry goes. Whose request
    /// it is, [`exchange`](crate::exchange) says.
    fn pick(&mut self, among: Candidates<'_>) -> Choice;

    /// Called before a `pick` with what has come of attempts since the last call: name the hook to have it,
    /// `picker!(Least: on_outcomes)`. There is no exchange.
    fn on_outcomes(&mut self, outcomes: Attempts<'_>) {
        _ = outcomes;
    }
}

/// What a picker may choose from, and what the host knows of the endpoints.
#[derive(Clone, Copy, Debug, Default)]
pub struct Candidates<'a> {
    /// The indexes that may be chosen, ascending and never none.
    pub usable: &'a [u32],
    /// Those that this exchange was sent to already, or could not be.
    pub tried: &'a [u32],
    /// For every endpoint: requests under way, over all workers.
    pub active: &'a [u32],
    /// For every endpoint: its share beside the others', which is its weight unless it is warming up.
    pub weight: &'a [f64],
    /// For every endpoint: how long it takes to the head of an answer on average, in microseconds; 0 before the first.
    pub latency_us: &'a [f64],
}

/// How attempts ended, each at one index of all lists.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attempts<'a> {
    /// Which endpoint each was sent to.
    pub endpoint: &'a [u32],
    /// The answer's status; 0 if there was none.
    pub status: &'a [u16],
    /// From the sending to the head of the answer, or to the failure, in microseconds.
    pub latency_us: &'a [f64],
}

/// What the host knows of an upstream's endpoints: a number for each in each list, over all workers.
#[derive(Clone, Copy, Debug)]
pub struct Loads<'a> {
    /// Requests under way.
    pub active: &'a [u32],
    /// How long it takes to the head of an answer on average, in microseconds; 0 before the first.
    pub latency_us: &'a [f64],
    /// Attempts that failed since the start.
    pub failures: &'a [u64],
}

/// A balancing policy that costs requests nothing: it is asked on a timer, and the host chooses by the weights it gave
/// last. It is resident: one instance an upstream, which may keep what it learned. Export it with
/// [`weigher!`](crate::weigher).
pub trait Weigher {
    /// Called before the first `weigh`. The endpoints never change within an instance.
    fn on_endpoints(&mut self, endpoints: Vec<Endpoint>);

    /// Called once an interval. Says a weight for each endpoint: 0 to 1000000, of which three decimals count.
    fn weigh(&mut self, loads: Loads<'_>) -> Vec<f64>;
}

/// A plugin with settings: name `configure` among the hooks, and instances are made by it in place of [`Default`].
pub trait Configure: Sized {
    /// A JSON Schema that the host holds settings to before it calls [`configure`](Self::configure): it shows what is
    /// wrong with its place in the file. At most 64 KiB.
    const SCHEMA: Option<&'static str> = None;

    /// Makes an instance from the plugin's `settings` as JSON text, `{}` where there are none. It is called once, when the
    /// configuration is loaded: every instance begins with the memory that it leaves.
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
