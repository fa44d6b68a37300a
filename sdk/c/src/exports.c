/* The hooks as the canonical ABI of components has them: what a core module exports. Those that HOOKS names are there. */

#include "abi.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>

/* What not every hook needs, so that a plugin may have no use for it. */
#define USED_BY_SOME __attribute__((unused))

#ifdef __wasm__
#define EXPORT(interface, name) __attribute__((export_name(INTERFACE(interface) "#" name)))
#define POST(interface, name) __attribute__((export_name("cabi_post_" INTERFACE(interface) "#" name)))

/* The host asks for memory by this when it gives us lists and texts. */
__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
    (void)old_size;
    /* malloc's memory is aligned for everything that the contract has. */
    if (size == 0) return (void *)align;
    void *made = realloc(old, size);
    if (!made) __builtin_trap();
    return made;
}
#else
#define EXPORT(interface, name)
#define POST(interface, name)
#endif

/* A result that has to last until the host has read it: it is in memory of the hook, which is over with `post`. */
static void over(void) {
    sg_release();
}

static abi_list list_of(sg_text text) {
    return (abi_list){(void *)text.ptr, text.len};
}

/* Each of the decisions: a case, and what is in it. */
typedef struct {
    uint8_t tag;
    union {
        abi_list text;
        struct {
            uint16_t status;
            abi_list fields, body;
        } reply;
    } as;
} abi_decision;

/* Where a hook's decision has its cases. Continuing, whatever it is called, is the first, and an answer the last. */
typedef struct {
    sg_kind text, other;
    uint8_t reply;
} cases;

static USED_BY_SOME abi_decision *decided(sg_verdict verdict, cases cases) {
    abi_decision *out = sg_alloc(sizeof *out);
    memset(out, 0, sizeof *out);
    if (verdict.kind == SG_CONTINUE) return out;
    if (verdict.kind == SG_REPLY) {
        sg_field *fields = sg_alloc(sizeof verdict.reply.fields);
        memcpy(fields, verdict.reply.fields, sizeof verdict.reply.fields);
        out->tag = cases.reply;
        out->as.reply.status = verdict.reply.status;
        out->as.reply.fields = (abi_list){fields, verdict.reply.field_count};
        out->as.reply.body = list_of(verdict.reply.body);
        return out;
    }
    if (verdict.kind != cases.text && verdict.kind != cases.other) sg_fail(SG("a hook gives a decision that is another hook's"));
    out->tag = verdict.kind == cases.text ? 1 : 2;
    out->as.text = list_of(verdict.text);
    return out;
}

#define REQUEST(handle) ((sg_request *)(intptr_t)(handle))
#define RESPONSE(handle) ((sg_response *)(intptr_t)(handle))

/* A body, or any list that the host has put into our memory. */
static USED_BY_SOME void *given(void *memory, size_t len) {
    return len ? sg_adopt(memory) : memory;
}

#if defined(SANDGATE_ON_REQUEST)
EXPORT("on-request", "on-request") abi_decision *export_on_request(int32_t request) {
    sg_verdict verdict = sg_on_request(REQUEST(request));
    abi_request_drop(request);
    return decided(verdict, (cases){SG_REPLY, SG_REPLY, 1});
}
POST("on-request", "on-request") void post_on_request(void *out) { (void)out, over(); }
#endif

#if defined(SANDGATE_ON_REQUEST_BODY)
EXPORT("on-request-body", "on-request-body") abi_decision *export_on_request_body(int32_t request, void *body, size_t len) {
    sg_verdict verdict = sg_on_request_body(REQUEST(request), (sg_text){given(body, len), len});
    abi_request_drop(request);
    return decided(verdict, (cases){SG_REPLACE, SG_REPLACE, 2});
}
POST("on-request-body", "on-request-body") void post_on_request_body(void *out) { (void)out, over(); }
#endif

