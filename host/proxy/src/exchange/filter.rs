//! Filters: each sees the request on its way in, and the response, in reverse order, on its way out.

use generation::Route;
use http::{Method, StatusCode};
use http_body::Body;
use model::{Exchange, Fault, FilterCall, Hooks, Verdict};
use smallvec::SmallVec;

use crate::exchange::answer::Content;
use crate::exchange::around::{self, Kept};
use crate::exchange::begin::Upload;
use crate::exchange::halt::Halted;
use crate::exchange::{pages, parts, rescue, whole};
use crate::local::Local;

/// The filters' work on one exchange: those that have seen its request, in order.
#[derive(Default)]
pub(crate) struct Calls(SmallVec<[(Hooks, Box<dyn FilterCall>); 2]>, Option<Box<Kept>>);

impl Calls {
    /// Whether any wants to see the end.
    pub(crate) fn want_log(&self) -> bool {
        self.0.iter().any(|(hooks, _)| hooks.log)
    }

    /// Whether any wants to see the request's body, which there is, or the whole one of the response.
    pub(crate) fn want_bodies(&self, upload: &Upload) -> bool {
        self.want_response_body() || (upload.body.is_some() && self.want_request_body())
    }

    /// Whether any wants to see the request's body.
    pub(crate) fn want_request_body(&self) -> bool {
        self.0.iter().any(|(hooks, _)| hooks.request_body || hooks.request_parts)
    }

    /// Whether any wants to see the response's whole body.
    pub(crate) fn want_response_body(&self) -> bool {
        self.0.iter().any(|(hooks, _)| hooks.response_body)
    }

