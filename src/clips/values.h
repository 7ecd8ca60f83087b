/* Arguments of an operation from a request, and its answer as JSON: both by the tables. */
#ifndef WARD_CLIPS_VALUES_H
#define WARD_CLIPS_VALUES_H

#include "front.h"

/* Fills `args` (as api_record makes them) from the parameters of the path, the query and a JSON
 * object in the body. Every argument must be given once, in one of the three; those of a query may
 * be left out. What the front knows itself (`given`) nobody else may give. On failure *ret_wrong
 * names the first argument that is wrong, or is NULL. E_HTTP_ARGUMENT, E_JSON_*, E_MEMORY. */
struct values_source {
    const struct http_arg *params;
    size_t param_count;
    const struct http_arg *query;
    size_t query_count;
    struct slice body;       /* ptr NULL: no body */
    struct slice given_name; /* an argument that the front gives: the device */
    struct slice given_value;
};

MUST_USE struct status values_read(const struct api_shape *shape, const struct values_source *from,
                                   struct arena *a, struct api_value *args, const char **ret_wrong);

/* The fields as one object. Secrets and bytes are left out. */
void values_write(const struct api_shape *shape, const struct api_value *values,
                  struct json_writer *w);
/* The members `rules` and `needs` of an error. */
MUST_USE struct status values_write_refusal(const struct api_refusal *refusal, struct buf *out);

#endif
