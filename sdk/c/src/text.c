/* Texts, and the memory that lives until a hook returns. */

#include "memory.h"
#include "sandgate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is to be freed when the hook returns, the last first. */
typedef struct piece {
    struct piece *before;
    max_align_t memory[];
} piece;

typedef struct lent {
    struct lent *before;
    void *memory;
} lent;

static piece *pieces;
static lent *adopted;

void *sg_alloc(size_t size) {
    piece *made = malloc(sizeof *made + size);
    if (!made) sg_fail(SG("no memory is left"));
    made->before = pieces;
    pieces = made;
    return made->memory;
}

void *sg_adopt(void *memory) {
    if (memory) {
        lent *made = sg_alloc(sizeof *made);
        *made = (lent){adopted, memory};
        adopted = made;
    }
    return memory;
}

void sg_release(void) {
    for (; adopted; adopted = adopted->before) free(adopted->memory);
    while (pieces) {
        piece *last = pieces;
        pieces = last->before;
        free(last);
    }
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

bool sg_equal(sg_text a, sg_text b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

bool sg_equal_ignoring_case(sg_text a, sg_text b) {
    if (a.len != b.len) return false;
    for (size_t at = 0; at < a.len; at++) {
        if (lower(a.ptr[at]) != lower(b.ptr[at])) return false;
    }
    return true;
}

sg_text sg_cut(sg_text text, char at, sg_text *rest) {
    const char *found = text.len ? memchr(text.ptr, at, text.len) : NULL;
    if (!found) {
        *rest = SG_NONE;
        return text;
    }
    size_t len = (size_t)(found - text.ptr);
    *rest = (sg_text){found + 1, text.len - len - 1};
    return (sg_text){text.ptr, len};
}

sg_text sg_trim(sg_text text) {
    while (text.len && (*text.ptr == ' ' || *text.ptr == '\t')) text.ptr++, text.len--;
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) text.len--;
    return text;
}

sg_text sg_lower(sg_text text) {
    char *made = sg_alloc(text.len + 1);
    for (size_t at = 0; at < text.len; at++) made[at] = lower(text.ptr[at]);
    return (sg_text){made, text.len};
}

sg_text sg_join(size_t count, const sg_text *parts) {
    size_t len = 0;
    for (size_t at = 0; at < count; at++) len += parts[at].len;
    char *made = sg_alloc(len + 1), *out = made;
    for (size_t at = 0; at < count; at++) {
        if (parts[at].len) memcpy(out, parts[at].ptr, parts[at].len);
        out += parts[at].len;
    }
    return (sg_text){made, len};
}

sg_text sg_format(const char *format, ...) {
    char *made = sg_alloc(1024);
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(made, 1024, format, arguments);
    va_end(arguments);
    return (sg_text){made, len < 0 ? 0 : len < 1024 ? (size_t)len : 1023};
}

sg_text sg_keep(sg_text text) {
    if (!text.ptr) return text;
    char *kept = malloc(text.len + 1);
    if (!kept) sg_fail(SG("no memory is left"));
    memcpy(kept, text.ptr, text.len);
    return (sg_text){kept, text.len};
}

sg_verdict sg_continue(void) {
    return (sg_verdict){.kind = SG_CONTINUE};
}

sg_verdict sg_replace(sg_text body) {
    return (sg_verdict){.kind = SG_REPLACE, .text = body};
}

sg_verdict sg_answer(sg_reply reply) {
    return (sg_verdict){.kind = SG_REPLY, .reply = reply};
}

sg_verdict sg_to_route(sg_text name) {
    return (sg_verdict){.kind = SG_ROUTE, .text = name};
}

sg_verdict sg_to_upstream(sg_text name) {
    return (sg_verdict){.kind = SG_UPSTREAM, .text = name};
}

sg_reply sg_reply_with(uint16_t status, sg_text body) {
    return (sg_reply){.status = status, .body = body};
}

void sg_reply_add(sg_reply *reply, sg_text name, sg_text value) {
    if (reply->field_count == SG_REPLY_FIELDS) sg_fail(SG("a reply has too many fields"));
    reply->fields[reply->field_count++] = (sg_field){name, value};
}
