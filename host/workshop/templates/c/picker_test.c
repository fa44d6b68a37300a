/* The policy on this machine: `make test`. */

#include "sandgate.h"

#include <assert.h>
#include <stdlib.h>

_Noreturn void sg_fail(sg_text why) {
    (void)why;
    abort();
}

int main(void) {
    const uint32_t usable[] = {0, 1}, active[] = {4, 2, 0};
    uint32_t ranking[16];
    sg_candidates among = {.usable = usable, .usable_count = 2, .active = active, .endpoint_count = 3};
    assert(sg_pick(&among, ranking) == 1);
    assert(ranking[0] == 1);
    /* Where none can be used the host chooses. */
    among.usable_count = 0;
    assert(sg_pick(&among, ranking) == 0);
    return 0;
}
