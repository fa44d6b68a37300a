/* A reader and a writer of JSON (RFC 8259). */

#include "sandgate_json.h"

#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 128 };

typedef struct {
    const char *at, *end;
} reader;

static sg_json *value(reader *in, int depth);

static void skip_space(reader *in) {
    while (in->at < in->end && strchr(" \t\r\n", *in->at) && *in->at != 0) in->at++;
}

static bool take(reader *in, char expected) {
    skip_space(in);
    if (in->at == in->end || *in->at != expected) return false;
    in->at++;
    return true;
}

static sg_json *make(sg_json_kind kind) {
    sg_json *made = sg_alloc(sizeof *made);
    *made = (sg_json){.kind = kind, .name = SG_NONE, .text = SG_NONE};
    return made;
}

static int hexadecimal(reader *in) {
    int code = 0;
    if (in->end - in->at < 4) return -1;
    for (int digit = 0; digit < 4; digit++) {
        char c = *in->at++;
        int part = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (part < 0) return -1;
        code = code << 4 | part;
    }
    return code;
}

static char *put_utf8(char *out, long code) {
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    }
    return out;
}

/* What follows a backslash; NULL if nothing may. */
static char *escape(reader *in, char *out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (in->at == in->end) return NULL;
    char c = *in->at++;
    if (c != 'u') {
        const char *found = c == 0 ? NULL : strchr(from, c);
        if (!found) return NULL;
        *out++ = to[found - from];
        return out;
    }
    long code = hexadecimal(in);
    if (code >= 0xd800 && code < 0xdc00) {
        if (in->end - in->at < 6 || in->at[0] != '\\' || in->at[1] != 'u') return NULL;
        in->at += 2;
        long low = hexadecimal(in);
        if (low < 0xdc00 || low > 0xdfff) return NULL;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code < 0 || (code >= 0xdc00 && code < 0xe000)) {
        return NULL;
    }
    return put_utf8(out, code);
}

/* The text of a string after its first quote: none if it does not end, or has what a string may not. */
static sg_text string(reader *in) {
    char *start = sg_alloc((size_t)(in->end - in->at) + 1), *out = start;
    while (in->at < in->end) {
        char c = *in->at++;
        if (c == '"') return (sg_text){start, (size_t)(out - start)};
        if ((unsigned char)c < 0x20) return SG_NONE;
        if (c != '\\') {
            *out++ = c;
        } else if (!(out = escape(in, out))) {
            return SG_NONE;
        }
    }
    return SG_NONE;
}

static bool digits(reader *in) {
    const char *start = in->at;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') in->at++;
    return in->at > start;
}

static bool is_at(reader *in, const char *any) {
    return in->at < in->end && *in->at != 0 && strchr(any, *in->at);
}

static sg_json *number(reader *in) {
    const char *start = in->at;
    if (is_at(in, "-")) in->at++;
    if (is_at(in, "0")) in->at++;
    else if (!digits(in)) return NULL;
    if (is_at(in, ".")) {
        in->at++;
        if (!digits(in)) return NULL;
    }
    if (is_at(in, "eE")) {
        in->at++;
        if (is_at(in, "+-")) in->at++;
        if (!digits(in)) return NULL;
    }
    sg_json *made = make(SG_JSON_NUMBER);
    made->text = (sg_text){start, (size_t)(in->at - start)};
    return made;
}

static sg_json *word(reader *in, const char *word, sg_json_kind kind) {
    size_t length = strlen(word);
    if ((size_t)(in->end - in->at) < length || memcmp(in->at, word, length) != 0) return NULL;
    in->at += length;
    return make(kind);
}

static sg_json *array(reader *in, int depth) {
    sg_json *made = make(SG_JSON_ARRAY), **last = &made->first;
    if (take(in, ']')) return made;
    do {
        if (!(*last = value(in, depth + 1))) return NULL;
        last = &(*last)->next;
    } while (take(in, ','));
    return take(in, ']') ? made : NULL;
}

static sg_json *object(reader *in, int depth) {
    sg_json *made = make(SG_JSON_OBJECT);
    if (take(in, '}')) return made;
    do {
        if (!take(in, '"')) return NULL;
        sg_text name = string(in);
        if (!name.ptr || !take(in, ':')) return NULL;
        sg_json *inner = value(in, depth + 1);
        if (!inner) return NULL;
        sg_json_put(made, name, inner);
    } while (take(in, ','));
    return take(in, '}') ? made : NULL;
}

