//! Whom a module is told of answers to what it has asked for.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use model::{Caller, Callout, CalloutAnswer, CalloutFuture, Reply};

use super::*;
use crate::Grants;

/// Answers all callouts at once.
struct Answers;

impl Caller for Answers {
    fn call(&self, _callout: Callout) -> CalloutFuture {
        let reply = Reply { status: StatusCode::OK, fields: HeaderMap::new(), body: Bytes::new() };
        Box::pin(async move { Ok(CalloutAnswer { reply, trailers: HeaderMap::new() }) })
    }
}

/// Pairs as modules write them, in the text form of WebAssembly.
fn pairs(pairs: &[(&str, &str)]) -> (String, usize) {
    let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let mut bytes = number(pairs.len()).to_vec();
    pairs.iter().for_each(|(name, value)| bytes.extend([number(name.len()), number(value.len())].concat()));
    pairs.iter().for_each(|(name, value)| bytes.extend(format!("{name}\0{value}\0").into_bytes()));
    (bytes.iter().map(|byte| format!("\\{byte:02x}")).collect(), bytes.len())
}

#[tokio::test]
async fn the_root_context_is_told_of_answers_and_may_turn_to_the_one_that_asked() {
    let (head, length) = pairs(&[(":method", "GET"), (":path", "/"), (":authority", "")]);
    let imports = r#"
        (import "env" "proxy_http_call"
            (func $ask (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_set_effective_context" (func $turn (param i32) (result i32)))
        (import "env" "proxy_replace_header_map_value" (func $set (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_continue_stream" (func $go (param i32) (result i32)))"#;
    let asks = format!(
        "(drop (call $ask (i32.const 8) (i32.const 4) (i32.const 64) (i32.const {length}) (i32.const 0) (i32.const 0) \
         (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 32))) (i32.const 1)"
    );
    let answered = format!(
        r#"(data (i32.const 8) "auth") (data (i32.const 16) "sa") (data (i32.const 64) "{head}")
           (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
             (if (i32.ne (local.get 0) (i32.const 1)) (then unreachable))
             (drop (call $turn (i32.const 2)))
             (drop (call $set (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 17) (i32.const 1)))
             (drop (call $go (i32.const 0))))
           (func (export "proxy_abi"#
    );
    let wat = module(imports, &asks).replacen("(func (export \"proxy_abi", &answered, 1);
    let setup = Setup::new().with_caller(Answers);
    for isolation in [Isolation::Resident, Isolation::Exchange] {
        let grants = Grants { callout: Some(vec!["auth".into()]), ..Grants::default() };
        let spec = PluginSpec { isolation: Some(isolation), grants, ..setup.spec(&wat) };
        let filter = setup.filter_of(spec).await;
        let (exchange, verdict) = request(&mut *filter.begin(WorkerId(0))).await;
        assert!(matches!(verdict, Ok(Verdict::Continue)), "{isolation:?}: {verdict:?}");
        assert_eq!(exchange.request.fields["s"], "a", "{isolation:?}");
    }
}
