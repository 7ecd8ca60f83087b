/* Makes answers and puts the fields of safety on each. Must never answer private things in a way
 * that a cache may keep, unless the application said that they are public. */
#include "reply.h"

#include <microhttpd.h>
#include <string.h>
#include <unistd.h>

/* A page may load its own scripts, styles, pictures and clips, and nothing from anywhere else. */
#define POLICY_PAGE                                                                                \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "              \
    "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "           \
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "             \
    "trusted-types 'none'"
#define POLICY_DATA "default-src 'none'; frame-ancestors 'none'"
#define NO_FEATURES                                                                                \
    "accelerometer=(), bluetooth=(), browsing-topics=(), camera=(), display-capture=(), "          \
    "geolocation=(), gyroscope=(), hid=(), microphone=(), midi=(), payment=(), serial=(), usb=()"

static const char *const always[][2] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

static const char *const with_page[][2] = {
    {"Content-Security-Policy", POLICY_PAGE},
    {"Permissions-Policy", NO_FEATURES},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"X-Frame-Options", "DENY"},
};

static bool is_safe(enum http_method method) {
    return method == HTTP_GET || method == HTTP_HEAD;
}

/* The Origin of our own pages is http or https, then what the browser sent as Host. */
static bool is_own_origin(struct slice origin, struct slice host) {
    struct slice schemes[] = {SLICE("https://"), SLICE("http://")};
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (slice_starts(origin, schemes[i])) {
            return slice_eq(slice_from(origin, schemes[i].len), host);
        }
    }
    return false;
}

struct status http_reply_same_site(const struct http_exchange *x) {
    struct slice site = http_field(x, "Sec-Fetch-Site");
    struct slice origin = http_field(x, "Origin");
    bool foreign =
        site.ptr != NULL && !slice_eq(site, SLICE("same-origin")) && !slice_eq(site, SLICE("none"));
    if (is_safe(x->method)) {
        /* A link from elsewhere may open a page; nothing else may be fetched from elsewhere. */
        struct slice mode = http_field(x, "Sec-Fetch-Mode");
        return foreign && !slice_eq(mode, SLICE("navigate")) ? FAIL(E_HTTP_CROSS_SITE) : STATUS_OK;
    }
    if (foreign) {
        return FAIL(E_HTTP_CROSS_SITE);
    }
    /* A program that is no browser sends neither field, and has no cookies that are not its own. */
    if (origin.ptr != NULL && !is_own_origin(origin, http_field(x, "Host"))) {
        return FAIL(E_HTTP_CROSS_SITE);
    }
    return STATUS_OK;
}

void http_add_field(struct http_exchange *x, struct slice name, struct slice value) {
    struct http_field *to = &x->reply_fields[x->reply_field_count];
    if (x->reply_field_count == HTTP_MAX_REPLY_FIELDS ||
        failed(arena_copy(&x->arena, name, &to->name)) ||
        failed(arena_copy(&x->arena, value, &to->value))) {
        x->reply_broken = true; /* an answer without its fields must not go out */
        return;
    }
    x->reply_field_count++;
}

static void add(struct http_exchange *x, struct MHD_Response *r, struct slice name,
                struct slice value) {
    char n[64];
    char v[1024];
    if (name.len >= sizeof n || value.len >= sizeof v) {
        x->reply_broken = true;
        return;
    }
    memcpy(n, name.ptr, name.len);
    n[name.len] = 0;
    memcpy(v, value.ptr, value.len);
    v[value.len] = 0;
    x->reply_broken |= MHD_add_response_header(r, n, v) != MHD_YES;
}