#if defined(SANDGATE_ON_RESPONSE)
EXPORT("on-response", "on-response") abi_decision *export_on_response(int32_t response) {
    sg_verdict verdict = sg_on_response(RESPONSE(response));
    abi_response_drop(response);
    return decided(verdict, (cases){SG_REPLY, SG_REPLY, 1});
}
POST("on-response", "on-response") void post_on_response(void *out) { (void)out, over(); }
#endif

#if defined(SANDGATE_ON_RESPONSE_BODY)
EXPORT("on-response-body", "on-response-body") abi_decision *export_on_response_body(int32_t response, void *body, size_t len) {
    sg_verdict verdict = sg_on_response_body(RESPONSE(response), (sg_text){given(body, len), len});
    abi_response_drop(response);
    return decided(verdict, (cases){SG_REPLACE, SG_REPLACE, 2});
}
POST("on-response-body", "on-response-body") void post_on_response_body(void *out) { (void)out, over(); }
#endif

#if defined(SANDGATE_ON_LOG)
EXPORT("on-log", "on-log")
void export_on_log(int32_t status, int32_t has_fault, char *fault, size_t fault_len, uint64_t duration_us, uint64_t body_bytes,
                   int32_t has_endpoint, char *endpoint, size_t endpoint_len) {
    sg_outcome outcome = {
        .status = (uint16_t)status,
        .fault = has_fault ? (sg_text){given(fault, fault_len), fault_len} : SG_NONE,
        .duration_us = duration_us,
        .body_bytes = body_bytes,
        .endpoint = has_endpoint ? (sg_text){given(endpoint, endpoint_len), endpoint_len} : SG_NONE,
    };
    sg_on_log(&outcome);
    over();
}
#endif

#if defined(SANDGATE_ROUTER)
EXPORT("router", "route") abi_decision *export_route(int32_t request) {
    sg_verdict verdict = sg_route(REQUEST(request));
    abi_request_drop(request);
    return decided(verdict, (cases){SG_ROUTE, SG_ROUTE, 2});
}
POST("router", "route") void post_route(void *out) { (void)out, over(); }
#endif

#if defined(SANDGATE_REROUTE)
EXPORT("reroute", "reroute")
abi_decision *export_reroute(char *upstream, size_t upstream_len, char *fault, size_t fault_len, int32_t attempts, int32_t repeatable) {
    sg_failure failure = {
        .upstream = {given(upstream, upstream_len), upstream_len},
        .fault = {given(fault, fault_len), fault_len},
        .attempts = (uint32_t)attempts,
        .repeatable = repeatable != 0,
    };
    return decided(sg_reroute(&failure), (cases){SG_UPSTREAM, SG_ROUTE, 3});
}
POST("reroute", "reroute") void post_reroute(void *out) { (void)out, over(); }
#endif

#if defined(SANDGATE_PICKER) || defined(SANDGATE_WEIGHER)
static void on_endpoints(sg_endpoint *endpoints, size_t count) {
    given(endpoints, count);
    for (size_t at = 0; at < count; at++) given((void *)endpoints[at].address.ptr, endpoints[at].address.len);
    sg_on_endpoints(endpoints, count);
    over();
}
#endif

#if defined(SANDGATE_PICKER)
EXPORT("picker", "on-endpoints") void export_picker_on_endpoints(sg_endpoint *endpoints, size_t count) { on_endpoints(endpoints, count); }

/* A choice: an endpoint, a ranking, or that the host chooses. */
typedef struct {
    uint8_t tag;
    abi_list ranking;
} abi_choice;

