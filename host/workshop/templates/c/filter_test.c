/* The filter on this machine, with a host that has one request and knows what was set last: `make test`. */

#include "sandgate.h"

#include <assert.h>
#include <stdlib.h>

static sg_field last;

sg_text sg_request_header(sg_request *request, sg_text name) {
    (void)request;
    return sg_equal_ignoring_case(name, SG("user-agent")) ? SG("curl/8") : SG_NONE;
}

sg_header_error sg_request_set_header(sg_request *request, sg_text name, sg_text value) {
    (void)request;
    last = (sg_field){name, value};
    return SG_OK;
}

sg_header_error sg_response_set_header(sg_response *response, sg_text name, sg_text value) {
    (void)response;
    last = (sg_field){name, value};
    return SG_OK;
}

_Noreturn void sg_fail(sg_text why) {
    (void)why;
    abort();
}

static void the_upstream_is_told_the_agent(void) {
    assert(sg_on_request(NULL).kind == SG_CONTINUE);
    assert(sg_equal(last.name, SG("x-seen-agent")));
    assert(sg_equal(last.value, SG("curl/8")));
}

static void the_client_is_told_who_served_it(void) {
    assert(sg_on_response(NULL).kind == SG_CONTINUE);
    assert(sg_equal(last.name, SG("x-served-by")));
    assert(sg_equal(last.value, SG("{{name}}")));
}

int main(void) {
    the_upstream_is_told_the_agent();
    the_client_is_told_who_served_it();
    return 0;
}
