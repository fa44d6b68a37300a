/* A balancing policy: of the endpoints that can be used, the one with the fewest requests under way. */

#define SANDGATE_PICKER
#include "sandgate.h"

void sg_on_endpoints(const sg_endpoint *endpoints, size_t count) {
    (void)endpoints, (void)count;
}

size_t sg_pick(const sg_candidates *among, uint32_t ranking[16]) {
    if (among->usable_count == 0) return 0;
    ranking[0] = among->usable[0];
    for (size_t index = 1; index < among->usable_count; index++) {
        uint32_t at = among->usable[index];
        if (among->active[at] < among->active[ranking[0]]) ranking[0] = at;
    }
    return 1;
}