EXPORT("picker", "pick")
abi_choice *export_pick(uint32_t *usable, size_t usable_count, uint32_t *tried, size_t tried_count, uint32_t *active, size_t active_count,
                        double *weight, size_t weight_count, double *latency_us, size_t latency_count) {
    sg_candidates among = {
        .usable = given(usable, usable_count),
        .usable_count = usable_count,
        .tried = given(tried, tried_count),
        .tried_count = tried_count,
        .active = given(active, active_count),
        .weight = given(weight, weight_count),
        .latency_us = given(latency_us, latency_count),
        .endpoint_count = active_count,
    };
    uint32_t *ranking = sg_alloc(sizeof *ranking * 16);
    abi_choice *out = sg_alloc(sizeof *out);
    size_t count = sg_pick(&among, ranking);
    *out = count ? (abi_choice){1, {ranking, count}} : (abi_choice){.tag = 2};
    return out;
}
POST("picker", "pick") void post_pick(void *out) { (void)out, over(); }
#endif

#if defined(SANDGATE_ON_OUTCOMES)
EXPORT("on-outcomes", "on-outcomes")
void export_on_outcomes(uint32_t *endpoint, size_t count, uint16_t *status, size_t status_count, double *latency_us, size_t latency_count) {
    sg_attempts attempts = {given(endpoint, count), given(status, status_count), given(latency_us, latency_count), count};
    sg_on_outcomes(&attempts);
    over();
}
#endif

#if defined(SANDGATE_WEIGHER)
EXPORT("weigher", "on-endpoints") void export_weigher_on_endpoints(sg_endpoint *endpoints, size_t count) { on_endpoints(endpoints, count); }

EXPORT("weigher", "weigh")
abi_list *export_weigh(uint32_t *active, size_t count, double *latency_us, size_t latency_count, uint64_t *failures, size_t failure_count) {
    sg_loads loads = {given(active, count), given(latency_us, latency_count), given(failures, failure_count), count};
    double *weights = sg_alloc(sizeof *weights * (count + 1));
    abi_list *out = sg_alloc(sizeof *out);
    sg_weigh(&loads, weights);
    *out = (abi_list){weights, count};
    return out;
}
POST("weigher", "weigh") void post_weigh(void *out) { (void)out, over(); }
#endif

#if defined(SANDGATE_PLUGIN)
/* A metric's kind is a variant, of which one case has a list. */
typedef struct {
    abi_list name, help;
    struct {
        uint8_t tag;
        abi_list bounds;
    } kind;
    abi_list labels;
} abi_metric;

typedef struct {
    abi_list name, version, summary, metrics;
    struct {
        uint8_t is_some;
        abi_list text;
    } schema;
} abi_description;

EXPORT("plugin", "describe") abi_description *export_describe(void) {
    sg_description known = sg_describe();
    abi_metric *metrics = sg_alloc(sizeof *metrics * (known.metric_count + 1));
    for (size_t at = 0; at < known.metric_count; at++) {
        const sg_metric *metric = &known.metrics[at];
        metrics[at] = (abi_metric){
            .name = list_of(metric->name),
            .help = list_of(metric->help),
            .kind = {(uint8_t)metric->kind, {(void *)metric->bounds, metric->bound_count}},
            .labels = {(void *)metric->labels, metric->label_count},
        };
    }
    abi_description *out = sg_alloc(sizeof *out);
    *out = (abi_description){
        list_of(known.name), list_of(known.version), list_of(known.summary), {metrics, known.metric_count},
        {known.settings_schema.ptr != NULL, list_of(known.settings_schema)},
    };
    return out;
}
POST("plugin", "describe") void post_describe(void *out) { (void)out, over(); }

/* A result whose error is a text. */
typedef struct {
    uint8_t is_error;
    abi_list error;
} abi_refusal;

EXPORT("plugin", "configure") abi_refusal *export_configure(char *settings, size_t len) {
    sg_text why = sg_configure((sg_text){given(settings, len), len});
    abi_refusal *out = sg_alloc(sizeof *out);
    *out = (abi_refusal){why.ptr != NULL, list_of(why)};
    return out;
}
POST("plugin", "configure") void post_configure(void *out) { (void)out, over(); }
#endif
