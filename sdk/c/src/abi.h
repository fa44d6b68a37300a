/* The contract's functions as the canonical ABI of components has them: what a core module imports.
 *
 * Lists and texts are a pointer and a length; what is more than one number is written where the last parameter points. The
 * build holds all of it to the WIT: `wasm-tools component new` refuses a module whose types are others.
 */
#ifndef SANDGATE_ABI_H
#define SANDGATE_ABI_H

#include "sandgate.h"

/* A list or text in memory. */
typedef struct {
    void *ptr;
    size_t len;
} abi_list;

#ifdef __wasm__
/* SANDGATE_CONTRACT is the version of the contract, which the build reads from the WIT. */
#define INTERFACE(name) "sandgate:proxy/" name "@" SANDGATE_CONTRACT
#define IMPORT(interface, name) __attribute__((import_module(INTERFACE(interface)), import_name(name)))
#else
#define IMPORT(interface, name)
#endif

typedef const char *abi_ptr;

IMPORT("types", "[method]request.method") void abi_request_method(int32_t self, void *out);
IMPORT("types", "[method]request.path") void abi_request_path(int32_t self, void *out);
IMPORT("types", "[method]request.set-path") void abi_request_set_path(int32_t self, abi_ptr, size_t, void *out);
IMPORT("types", "[method]request.authority") void abi_request_authority(int32_t self, void *out);
IMPORT("types", "[method]request.set-authority") void abi_request_set_authority(int32_t self, abi_ptr, size_t, void *out);
IMPORT("types", "[method]request.header") void abi_request_header(int32_t self, abi_ptr, size_t, void *out);
IMPORT("types", "[method]request.fields") void abi_request_fields(int32_t self, void *out);
IMPORT("types", "[method]request.set-header") void abi_request_set_header(int32_t self, abi_ptr, size_t, abi_ptr, size_t, void *out);
IMPORT("types", "[method]request.append-header") void abi_request_append_header(int32_t self, abi_ptr, size_t, abi_ptr, size_t, void *out);
IMPORT("types", "[method]request.remove-header") void abi_request_remove_header(int32_t self, abi_ptr, size_t, void *out);
IMPORT("types", "[resource-drop]request") void abi_request_drop(int32_t self);
IMPORT("types", "[method]response.status") int32_t abi_response_status(int32_t self);
IMPORT("types", "[method]response.set-status") void abi_response_set_status(int32_t self, int32_t status, void *out);
IMPORT("types", "[method]response.header") void abi_response_header(int32_t self, abi_ptr, size_t, void *out);
IMPORT("types", "[method]response.fields") void abi_response_fields(int32_t self, void *out);
IMPORT("types", "[method]response.set-header") void abi_response_set_header(int32_t self, abi_ptr, size_t, abi_ptr, size_t, void *out);
IMPORT("types", "[method]response.append-header") void abi_response_append_header(int32_t self, abi_ptr, size_t, abi_ptr, size_t, void *out);
IMPORT("types", "[method]response.remove-header") void abi_response_remove_header(int32_t self, abi_ptr, size_t, void *out);
IMPORT("types", "[resource-drop]response") void abi_response_drop(int32_t self);

IMPORT("exchange", "id") void abi_exchange_id(void *out);
IMPORT("exchange", "client-address") void abi_exchange_client_address(void *out);
IMPORT("exchange", "tls-version") void abi_exchange_tls_version(void *out);
IMPORT("exchange", "tls-cipher") void abi_exchange_tls_cipher(void *out);
IMPORT("exchange", "tls-server-name") void abi_exchange_tls_server_name(void *out);
IMPORT("exchange", "client-certificate-subject") void abi_exchange_client_certificate_subject(void *out);
IMPORT("exchange", "client-certificate-fingerprint") void abi_exchange_client_certificate_fingerprint(void *out);
IMPORT("exchange", "route") void abi_exchange_route(void *out);
IMPORT("exchange", "tenant") void abi_exchange_tenant(void *out);
IMPORT("exchange", "request-header") void abi_exchange_request_header(abi_ptr, size_t, void *out);
IMPORT("exchange", "request-cookie") void abi_exchange_request_cookie(abi_ptr, size_t, void *out);
IMPORT("exchange", "request-path") void abi_exchange_request_path(void *out);
IMPORT("exchange", "deadline-left") void abi_exchange_deadline_left(void *out);
IMPORT("exchange", "cpu-left") uint64_t abi_exchange_cpu_left(void);
IMPORT("exchange", "note") int32_t abi_exchange_note(abi_ptr, size_t, abi_ptr, size_t);
IMPORT("exchange", "noted") void abi_exchange_noted(abi_ptr, size_t, void *out);

IMPORT("log", "write") void abi_log_write(int32_t level, abi_ptr, size_t);
IMPORT("clock", "monotonic") uint64_t abi_clock_monotonic(void);
IMPORT("clock", "wall") uint64_t abi_clock_wall(void);
IMPORT("random", "bytes") void abi_random_bytes(int32_t length, void *out);
IMPORT("random", "number") uint64_t abi_random_number(void);

IMPORT("kv", "get") void abi_kv_get(abi_ptr, size_t, void *out);
IMPORT("kv", "set") void abi_kv_set(abi_ptr, size_t, abi_ptr, size_t, int32_t has_ttl, uint64_t ttl, void *out);
IMPORT("kv", "compare-and-set")
void abi_kv_compare_and_set(abi_ptr, size_t, int32_t has_expected, uint64_t expected, abi_ptr, size_t, int32_t has_ttl, uint64_t ttl, void *out);
IMPORT("kv", "delete") int32_t abi_kv_delete(abi_ptr, size_t);
IMPORT("counter", "add") void abi_counter_add(abi_ptr, size_t, int64_t by, void *out);
IMPORT("counter", "get") void abi_counter_get(abi_ptr, size_t, void *out);
IMPORT("counter", "delete") int32_t abi_counter_delete(abi_ptr, size_t);
IMPORT("rate-limit", "take")
void abi_rate_limit_take(abi_ptr, size_t, int32_t cost, int32_t burst, int32_t refill, uint64_t period, void *out);
IMPORT("metrics", "increment") void abi_metrics_increment(abi_ptr, size_t, const void *labels, size_t, uint64_t by, void *out);
IMPORT("metrics", "set") void abi_metrics_set(abi_ptr, size_t, const void *labels, size_t, double value, void *out);
IMPORT("metrics", "adjust") void abi_metrics_adjust(abi_ptr, size_t, const void *labels, size_t, double by, void *out);
IMPORT("metrics", "observe") void abi_metrics_observe(abi_ptr, size_t, const void *labels, size_t, double value, void *out);
IMPORT("callout", "call")
void abi_callout_call(abi_ptr, size_t, abi_ptr, size_t, abi_ptr, size_t, int32_t has_authority, abi_ptr, size_t, const void *fields, size_t,
                      abi_ptr, size_t, int32_t has_timeout, uint64_t timeout, void *out);

#endif
