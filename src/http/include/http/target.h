/* The target of a request: its path, decoded and split, and its query. Pure. */
#ifndef WARD_HTTP_TARGET_H
#define WARD_HTTP_TARGET_H

#include "base/arena.h"
#include "http/limits.h"

struct http_arg {
    struct slice name;
    struct slice value;
};

struct http_target {
    struct slice raw_path;                    /* as sent, without the query */
    struct slice segments[HTTP_MAX_SEGMENTS]; /* decoded; "/" has none */
    size_t segment_count;
    bool trailing_slash;
    struct http_arg args[HTTP_MAX_QUERY_ARGS]; /* of the query, decoded, each name once */
    size_t arg_count;
};

/* Splits and decodes `raw`, which must stay; decoded text lives in the arena. A segment never holds
 * a slash, a backslash, a control character, "." or "..", and is well-formed UTF-8.
 * Errors: E_HTTP_PERCENT, E_HTTP_TRAVERSAL, E_HTTP_QUERY, E_HTTP_TARGET_LONG, E_MEMORY. */
MUST_USE struct status http_target_parse(struct slice raw, struct arena *arena,
                                         struct http_target *ret_target);

#endif
