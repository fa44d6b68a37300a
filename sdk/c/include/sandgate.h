/* Write Sandgate plugins in C.
 *
 * A plugin defines the functions of the hooks that it has, and says which by macros before it includes this header, or by HOOKS in
 * its Makefile: SANDGATE_ON_REQUEST, SANDGATE_ROUTER and so on. A hook that is not named is not exported and costs nothing.
 *
 *     #include "sandgate.h"
 *
 *     sg_verdict sg_on_response(sg_response *response) {
 *         sg_response_set_header(response, SG("x-served-by"), SG("sandgate"));
 *         return sg_continue();
 *     }
 *
 * Who owns what, in three rules:
 *
 * 1. What the SDK gives (texts, lists, heads, what sg_alloc makes) lives until the hook returns. Free nothing.
 * 2. What you pass to the SDK is copied, or used up before the call returns; so is what a hook gives back.
 * 3. What shall live longer is yours: sg_keep copies a text, and malloc and static variables are as always.
 *
 * Texts have a length and no zero at their end. A text whose ptr is NULL is none; an empty one has a ptr.
 */
#ifndef SANDGATE_H
#define SANDGATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes, which are text in most places. */
typedef struct {
    const char *ptr;
    size_t len;
} sg_text;

/* A literal as text. */
#define SG(literal) ((sg_text){(literal), sizeof(literal) - 1})
/* No text. */
#define SG_NONE ((sg_text){NULL, 0})

/* A field of a head: its lower-case name and its value. */
typedef struct {
    sg_text name, value;
} sg_field;

/* Why a head was not changed; 0 is that it was. */
typedef enum { SG_OK, SG_INVALID_NAME, SG_INVALID_VALUE, SG_FORBIDDEN, SG_TOO_MANY, SG_OTHER } sg_header_error;

/* The most fields that a reply made by sg_reply has. */
enum { SG_REPLY_FIELDS = 8 };

/* A whole answer. The host writes content-length. */
typedef struct {
    uint16_t status;
    sg_text body;
    sg_field fields[SG_REPLY_FIELDS];
    size_t field_count;
} sg_reply;

/* What a hook decides. */
typedef enum { SG_CONTINUE, SG_REPLACE, SG_REPLY, SG_ROUTE, SG_UPSTREAM } sg_kind;
typedef struct {
    sg_kind kind;
    sg_text text; /* the body for SG_REPLACE, the name for SG_ROUTE and SG_UPSTREAM */
    sg_reply reply;
} sg_verdict;

/* Heads; void when the hook is over. */
typedef struct sg_request sg_request;
typedef struct sg_response sg_response;

/* ---- Texts ---- */

bool sg_equal(sg_text a, sg_text b);
bool sg_equal_ignoring_case(sg_text a, sg_text b);
/* The text up to the first such character, and what follows it by `rest`: none if it is not there. */
sg_text sg_cut(sg_text text, char at, sg_text *rest);
/* Without spaces and tabs at both ends. */
sg_text sg_trim(sg_text text);
/* The text with lower-case ASCII letters. */
sg_text sg_lower(sg_text text);
/* Texts, one after the other. */
sg_text sg_join(size_t count, const sg_text *parts);
/* As printf; at most 1023 bytes. */
sg_text sg_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Memory until the hook returns. */
void *sg_alloc(size_t size);
/* A copy that lives until it is freed. */
sg_text sg_keep(sg_text text);

/* ---- Decisions ---- */

/* Goes on: as the head is, with the body as it is, as the table says, with the fallback. */
sg_verdict sg_continue(void);
/* Goes on with another body. */
sg_verdict sg_replace(sg_text body);
/* Answers with this now. */
sg_verdict sg_answer(sg_reply reply);
/* The route of that name: for sg_route and sg_reroute. */
sg_verdict sg_to_route(sg_text name);
/* The upstream of that name: for sg_reroute. */
sg_verdict sg_to_upstream(sg_text name);
/* An answer with a status and a body. */
sg_reply sg_reply_with(uint16_t status, sg_text body);
/* Adds a field; one that is over SG_REPLY_FIELDS ends the plugin. */
void sg_reply_add(sg_reply *reply, sg_text name, sg_text value);
/* Writes a line to the host's log, and ends the plugin with a trap: what an exception is elsewhere. */
_Noreturn void sg_fail(sg_text why);

/* ---- Heads ---- */

