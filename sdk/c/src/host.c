/* What a plugin asks the host, over the canonical ABI. */

#include "abi.h"
#include "memory.h"

/* A handle of the host's is an address of nothing: the types keep requests and responses apart. */
#define HANDLE(head) ((int32_t)(intptr_t)(head))
#define TEXT(text) (text).ptr, (text).len

/* An option of a text, of a list of bytes, or of anything of two words. */
typedef struct {
    uint8_t is_some;
    abi_list value;
} abi_option;

/* A result whose error is a variant with a text in its last case, and whose value is nothing. */
typedef struct {
    uint8_t is_error;
    struct {
        uint8_t tag;
        abi_list text;
    } error;
} abi_result;

/* An option of a number. */
typedef struct {
    uint8_t is_some;
    uint64_t value;
} abi_number;

/* A result of a number, or an error as above. */
typedef struct {
    uint8_t is_error;
    union {
        uint64_t value;
        struct {
            uint8_t tag;
            abi_list text;
        } error;
    } as;
} abi_result_number;

/* What the host has put into our memory is ours, and freed when the hook returns. An empty list has no memory. */
static sg_text lent(abi_list list) {
    if (list.len == 0) return SG("");
    return (sg_text){sg_adopt(list.ptr), list.len};
}

static sg_text lent_if(abi_option option) {
    return option.is_some ? lent(option.value) : SG_NONE;
}

static sg_header_error header_error(abi_result result) {
    if (!result.is_error) return SG_OK;
    if (result.error.tag < 4) return (sg_header_error)(SG_INVALID_NAME + result.error.tag);
    lent(result.error.text);
    return SG_OTHER;
}

static size_t fields_of(abi_list list, const sg_field **fields) {
    struct raw {
        abi_list name, value;
    } const *raw = list.ptr;
    sg_field *made = sg_alloc(sizeof *made * list.len);
    for (size_t at = 0; at < list.len; at++) made[at] = (sg_field){lent(raw[at].name), lent(raw[at].value)};
    if (list.len) sg_adopt(list.ptr);
    *fields = made;
    return list.len;
}

#define TEXT_OF(call) \
    do { \
        abi_list out; \
        call; \
        return lent(out); \
    } while (0)
#define OPTION_OF(call) \
    do { \
        abi_option out; \
        call; \
        return lent_if(out); \
    } while (0)
#define HEADER_ERROR_OF(call) \
    do { \
        abi_result out; \
        call; \
        return header_error(out); \
    } while (0)
#define FIELDS_OF(call) \
    do { \
        abi_list out; \
        call; \
        return fields_of(out, fields); \
    } while (0)

sg_text sg_request_method(sg_request *r) { TEXT_OF(abi_request_method(HANDLE(r), &out)); }
sg_text sg_request_path(sg_request *r) { TEXT_OF(abi_request_path(HANDLE(r), &out)); }
sg_header_error sg_request_set_path(sg_request *r, sg_text path) { HEADER_ERROR_OF(abi_request_set_path(HANDLE(r), TEXT(path), &out)); }
sg_text sg_request_authority(sg_request *r) { TEXT_OF(abi_request_authority(HANDLE(r), &out)); }
sg_header_error sg_request_set_authority(sg_request *r, sg_text authority) { HEADER_ERROR_OF(abi_request_set_authority(HANDLE(r), TEXT(authority), &out)); }
sg_text sg_request_header(sg_request *r, sg_text name) { OPTION_OF(abi_request_header(HANDLE(r), TEXT(name), &out)); }
size_t sg_request_fields(sg_request *r, const sg_field **fields) { FIELDS_OF(abi_request_fields(HANDLE(r), &out)); }
sg_header_error sg_request_set_header(sg_request *r, sg_text name, sg_text value) { HEADER_ERROR_OF(abi_request_set_header(HANDLE(r), TEXT(name), TEXT(value), &out)); }
sg_header_error sg_request_append_header(sg_request *r, sg_text name, sg_text value) { HEADER_ERROR_OF(abi_request_append_header(HANDLE(r), TEXT(name), TEXT(value), &out)); }
sg_header_error sg_request_remove_header(sg_request *r, sg_text name) { HEADER_ERROR_OF(abi_request_remove_header(HANDLE(r), TEXT(name), &out)); }

