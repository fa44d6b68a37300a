//! The header filter: rules for the fields of requests and responses.
//!
//! It never replies, and has nothing to say once the exchange is over.

use std::sync::Arc;

use model::{Exchange, Fault, FaultKind, Filter, FilterCall, Hooks, Step, Verdict, WorkerId};

use crate::{RuleError, Rules};

/// Changes the fields of requests on the way in and of responses on the way out.
#[derive(Debug)]
pub struct HeaderFilter {
    rules: Arc<BothWays>,
}

#[derive(Debug)]
struct BothWays {
    request: Rules,
    response: Rules,
}

impl HeaderFilter {
    /// A filter with these rules, unless one is about a field that only the host may write.
    pub fn new(request: Rules, response: Rules) -> Result<Self, RuleError> {
        request.check()?;
        response.check()?;
        Ok(HeaderFilter { rules: Arc::new(BothWays { request, response }) })
    }
}

impl Filter for HeaderFilter {
    fn name(&self) -> &'static str {
        "headers"
    }

    fn hooks(&self) -> Hooks {
        Hooks {
            request: !self.rules.request.is_empty(),
            response: !self.rules.response.is_empty(),
            ..Hooks::default()
        }
    }

    fn begin(&self, _: WorkerId) -> Box<dyn FilterCall> {
        // A call is a pointer to the rules and nothing else.
        Box::new(Call(Arc::clone(&self.rules)))
    }
}

struct Call(Arc<BothWays>);

impl FilterCall for Call {
    fn on_request(&mut self, mut exchange: Box<Exchange>) -> Step<'_, Result<Verdict, Fault>> {
        let applied = self.0.request.apply(&mut exchange, |exchange| &mut exchange.request.fields);
        Step::Done(exchange, verdict(applied, FaultKind::HeadTooLarge))
    }

    fn on_response(&mut self, mut exchange: Box<Exchange>) -> Step<'_, Result<Verdict, Fault>> {
        let applied = self.0.response.apply(&mut exchange, |exchange| &mut exchange.response.fields);
        Step::Done(exchange, verdict(applied, FaultKind::BadResponse))
    }
}

/// Goes on if the rules were kept. Otherwise whoever sent a head this full is to blame: to leave a rule out, which may
/// be there for security, would be up to them.
fn verdict(applied: Result<(), RuleError>, blame: FaultKind) -> Result<Verdict, Fault> {
    match applied {
        Ok(()) => Ok(Verdict::Continue),
        Err(error) => Err(Fault::new(blame, error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::{HeaderName, HeaderValue};
    use model::{ExchangeId, FieldError, FieldText, RequestHead};
    use std::time::Instant;

    fn rules(name: &'static str, value: &'static str) -> Rules {
        let value = FieldText::Fixed(HeaderValue::from_static(value));
        let set = vec![(HeaderName::from_static(name), value)];
        Rules { set, ..Rules::default() }
    }

    fn exchange() -> Box<Exchange> {
        let client = "192.0.2.1:4711".parse().unwrap();
        Box::new(Exchange::new(ExchangeId(1), WorkerId(0), client, Instant::now(), RequestHead::default()))
    }

    fn done(step: Step<'_, Result<Verdict, Fault>>) -> (Box<Exchange>, Result<Verdict, Fault>) {
        match step {
            Step::Done(exchange, answer) => (exchange, answer),
            Step::Later(_) => panic!("a native filter answers at once"),
        }
    }

    fn full(exchange: &mut Exchange) {
        for i in 0..128 {
            model::append_field(&mut exchange.request.fields, &format!("x-{i}"), "v").unwrap();
        }
        exchange.response.fields = exchange.request.fields.clone();
    }

    #[test]
    fn only_ways_with_rules_have_hooks() {
        let hooks = |request, response| HeaderFilter::new(request, response).unwrap().hooks();
        assert_eq!(hooks(Rules::default(), Rules::default()), Hooks::default());
        assert_eq!(hooks(rules("x-a", "1"), Rules::default()), Hooks { request: true, ..Hooks::default() });
        assert_eq!(hooks(Rules::default(), rules("x-a", "1")), Hooks { response: true, ..Hooks::default() });
    }

    #[test]
    fn each_way_has_its_own_rules() {
        let filter = HeaderFilter::new(rules("x-in", "1"), rules("x-out", "2")).unwrap();
        let mut call = filter.begin(WorkerId(0));
        let (exchange, answer) = done(call.on_request(exchange()));
        assert!(matches!(answer, Ok(Verdict::Continue)));
        assert_eq!(
            (exchange.request.fields["x-in"].as_bytes(), exchange.response.fields.len()),
            (&b"1"[..], 0)
        );
        let (exchange, answer) = done(call.on_response(exchange));
        assert!(matches!(answer, Ok(Verdict::Continue)));
        assert_eq!(
            (exchange.request.fields.len(), exchange.response.fields["x-out"].as_bytes()),
            (1, &b"2"[..])
        );
    }

    #[test]
    fn a_head_too_full_is_blamed_on_who_sent_it() {
        let filter = HeaderFilter::new(rules("x-in", "1"), rules("x-out", "2")).unwrap();
        let mut call = filter.begin(WorkerId(0));
        let mut exchange = exchange();
        full(&mut exchange);
        let (exchange, answer) = done(call.on_request(exchange));
        let fault = answer.unwrap_err();
        assert_eq!(fault.kind, FaultKind::HeadTooLarge);
        assert_eq!(fault.detail, "x-in: a head holds at most 128 fields");
        let (_, answer) = done(call.on_response(exchange));
        assert_eq!(answer.unwrap_err().kind, FaultKind::BadResponse);
    }

    #[test]
    fn rules_for_the_hosts_fields_make_no_filter() {
        let error = HeaderFilter::new(Rules::default(), rules("connection", "close")).unwrap_err();
        assert_eq!(error.cause, FieldError::Forbidden);
    }
}
