//! Instances of exchanges begin with the image of one that has started, where one can be made.

use super::*;
use crate::Start;

/// Counts in a global how often it was started, enables everything the first time, and answers with both numbers.
const COUNTING: &str = "(global $started (mut i32) (i32.const 0)) \
    (func $start (drop [enable_features 7]) (global.set $started (i32.add (global.get $started) (i32.const 1)))) \
    (start $start) \
    (func (export \"_initialize\") (global.set $started (i32.add (global.get $started) (i32.const 10))))";
const TELLING: &str = "(call $set_status_code (i32.add (i32.const 200) (i32.add (global.get $started) \
    (i32.mul (i32.const 16) [enable_features 0])))) (global.set $started (i32.const 0)) (i64.const 0)";

/// How instances of exchanges begin, and what the first two of them answer.
async fn begun(rest: &str) -> (Start, [u16; 2]) {
    let setup = Setup::new();
    let wat = module(&format!("{COUNTING} {rest} (func [set_status_code 200])"), TELLING, "");
    let spec = PluginSpec { isolation: Some(Isolation::Exchange), ..setup.spec(&wat) };
    let plugin = setup.load_as(spec).await.unwrap();
    let filter = plugin.filter().unwrap();
    let answer = async || match request(&mut *filter.begin(WorkerId(0))).await.1.unwrap() {
        Verdict::Reply(reply) => reply.status.as_u16(),
        Verdict::Continue => panic!("it goes on"),
    };
    (plugin.start().clone(), [answer().await, answer().await])
}

#[tokio::test]
async fn instances_of_exchanges_begin_with_the_image_of_one_that_has_started() {
    let (start, answers) = begun("").await;
    assert!(matches!(start, Start::Configured), "{start:?}");
    assert_eq!(answers, [200 + 11 + 16 * 7; 2], "started once, with what it has enabled then");
}

#[tokio::test]
async fn where_there_can_be_no_image_each_instance_is_started() {
    let rest = "(table 1 funcref) (func (table.set 0 (i32.const 0) (ref.null func)))";
    let (start, answers) = begun(rest).await;
    assert!(format!("{start:?}").contains("table.set"), "{start:?}");
    assert_eq!(answers, [200 + 11 + 16 * 7; 2]);
}

#[tokio::test]
async fn an_instance_that_stays_is_started_itself() {
    let plugin = Setup::new().load(&module(COUNTING, "(i64.const 1)", "")).await.unwrap();
    assert!(matches!(plugin.start(), Start::Plain), "{:?}", plugin.start());
}
