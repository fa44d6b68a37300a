//! What a row of checks makes of an endpoint.

use model::CheckedState;

/// Counts checks in a row. One good or bad check changes nothing by itself: an endpoint that flaps would drag its
/// requests along.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    healthy_after: u32,
    unhealthy_after: u32,
    state: CheckedState,
    /// Checks in a row that contradict the state.
    contrary: u32,
    /// Whether nothing but an assumption stands against the first check.
    is_assumed: bool,
}

impl Judge {
    /// Begins with what is known; an endpoint that was only assumed to be unhealthy becomes healthy with one check.
    pub(super) fn new(
        healthy_after: u32,
        unhealthy_after: u32,
        known: CheckedState,
        is_assumed: bool,
    ) -> Self {
        Judge { healthy_after, unhealthy_after, state: known, contrary: 0, is_assumed }
    }

    /// Takes in a check; says what the endpoint becomes, if it changes.
    pub(super) fn hear(&mut self, passed: bool) -> Option<CheckedState> {
        let (heard, enough) = match passed {
            true if self.is_assumed || self.state == CheckedState::Unknown => (CheckedState::Healthy, 1),
            true => (CheckedState::Healthy, self.healthy_after),
            false => (CheckedState::Unhealthy, self.unhealthy_after),
        };
        if heard == self.state {
            self.contrary = 0;
            return None;
        }
        self.contrary += 1;
        if self.contrary < enough {
            return None;
        }
        self.state = heard;
        self.contrary = 0;
        self.is_assumed = false;
        Some(heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CheckedState::{Healthy, Unhealthy, Unknown};
    use proptest::prelude::*;

    fn hear(judge: &mut Judge, checks: &str) -> Vec<Option<CheckedState>> {
        checks.chars().map(|check| judge.hear(check == '+')).collect()
    }

    #[test]
    fn it_takes_a_row_to_fall_and_a_row_to_rise() {
        let mut judge = Judge::new(2, 3, Healthy, false);
        assert_eq!(hear(&mut judge, "--+---"), [None, None, None, None, None, Some(Unhealthy)]);
        assert_eq!(hear(&mut judge, "+-++"), [None, None, None, Some(Healthy)]);
    }

    #[test]
    fn the_first_good_check_is_enough_where_nothing_is_known() {
        assert_eq!(Judge::new(5, 3, Unknown, false).hear(true), Some(Healthy));
        assert_eq!(Judge::new(5, 3, Unhealthy, true).hear(true), Some(Healthy));
        assert_eq!(hear(&mut Judge::new(5, 2, Unknown, false), "--"), [None, Some(Unhealthy)]);
    }

    #[test]
    fn what_was_found_is_not_undone_by_one_check() {
        assert_eq!(hear(&mut Judge::new(2, 3, Unhealthy, false), "+-+"), [None, None, None]);
    }

    proptest! {
        /// Whatever it hears: a change comes only at the end of a row that is long enough, and never to what it is.
        #[test]
        fn changes_follow_rows(
            checks in proptest::collection::vec(any::<bool>(), 0..200),
            healthy_after in 1u32..5,
            unhealthy_after in 1u32..5,
        ) {
            let mut judge = Judge::new(healthy_after, unhealthy_after, Healthy, false);
            let mut state = Healthy;
            for at in 0..checks.len() {
                let Some(change) = judge.hear(checks[at]) else { continue };
                prop_assert_ne!(change, state);
                state = change;
                let enough = if change == Healthy { healthy_after } else { unhealthy_after } as usize;
                prop_assert!(at + 1 >= enough);
                prop_assert!(checks[at + 1 - enough..=at].iter().all(|passed| *passed == (change == Healthy)));
            }
        }
    }
}
