/* The SDK's texts and JSON, by the machine's own compiler: `cc -Iinclude -Isrc tests/test.c src/text.c src/json.c && ./a.out`. */

#include "memory.h"
#include "sandgate_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

#define CHECK(claim) \
    do { \
        if (!(claim)) failures++, fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #claim); \
    } while (0)

_Noreturn void sg_fail(sg_text why) {
    fprintf(stderr, "failed: %.*s\n", (int)why.len, why.ptr);
    exit(1);
}

static sg_text of(const char *text) {
    return (sg_text){text, strlen(text)};
}

/* What is read and written again. */
static bool becomes(const char *text, const char *expected) {
    sg_json *value = sg_json_parse(of(text));
    if (!value) return expected == NULL;
    return expected && sg_equal(sg_json_write(value), of(expected));
}

static void json_is_kept_but_for_space_and_escapes(void) {
    CHECK(becomes(" { \"b\" : 1.50 , \"a\" : [ ] , \"c\" : { } } ", "{\"b\":1.50,\"a\":[],\"c\":{}}"));
    CHECK(becomes("[true,false,null,-0.5e+3,\"x\"]", "[true,false,null,-0.5e+3,\"x\"]"));
    CHECK(becomes("\"\\u00e9\\/\\\"\\\\\\n\\u0001\\ud83d\\ude00\"", "\"\xc3\xa9/\\\"\\\\\\n\\u0001\xf0\x9f\x98\x80\""));
    CHECK(becomes("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"));
}

static void what_is_no_json_is_refused(void) {
    const char *all[] = {"", "{", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "1 2", "01", "1.", "+1", "tru", "\"", "\"\\x\"", "\"\\ud800\"", "\"\n\"", "NaN"};
    for (size_t at = 0; at < sizeof all / sizeof *all; at++) {
        CHECK(becomes(all[at], NULL));
        if (!becomes(all[at], NULL)) fprintf(stderr, "  %s\n", all[at]);
    }
    char deep[1000];
    memset(deep, '[', sizeof deep);
    CHECK(!sg_json_parse((sg_text){deep, sizeof deep}));
}

static void fields_are_found_put_and_kept(void) {
    sg_json *object = sg_json_parse(of("{\"a\":{\"b\":\"x\"},\"n\":2.5}"));
    sg_json *inner = sg_json_get(sg_json_get(object, SG("a")), SG("b"));
    CHECK(inner && sg_equal(inner->text, SG("x")));
    CHECK(!sg_json_get(object, SG("z")) && !sg_json_get(inner, SG("z")) && !sg_json_get(NULL, SG("z")));
    CHECK(sg_json_number(sg_json_get(object, SG("n"))) == 2.5);
    sg_json_put(object, SG("a"), sg_json_parse(of("1")));
    sg_json_put(object, SG("c"), sg_json_parse(of("[]")));
    CHECK(sg_equal(sg_json_write(object), of("{\"a\":1,\"n\":2.5,\"c\":[]}")));
    /* Kept for good, as settings are. */
    static sg_json *kept;
    kept = sg_json_keep(object);
    sg_release();
    CHECK(sg_equal(sg_json_write(kept), of("{\"a\":1,\"n\":2.5,\"c\":[]}")));
}

static void texts_are_cut_trimmed_and_joined(void) {
    sg_text rest, first = sg_cut(SG("a=b=c"), '=', &rest);
    CHECK(sg_equal(first, SG("a")) && sg_equal(rest, SG("b=c")));
    CHECK(sg_equal(sg_cut(SG("a"), '=', &rest), SG("a")) && !rest.ptr);
    CHECK(sg_equal(sg_cut(SG_NONE, '=', &rest), SG("")) && !rest.ptr);
    CHECK(sg_equal(sg_trim(SG(" \ta ")), SG("a")) && sg_trim(SG("  ")).len == 0);
    CHECK(sg_equal_ignoring_case(SG("BeArEr"), SG("bearer")) && !sg_equal_ignoring_case(SG("a"), SG("b")));
    CHECK(sg_equal(sg_join(3, (sg_text[]){SG("a"), SG(""), SG("b")}), SG("ab")));
    CHECK(sg_equal(sg_format("%d is %s", 1, "one"), SG("1 is one")));
    CHECK(sg_equal(sg_lower(SG("Text/HTML")), SG("text/html")));
}

int main(void) {
    json_is_kept_but_for_space_and_escapes();
    what_is_no_json_is_refused();
    fields_are_found_put_and_kept();
    texts_are_cut_trimmed_and_joined();
    sg_release();
    if (failures == 0) puts("all claims hold");
    return failures != 0;
}
