//! Checks of where a route's requests go: an upstream, or a split between several.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use super::server::given;
use super::{Check, Known};
use crate::field::{Field, List, Spanned};
use crate::raw;
use crate::source::Span;
use crate::types::{Destination, Share};

/// The most parts of a split.
const SHARE_LIMIT: usize = 100;
/// What a weight may be: 0 takes a part out without taking its line out.
const WEIGHT: RangeInclusive<u64> = 0..=1_000_000;

impl Check<'_> {
    pub(super) fn destination(
        &mut self,
        upstream: Field<String>,
        split: Field<List<raw::Share>>,
        known: &Known,
        owner: Span,
    ) -> Option<Destination> {
        let split = match (&upstream, split) {
            (_, Field::Absent) => {
                let upstream = self.required(upstream, "upstream", owner)?;
                return self.upstream_reference(upstream, known).map(Destination::Upstream);
            }
            (Field::Absent, split) => split,
            (_, split) => {
                let span = split.span().unwrap_or(owner);
                self.complain(span, "a route has `upstream` or `split`, not both", None);
                split
            }
        };
        let Field::Given(Spanned { value: shares, span }) = split else { return None };
        self.split(shares, known, span).map(Destination::Split)
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
