//! Components in text: a filter whose `on-request` runs a few lines and answers with a status, in the upstream's place.

pub(crate) mod traces;

/// A component to be. Its `on-request` keeps the handle of the request and answers with 200 and what `$found` says.
#[derive(Clone)]
pub(crate) struct Probe(String);

impl Probe {
    /// With these definitions, of which one is the function `$found` that gives a number.
    pub(crate) fn new(found: &str) -> Self {
        Probe(PROBE.to_owned()).with("found", found)
    }

    /// With this in place of a mark of the text; what follows may fill the same mark again.
    pub(crate) fn with(self, mark: &str, text: &str) -> Self {
        let mark = format!("(; {mark} ;)");
        assert!(self.0.contains(&mark), "no {mark}");
        Probe(self.0.replacen(&mark, &format!("{text} {mark}"), 1))
    }

    /// With an import of the component, lowered as `$stdout-lowered`, and of its code.
    pub(crate) fn with_import(self, import: &str, code: &str) -> Self {
        let given = r#"(export "stdout" (func $stdout-lowered))"#;
        self.with("imports", import).with("given", given).with("code", code)
    }

    /// The component.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        wat::parse_str(&self.0).unwrap_or_else(|error| panic!("{error}"))
    }
}

const PROBE: &str = r#"(component
    (import "sandgate:proxy/types@0.1.0" (instance $types
        (export "request" (type $request (sub resource)))
        (type $field' (tuple string (list u8)))
        (export "field" (type $field (eq $field')))
        (type $reply' (record (field "status" u16) (field "fields" (list $field)) (field "body" (list u8))))
        (export "reply" (type $reply (eq $reply')))
        (type $verdict' (variant (case "continue") (case "reply" $reply)))
        (export "verdict" (type $verdict (eq $verdict')))
        (export "[method]request.header" (func (param "self" (borrow $request)) (param "name" string) (result (option (list u8)))))))
    (alias export $types "request" (type $request))
    (alias export $types "verdict" (type $verdict))
    (; imports ;)
    (core module $libc
        (; libc imports ;)
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (; realloc ;)
            (i32.const 2048)))
    (core instance $libc (instantiate $libc (; libc given ;)))
    (core func $header (canon lower (func $types "[method]request.header")
        (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
    (core module $code
        (import "host" "header" (func $header (param i32 i32 i32 i32)))
        (; code ;)
        (import "libc" "memory" (memory 1))
        (data (i32.const 64) "x-trap")
        (global $handle (mut i32) (i32.const 0))
        (; found ;)
        (func $asked (result i32)
            (call $header (global.get $handle) (i32.const 64) (i32.const 6) (i32.const 128))
            (i32.load8_u (i32.const 128)))
        (func (export "hook") (param $request i32) (result i32)
            (global.set $handle (local.get $request))
            (i32.store8 (i32.const 1024) (i32.const 1))
            (i32.store16 (i32.const 1028) (i32.add (i32.const 200) (call $found)))
            (i32.store (i32.const 1032) (i32.const 0))
            (i32.store (i32.const 1036) (i32.const 0))
            (i32.store (i32.const 1040) (i32.const 0))
            (i32.store (i32.const 1044) (i32.const 0))
            (; end ;)
            (i32.const 1024)))
    (core instance $code (instantiate $code
        (with "host" (instance (export "header" (func $header)) (; given ;)))
        (with "libc" (instance $libc))))
    (func $hook (param "request" (own $request)) (result $verdict)
        (canon lift (core func $code "hook")
            (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
    (instance $hook (export "on-request" (func $hook)))
    (export "sandgate:proxy/on-request@0.1.0" (instance $hook)))"#;
