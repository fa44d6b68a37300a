/* The router on this machine, with a host whose request has the field or has it not: `make test`. */

#include "sandgate.h"

#include <assert.h>
#include <stdlib.h>

static bool asks;

sg_text sg_request_header(sg_request *request, sg_text name) {
    (void)request;
    return asks && sg_equal_ignoring_case(name, SG("x-next")) ? SG("1") : SG_NONE;
}

_Noreturn void sg_fail(sg_text why) {
    (void)why;
    abort();
}

int main(void) {
    assert(sg_route(NULL).kind == SG_CONTINUE);
    asks = true;
    sg_verdict verdict = sg_route(NULL);
    assert(verdict.kind == SG_ROUTE);
    assert(sg_equal(verdict.text, SG("next")));
    return 0;
}
