/* A router: a part of the clients gets the route `canary`, the others what the route table says.
 *
 * Who sends `x-canary: 1` gets it for certain. Of all others the settings name a share, and a client's identifier decides: the
 * same client always gets the same answer. What the canary can't answer, the route `back` does.
 */

#define SANDGATE_PLUGIN
#define SANDGATE_ROUTER
#define SANDGATE_REROUTE
#include "sandgate_json.h"

/* The header that asks for the canary, and the route it gets. */
#define ASKED_BY SG("x-canary")
#define ROUTE SG("canary")

static struct {
    /* Of a hundred clients, how many get the canary. */
    double percent;
    /* The header, or else the cookie, that tells clients apart. */
    sg_text client;
    /* The route whose upstream answers where the canary's can't; none if it is empty. */
    sg_text back;
} settings = {0, {"x-client-id", 11}, {"", 0}};

sg_description sg_describe(void) {
    return (sg_description){SG("canary-router"), SG("0.1.0"), SG("Sends a part of the clients to the route canary."), SG_NONE, NULL, 0};
}

sg_text sg_configure(sg_text text) {
    sg_json *given = sg_json_parse(text);
    if (!given || given->kind != SG_JSON_OBJECT) return SG("expected an object");
    for (sg_json *field = given->first; field; field = field->next) {
        if (sg_equal(field->name, SG("percent")) && field->kind == SG_JSON_NUMBER) {
            settings.percent = sg_json_number(field);
        } else if (sg_equal(field->name, SG("client")) && field->kind == SG_JSON_STRING) {
            settings.client = sg_keep(field->text);
        } else if (sg_equal(field->name, SG("back")) && field->kind == SG_JSON_STRING) {
            settings.back = sg_keep(field->text);
        } else {
            return sg_format("unknown field `%.*s`", (int)field->name.len, field->name.ptr);
        }
    }
    if (settings.percent < 0 || settings.percent > 100) return sg_format("percent is %g: it must be 0 to 100", settings.percent);
    return SG_NONE;
}

/* The value of a cookie (RFC 6265 section 4.2.1). */
static sg_text cookie(sg_text header, sg_text name) {
    while (header.ptr) {
        sg_text value, key = sg_cut(sg_trim(sg_cut(header, ';', &header)), '=', &value);
        if (value.ptr && sg_equal(key, name)) return value;
    }
    return SG_NONE;
}

/* A number from 0 to 99, always the same for the same client and evenly spread over all. */
static unsigned bucket(sg_text client) {
    /* FNV-1a, with its bits mixed at the end so that the low ones depend on all. */
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t at = 0; at < client.len; at++) hash = (hash ^ (uint8_t)client.ptr[at]) * 0x0100000001b3;
    return (unsigned)(((hash ^ (hash >> 32)) * 0x9e3779b97f4a7c15 >> 32) % 100);
}

/* Why the request gets the canary, if it does. */
static sg_text reason(sg_request *request) {
    if (sg_equal(sg_request_header(request, ASKED_BY), SG("1"))) return SG("asked");
    if (settings.percent == 0) return SG_NONE;
    sg_text client = sg_request_header(request, settings.client);
    if (!client.ptr) client = cookie(sg_request_header(request, SG("cookie")), settings.client);
    return client.ptr && bucket(client) < settings.percent ? SG("share") : SG_NONE;
}

sg_verdict sg_route(sg_request *request) {
    sg_text why = reason(request);
    if (!why.ptr) return sg_continue();
    sg_exchange_note(SG("canary"), why);
    return sg_to_route(ROUTE);
}

sg_verdict sg_reroute(const sg_failure *failure) {
    (void)failure;
    if (!sg_equal(sg_exchange_route(), ROUTE) || settings.back.len == 0) return sg_continue();
    sg_exchange_note(SG("canary"), SG("back"));
    return sg_to_route(settings.back);
}
