/* The policy on this machine: `make test`. */

#include "sandgate.h"

#include <assert.h>
#include <stdlib.h>

_Noreturn void sg_fail(sg_text why) {
    (void)why;
    abort();
}

int main(void) {
    const sg_endpoint endpoints[] = {{SG("a"), 1}, {SG("b"), 4}, {SG("c"), 3}};
    const double latency_us[] = {100, 200, 0};
    double weights[3];
    sg_on_endpoints(endpoints, 3);
    sg_weigh(&(sg_loads){.latency_us = latency_us, .count = 3}, weights);
    assert(weights[0] == 1);
    /* Half as fast is half the weight, and one that has not answered keeps its own. */
    assert(weights[1] == 2);
    assert(weights[2] == 3);
    return 0;
}
