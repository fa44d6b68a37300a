//! A balancing policy that does what the request's header `x-misbehave` says, so that tests can see what the host
//! makes of it. Without that header the first usable endpoint gets the request.

use std::hint::black_box;

use sandgate_sdk::{Choice, Endpoint, Picker, exchange, picker};

/// The header that says what to do.
const ASKED_BY: &str = "x-misbehave";

/// How many endpoints there are.
#[derive(Default)]
struct Hostile(usize);

impl Picker for Hostile {
    fn on_endpoints(&mut self, endpoints: Vec<Endpoint>) {
        self.0 = endpoints.len();
    }

    fn pick(&mut self, usable: &[u32], active: &[u32]) -> Choice {
        match exchange::request_header(ASKED_BY).unwrap_or_default().as_str() {
            "out-of-range" => Choice::Endpoint(u32::MAX),
            "not-usable" => Choice::Endpoint(not_in(usable, self.0)),
            "trap" => std::process::abort(),
            "loop" => spin(),
            "fallback" => Choice::Fallback,
            // The host promised a number for each endpoint.
            _ if active.len() != self.0 => std::process::abort(),
            _ => usable.first().map_or(Choice::Fallback, |index| Choice::Endpoint(*index)),
        }
    }
}

picker!(Hostile);

/// An endpoint that there is, but that may not be chosen; if all may, one that there is not.
fn not_in(usable: &[u32], endpoints: usize) -> u32 {
    let endpoints = u32::try_from(endpoints).unwrap_or(u32::MAX);
    (0..endpoints).find(|index| !usable.contains(index)).unwrap_or(endpoints)
}

fn spin() -> ! {
    loop {
        black_box(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandgate_sdk::testing;

    #[test]
    fn it_picks_the_first_usable_endpoint_unless_told_otherwise() {
        let mut hostile = Hostile(3);
        assert_eq!(hostile.pick(&[1, 2], &[0, 0, 0]), Choice::Endpoint(1));
        testing::set_request_header(ASKED_BY, "not-usable");
        assert_eq!(hostile.pick(&[1, 2], &[0, 0, 0]), Choice::Endpoint(0));
        assert_eq!(hostile.pick(&[0, 1, 2], &[0, 0, 0]), Choice::Endpoint(3));
    }
}