static void add_fields(struct http_exchange *x, struct MHD_Response *r, struct slice type) {
    bool page = slice_starts(type, SLICE("text/html"));
    bool caching = false;
    add(x, r, SLICE("Content-Type"), type);
    for (size_t i = 0; i < ARRAY_LEN(always); i++) {
        add(x, r, slice_str(always[i][0]), slice_str(always[i][1]));
    }
    for (size_t i = 0; page && i < ARRAY_LEN(with_page); i++) {
        add(x, r, slice_str(with_page[i][0]), slice_str(with_page[i][1]));
    }
    if (!page) {
        add(x, r, SLICE("Content-Security-Policy"), SLICE(POLICY_DATA));
    }
    for (size_t i = 0; i < x->reply_field_count; i++) {
        caching |= slice_eq(x->reply_fields[i].name, SLICE("Cache-Control"));
        add(x, r, x->reply_fields[i].name, x->reply_fields[i].value);
    }
    if (!caching) {
        add(x, r, SLICE("Cache-Control"), SLICE("private, no-store"));
    }
}

static void set_reply(struct http_exchange *x, uint16_t status, struct slice type,
                      struct MHD_Response *r) {
    if (r != NULL) {
        add_fields(x, r, type);
    }
    if (r != NULL && x->reply_broken) {
        MHD_destroy_response(r);
        r = NULL;
    }
    if (r == NULL) {
        /* No memory for an answer: an empty one says the same. */
        r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        status = MHD_HTTP_SERVICE_UNAVAILABLE;
        x->close_after = true;
    }
    x->reply_status = status;
    x->reply = r;
    if (atomic_load(&x->waiting)) {
        http_wake(x);
    }
}

void http_answer(struct http_exchange *x, uint16_t status, struct slice type, struct slice body) {
    void *bytes = (void *)(uintptr_t)body.ptr;
    set_reply(x, status, type,
              MHD_create_response_from_buffer(body.len, bytes, MHD_RESPMEM_MUST_COPY));
}

void http_answer_static(struct http_exchange *x, uint16_t status, struct slice type,
                        struct slice body) {
    void *bytes = (void *)(uintptr_t)body.ptr;
    set_reply(x, status, type,
              MHD_create_response_from_buffer(body.len, bytes, MHD_RESPMEM_PERSISTENT));
}

void http_answer_file(struct http_exchange *x, uint16_t status, struct slice type, int fd,
                      uint64_t from, uint64_t bytes) {
    struct MHD_Response *r = MHD_create_response_from_fd_at_offset64(bytes, fd, from);
    if (r == NULL) {
        close(fd);
    }
    set_reply(x, status, type, r);
}

/* Causes and remedies are our own sentences; quotes and backslashes in them are escaped all the
 * same. */
static struct status add_text(struct buf *out, const char *text) {
    for (const char *c = text; *c != 0; c++) {
        if (*c == '"' || *c == '\\') {
            TRY(buf_add_byte(out, '\\'));
        }
        TRY(buf_add_byte(out, (uint8_t)*c));
    }
    return STATUS_OK;
}

struct status http_error_json(struct status error, struct slice member, struct buf *out) {
    const struct error_info *info = error_info(error.code);
    TRY(buf_add_str(out, "{\"error\":{\"code\":\""));
    TRY(buf_add_str(out, info->name));
    TRY(buf_add_str(out, "\",\"cause\":\""));
    TRY(add_text(out, info->cause));
    TRY(buf_add_str(out, "\",\"remedy\":\""));
    TRY(add_text(out, info->remedy));
    TRY(buf_add_str(out, "\""));
    if (member.len > 0) {
        TRY(buf_add_str(out, ","));
        TRY(buf_add(out, member));
    }
    return buf_add_str(out, "}}\n");
}

void http_answer_error_with(struct http_exchange *x, struct status error, struct slice member) {
    struct buf body CLEANUP(buf_done);
    buf_init(&body, 256 * 1024);
    const struct error_info *info = error_info(error.code);
    if (failed(http_error_json(error, member, &body))) {
        buf_clear(&body);
    }
    x->close_after |= info->http == 400 && error.code >= 800 && error.code < 816;
    http_answer(x, info->http, SLICE("application/json"), buf_slice(&body));
}

void http_answer_error(struct http_exchange *x, struct status error) {
    http_answer_error_with(x, error, (struct slice){NULL, 0});
}