sg_text sg_request_method(sg_request *request);
sg_text sg_request_path(sg_request *request);
sg_header_error sg_request_set_path(sg_request *request, sg_text path);
sg_text sg_request_authority(sg_request *request);
sg_header_error sg_request_set_authority(sg_request *request, sg_text authority);
/* The first value of a field, or none. The name matches whatever its case. */
sg_text sg_request_header(sg_request *request, sg_text name);
/* All fields in one call. */
size_t sg_request_fields(sg_request *request, const sg_field **fields);
sg_header_error sg_request_set_header(sg_request *request, sg_text name, sg_text value);
sg_header_error sg_request_append_header(sg_request *request, sg_text name, sg_text value);
sg_header_error sg_request_remove_header(sg_request *request, sg_text name);

uint16_t sg_response_status(sg_response *response);
sg_header_error sg_response_set_status(sg_response *response, uint16_t status);
sg_text sg_response_header(sg_response *response, sg_text name);
size_t sg_response_fields(sg_response *response, const sg_field **fields);
sg_header_error sg_response_set_header(sg_response *response, sg_text name, sg_text value);
sg_header_error sg_response_append_header(sg_response *response, sg_text name, sg_text value);
sg_header_error sg_response_remove_header(sg_response *response, sg_text name);

/* ---- The host ---- */

/* Facts of the exchange; those that are not there are none. */
sg_text sg_exchange_id(void);
sg_text sg_exchange_client_address(void);
sg_text sg_exchange_tls_version(void);
sg_text sg_exchange_tls_cipher(void);
sg_text sg_exchange_tls_server_name(void);
sg_text sg_exchange_client_certificate_subject(void);
sg_text sg_exchange_client_certificate_fingerprint(void);
sg_text sg_exchange_route(void);
sg_text sg_exchange_tenant(void);
sg_text sg_exchange_request_header(sg_text name);
sg_text sg_exchange_request_cookie(sg_text name);
sg_text sg_exchange_request_path(void);
/* Microseconds; UINT64_MAX before routing. */
uint64_t sg_exchange_deadline_left(void);
uint64_t sg_exchange_cpu_left(void);
bool sg_exchange_note(sg_text name, sg_text value);
sg_text sg_exchange_noted(sg_text name);

typedef enum { SG_DEBUG, SG_INFO, SG_WARN, SG_ERROR } sg_level;
void sg_log(sg_level level, sg_text message);

/* Nanoseconds since an arbitrary instant; milliseconds since 1970. */
uint64_t sg_clock_monotonic(void);
uint64_t sg_clock_wall(void);

/* At most 4096 bytes. */
sg_text sg_random_bytes(uint32_t length);
uint64_t sg_random_number(void);

/* Why the host did not do what it was asked to; 0 is that it did. Each interface has some of them. */
typedef enum {
    SG_DONE,
    SG_INVALID,        /* kv, counter, rate limit: the key, the value or the bucket breaks a rule */
    SG_QUOTA,          /* kv: the quota is used up */
    SG_CONFLICT,       /* kv: there is another value than the one that was wanted */
    SG_FULL,           /* counter: there are as many as there may be */
    SG_NOT_GRANTED,    /* callout: the upstream is not among those that are granted */
    SG_TOO_LARGE,      /* callout: a body is longer than it may be */
    SG_TIMEOUT,        /* callout: the whole answer was not here in time */
    SG_FAILED,         /* callout: no endpoint gave an answer, or there were too many calls */
    SG_UNDECLARED,     /* metrics: no such metric, kind or label */
    SG_REFUSED         /* anything else */
} sg_error;

/* Values by key that outlive the exchange. A time to live of 0 is for ever, an expected version of 0 is none. */
sg_text sg_kv_get(sg_text key, uint64_t *version);
sg_error sg_kv_set(sg_text key, sg_text value, uint64_t ttl_ms, uint64_t *version);
sg_error sg_kv_compare_and_set(sg_text key, uint64_t expected, sg_text value, uint64_t ttl_ms, uint64_t *version);
bool sg_kv_delete(sg_text key);

/* Numbers that all instances count together. */
sg_error sg_counter_add(sg_text key, int64_t by, int64_t *sum);
bool sg_counter_get(sg_text key, int64_t *value);
bool sg_counter_delete(sg_text key);

