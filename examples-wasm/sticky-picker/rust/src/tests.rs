//! The policy, without WebAssembly and without a proxy.

use sandgate_sdk::testing;

use super::*;

const IDLE: Candidates<'_> = Candidates {
    usable: &[0, 1, 2],
    tried: &[],
    active: &[0, 0, 0],
    weight: &[1.0, 1.0, 1.0],
    latency_us: &[0.0, 0.0, 0.0],
};

fn policy() -> StickyPicker {
    let mut policy = StickyPicker::configure(r#"{ "cookie": "session" }"#).unwrap();
    let endpoint = |at: u32| Endpoint { address: format!("http://192.0.2.{at}"), weight: 1 };
    policy.on_endpoints((0..3).map(endpoint).collect());
    policy
}

fn ranking(policy: &mut StickyPicker, session: &str, among: Candidates<'_>) -> Vec<u32> {
    testing::set_request_header("cookie", format!("a=1; session={session}"));
    match policy.pick(among) {
        Choice::Ranking(ranking) => ranking,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_session_stays_and_sessions_are_spread() {
    let (mut one, mut other) = (policy(), policy());
    let firsts = |policy: &mut StickyPicker| -> Vec<u32> {
        (0..100).map(|session| ranking(policy, &session.to_string(), IDLE)[0]).collect()
    };
    let found = firsts(&mut one);
    assert_eq!(found, firsts(&mut other), "each worker's instance says the same");
    assert!((0..3).all(|at| found.iter().filter(|first| **first == at).count() > 15), "{found:?}");
}

#[test]
fn without_the_cookie_the_host_chooses() {
    testing::set_request_header("cookie", "sessions=1");
    assert_eq!(policy().pick(IDLE), Choice::Fallback);
}

#[test]
fn of_an_endpoint_that_goes_only_its_own_sessions_move() {
    let mut policy = policy();
    for session in 0..100 {
        let session = session.to_string();
        let all = ranking(&mut policy, &session, IDLE);
        let left = ranking(&mut policy, &session, Candidates { usable: &[0, 2], ..IDLE });
        let expected: Vec<u32> = all.iter().copied().filter(|at| *at != 1).collect();
        assert_eq!(left, expected);
    }
}

#[test]
fn one_that_keeps_failing_is_put_last_for_a_while() {
    let mut policy = policy();
    let first = ranking(&mut policy, "x", IDLE)[0];
    let failed = |policy: &mut StickyPicker, status: [u16; 3]| {
        policy.on_outcomes(Attempts { endpoint: &[first; 3], status: &status, latency_us: &[1.0; 3] });
    };
    failed(&mut policy, [503, 200, 0]);
    assert_eq!(ranking(&mut policy, "x", IDLE)[0], first, "not in a row");
    failed(&mut policy, [503, 0, 502]);
    assert_eq!(ranking(&mut policy, "x", IDLE)[2], first);
    testing::set_clock(REST);
    assert_eq!(ranking(&mut policy, "x", IDLE)[0], first, "it is tried again");
}

#[test]
fn settings_name_one_key() {
    for settings in ["{}", r#"{ "cookie": "a", "header": "b" }"#, r#"{ "query": "a" }"#] {
        assert!(StickyPicker::configure(settings).is_err(), "{settings}");
    }
}
