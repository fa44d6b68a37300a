//! A balancing policy: of the endpoints that can be used, the one with the fewest requests under way.

use sandgate_sdk::{Candidates, Choice, Endpoint, Picker, picker};

/// Lives on one worker, and sees all of its requests.
#[derive(Default)]
struct {{Name}};

impl Picker for {{Name}} {
    fn on_endpoints(&mut self, _endpoints: Vec<Endpoint>) {}

    fn pick(&mut self, among: Candidates<'_>) -> Choice {
        let active = |at: &u32| among.active.get(*at as usize).copied().unwrap_or(u32::MAX);
        among.usable.iter().copied().min_by_key(active).map_or(Choice::Fallback, Choice::Endpoint)
    }
}

picker!({{Name}});
