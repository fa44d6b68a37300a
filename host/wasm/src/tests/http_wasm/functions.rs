//! Each host function: what it does, and that it does nothing with what is outside of the module's memory.

use super::*;

/// What is written to memory from 256 on, as much as a call says that it is.
async fn text(call: &str) -> String {
    let wat = format!("(global $length (mut i32) (i32.const 0)) (global $at (mut i64) (i64.const 0)) {DATA}");
    let length = match call.contains("header") {
        true => format!("(i32.wrap_i64 {call})"),
        false => call.to_owned(),
    };
    let body = format!(
        "(global.set $length {length}) \
         (call $write_body (i32.const 1) (i32.const 256) (global.get $length)) (i64.const 0)"
    );
    // So that it is imported.
    let unused = "(func [write_body 1 0 0])";
    let (_, verdict) = seen(&module(&format!("{wat} {unused}"), &body, "")).await;
    match verdict.unwrap() {
        Verdict::Reply(reply) => String::from_utf8(reply.body.to_vec()).unwrap(),
        Verdict::Continue => panic!("it goes on"),
    }
}

#[tokio::test]
async fn facts_of_the_request_are_told() {
    assert_eq!(text("[get_method 256 64]").await, "GET");
    assert_eq!(text("[get_uri 256 64]").await, "/a?b");
    assert_eq!(text("[get_protocol_version 256 64]").await, "HTTP/1.1");
    assert_eq!(text("[get_source_addr 256 64]").await, "192.0.2.1:80");
    assert_eq!(text("[get_config 256 64]").await, "configured");
}

#[tokio::test]
async fn lists_have_a_zero_behind_each() {
    assert_eq!(text("[get_header_names 0 256 64]").await, "x-one\0x-two\0");
    assert_eq!(text("[get_header_values 0 16 5 256 64]").await, "2\x003\0");
    assert_eq!(text("[get_header_values 0 64 5 256 64]").await, "2\x003\0", "in whatever case");
    assert_eq!(text("[get_header_values 0 32 3 256 64]").await, "", "there is none");
    assert_eq!(text("[get_header_values 0 48 4 256 64]").await, "", "that is no name");
    assert_eq!(text("[get_header_names 1 256 64]").await, "");
    assert_eq!(text("[get_header_names 2 256 64]").await, "", "trailers");
}

/// The low half and the high half of what a list function returns.
async fn halves(call: &str) -> (u16, u16) {
    let part = |shift: u32| {
        format!(
            "[set_status_code 200] (call $set_status_code (i32.add (i32.const 200) (i32.wrap_i64 (i64.shr_u {call} (i64.const {shift})))))"
        )
    };
    let [low, high] = [reply(&part(0)).await, reply(&part(32)).await];
    (low.status.as_u16() - 200, high.status.as_u16() - 200)
}

#[tokio::test]
async fn lists_tell_their_length_and_count() {
    assert_eq!(halves("[get_header_names 0 256 64]").await, (12, 2));
    assert_eq!(halves("[get_header_values 0 16 5 256 64]").await, (4, 2));
    assert_eq!(halves("[get_header_values 0 32 3 256 64]").await, (0, 0));
    assert_eq!(halves("[get_header_names 3 256 64]").await, (0, 0));
}

#[tokio::test]
async fn nothing_is_written_where_it_would_not_fit() {
    for call in
        ["[get_method 256 2]", "[get_uri 256 3]", "[get_protocol_version 256 7]", "[get_source_addr 256 0]"]
    {
        assert!(text(call).await.bytes().all(|byte| byte == 0), "{call}");
    }
    assert_eq!(text("[get_method 256 2]").await.len(), 3, "but the length is told");
    assert_eq!(text("[get_header_names 0 256 11]").await, "\0".repeat(12));
    assert_eq!(text("[get_header_values 0 16 5 256 3]").await, "\0".repeat(4));
    // What does not fit may be said to be wherever.
    assert_eq!(halves("[get_header_names 0 -1 0]").await, (12, 2));
}

#[tokio::test]
async fn what_is_outside_of_memory_ends_the_call() {
    let outside = [
        "(drop [get_config 65530 64])",
        "(drop [get_method 65534 64])",
        "(drop [get_method -1 64])",
        "(drop [get_uri 65535 -1])",
        "(drop [get_protocol_version 65536 64])",
        "(drop [get_source_addr -8 64])",
        "(drop [get_header_names 0 65530 64])",
        "(drop [get_header_values 0 16 5 65534 64])",
        "(drop [get_header_values 0 65534 5 256 64])",
        "(drop [get_header_values 0 16 -1 256 64])",
        "(drop [read_body 0 65535 2])",
        "(drop [read_body 0 0 -1])",
        "[set_method 65535 2]",
        "[set_uri -1 -1]",
        "[log 0 65535 2]",
        "[log 0 0 -1]",
        "[write_body 0 65535 2]",
        "[write_body 1 -1 1]",
        "[set_header_value 0 65535 2 32 3]",
        "[set_header_value 0 32 3 65535 2]",
        "[add_header_value 1 32 3 0 -1]",
        "[remove_header 0 -2 8]",
    ];
    for call in outside {
        let wat = module(DATA, &format!("{call} (i64.const 1)"), "");
        let (fault, detail) = failure(&wat).await;
        assert_eq!(fault, PluginFault::Trap, "{call}");
        assert!(detail.contains("outside of its memory"), "{call}: {detail}");
    }
}

