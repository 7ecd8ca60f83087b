/* Which operation a method and a path name: the routes of the tables in api/. */
#ifndef WARD_CLIPS_ROUTES_H
#define WARD_CLIPS_ROUTES_H

#include "api/api.h"
#include "http/server.h"

struct routes;

struct route_found {
    const struct api_op *op; /* NULL: none */
    bool other_method;       /* the path is there, for other methods */
    struct slice allow;      /* then: which, for the Allow field */
    size_t param_count;
    struct http_arg params[HTTP_MAX_SEGMENTS]; /* of the path, by the names in braces */
};

/* Reads all routes. E_MEMORY, E_TOO_LARGE. */
MUST_USE struct status routes_new(struct routes **ret_routes);
void routes_free(struct routes **routes);
/* A literal part wins over a part in braces. HEAD asks as GET does. `allow` lives in the arena. */
MUST_USE struct status routes_find(const struct routes *routes, enum http_method method,
                                   const struct http_target *target, struct arena *a,
                                   struct route_found *ret_found);

#endif