uint16_t sg_response_status(sg_response *r) { return (uint16_t)abi_response_status(HANDLE(r)); }
sg_header_error sg_response_set_status(sg_response *r, uint16_t status) { HEADER_ERROR_OF(abi_response_set_status(HANDLE(r), status, &out)); }
sg_text sg_response_header(sg_response *r, sg_text name) { OPTION_OF(abi_response_header(HANDLE(r), TEXT(name), &out)); }
size_t sg_response_fields(sg_response *r, const sg_field **fields) { FIELDS_OF(abi_response_fields(HANDLE(r), &out)); }
sg_header_error sg_response_set_header(sg_response *r, sg_text name, sg_text value) { HEADER_ERROR_OF(abi_response_set_header(HANDLE(r), TEXT(name), TEXT(value), &out)); }
sg_header_error sg_response_append_header(sg_response *r, sg_text name, sg_text value) { HEADER_ERROR_OF(abi_response_append_header(HANDLE(r), TEXT(name), TEXT(value), &out)); }
sg_header_error sg_response_remove_header(sg_response *r, sg_text name) { HEADER_ERROR_OF(abi_response_remove_header(HANDLE(r), TEXT(name), &out)); }

sg_text sg_exchange_id(void) { TEXT_OF(abi_exchange_id(&out)); }
sg_text sg_exchange_client_address(void) { TEXT_OF(abi_exchange_client_address(&out)); }
sg_text sg_exchange_tls_version(void) { OPTION_OF(abi_exchange_tls_version(&out)); }
sg_text sg_exchange_tls_cipher(void) { OPTION_OF(abi_exchange_tls_cipher(&out)); }
sg_text sg_exchange_tls_server_name(void) { OPTION_OF(abi_exchange_tls_server_name(&out)); }
sg_text sg_exchange_client_certificate_subject(void) { OPTION_OF(abi_exchange_client_certificate_subject(&out)); }
sg_text sg_exchange_client_certificate_fingerprint(void) { OPTION_OF(abi_exchange_client_certificate_fingerprint(&out)); }
sg_text sg_exchange_route(void) { OPTION_OF(abi_exchange_route(&out)); }
sg_text sg_exchange_tenant(void) { OPTION_OF(abi_exchange_tenant(&out)); }
sg_text sg_exchange_request_header(sg_text name) { OPTION_OF(abi_exchange_request_header(TEXT(name), &out)); }
sg_text sg_exchange_request_cookie(sg_text name) { OPTION_OF(abi_exchange_request_cookie(TEXT(name), &out)); }
sg_text sg_exchange_request_path(void) { TEXT_OF(abi_exchange_request_path(&out)); }
uint64_t sg_exchange_cpu_left(void) { return abi_exchange_cpu_left(); }
bool sg_exchange_note(sg_text name, sg_text value) { return abi_exchange_note(TEXT(name), TEXT(value)) != 0; }
sg_text sg_exchange_noted(sg_text name) { OPTION_OF(abi_exchange_noted(TEXT(name), &out)); }

uint64_t sg_exchange_deadline_left(void) {
    abi_number out;
    abi_exchange_deadline_left(&out);
    return out.is_some ? out.value : UINT64_MAX;
}

void sg_log(sg_level level, sg_text message) { abi_log_write((int32_t)level, TEXT(message)); }
uint64_t sg_clock_monotonic(void) { return abi_clock_monotonic(); }
uint64_t sg_clock_wall(void) { return abi_clock_wall(); }
sg_text sg_random_bytes(uint32_t length) { TEXT_OF(abi_random_bytes((int32_t)length, &out)); }
uint64_t sg_random_number(void) { return abi_random_number(); }

_Noreturn void sg_fail(sg_text why) {
    sg_log(SG_ERROR, why);
    __builtin_trap();
}

/* ---- What is granted ---- */

/* The names of an error's cases, in the contract's order; the text of the last is dropped. */
static sg_error error_of(uint8_t tag, abi_list text, const sg_error *cases, size_t count) {
    if (tag < count) return cases[tag];
    lent(text);
    return SG_REFUSED;
}

static sg_error kv_result(const abi_result_number *out, uint64_t *version) {
    static const sg_error cases[] = {SG_INVALID, SG_QUOTA, SG_CONFLICT};
    if (out->is_error) return error_of(out->as.error.tag, out->as.error.text, cases, 3);
    if (version) *version = out->as.value;
    return SG_DONE;
}

sg_text sg_kv_get(sg_text key, uint64_t *version) {
    struct {
        uint8_t is_some;
        struct {
            abi_list value;
            uint64_t version;
        } entry;
    } out;
    abi_kv_get(TEXT(key), &out);
    if (!out.is_some) return SG_NONE;
    if (version) *version = out.entry.version;
    return lent(out.entry.value);
}

sg_error sg_kv_set(sg_text key, sg_text value, uint64_t ttl_ms, uint64_t *version) {
    abi_result_number out;
    abi_kv_set(TEXT(key), TEXT(value), ttl_ms != 0, ttl_ms, &out);
    return kv_result(&out, version);
}

