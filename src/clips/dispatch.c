/* From a request to the part that answers it. */
#include "dispatch.h"

#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "base/bytes.h"
#include "cache.h"
#include "media.h"
#include "pages.h"
#include "routes.h"
#include "session.h"
#include "upload.h"
#include "values.h"

static void refuse(struct turn *t, struct status s) {
    front_refuse(t, s, NULL);
}

static bool segment_is(const struct turn *t, size_t i, const char *name) {
    return i < t->x->target.segment_count && slice_eq(t->x->target.segments[i], slice_str(name));
}

static bool reads(const struct turn *t) {
    return t->x->method == HTTP_GET || t->x->method == HTTP_HEAD;
}

static struct status set_op(struct turn *t, const struct api_op *op) {
    t->op = op;
    t->args = api_record(&t->x->arena, op->args);
    return t->args == NULL ? FAIL(E_MEMORY) : STATUS_OK;
}

/* --- operations with a route --- */

static void on_answer(void *context, struct status s, const struct api_answer *answer, int fd) {
    struct turn *t = context;
    if (fd >= 0) {
        close(fd); /* no operation with a route answers one */
    }
    if (failed(s)) {
        refuse(t, s);
        return;
    }
    front_answer(t, answer);
}

static void on_answer_of_law(void *context, struct status s, const struct api_answer *answer,
                             int fd) {
    if (!failed(s) || answer == NULL) {
        on_answer(context, s, answer, fd);
        return;
    }
    if (fd >= 0) {
        close(fd);
    }
    front_refuse(context, s, &answer->refusal);
}

/* True when a public answer of the last second was there. */
static bool answer_kept(struct turn *t) {
    struct buf body CLEANUP(buf_done);
    buf_init(&body, FRONT_MAX_PUBLIC_BYTES);
    if (!reads(t) || t->op->who != API_WHO_ANYONE || t->session.present) {
        return false;
    }
    t->public_key = slice_str(t->x->raw_target);
    t->public_epoch = cache_epoch(t->front->cache);
    if (link_is_away(t->front->guard) ||
        !cache_get(t->front->cache, t->public_key, front_now_ms(), &body)) {
        return false;
    }
    http_answer(t->x, 200, SLICE("application/json"), buf_slice(&body));
    return true;
}

static struct status read_args(struct turn *t) {
    struct http_exchange *x = t->x;
    struct values_source from = {
        .params = t->params,
        .param_count = t->param_count,
        .query = x->target.args,
        .query_count = x->target.arg_count,
    };
    if (!reads(t) && (x->body.len > 0 || x->method == HTTP_POST)) {
        from.body = slice_of(x->body.len > 0 ? (const char *)x->body.ptr : "{}",
                             x->body.len > 0 ? x->body.len : 2);
    }
    if (t->op->number == API_ACCOUNT_JOIN) {
        TRY(session_device(t));
        from.given_name = SLICE("device");
        from.given_value = t->device;
    }
    return values_read(t->op->args, &from, &x->arena, t->args, &t->wrong);
}

static void operation_ready(struct turn *t) {
    if (answer_kept(t)) {
        return;
    }
    struct status s = read_args(t);
    if (failed(s)) {
        refuse(t, s);
        return;
    }
    front_ask(t, LINK_ASK, on_answer_of_law);
}

static bool is_json(struct slice type) {
    struct slice head = slice_trim(slice_sub(type, 0, slice_find(type, ';')));
    return slice_eq(head, SLICE("application/json"));
}

/* A page of another site can make a browser post a form, but not JSON. */
static struct status check_body(const struct turn *t) {
    const struct http_exchange *x = t->x;
    if (reads(t)) {
        return x->body_bytes == 0 ? STATUS_OK : FAIL(E_HTTP_BODY_LARGE);
    }
    bool must = x->method == HTTP_POST || x->body_bytes > 0;
    return !must || is_json(http_field(x, "Content-Type")) ? STATUS_OK : FAIL(E_HTTP_CONTENT_TYPE);
}

static struct status begin_operation(struct turn *t, const struct route_found *found) {
    TRY(check_body(t));
    TRY(set_op(t, found->op));
    t->params = arena_array(&t->x->arena, found->param_count + 1, sizeof *t->params);
    if (t->params == NULL) {
        return FAIL(E_MEMORY);
    }
    memcpy(t->params, found->params, found->param_count * sizeof *t->params);
    t->param_count = found->param_count;
    t->ready = operation_ready;
    return STATUS_OK;
}

/* --- addresses that are no plain operation --- */

static struct status method_refused(struct turn *t, const char *allow) {
    http_add_field(t->x, SLICE("Allow"), slice_str(allow));
    return FAIL(E_HTTP_METHOD);
}

static struct status clip_id(const struct turn *t, size_t segment, uint64_t *ret_id) {
    return failed(parse_u64(t->x->target.segments[segment], UINT64_MAX, ret_id)) ? FAIL(E_NOT_FOUND)
                                                                                 : STATUS_OK;
}

