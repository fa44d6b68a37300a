/* A balancing policy: whoever shows the same cookie or header comes to the same endpoint, as long as that answers.
 *
 * Each endpoint has a score for each key (weighted rendezvous hashing), and the highest one wins. What is given is a ranking: the
 * host's retries follow it without asking again. An endpoint that failed three times in a row is put last for five seconds.
 */

#define SANDGATE_PLUGIN
#define SANDGATE_PICKER
#define SANDGATE_ON_OUTCOMES
#include "sandgate_json.h"

#include <math.h>
#include <stdlib.h>

/* How many endpoints are ranked: as many as the retries of a route usually come to. */
enum { RANKED = 3 };
/* So many failures in a row put an endpoint last. */
enum { TROUBLE = 3 };
/* For how long, in nanoseconds. */
static const uint64_t REST = 5000000000;

/* Whose value is the key: a cookie's, or else a header's. */
static struct {
    bool is_cookie;
    sg_text name;
} settings;

static struct known {
    /* What its address comes to. */
    uint64_t seed;
    /* Failures in a row. */
    unsigned failures;
    /* Until when it is put last. */
    uint64_t rests_until;
} *known;

sg_description sg_describe(void) {
    return (sg_description){
        SG("sticky-picker"), SG("0.1.0"), SG("Brings whoever shows the same cookie or header back to the same endpoint."), SG_NONE, NULL, 0,
    };
}

sg_text sg_configure(sg_text text) {
    sg_json *given = sg_json_parse(text), *field = given ? given->first : NULL;
    for (sg_json *each = field; each; each = each->next) {
        if (!sg_equal(each->name, SG("cookie")) && !sg_equal(each->name, SG("header"))) {
            return sg_format("unknown variant `%.*s`, expected `cookie` or `header`", (int)each->name.len, each->name.ptr);
        }
    }
    if (!field || field->next || field->kind != SG_JSON_STRING) return SG("expected one of `cookie` and `header`");
    settings.is_cookie = sg_equal(field->name, SG("cookie"));
    settings.name = sg_keep(field->text);
    return SG_NONE;
}

/* FNV-1a, with the bits mixed at the end (as murmur3 does) so that similar keys differ everywhere. */
static uint64_t hash(uint64_t seed, sg_text text) {
    uint64_t hash = seed ^ 0xcbf29ce484222325;
    for (size_t at = 0; at < text.len; at++) hash = (hash ^ (uint8_t)text.ptr[at]) * 0x0100000001b3;
    hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
    hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
    return hash ^ (hash >> 33);
}

/* A score that is the highest of several in proportion to their weights. */
static double weighted(uint64_t hash, double weight) {
    double unit = ((double)(hash >> 11) + 0.5) / 9007199254740992.0;
    return -weight / log(unit);
}

void sg_on_endpoints(const sg_endpoint *endpoints, size_t count) {
    known = calloc(count, sizeof *known);
    if (!known) sg_fail(SG("no memory is left"));
    for (size_t at = 0; at < count; at++) known[at].seed = hash(0, endpoints[at].address);
}

struct scored {
    uint32_t at;
    bool rests;
    double score;
};

/* Those that rest last, and the highest score first. */
static int compare(const void *a, const void *b) {
    const struct scored *one = a, *other = b;
    if (one->rests != other->rests) return one->rests - other->rests;
    return (other->score > one->score) - (other->score < one->score);
}

size_t sg_pick(const sg_candidates *among, uint32_t ranking[16]) {
    sg_text key = settings.is_cookie ? sg_exchange_request_cookie(settings.name) : sg_exchange_request_header(settings.name);
    if (!key.ptr) return 0;
    uint64_t now = sg_clock_monotonic();
    struct scored *all = sg_alloc(sizeof *all * among->usable_count);
    for (size_t index = 0; index < among->usable_count; index++) {
        uint32_t at = among->usable[index];
        all[index] = (struct scored){at, known[at].rests_until > now, weighted(hash(known[at].seed, key), among->weight[at])};
    }
    qsort(all, among->usable_count, sizeof *all, compare);
    size_t count = among->usable_count < RANKED ? among->usable_count : RANKED;
    for (size_t index = 0; index < count; index++) ranking[index] = all[index].at;
    return count;
}

/* No answer, or one that says that the endpoint can't. */
static bool is_failure(uint16_t status) {
    return status == 0 || (status >= 502 && status <= 504);
}

void sg_on_outcomes(const sg_attempts *attempts) {
    uint64_t now = sg_clock_monotonic();
    for (size_t index = 0; index < attempts->count; index++) {
        struct known *endpoint = &known[attempts->endpoint[index]];
        endpoint->failures = is_failure(attempts->status[index]) ? endpoint->failures + 1 : 0;
        if (endpoint->failures >= TROUBLE) {
            endpoint->failures = 0;
            endpoint->rests_until = now + REST;
        }
    }
}
