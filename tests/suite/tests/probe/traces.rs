//! Components that look for traces of a call before, and leave one. What they find is added to the status 200 of the
//! answer they give in the upstream's place.

use crate::probe::Probe;

/// A name for what it leaves, and the component.
pub(crate) fn all() -> Vec<(&'static str, Probe)> {
    vec![
        ("a byte of memory", Probe::new(MEMORY)),
        ("memory that was grown", Probe::new(GROWN)),
        ("a global", Probe::new(GLOBAL)),
        ("an element of a table", Probe::new(TABLE)),
        ("a table that was grown", Probe::new(GROWN_TABLE)),
        ("a resource of the host", Probe::new(RESOURCE)),
        ("a segment that was dropped", Probe::new(SEGMENT)),
        ("a stream of WASI", Probe::new(STREAM).with_import(WASI, STDOUT)),
    ]
}

const MEMORY: &str = "
    (func $found (result i32)
        (i32.load8_u (i32.const 3000))
        (i32.store8 (i32.const 3000) (i32.const 1)))";

/// All bytes of pages that there were not at first: a slot that was not cleared would show here.
const GROWN: &str = "
    (func $found (result i32) (local $at i32) (local $sum i32)
        (local.set $sum (i32.ne (memory.grow (i32.const 8)) (i32.const 1)))
        (local.set $at (i32.const 65536))
        (loop $next
            (local.set $sum (i32.or (local.get $sum) (i32.load8_u (local.get $at))))
            (i32.store8 (local.get $at) (i32.const 1))
            (local.set $at (i32.add (local.get $at) (i32.const 61)))
            (br_if $next (i32.lt_u (local.get $at) (i32.const 589824))))
        (local.get $sum))";

const GLOBAL: &str = "
    (global $count (mut i32) (i32.const 0))
    (func $found (result i32)
        (global.get $count)
        (global.set $count (i32.const 1)))";

const TABLE: &str = "
    (table $table 4 funcref)
    (elem declare func $found)
    (func $found (result i32)
        (i32.eqz (ref.is_null (table.get $table (i32.const 2))))
        (table.set $table (i32.const 2) (ref.func $found)))";

const GROWN_TABLE: &str = "
    (table $table 4 funcref)
    (elem declare func $found)
    (func $found (result i32)
        (i32.ne (table.grow $table (ref.func $found) (i32.const 100)) (i32.const 4)))";

/// The handle's number, which is the same wherever none before it was kept.
const RESOURCE: &str = "
    (func $found (result i32)
        (i32.ne (global.get $handle) (i32.const 1)))";

/// A passive segment can be copied until it is dropped, and traps then.
const SEGMENT: &str = "
    (data $segment \"\\01\\02\")
    (func $found (result i32)
        (memory.init $segment (i32.const 3000) (i32.const 0) (i32.const 2))
        (data.drop $segment)
        (i32.const 0))";

/// The number of a handle to standard output, which is kept; the request has the first.
const STREAM: &str = "
    (func $found (result i32) (local $stream i32)
        (local.set $stream (call $stdout))
        (i32.ne (local.get $stream) (i32.const 2)))";

/// What a component that has a stream imports.
const WASI: &str = r#"
    (import "wasi:io/streams@0.2.0" (instance $streams (export "output-stream" (type (sub resource)))))
    (alias export $streams "output-stream" (type $stream))
    (import "wasi:cli/stdout@0.2.0" (instance $stdout
        (alias outer 1 $stream (type $stream))
        (export "output-stream" (type (eq $stream)))
        (export "get-stdout" (func (result (own $stream))))))
    (core func $stdout-lowered (canon lower (func $stdout "get-stdout")))
"#;
/// How its code imports that.
const STDOUT: &str = r#"(import "host" "stdout" (func $stdout (result i32)))"#;