static struct status begin_media(struct turn *t) {
    uint64_t clip;
    TRY(reads(t) ? STATUS_OK : method_refused(t, "GET, HEAD"));
    TRY(check_body(t));
    TRY(t->x->target.segment_count == 3 ? clip_id(t, 1, &clip) : FAIL(E_HTTP_NOT_FOUND));
    TRY(set_op(t, api_op_find(API_CLIP_OPEN)));
    t->args[ARG_CLIP_OPEN_CLIP].n = clip;
    t->args[ARG_CLIP_OPEN_RENDITION].bytes = t->x->target.segments[2];
    t->ready = media_ready;
    return STATUS_OK;
}

static struct status begin_bytes(struct turn *t) {
    uint64_t clip;
    TRY(clip_id(t, 2, &clip));
    TRY(set_op(t, api_op_find(API_CLIP_CHUNK)));
    t->args[ARG_CLIP_CHUNK_CLIP].n = clip;
    if (t->x->method == HTTP_PUT) {
        t->ready = upload_ready;
        upload_begin(t, clip);
        return STATUS_OK;
    }
    TRY(reads(t) ? check_body(t) : method_refused(t, "GET, HEAD, PUT"));
    t->ready = upload_status_ready;
    return STATUS_OK;
}

static void on_export(void *context, struct status s, const struct api_answer *answer, int fd) {
    struct turn *t = context;
    if (failed(s) || fd < 0) {
        on_answer_of_law(context, failed(s) ? s : FAIL(E_HTTP_GUARD_AWAY), answer, fd);
        return;
    }
    struct slice type = answer->fields[ANS_DATA_EXPORT_TYPE].bytes;
    bool zip = slice_eq(type, SLICE("application/zip"));
    http_add_field(t->x, SLICE("Content-Disposition"),
                   zip ? SLICE("attachment; filename=\"my-data.zip\"")
                       : SLICE("attachment; filename=\"my-data.tar\""));
    http_answer_file(t->x, 200, type, fd, 0, answer->fields[ANS_DATA_EXPORT_SIZE_BYTES].n);
}

static void export_ready(struct turn *t) {
    front_ask(t, LINK_ASK, on_export);
}

static struct status begin_export(struct turn *t) {
    TRY(reads(t) ? check_body(t) : method_refused(t, "GET"));
    TRY(set_op(t, api_op_find(API_DATA_EXPORT)));
    t->ready = export_ready;
    return STATUS_OK;
}

static struct status begin_api(struct turn *t) {
    struct route_found found;
    TRY(routes_find(t->front->routes, t->x->method, &t->x->target, &t->x->arena, &found));
    if (found.op != NULL) {
        return begin_operation(t, &found);
    }
    if (found.other_method) {
        http_add_field(t->x, SLICE("Allow"), found.allow);
        return FAIL(E_HTTP_METHOD);
    }
    return FAIL(E_HTTP_NOT_FOUND);
}

static struct status begin_page(struct turn *t) {
    TRY(reads(t) ? check_body(t) : method_refused(t, "GET, HEAD"));
    t->ready = pages_ready;
    return STATUS_OK;
}

static struct status begin_any(struct turn *t) {
    size_t count = t->x->target.segment_count;
    if (segment_is(t, 0, "media")) {
        return begin_media(t);
    }
    if (!segment_is(t, 0, "api")) {
        return begin_page(t);
    }
    if (count == 4 && segment_is(t, 1, "clips") && segment_is(t, 3, "bytes")) {
        return begin_bytes(t);
    }
    if (count == 3 && segment_is(t, 1, "data") && segment_is(t, 2, "export")) {
        return begin_export(t);
    }
    return begin_api(t);
}

/* --- the callbacks --- */

static void on_begin(void *context, struct http_exchange *x) {
    struct turn *t = arena_alloc(&x->arena, sizeof *t);
    x->state = t;
    if (t == NULL) {
        http_answer_error(x, FAIL(E_MEMORY));
        return;
    }
    t->front = context;
    t->x = x;
    struct status s = session_read(t);
    s = failed(s) ? s : begin_any(t);
    if (failed(s) && x->reply == NULL) {
        refuse(t, s);
    }
}

static size_t on_body(void *context, struct http_exchange *x, struct slice bytes) {
    (void)context;
    return upload_body(x->state, bytes);
}

static void on_ready(void *context, struct http_exchange *x) {
    struct turn *t = x->state;
    (void)context;
    t->ready(t);
}

static void on_gone(void *context, struct http_exchange *x) {
    struct turn *t = x->state;
    (void)context;
    if (t == NULL) {
        return;
    }
    upload_gone(t);
    media_gone(t);
}

struct http_app dispatch_app(struct front *front) {
    return (struct http_app){
        .context = front,
        .begin = on_begin,
        .body = on_body,
        .ready = on_ready,
        .gone = on_gone,
    };
}

void dispatch_notice(void *front, unsigned kind, uint64_t lease) {
    struct front *f = front;
    if (kind == API_NOTICE_FEED) {
        cache_clear(f->cache);
        return;
    }
    media_lease_ends(f->media, lease, kind != API_NOTICE_LEASE_ENDS);
    cache_clear(f->cache);
}
