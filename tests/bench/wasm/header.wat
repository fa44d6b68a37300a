;; Smallest proxy-wasm (ABI 0.2.1) module that reads one header and sets one each way.
;; No SDK: what is measured is the host's cost of entering the guest and of three host calls.
(module
  (import "env" "proxy_replace_header_map_value"
    (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value"
    (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-bench-req")
  (data (i32.const 32) "x-bench-resp")
  (data (i32.const 48) "1")
  (data (i32.const 64) "x-bench-skip")
  (global $top (mut i32) (i32.const 1024))
  (func (export "_initialize"))
  (func (export "proxy_abi_version_0_2_1"))
  (func $alloc (export "proxy_on_memory_allocate") (param $n i32) (result i32)
    (local $p i32)
    (local.set $p (global.get $top))
    ;; a bump allocator that wraps: the host only passes short-lived values
    (global.set $top (i32.add (global.get $top) (i32.and (i32.add (local.get $n) (i32.const 7)) (i32.const -8))))
    (if (i32.gt_u (global.get $top) (i32.const 60000)) (then (global.set $top (i32.const 1024))))
    (local.get $p))
  (func (export "malloc") (param i32) (result i32) (call $alloc (local.get 0)))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.const 1))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    ;; status 0: the request has the header, so it is left alone
    (if (i32.eqz (call $get (i32.const 0) (i32.const 64) (i32.const 12) (i32.const 96) (i32.const 100)))
      (then (return (i32.const 0))))
    (drop (call $set (i32.const 0) (i32.const 16) (i32.const 11) (i32.const 48) (i32.const 1)))
    (i32.const 0))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (drop (call $set (i32.const 2) (i32.const 32) (i32.const 12) (i32.const 48) (i32.const 1)))
    (i32.const 0)))
