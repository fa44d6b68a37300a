/* A filter that lets a request pass if a claim of its token (RFC 7519) has one of the right values.
 *
 * It reads tokens and verifies no signature: it is for tokens that somebody before it has verified, or for denying early what the
 * upstream would deny as well.
 */

#define SANDGATE_PLUGIN
#define SANDGATE_ON_REQUEST
#include "sandgate_json.h"

/* Where the upstream is told the token's subject. */
#define SUBJECT SG("x-subject")

static struct {
    /* The claim that is looked at: a text, or a list of which one is enough. */
    sg_text claim;
    /* The values that may pass. */
    sg_json *allow;
} settings;

sg_description sg_describe(void) {
    return (sg_description){SG("deny-by-claim"), SG("0.1.0"), SG("Denies requests whose token does not have the right claim."), SG_NONE, NULL, 0};
}

sg_text sg_configure(sg_text text) {
    sg_json *given = sg_json_parse(text);
    for (sg_json *field = given ? given->first : NULL; field; field = field->next) {
        if (!sg_equal(field->name, SG("claim")) && !sg_equal(field->name, SG("allow"))) {
            return sg_format("unknown field `%.*s`", (int)field->name.len, field->name.ptr);
        }
    }
    sg_json *claim = sg_json_get(given, SG("claim")), *allow = sg_json_get(given, SG("allow"));
    if (!claim || claim->kind != SG_JSON_STRING) return SG("missing field `claim`");
    if (!allow || allow->kind != SG_JSON_ARRAY || !allow->first) return SG("allow must name at least one value");
    settings.claim = sg_keep(claim->text);
    settings.allow = sg_json_keep(allow);
    return SG_NONE;
}

/* What a client is told (RFC 6750 section 3). */
static sg_verdict refused(uint16_t status, sg_text challenge, sg_text body) {
    sg_reply reply = sg_reply_with(status, body);
    sg_reply_add(&reply, SG("content-type"), SG("text/plain"));
    if (challenge.ptr) sg_reply_add(&reply, SG("www-authenticate"), challenge);
    return sg_answer(reply);
}

static sg_verdict unreadable(sg_text body) {
    return refused(401, SG("Bearer error=\"invalid_token\""), body);
}

static sg_verdict denied(void) {
    sg_text values = SG("");
    for (sg_json *value = settings.allow->first; value; value = value->next) {
        sg_text comma = values.len ? SG(", ") : SG("");
        values = sg_join(3, (sg_text[]){values, comma, value->text});
    }
    return refused(403, SG_NONE, sg_join(4, (sg_text[]){settings.claim, SG(" must be one of "), values, SG("\n")}));
}

/* The token of an Authorization field (RFC 6750 section 2.1). */
static sg_text bearer(sg_text authorization) {
    sg_text token, scheme = sg_cut(authorization, ' ', &token);
    return token.ptr && sg_equal_ignoring_case(scheme, SG("bearer")) ? sg_trim(token) : SG_NONE;
}

static int digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* base64url without padding (RFC 7515 section 2); none if it is not that. */
static sg_text decoded(sg_text text) {
    char *made = sg_alloc(text.len + 1);
    uint32_t bits = 0;
    size_t count = 0, len = 0;
    for (size_t at = 0; at < text.len; at++) {
        int part = digit(text.ptr[at]);
        if (part < 0) return SG_NONE;
        bits = bits << 6 | (uint32_t)part;
        count += 6;
        if (count >= 8) {
            count -= 8;
            made[len++] = (char)(bits >> count);
        }
    }
    return count == 6 ? SG_NONE : (sg_text){made, len};
}

/* The claims of a token (RFC 7515 section 3.1), if they are an object. */
static sg_json *claims_of(sg_text token) {
    sg_text payload, signature, more;
    sg_cut(token, '.', &payload);
    payload = sg_cut(payload, '.', &signature);
    sg_cut(signature, '.', &more);
    if (!signature.ptr || more.ptr) return NULL;
    sg_text text = decoded(payload);
    sg_json *claims = text.ptr ? sg_json_parse(text) : NULL;
    return claims && claims->kind == SG_JSON_OBJECT ? claims : NULL;
}

static bool is_allowed(const sg_json *claim) {
    if (!claim || claim->kind != SG_JSON_STRING) return false;
    for (sg_json *value = settings.allow->first; value; value = value->next) {
        if (sg_equal(value->text, claim->text)) return true;
    }
    return false;
}

static bool has_allowed(const sg_json *claim) {
    if (!claim || claim->kind != SG_JSON_ARRAY) return is_allowed(claim);
    for (sg_json *one = claim->first; one; one = one->next) {
        if (is_allowed(one)) return true;
    }
    return false;
}

sg_verdict sg_on_request(sg_request *request) {
    sg_text token = bearer(sg_request_header(request, SG("authorization")));
    if (!token.ptr) return refused(401, SG("Bearer"), SG("a bearer token is needed\n"));
    sg_json *claims = claims_of(token);
    if (!claims) return unreadable(SG("the token can't be read\n"));
    sg_json *end = sg_json_get(claims, SG("exp"));
    if (end && end->kind == SG_JSON_NUMBER && sg_json_number(end) * 1000 <= (double)sg_clock_wall()) {
        return unreadable(SG("the token has expired\n"));
    }
    if (!has_allowed(sg_json_get(claims, settings.claim))) return denied();
    sg_json *subject = sg_json_get(claims, SG("sub"));
    sg_header_error failed = subject && subject->kind == SG_JSON_STRING ? sg_request_set_header(request, SUBJECT, subject->text)
                                                                         : sg_request_remove_header(request, SUBJECT);
    if (failed) sg_fail(SG("the subject can't be told"));
    return sg_continue();
}