static sg_json *value(reader *in, int depth) {
    skip_space(in);
    if (in->at == in->end || depth > DEEPEST) return NULL;
    switch (*in->at) {
    case '{': in->at++; return object(in, depth);
    case '[': in->at++; return array(in, depth);
    case 't': return word(in, "true", SG_JSON_TRUE);
    case 'f': return word(in, "false", SG_JSON_FALSE);
    case 'n': return word(in, "null", SG_JSON_NULL);
    case '"': {
        in->at++;
        sg_json *made = make(SG_JSON_STRING);
        made->text = string(in);
        return made->text.ptr ? made : NULL;
    }
    default: return number(in);
    }
}

sg_json *sg_json_parse(sg_text text) {
    reader in = {text.ptr, text.ptr + text.len};
    sg_json *made = value(&in, 0);
    skip_space(&in);
    return in.at == in.end ? made : NULL;
}

sg_json *sg_json_get(const sg_json *object, sg_text name) {
    if (!object || object->kind != SG_JSON_OBJECT) return NULL;
    for (sg_json *field = object->first; field; field = field->next) {
        if (sg_equal(field->name, name)) return field;
    }
    return NULL;
}

void sg_json_put(sg_json *object, sg_text name, sg_json *value) {
    sg_json **place = &object->first;
    while (*place && !sg_equal((*place)->name, name)) place = &(*place)->next;
    value->name = name;
    value->next = *place ? (*place)->next : NULL;
    *place = value;
}

double sg_json_number(const sg_json *value) {
    char digits[64] = {0};
    memcpy(digits, value->text.ptr, value->text.len < sizeof digits - 1 ? value->text.len : sizeof digits - 1);
    return strtod(digits, NULL);
}

/* Writes, or counts if there is nowhere to write. */
typedef struct {
    char *out;
    size_t len;
} writer;

static void put(writer *to, const char *bytes, size_t count) {
    if (to->out) memcpy(to->out + to->len, bytes, count);
    to->len += count;
}

static void put_string(writer *to, sg_text text) {
    static const char plain[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt", hex[] = "0123456789abcdef";
    put(to, "\"", 1);
    for (size_t at = 0; at < text.len; at++) {
        char c = text.ptr[at];
        const char *found = c == 0 ? NULL : strchr(plain, c);
        if (found) {
            put(to, (char[]){'\\', names[found - plain]}, 2);
        } else if ((unsigned char)c < 0x20) {
            put(to, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
        } else {
            put(to, &c, 1);
        }
    }
    put(to, "\"", 1);
}

static void put_value(writer *to, const sg_json *value) {
    switch (value->kind) {
    case SG_JSON_NULL: put(to, "null", 4); return;
    case SG_JSON_FALSE: put(to, "false", 5); return;
    case SG_JSON_TRUE: put(to, "true", 4); return;
    case SG_JSON_NUMBER: put(to, value->text.ptr, value->text.len); return;
    case SG_JSON_STRING: put_string(to, value->text); return;
    case SG_JSON_ARRAY:
    case SG_JSON_OBJECT: break;
    }
    bool is_object = value->kind == SG_JSON_OBJECT;
    put(to, is_object ? "{" : "[", 1);
    for (const sg_json *inner = value->first; inner; inner = inner->next) {
        if (inner != value->first) put(to, ",", 1);
        if (is_object) {
            put_string(to, inner->name);
            put(to, ":", 1);
        }
        put_value(to, inner);
    }
    put(to, is_object ? "}" : "]", 1);
}

sg_text sg_json_write(const sg_json *value) {
    writer to = {NULL, 0};
    put_value(&to, value);
    to = (writer){sg_alloc(to.len + 1), 0};
    put_value(&to, value);
    return (sg_text){to.out, to.len};
}

sg_json *sg_json_keep(const sg_json *value) {
    if (!value) return NULL;
    sg_json *kept = malloc(sizeof *kept);
    if (!kept) sg_fail(SG("no memory is left"));
    *kept = *value;
    kept->name = sg_keep(value->name);
    kept->text = sg_keep(value->text);
    sg_json **last = &kept->first;
    for (const sg_json *inner = value->first; inner; inner = inner->next) {
        *last = sg_json_keep(inner);
        (*last)->next = NULL;
        last = &(*last)->next;
    }
    kept->next = NULL;
    return kept;
}
