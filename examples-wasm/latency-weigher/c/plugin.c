/* A weigher: the slower an endpoint answers, and the more it has failed of late, the fewer requests it gets. */

#define SANDGATE_PLUGIN
#define SANDGATE_WEIGHER
#include "sandgate_json.h"

#include <math.h>
#include <stdlib.h>

static struct {
    /* The least part of its configured weight that an endpoint has. */
    double least;
    /* What is left of its weight for each failure since it was last asked. */
    double failure_costs;
} settings = {0.1, 0.5};

/* What is known of each endpoint: its weight, and the failures that were there when it was last asked. */
static double *base;
static uint64_t *before;
static bool was_asked;

sg_description sg_describe(void) {
    return (sg_description){SG("latency-weigher"), SG("0.1.0"), SG("Gives slow endpoints less."), SG_NONE, NULL, 0};
}

sg_text sg_configure(sg_text text) {
    sg_json *given = sg_json_parse(text);
    if (!given || given->kind != SG_JSON_OBJECT) return SG("expected an object");
    for (sg_json *field = given->first; field; field = field->next) {
        bool is_least = sg_equal(field->name, SG("least"));
        if ((!is_least && !sg_equal(field->name, SG("failure_costs"))) || field->kind != SG_JSON_NUMBER) {
            return sg_format("unknown field `%.*s`", (int)field->name.len, field->name.ptr);
        }
        double part = sg_json_number(field);
        if (part < 0 || part > 1) return SG("least and failure_costs must be 0 to 1");
        *(is_least ? &settings.least : &settings.failure_costs) = part;
    }
    return SG_NONE;
}

void sg_on_endpoints(const sg_endpoint *endpoints, size_t count) {
    base = calloc(count, sizeof *base);
    before = calloc(count, sizeof *before);
    if (!base || !before) sg_fail(SG("no memory is left"));
    for (size_t at = 0; at < count; at++) base[at] = endpoints[at].weight;
}

void sg_weigh(const sg_loads *loads, double *weights) {
    double fastest = INFINITY;
    for (size_t at = 0; at < loads->count; at++) {
        if (loads->latency_us[at] > 0) fastest = fmin(fastest, loads->latency_us[at]);
    }
    for (size_t at = 0; at < loads->count; at++) {
        /* Of one that has not answered yet nothing speaks against it. */
        double part = loads->latency_us[at] > 0 ? fastest / loads->latency_us[at] : 1;
        if (was_asked) part *= pow(settings.failure_costs, (double)(loads->failures[at] - before[at]));
        weights[at] = base[at] * fmax(part, settings.least);
        before[at] = loads->failures[at];
    }
    was_asked = true;
}
