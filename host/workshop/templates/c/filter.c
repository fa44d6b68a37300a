/* A filter that tells the upstream what the client runs, and the client who served it. */

#define SANDGATE_ON_REQUEST
#define SANDGATE_ON_RESPONSE
#include "sandgate.h"

sg_verdict sg_on_request(sg_request *request) {
    sg_text agent = sg_request_header(request, SG("user-agent"));
    if (!agent.ptr) agent = SG("");
    if (sg_request_set_header(request, SG("x-seen-agent"), agent)) sg_fail(SG("the agent can't be told"));
    return sg_continue();
}

sg_verdict sg_on_response(sg_response *response) {
    if (sg_response_set_header(response, SG("x-served-by"), SG("{{name}}"))) sg_fail(SG("the client can't be told"));
    return sg_continue();
}
