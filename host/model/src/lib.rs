//! The nouns of Sandgate, and the traits of its extension points.
//!
//! Everything here is plain data and arithmetic: no I/O, no clock but the one handed in (and the calendar's, for
//! `${time.iso}`), no knowledge of the configuration's format, of wasmtime or of hyper. Every other crate speaks in these
//! words.

mod ambiguous;
mod around;
mod asked;
mod body;
mod breaker;
mod callout;
mod captures;
mod checked;
mod circuit;
mod clock;
mod costs;
mod counters;
mod durations;
mod endpoint;
mod exchange;
mod extension;
mod fault;
mod fields;
mod gate;
mod head;
mod lookup;
mod notes;
mod outlier;
mod path;
mod per_worker;
mod scheme;
mod service;
mod spans;
mod stamp;
mod standing;
mod template;
mod tenant;
mod tls;
mod trace;
mod trailers;
mod upstream_times;
mod variable;
mod watch;
mod weigher;
mod window;

pub use ambiguous::Ambiguous;
pub use around::{Around, AroundFuture, Forwarded, Onward, Replied};
pub use asked::Asked;
pub use body::{BodyVerdict, WholeBody};
pub use breaker::{Breaker, BreakerRule, BreakerState, Pass};
pub use callout::{
    Caller, Callout, CalloutAnswer, CalloutError, CalloutFuture, CalloutPart, Hear, Heard, Pauses, Talk,
};
pub use captures::Captures;
pub use checked::{CheckResult, CheckedState};
pub use circuit::CircuitRule;
pub use clock::ms_at;
pub use costs::{PluginCost, PluginCosts};
pub use counters::{Counter, RouteLabel};
pub use durations::{DURATION_BOUNDS_US, Durations, Histogram};
pub use endpoint::{Address, Endpoint, EndpointScheme, Health, InFlight, PassiveCheck, is_localhost};
pub use exchange::{Ends, Exchange, ExchangeId, Outcome, Timing};
pub use extension::{
    Ask, Attempted, Balancer, BodyOf, Candidates, Choice, Decision, Detour, DetourNames, Failed, Filter,
    FilterCall, Hooks, Reply, RouteNames, Router, Step, Verdict, WorkerId,
};
pub use fault::{Blame, Fault, FaultKind, PluginFault};
pub use fields::{FieldError, append_field, check_name, check_value, remove_field, set_field};
pub use gate::{Entry, Gate, GateRule, Slot, Turnstile};
pub use head::{RequestHead, ResponseHead};
pub use notes::Notes;
pub use outlier::{EjectedFor, Impression, OutlierRule, outlier_threshold};
pub use path::{escaped_byte, matched_path, normal_path};
pub use per_worker::PerWorker;
pub use scheme::Scheme;
pub use service::{CpuMeter, Part, Parts, Service, ServiceAnswer, ServiceFuture, ServiceRequest};
pub use spans::Spans;
pub use stamp::Stamp;
pub use standing::{Course, Duty, Latency, PRIORITIES, SHARE, Standing, State, WarmUp};
pub use template::{Escape, FieldText, Template};
pub use tenant::{Lodging, Quota, Quotas, Tenant, TenantUse, Visit};
pub use tls::{ClientCertificate, TlsFacts};
pub use trace::{TraceContext, TraceId};
pub use trailers::{append_trailer, is_forbidden_trailer, set_trailer};
pub use upstream_times::UpstreamTimes;
pub use variable::{Fixed, Logged, Stage, Variable};
pub use watch::{BackStep, BodyPart, BodyWatch, More, PartFuture, PartStep, PartVerdict, Passed, Soon};
pub use weigher::{Loads, Weighed, Weigher, Weighing, Weight};
pub use window::{Outcomes, Window};
