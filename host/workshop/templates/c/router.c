/* A router that sends who asks for it to the route `next`, and all others where the route table says. */

#define SANDGATE_ROUTER
#include "sandgate.h"

sg_verdict sg_route(sg_request *request) {
    return sg_request_header(request, SG("x-next")).ptr ? sg_to_route(SG("next")) : sg_continue();
}
