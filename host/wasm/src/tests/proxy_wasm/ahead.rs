//! What an image has ahead of its exchange, and what it calls in a row.

use model::Outcome;

use super::*;
use crate::role::Role;
use crate::{Plugin, PluginSpec};
use ::proxy_wasm::Created;

/// Contexts of exchanges are created so. What `create` leaves in the global is told in the header `s`.
fn creating(imports: &str, create: &str) -> String {
    let create = format!(
        r#"(global $seen (mut i32) (i32.const 0))
           (func (export "proxy_on_context_create") (param i32 i32)
             (if (i32.eq (local.get 1) (i32.const 1)) (then {create})))
           (func (export "proxy_abi"#
    );
    telling(imports, "(global.get $seen)").replacen("(func (export \"proxy_abi", &create, 1)
}

async fn fresh(setup: &Setup, wat: &str) -> Plugin {
    let spec = PluginSpec { isolation: Some(Isolation::Exchange), ..setup.spec(wat) };
    setup.load_as(spec).await.unwrap()
}

fn has_context(plugin: &Plugin) -> bool {
    let Role::ProxyWasm(module) = &plugin.role else { panic!("a module") };
    module.created == Created::Yes
}

#[tokio::test]
async fn a_context_that_asks_for_nothing_is_in_the_image() {
    let setup = Setup::new();
    let plugin =
        fresh(&setup, &creating("", "(global.set $seen (i32.add (global.get $seen) (local.get 0)))")).await;
    assert!(has_context(&plugin));
    for _ in 0..2 {
        let (exchange, verdict) = request(&mut *plugin.filter().unwrap().begin(WorkerId(0))).await;
        verdict.unwrap();
        assert_eq!(exchange.request.fields["s"], "c", "created once, as number 2");
    }
}

#[tokio::test]
async fn a_context_that_calls_the_host_is_created_for_its_exchange() {
    let setup = Setup::new();
    let get = "(global.set $seen (i32.add (i32.const 3) \
               (call $get (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 60) (i32.const 64))))";
    let wat = creating(GET, get).replace(
        r#"(memory (export "memory") 1)"#,
        r#"(memory (export "memory") 1) (data (i32.const 16) ":path")"#,
    );
    let plugin = fresh(&setup, &wat).await;
    assert!(!has_context(&plugin));
    for _ in 0..2 {
        let (exchange, verdict) = request(&mut *plugin.filter().unwrap().begin(WorkerId(0))).await;
        verdict.unwrap();
        assert_eq!(exchange.request.fields["s"], "d", "it has found the path of its exchange");
    }
}

#[tokio::test]
async fn a_context_that_traps_costs_its_exchange_and_no_start() {
    let setup = Setup::new();
    let plugin = fresh(&setup, &creating("", "unreachable")).await;
    assert!(!has_context(&plugin));
    let (_, verdict) = request(&mut *plugin.filter().unwrap().begin(WorkerId(0))).await;
    assert_eq!(verdict.unwrap_err().kind, FaultKind::Plugin(PluginFault::Trap));
}

#[tokio::test]
async fn each_callback_at_the_end_of_an_exchange_is_called() {
    let setup = Setup::new();
    for trapping in ["proxy_on_done", "proxy_on_log", "proxy_on_delete", "none"] {
        let ends = [
            ("proxy_on_done", "(result i32)", "(i32.const 1)"),
            ("proxy_on_log", "", ""),
            ("proxy_on_delete", "", ""),
        ];
        let ends: String = ends
            .iter()
            .map(|(name, result, value)| {
                let code = if *name == trapping { "unreachable" } else { value };
                format!("(func (export \"{name}\") (param i32) {result} {code})")
            })
            .collect();
        let wat = module("", "(i32.const 0)").replacen(
            "(func (export \"proxy_abi",
            &format!("{ends} (func (export \"proxy_abi"),
            1,
        );
        let plugin = fresh(&setup, &wat).await;
        let mut call = plugin.filter().unwrap().begin(WorkerId(0));
        let (exchange, verdict) = request(&mut *call).await;
        verdict.unwrap();
        let outcome: Outcome = exchange.outcome(Instant::now());
        let (_, ended) = call.on_log(exchange, &outcome).finish().await;
        assert_eq!(ended.is_err(), trapping != "none", "{trapping}");
    }
}