#[tokio::test]
async fn what_is_wrong_ends_the_call_and_says_why() {
    let wrong = [
        ("(drop [get_header_names 4 256 64])", "4 is no kind of headers"),
        ("(drop [get_header_values 0 16 0 256 64])", "can't be empty"),
        ("(drop [read_body 2 256 64])", "2 is no kind of body"),
        ("(drop [read_body 0 256 0])", "no room at all"),
        ("[write_body 9 256 1]", "9 is no kind of body"),
        ("[set_method 0 0]", "is no method"),
        ("[set_method 48 3]", "is no method"),
        ("[set_uri 16 5]", "x-two is no path and query"),
        ("[set_uri 48 6]", "is no path and query"),
        ("[set_status_code 99]", "99 is no status"),
        ("[set_status_code 600]", "600 is no status"),
        ("[set_status_code 65736]", "65736 is no status"),
        ("[remove_header 0 32 0]", "can't be empty"),
        ("[set_header_value 2 32 3 32 3]", "enabled trailers when it started"),
        ("[set_header_value 0 48 4 32 3]", "not a field name"),
        ("[set_header_value 0 32 3 48 4]", "not a field value"),
        ("[add_header_value 1 32 3 48 2]", "not a field value"),
        ("[add_header_value 0 32 3 51 2]", "not a field value"),
        ("[set_header_value 0 128 4 48 4]", "is no host"),
    ];
    for (call, why) in wrong {
        let wat = module(DATA, &format!("{call} (i64.const 1)"), "");
        let (fault, detail) = failure(&wat).await;
        assert_eq!(fault, PluginFault::Trap, "{call}");
        assert!(detail.contains(why), "{call}: {detail}");
    }
}

/// The head of the request as it goes on.
async fn head(change: &str) -> RequestHead {
    let (mut exchange, verdict) = seen(&module(DATA, &format!("{change} (i64.const 1)"), "")).await;
    assert!(matches!(verdict, Ok(Verdict::Continue)));
    std::mem::take(&mut exchange.request)
}

#[tokio::test]
async fn the_head_of_the_request_is_changed() {
    assert_eq!(head("[set_method 112 3]").await.method, "PUT");
    assert_eq!(head("[set_uri 96 2]").await.uri, "/c");
    assert_eq!(head("[set_uri 0 0]").await.uri, "/");
    let values = |head: RequestHead, name: &str| -> Vec<String> {
        head.fields.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(values(head("[set_header_value 0 64 5 32 3]").await, "x-two"), ["new"]);
    assert_eq!(values(head("[add_header_value 0 64 5 32 3]").await, "x-two"), ["2", "3", "new"]);
    assert_eq!(values(head("[remove_header 0 16 5]").await, "x-two"), [""; 0]);
    assert_eq!(values(head("[set_header_value 0 32 3 0 0]").await, "new"), [""]);
    assert_eq!(values(head("[set_header_value 0 128 4 144 11]").await, "host"), ["new.example"]);
}

#[tokio::test]
async fn what_frames_a_message_is_the_hosts() {
    for change in
        ["[set_header_value 0 80 14 112 3]", "[add_header_value 0 80 14 112 3]", "[remove_header 0 80 14]"]
    {
        assert_eq!(head(change).await.fields.len(), 3, "{change}");
    }
    assert!(reply("[set_header_value 1 80 14 112 3]").await.fields.is_empty());
}

#[tokio::test]
async fn a_reply_is_what_was_written_of_it() {
    let made =
        reply("[set_status_code 403] [set_header_value 1 16 5 32 3] [write_body 1 32 2] [write_body 1 34 1]");
    let made = made.await;
    assert_eq!((made.status.as_u16(), &*made.body), (403, &b"new"[..]));
    assert_eq!(made.fields["x-two"], "new");
    let plain = reply("").await;
    assert_eq!((plain.status.as_u16(), plain.body.len(), plain.fields.len()), (200, 0, 0));
}

#[tokio::test]
async fn features_that_there_are_can_be_enabled() {
    for (wish, enabled) in [(0, 0), (1, 1), (2, 2), (3, 3), (4, 0), (-1, 3)] {
        let call = format!("(call $set_status_code (i32.add (i32.const 200) [enable_features {wish}]))");
        let unused = "[set_status_code 200]";
        assert_eq!(reply(&format!("{unused} {call}")).await.status.as_u16(), 200 + enabled, "{wish}");
    }
}

#[tokio::test]
async fn levels_above_errors_are_never_logged() {
    for level in [3, 9] {
        let call = format!("(call $set_status_code (i32.add (i32.const 200) [log_enabled {level}]))");
        assert_eq!(reply(&format!("[set_status_code 200] {call}")).await.status.as_u16(), 200);
    }
    reply("[log -1 32 3] [log 0 32 3] [log 1 32 3] [log 2 32 3] [log 3 32 3] [log 0 -1 0]").await;
}
