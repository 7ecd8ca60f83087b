/* Matches paths against the routes of api/. */
#include "routes.h"

#include <string.h>

#include "base/mem.h"

#define MAX_ROUTES 128

struct route {
    const struct api_op *op;
    enum http_method method;
    size_t count;
    struct slice parts[HTTP_MAX_SEGMENTS];
};

struct routes {
    struct route rows[MAX_ROUTES];
    size_t count;
};

static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE"};

static enum http_method method_named(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (strcmp(methods[i], name) == 0) {
            return (enum http_method)i;
        }
    }
    return HTTP_OTHER;
}

static struct status add(struct routes *r, const struct api_op *op) {
    if (r->count == MAX_ROUTES) {
        return FAIL(E_TOO_LARGE);
    }
    struct route *row = &r->rows[r->count++];
    *row = (struct route){.op = op, .method = method_named(op->method)};
    struct slice rest = slice_from(slice_str(op->path), 1);
    while (row->count < HTTP_MAX_SEGMENTS && slice_next(&rest, '/', &row->parts[row->count])) {
        row->count++;
    }
    return rest.ptr == NULL ? STATUS_OK : FAIL(E_TOO_LARGE);
}

struct status routes_new(struct routes **ret_routes) {
    struct routes *r = mem_alloc(sizeof *r);
    if (r == NULL) {
        return FAIL(E_MEMORY);
    }
    size_t count;
    const struct api_op *ops = api_ops(&count);
    for (size_t i = 0; i < count; i++) {
        struct status s = ops[i].method == NULL ? STATUS_OK : add(r, &ops[i]);
        if (failed(s)) {
            mem_free(r);
            return s;
        }
    }
    *ret_routes = r;
    return STATUS_OK;
}

void routes_free(struct routes **routes) {
    mem_free(*routes);
    *routes = NULL;
}

static bool is_param(struct slice part) {
    return slice_starts(part, SLICE("{"));
}

/* How well the route fits: 0 not at all, else one more than its literal parts. */
static size_t fit(const struct route *row, const struct http_target *t) {
    size_t literal = 0;
    if (row->count != t->segment_count || t->trailing_slash) {
        return 0;
    }
    for (size_t i = 0; i < row->count; i++) {
        if (is_param(row->parts[i])) {
            continue;
        }
        if (!slice_eq(row->parts[i], t->segments[i])) {
            return 0;
        }
        literal++;
    }
    return literal + 1;
}

static const struct route *best(const struct routes *r, enum http_method method,
                                const struct http_target *t) {
    const struct route *found = NULL;
    size_t most = 0;
    for (size_t i = 0; i < r->count; i++) {
        size_t score = r->rows[i].method == method ? fit(&r->rows[i], t) : 0;
        if (score > most) {
            most = score;
            found = &r->rows[i];
        }
    }
    return found;
}

static struct status allowed(const struct routes *r, const struct http_target *t, struct arena *a,
                             struct slice *ret_allow) {
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 256);
    for (size_t m = 0; m < ARRAY_LEN(methods); m++) {
        enum http_method as = m == HTTP_HEAD ? HTTP_GET : (enum http_method)m;
        if (best(r, as, t) == NULL) {
            continue;
        }
        TRY(buf_add_str(&text, text.len == 0 ? "" : ", "));
        TRY(buf_add_str(&text, methods[m]));
    }
    return arena_copy(a, buf_slice(&text), ret_allow);
}

struct status routes_find(const struct routes *routes, enum http_method method,
                          const struct http_target *target, struct arena *a,
                          struct route_found *ret_found) {
    struct route_found found = {0};
    const struct route *row = best(routes, method == HTTP_HEAD ? HTTP_GET : method, target);
    if (row == NULL) {
        TRY(allowed(routes, target, a, &found.allow));
        found.other_method = found.allow.len > 0;
        *ret_found = found;
        return STATUS_OK;
    }
    found.op = row->op;
    for (size_t i = 0; i < row->count; i++) {
        if (is_param(row->parts[i])) {
            struct slice name = slice_sub(row->parts[i], 1, row->parts[i].len - 2);
            found.params[found.param_count++] = (struct http_arg){name, target->segments[i]};
        }
    }
    *ret_found = found;
    return STATUS_OK;
}
