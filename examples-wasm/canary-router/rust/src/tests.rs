use super::*;
use sandgate_sdk::testing;

fn decide(percent: u8, request: Request) -> Decision {
    let mut canary = Canary { percent, ..Canary::default() };
    let mut request = request;
    canary.route(&mut request).unwrap()
}

fn canary() -> Decision {
    Decision::Route(String::from("canary"))
}

#[test]
fn who_asks_gets_the_canary_whatever_the_share() {
    assert_eq!(decide(0, Request::get("/").with_header("x-canary", "1")), canary());
    assert_eq!(testing::notes(), [(String::from("canary"), String::from("asked"))]);
    assert_eq!(decide(0, Request::get("/").with_header("x-canary", "0")), Decision::Table);
}

#[test]
fn the_share_is_that_of_the_clients() {
    let client = |i: u32| Request::get("/").with_header("x-client-id", i.to_string());
    let count = (0..1000).filter(|i| decide(10, client(*i)) == canary()).count();
    assert!((70..130).contains(&count), "{count} of 1000 are not a tenth");
}

#[test]
fn a_client_stays_where_it_is() {
    let client = || Request::get("/").with_header("cookie", "x-client-id=42");
    assert_eq!(decide(50, client()), decide(50, client()));
    assert_eq!(decide(100, client()), canary());
}

#[test]
fn a_request_of_nobody_goes_where_the_table_says() {
    assert_eq!(decide(100, Request::get("/")), Decision::Table);
}

#[test]
fn settings_are_checked() {
    assert_eq!(Canary::configure("{}").unwrap().percent, 0);
    let canary = Canary::configure(r#"{"percent": 25, "client": "session"}"#).unwrap();
    assert_eq!((canary.percent, canary.client.as_str()), (25, "session"));
    assert_eq!(Canary::configure(r#"{"percent": 101}"#).unwrap_err(), "percent is 101: it must be 0 to 100");
    assert!(Canary::configure(r#"{"share": 1}"#).unwrap_err().contains("unknown field `share`"));
}

#[test]
fn what_the_canary_cannot_answer_goes_back_and_nothing_else_does() {
    let failure = UpstreamFailure {
        upstream: String::from("next"),
        fault: String::from("connect_failed"),
        attempts: 1,
        repeatable: true,
    };
    let mut canary = Canary { back: String::from("all"), ..Canary::default() };
    testing::set_route("all");
    assert_eq!(canary.reroute(&failure), Ok(Detour::Fallback));
    testing::set_route("canary");
    assert_eq!(canary.reroute(&failure), Ok(Detour::ToRoute(String::from("all"))));
    assert_eq!(Canary::default().reroute(&failure), Ok(Detour::Fallback), "the settings name none");
}