    /// Those that want to see the request's body.
    pub(crate) fn of_request_body(
        &mut self,
    ) -> impl Iterator<Item = (Hooks, &mut (dyn FilterCall + 'static))> {
        let of = self.0.iter_mut().filter(|(hooks, _)| hooks.request_body || hooks.request_parts);
        of.map(|(hooks, call)| (*hooks, &mut **call))
    }

    /// Lets go of those that have nothing more to do.
    pub(crate) fn keep_only_log(&mut self) {
        self.0.retain(|(hooks, _)| hooks.log);
    }

    /// Shows the exchange, which is over, to those that want to see it.
    pub(crate) async fn log(&mut self, mut exchange: Box<Exchange>) {
        let outcome = exchange.outcome(std::time::Instant::now());
        for (hooks, call) in &mut self.0 {
            if hooks.log {
                // A failure is counted where it happened; nobody waits for this hook.
                (exchange, _) = call.on_log(exchange, &outcome).finish().await;
            }
        }
    }
}

/// The way in. A filter that replies has seen the request, and sees its own reply on the way out.
pub(crate) async fn inward(
    local: &Local,
    calls: &mut Calls,
    route: &Route,
    mut exchange: Box<Exchange>,
    upload: &mut Upload,
) -> Result<Box<Exchange>, Box<Halted>> {
    for filter in &route.filters {
        let hooks = filter.hooks();
        let mut call = filter.begin(exchange.worker);
        if hooks.around {
            // Boxed: routes without such filters do not carry the room for it.
            exchange = Box::pin(inward_around(local, calls, route, (hooks, call), exchange, upload)).await?;
            continue;
        }
        let verdict;
        (exchange, verdict) = match hooks.request {
            true => call.on_request(exchange).finish().await,
            false => (exchange, Ok(Verdict::Continue)),
        };
        let asks = call.asks();
        calls.0.push((hooks, call));
        match verdict {
            Ok(Verdict::Continue) => {
                if let Some((_, call)) = calls.0.last_mut().filter(|_| asks.is_some()) {
                    // Boxed: who looks at no body does not carry the room for it.
                    exchange = Box::pin(whole::asked_request(local, &mut **call, exchange, upload)).await?;
                }
            }
            Ok(Verdict::Reply(reply)) => return Err(Halted::reply(exchange, reply)),
            Err(fault) => return Err(Halted::fault(exchange, fault)),
        }
    }
    Ok(exchange)
}

/// The way in by a filter that stands around the rest of it.
async fn inward_around(
    local: &Local,
    calls: &mut Calls,
    route: &Route,
    (hooks, mut call): (Hooks, Box<dyn FilterCall>),
    exchange: Box<Exchange>,
    upload: &mut Upload,
) -> Result<Box<Exchange>, Box<Halted>> {
    let Some(around) = call.around() else { return Ok(exchange) };
    let kept = calls.1.get_or_insert_default();
    kept.begin(route.timeouts.read);
    let passed = around::forward(local, around, kept, exchange, upload).await;
    calls.0.push((hooks, call));
    passed
}

/// The way out by one that waits for its end.
async fn outward_around(
    local: &Local,
    call: &mut dyn FilterCall,
    kept: Option<&Kept>,
    exchange: Box<Exchange>,
    content: Content,
) -> (Box<Exchange>, Result<Content, Fault>) {
    let waiting = call.around().filter(|around| around.is_waiting()).zip(kept);
    match waiting {
        Some((around, kept)) => around::answer(local, around, kept, exchange, content).await,
        None => (exchange, Ok(content)),
    }
}

/// The way out: error pages first, so that filters see them. A filter that replies or fails changes what those after it see.
pub(crate) async fn outward(
    local: &Local,
    calls: &mut Calls,
    mut exchange: Box<Exchange>,
    content: Content,
) -> (Box<Exchange>, Content) {
    let mut content = pages::dress(&local.generation, &mut exchange, content);
    for (hooks, call) in calls.0.iter_mut().rev() {
        if hooks.response {
            exchange.ends.response = ends_with_head(&exchange, &content);
            let verdict;
            (exchange, verdict) = call.on_response(exchange).finish().await;
            content = match verdict {
                Ok(Verdict::Continue) => match call.asks() {
                    None => content,
                    Some(ask) => {
                        let seen;
                        let asked = whole::asked_response(local, &mut **call, ask, exchange, content);
                        (exchange, seen) = Box::pin(asked).await;
                        seen.unwrap_or_else(|fault| page_of(local, &mut exchange, fault))
                    }
                },
                Ok(Verdict::Reply(reply)) => rescue::adopt(&mut exchange, reply),
                Err(fault) => page_of(local, &mut exchange, fault),
            };
        }
        if hooks.around {
            let answered;
            (exchange, answered) =
                Box::pin(outward_around(local, &mut **call, calls.1.as_deref(), exchange, content)).await;
            content = answered.unwrap_or_else(|fault| page_of(local, &mut exchange, fault));
        }
        if hooks.response_body {
            let seen;
            // Boxed: who looks at no body does not carry the room for it.
            (exchange, seen) = Box::pin(whole::response(local, &mut **call, exchange, content)).await;
            content = seen.unwrap_or_else(|fault| page_of(local, &mut exchange, fault));
        }
        if hooks.response_parts {
            let seen;
            (exchange, seen) = Box::pin(parts::response(&mut **call, exchange, content)).await;
            content = seen.unwrap_or_else(|fault| page_of(local, &mut exchange, fault));
        }
    }
    if let Some(kept) = &mut calls.1 {
        around::restore(kept, &mut exchange);
    }
    (exchange, content)
}

/// Whether an answer has no body (RFC 9110 section 6.4.1).
fn ends_with_head(exchange: &Exchange, content: &Content) -> bool {
    let status = exchange.response.status;
    let has_none = status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    has_none || exchange.request.method == Method::HEAD || content.is_end_stream()
}

fn page_of(local: &Local, exchange: &mut Exchange, fault: Fault) -> Content {
    exchange.in_flight = None;
    exchange.slot = None;
    let plain = rescue::explain(exchange, fault);
    pages::dress(&local.generation, exchange, plain)
}
