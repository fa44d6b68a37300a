/* A filter for JSON bodies: it sets fields in those of requests, and takes fields out of those of responses.
 *
 * What is no JSON passes as it is, but for requests that say they are: those are refused.
 */

#define SANDGATE_PLUGIN
#define SANDGATE_ON_REQUEST
#define SANDGATE_ON_REQUEST_BODY
#define SANDGATE_ON_RESPONSE_BODY
#include "sandgate_json.h"

static struct {
    /* What the upstream gets in each object that a client sends, whatever the client has written there. */
    sg_json *set;
    /* Names of fields that clients are not shown, wherever they are. */
    sg_json *hide;
} settings;

sg_description sg_describe(void) {
    return (sg_description){
        SG("rewrite-json-body"), SG("0.1.0"), SG("Takes fields out of JSON bodies, and stamps those that are sent on."), SG_NONE, NULL, 0,
    };
}

sg_text sg_configure(sg_text text) {
    sg_json *given = sg_json_parse(text);
    if (!given || given->kind != SG_JSON_OBJECT) return SG("expected an object");
    for (sg_json *field = given->first; field; field = field->next) {
        if (sg_equal(field->name, SG("set")) && field->kind == SG_JSON_OBJECT) {
            settings.set = sg_json_keep(field);
        } else if (sg_equal(field->name, SG("hide")) && field->kind == SG_JSON_ARRAY) {
            settings.hide = sg_json_keep(field);
        } else {
            return sg_format("unknown field `%.*s`", (int)field->name.len, field->name.ptr);
        }
    }
    return SG_NONE;
}

/* A coded answer could not be read: the upstream is not told that the client would take one. */
sg_verdict sg_on_request(sg_request *request) {
    sg_request_remove_header(request, SG("accept-encoding"));
    return sg_continue();
}

static bool ends_with(sg_text text, sg_text end) {
    return text.len >= end.len && sg_equal((sg_text){text.ptr + text.len - end.len, end.len}, end);
}

/* Whether a message with these fields has JSON for a body, and that uncoded. */
static bool is_json(sg_text coding, sg_text type) {
    if (coding.ptr && !sg_equal_ignoring_case(coding, SG("identity"))) return false;
    sg_text rest, kind = sg_trim(sg_cut(sg_lower(type), ';', &rest));
    if (sg_equal(kind, SG("application/json"))) return true;
    sg_text application = SG("application/");
    return kind.len > application.len && sg_equal((sg_text){kind.ptr, application.len}, application) && ends_with(kind, SG("+json"));
}

sg_verdict sg_on_request_body(sg_request *request, sg_text body) {
    sg_text coding = sg_request_header(request, SG("content-encoding")), type = sg_request_header(request, SG("content-type"));
    if (!settings.set || !settings.set->first || !is_json(coding, type)) return sg_continue();
    sg_json *object = sg_json_parse(body);
    if (!object || object->kind != SG_JSON_OBJECT) return sg_answer(sg_reply_with(400, SG("expected a JSON object\n")));
    for (const sg_json *field = settings.set->first; field; field = field->next) {
        sg_json *copy = sg_alloc(sizeof *copy);
        *copy = *field;
        sg_json_put(object, field->name, copy);
    }
    return sg_replace(sg_json_write(object));
}

static bool is_hidden(const sg_json *field) {
    for (const sg_json *name = settings.hide ? settings.hide->first : NULL; name; name = name->next) {
        if (sg_equal(name->text, field->name)) return true;
    }
    return false;
}

/* Takes fields out, wherever they are; says how many there were. */
static size_t hide(sg_json *value) {
    size_t count = 0;
    sg_json **place = &value->first;
    while (*place) {
        if (value->kind == SG_JSON_OBJECT && is_hidden(*place)) {
            *place = (*place)->next;
            count++;
        } else {
            count += hide(*place);
            place = &(*place)->next;
        }
    }
    return count;
}

sg_verdict sg_on_response_body(sg_response *response, sg_text body) {
    sg_text coding = sg_response_header(response, SG("content-encoding")), type = sg_response_header(response, SG("content-type"));
    if (!is_json(coding, type)) return sg_continue();
    sg_json *value = sg_json_parse(body);
    if (!value) {
        sg_log(SG_WARN, SG("a response that says it is JSON is none"));
        return sg_continue();
    }
    return hide(value) ? sg_replace(sg_json_write(value)) : sg_continue();
}
