/* JSON for plugins: a tree that keeps fields in their order and numbers as they were written. It lives until the hook returns.
 */
#ifndef SANDGATE_JSON_H
#define SANDGATE_JSON_H

#include "sandgate.h"

typedef enum { SG_JSON_NULL, SG_JSON_FALSE, SG_JSON_TRUE, SG_JSON_NUMBER, SG_JSON_STRING, SG_JSON_ARRAY, SG_JSON_OBJECT } sg_json_kind;

/* A value. Those in an array or object are a chain from `first` by `next`. */
typedef struct sg_json {
    sg_json_kind kind;
    sg_text name; /* in an object */
    sg_text text; /* a string's, decoded; a number's, as it was written */
    struct sg_json *first, *next;
} sg_json;

/* The one value of a text; NULL if it is no JSON, or deeper than 128 levels. */
sg_json *sg_json_parse(sg_text text);
/* The field of that name; NULL if it has none, or is no object. */
sg_json *sg_json_get(const sg_json *object, sg_text name);
/* Puts a field at the place where it was, or at the end. The value is taken into the tree. */
void sg_json_put(sg_json *object, sg_text name, sg_json *value);
/* A number's value. */
double sg_json_number(const sg_json *value);
/* As text, with no space between values and as few escapes as JSON allows. */
sg_text sg_json_write(const sg_json *value);
/* A copy that lives until the instance ends: for settings. */
sg_json *sg_json_keep(const sg_json *value);

#endif
