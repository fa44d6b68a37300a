/* A balancing policy: the slower an endpoint answers, the fewer requests it gets. */

#define SANDGATE_WEIGHER
#include "sandgate.h"

#include <math.h>
#include <stdlib.h>

/* The weight of each endpoint in the configuration. */
static double *configured;

void sg_on_endpoints(const sg_endpoint *endpoints, size_t count) {
    configured = calloc(count + 1, sizeof *configured);
    if (!configured) sg_fail(SG("no memory is left"));
    for (size_t at = 0; at < count; at++) configured[at] = endpoints[at].weight;
}

void sg_weigh(const sg_loads *loads, double *weights) {
    double fastest = INFINITY;
    for (size_t at = 0; at < loads->count; at++) {
        if (loads->latency_us[at] > 0) fastest = fmin(fastest, loads->latency_us[at]);
    }
    for (size_t at = 0; at < loads->count; at++) {
        /* Of one that has not answered yet nothing speaks against it. */
        weights[at] = loads->latency_us[at] > 0 ? configured[at] * fastest / loads->latency_us[at] : configured[at];
    }
}