sg_error sg_kv_compare_and_set(sg_text key, uint64_t expected, sg_text value, uint64_t ttl_ms, uint64_t *version) {
    abi_result_number out;
    abi_kv_compare_and_set(TEXT(key), expected != 0, expected, TEXT(value), ttl_ms != 0, ttl_ms, &out);
    return kv_result(&out, version);
}

bool sg_kv_delete(sg_text key) { return abi_kv_delete(TEXT(key)) != 0; }

sg_error sg_counter_add(sg_text key, int64_t by, int64_t *sum) {
    static const sg_error cases[] = {SG_INVALID, SG_FULL};
    abi_result_number out;
    abi_counter_add(TEXT(key), by, &out);
    if (out.is_error) return error_of(out.as.error.tag, out.as.error.text, cases, 2);
    if (sum) *sum = (int64_t)out.as.value;
    return SG_DONE;
}

bool sg_counter_get(sg_text key, int64_t *value) {
    abi_number out;
    abi_counter_get(TEXT(key), &out);
    if (out.is_some) *value = (int64_t)out.value;
    return out.is_some;
}

bool sg_counter_delete(sg_text key) { return abi_counter_delete(TEXT(key)) != 0; }

sg_error sg_rate_limit_take(sg_text key, uint32_t cost, sg_bucket bucket, uint64_t *wait_ms) {
    static const sg_error cases[] = {SG_INVALID, SG_INVALID};
    struct {
        uint8_t is_error;
        union {
            struct {
                uint8_t tag;
                union {
                    uint32_t left;
                    uint64_t wait;
                } as;
            } answer;
            struct {
                uint8_t tag;
                abi_list text;
            } error;
        } as;
    } out;
    abi_rate_limit_take(TEXT(key), (int32_t)cost, (int32_t)bucket.burst, (int32_t)bucket.refill, bucket.period_ms, &out);
    if (out.is_error) return error_of(out.as.error.tag, out.as.error.text, cases, 2);
    *wait_ms = out.as.answer.tag == 0 ? 0 : out.as.answer.tag == 1 ? out.as.answer.as.wait : UINT64_MAX;
    return SG_DONE;
}

static sg_error metrics_result(const abi_result *out) {
    static const sg_error cases[] = {SG_UNDECLARED, SG_UNDECLARED, SG_UNDECLARED, SG_INVALID};
    return out->is_error ? error_of(out->error.tag, out->error.text, cases, 4) : SG_DONE;
}

sg_error sg_metrics_increment(sg_text name, const sg_text *labels, size_t label_count, uint64_t by) {
    abi_result out;
    abi_metrics_increment(TEXT(name), labels, label_count, by, &out);
    return metrics_result(&out);
}

sg_error sg_metrics_set(sg_text name, const sg_text *labels, size_t label_count, double value) {
    abi_result out;
    abi_metrics_set(TEXT(name), labels, label_count, value, &out);
    return metrics_result(&out);
}

sg_error sg_metrics_adjust(sg_text name, const sg_text *labels, size_t label_count, double by) {
    abi_result out;
    abi_metrics_adjust(TEXT(name), labels, label_count, by, &out);
    return metrics_result(&out);
}

sg_error sg_metrics_observe(sg_text name, const sg_text *labels, size_t label_count, double value) {
    abi_result out;
    abi_metrics_observe(TEXT(name), labels, label_count, value, &out);
    return metrics_result(&out);
}

sg_error sg_callout(const sg_question *question, sg_callout_answer *answer) {
    static const sg_error cases[] = {SG_NOT_GRANTED, SG_FAILED, SG_INVALID, SG_TOO_LARGE, SG_TIMEOUT, SG_FAILED};
    struct {
        uint8_t is_error;
        union {
            struct {
                uint16_t status;
                abi_list fields, body;
            } answer;
            struct {
                uint8_t tag;
                abi_list text;
            } error;
        } as;
    } out;
    abi_callout_call(TEXT(question->upstream), TEXT(question->method), TEXT(question->path), question->authority.ptr != NULL,
                     TEXT(question->authority), question->fields, question->field_count, TEXT(question->body), question->timeout_ms != 0,
                     question->timeout_ms, &out);
    if (out.is_error) {
        uint8_t tag = out.as.error.tag;
        if (tag == 2 || tag == 5) lent(out.as.error.text);
        return error_of(tag, out.as.error.text, cases, 6);
    }
    answer->status = out.as.answer.status;
    answer->field_count = fields_of(out.as.answer.fields, &answer->fields);
    answer->body = lent(out.as.answer.body);
    return SG_DONE;
}
