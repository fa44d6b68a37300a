//! Checks of who answers a route's requests: an upstream, one of several, or the proxy itself.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use config::{Destination, Share};
use document::{Field, List, Span, Spanned};
use http::StatusCode;

use super::replies::Redirection;
use super::server::given;
use super::{Check, Known};

/// The most parts of a split.
const SHARE_LIMIT: usize = 100;
/// What a weight may be: 0 takes a part out without taking its line out.
const WEIGHT: RangeInclusive<u64> = 0..=1_000_000;

/// What a route says of who answers.
pub(super) struct Answers {
    pub(super) upstream: Field<String>,
    pub(super) split: Field<List<raw::Share>>,
    pub(super) redirect: Field<raw::Redirect>,
    pub(super) respond: Field<raw::Respond>,
    pub(super) service: Field<raw::PluginReference>,
}

impl Check<'_> {
    /// Who answers, and the status of a redirect to HTTPS.
    pub(super) fn destination(
        &mut self,
        answers: Answers,
        known: &Known,
        owner: Span,
    ) -> (Option<Destination>, Option<StatusCode>) {
        let Answers { upstream, split, redirect, respond, service } = answers;
        let (redirect, https) = match written(redirect, |redirect| self.redirect(redirect)) {
            Some(Some(Redirection::ToHttps(status))) => (None, Some(status)),
            Some(Some(Redirection::All(redirect))) => (Some(Some(Destination::Redirect(redirect))), None),
            Some(None) => (Some(None), None),
            None => (None, None),
        };
        let upstream =
            written(upstream, |name| self.upstream_reference(name, known).map(Destination::Upstream));
        let split =
            written(split, |Spanned { value, span }| self.split(value, known, span).map(Destination::Split));
        let respond = written(respond, |respond| self.respond(respond).map(Destination::Respond));
        let service = written(service, |Spanned { value, span }| {
            let name = self.required(value.plugin, "plugin", span)?;
            self.plugin_reference(name, known).map(Destination::Service)
        });
        let mut all = [upstream, split, redirect, respond, service].into_iter().flatten();
        let (first, second) = (all.next(), all.next());
        if second.is_some() {
            let message =
                "only one of `upstream`, `split`, `redirect`, `respond` and `service` can be written";
            self.complain(owner, message, None);
        }
        if first.is_none() {
            let help = "or `split`, `redirect`, `respond` or `service`; `redirect: { https: true }` stands beside one"
                .to_owned();
            self.complain(owner, "missing key `upstream`", Some(help));
        }
        (first.flatten(), https)
    }

    fn split(&mut self, shares: List<raw::Share>, known: &Known, span: Span) -> Option<Vec<Share>> {
        if shares.is_empty() || shares.len() > SHARE_LIMIT {
            let help = "for example `split: [{ upstream: old, weight: 90 }, { upstream: new, weight: 10 }]`";
            self.complain(
                span,
                format!("expected a list of 1 to {SHARE_LIMIT} upstreams"),
                Some(help.to_owned()),
            );
            return None;
        }
        let written = shares.len();
        let mut seen = HashSet::new();
        let built: Vec<Share> =
            given(shares).filter_map(|share| self.share(share, known, &mut seen)).collect();
        let complete = built.len() == written;
        if complete && built.iter().all(|share| share.weight == 0) {
            self.complain(span, "all weights are 0: no request could go anywhere", None);
        }
        complete.then_some(built)
    }

    fn share(
        &mut self,
        share: Spanned<raw::Share>,
        known: &Known,
        seen: &mut HashSet<String>,
    ) -> Option<Share> {
        let Spanned { value: raw::Share { upstream, weight }, span } = share;
        let weight = self.number(weight, 1, WEIGHT);
        let upstream = self.required(upstream, "upstream", span)?;
        if !seen.insert(upstream.value.clone()) {
            self.complain(upstream.span, "this upstream is written twice", None);
        }
        let upstream = self.upstream_reference(upstream, known)?;
        Some(Share { upstream, weight: u32::try_from(weight).unwrap_or(u32::MAX) })
    }
}

/// What a key that is written means, if that is right; nothing when it isn't written.
fn written<T, U>(field: Field<T>, meaning: impl FnOnce(Spanned<T>) -> Option<U>) -> Option<Option<U>> {
    match field {
        Field::Given(given) => Some(meaning(given)),
        Field::Broken => Some(None),
        Field::Absent => None,
    }
}