/* A bucket of tokens for each key: `burst` of them, of which `refill` come back in each period. */
typedef struct {
    uint32_t burst, refill;
    uint64_t period_ms;
} sg_bucket;
/* `wait_ms` is 0 if the tokens were there, UINT64_MAX if they never are. */
sg_error sg_rate_limit_take(sg_text key, uint32_t cost, sg_bucket bucket, uint64_t *wait_ms);

/* The plugin's own metrics, as sg_describe declares them; `labels` has a value for each label. */
sg_error sg_metrics_increment(sg_text name, const sg_text *labels, size_t label_count, uint64_t by);
sg_error sg_metrics_set(sg_text name, const sg_text *labels, size_t label_count, double value);
sg_error sg_metrics_adjust(sg_text name, const sg_text *labels, size_t label_count, double by);
sg_error sg_metrics_observe(sg_text name, const sg_text *labels, size_t label_count, double value);

/* An HTTP request to an upstream of the configuration. What is none is left out; a timeout of 0 is the plugin's limit. */
typedef struct {
    sg_text upstream, method, path, authority, body;
    const sg_field *fields;
    size_t field_count;
    uint64_t timeout_ms;
} sg_question;
typedef struct {
    uint16_t status;
    const sg_field *fields;
    size_t field_count;
    sg_text body;
} sg_callout_answer;
sg_error sg_callout(const sg_question *question, sg_callout_answer *answer);

/* ---- Hooks: what a plugin defines ---- */

/* A place a request can go. */
typedef struct {
    sg_text address;
    uint32_t weight;
} sg_endpoint;

/* What a picker may choose from. The last three have a number for each endpoint. */
typedef struct {
    const uint32_t *usable;
    size_t usable_count;
    const uint32_t *tried;
    size_t tried_count;
    const uint32_t *active;
    const double *weight;
    const double *latency_us;
    size_t endpoint_count;
} sg_candidates;

/* How attempts ended, each at one index of all lists. */
typedef struct {
    const uint32_t *endpoint;
    const uint16_t *status;
    const double *latency_us;
    size_t count;
} sg_attempts;

/* What the host knows of endpoints: a number for each in each list. */
typedef struct {
    const uint32_t *active;
    const double *latency_us;
    const uint64_t *failures;
    size_t count;
} sg_loads;

/* What has come of a request so far. */
typedef struct {
    sg_text upstream, fault;
    uint32_t attempts;
    bool repeatable;
} sg_failure;

/* What became of an exchange. */
typedef struct {
    uint16_t status;
    sg_text fault;
    uint64_t duration_us, body_bytes;
    sg_text endpoint;
} sg_outcome;

/* A label of a metric, with all values that it can have. */
typedef struct {
    sg_text name;
    const sg_text *values;
    size_t value_count;
} sg_label;

/* A metric that the plugin counts. Only a histogram has upper bounds of classes. */
typedef struct {
    sg_text name, help;
    enum { SG_COUNTER, SG_GAUGE, SG_HISTOGRAM } kind;
    const double *bounds;
    size_t bound_count;
    const sg_label *labels;
    size_t label_count;
} sg_metric;

/* What the plugin is. `settings_schema` is a JSON Schema that the host holds the settings to, or none. */
typedef struct {
    sg_text name, version, summary, settings_schema;
    const sg_metric *metrics;
    size_t metric_count;
} sg_description;

sg_verdict sg_on_request(sg_request *request);
sg_verdict sg_on_request_body(sg_request *request, sg_text body);
sg_verdict sg_on_response(sg_response *response);
sg_verdict sg_on_response_body(sg_response *response, sg_text body);
void sg_on_log(const sg_outcome *outcome);
sg_verdict sg_route(sg_request *request);
sg_verdict sg_reroute(const sg_failure *failure);
/* For pickers and weighers, before the first call. `endpoints` is gone when it returns. */
void sg_on_endpoints(const sg_endpoint *endpoints, size_t count);
/* Writes a ranking of at most 16, the best first, and gives its length; 0 lets the host choose. */
size_t sg_pick(const sg_candidates *among, uint32_t ranking[16]);
void sg_on_outcomes(const sg_attempts *attempts);
/* Writes a weight for each endpoint. */
void sg_weigh(const sg_loads *loads, double *weights);
sg_description sg_describe(void);
/* Gets the settings as JSON text; a text refuses them with it, none takes them. */
sg_text sg_configure(sg_text settings);

#endif
