;; Smallest module of http-wasm's handler ABI that reads one header and sets one each way, as header.wat does for proxy-wasm.
;; No SDK: what is measured is the host's cost of entering the guest and of three host calls.
(module
  (import "http_handler" "enable_features" (func $enable (param i32) (result i32)))
  (import "http_handler" "get_header_values" (func $get (param i32 i32 i32 i32 i32) (result i64)))
  (import "http_handler" "set_header_value" (func $set (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "x-bench-req")
  (data (i32.const 32) "x-bench-resp")
  (data (i32.const 48) "1")
  (data (i32.const 64) "x-bench-skip")
  ;; buffer_response: a response's header can be set when it is here
  (func (export "_initialize") (drop (call $enable (i32.const 2))))
  (func (export "handle_request") (result i64)
    ;; the request has the header, so it is left alone
    (if (i64.eqz (call $get (i32.const 0) (i32.const 64) (i32.const 12) (i32.const 128) (i32.const 256)))
      (then (call $set (i32.const 0) (i32.const 16) (i32.const 11) (i32.const 48) (i32.const 1))))
    (i64.const 1))
  (func (export "handle_response") (param i32 i32)
    (call $set (i32.const 1) (i32.const 32) (i32.const 12) (i32.const 48) (i32.const 1))))
