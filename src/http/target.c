/* Decodes paths and queries. Must never yield a segment that could climb out of a directory. */
#include "http/target.h"

static int hex_value(uint8_t c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    uint8_t lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* In a query a plus is a space, as forms write it. */
static struct status decode(struct slice raw, bool query, struct arena *arena, struct slice *ret) {
    uint8_t *to = arena_alloc(arena, raw.len + 1);
    if (to == NULL) {
        return FAIL(E_MEMORY);
    }
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        uint8_t c = raw.ptr[i];
        if (c == '+' && query) {
            c = ' ';
        }
        if (c == '%') {
            int high = raw.len - i > 2 ? hex_value(raw.ptr[i + 1]) : -1;
            int low = raw.len - i > 2 ? hex_value(raw.ptr[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return FAIL(E_HTTP_PERCENT);
            }
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        if (c < 0x20 || c == 0x7f) {
            return FAIL(E_HTTP_PERCENT);
        }
        to[len++] = c;
    }
    *ret = slice_of(to, len);
    return slice_is_utf8(*ret) ? STATUS_OK : FAIL(E_HTTP_PERCENT);
}

static struct status check_segment(struct slice s) {
    if (slice_eq(s, SLICE(".")) || slice_eq(s, SLICE("..")) || s.len == 0) {
        return FAIL(E_HTTP_TRAVERSAL);
    }
    bool climbs = slice_find(s, '/') < s.len || slice_find(s, '\\') < s.len;
    return climbs ? FAIL(E_HTTP_TRAVERSAL) : STATUS_OK;
}

static struct status parse_path(struct slice path, struct arena *arena, struct http_target *t) {
    struct slice rest = slice_from(path, 1);
    struct slice raw;
    if (rest.len == 0) {
        return STATUS_OK;
    }
    if (slice_ends(rest, SLICE("/"))) {
        t->trailing_slash = true;
        rest.len--;
    }
    while (slice_next(&rest, '/', &raw)) {
        if (t->segment_count == HTTP_MAX_SEGMENTS) {
            return FAIL(E_HTTP_TARGET_LONG);
        }
        struct slice *segment = &t->segments[t->segment_count++];
        TRY(decode(raw, false, arena, segment));
        TRY(check_segment(*segment));
    }
    return STATUS_OK;
}

static bool has_arg(const struct http_target *t, struct slice name) {
    for (size_t i = 0; i < t->arg_count; i++) {
        if (slice_eq(t->args[i].name, name)) {
            return true;
        }
    }
    return false;
}

static struct status parse_query(struct slice query, struct arena *arena, struct http_target *t) {
    struct slice rest = query;
    struct slice pair;
    if (query.len == 0) {
        return STATUS_OK;
    }
    while (slice_next(&rest, '&', &pair)) {
        struct http_arg arg;
        size_t equals = slice_find(pair, '=');
        TRY(decode(slice_sub(pair, 0, equals), true, arena, &arg.name));
        TRY(decode(slice_from(pair, equals + 1), true, arena, &arg.value));
        if (arg.name.len == 0 || has_arg(t, arg.name) || t->arg_count == HTTP_MAX_QUERY_ARGS) {
            return FAIL(E_HTTP_QUERY);
        }
        t->args[t->arg_count++] = arg;
    }
    return STATUS_OK;
}

struct status http_target_parse(struct slice raw, struct arena *arena,
                                struct http_target *ret_target) {
    if (raw.len == 0 || raw.ptr[0] != '/' || raw.len > HTTP_MAX_TARGET_BYTES) {
        return FAIL(raw.len > HTTP_MAX_TARGET_BYTES ? E_HTTP_TARGET_LONG : E_HTTP_REQUEST_LINE);
    }
    struct http_target t = {0};
    size_t mark = slice_find(raw, '?');
    t.raw_path = slice_sub(raw, 0, mark);
    TRY(parse_path(t.raw_path, arena, &t));
    TRY(parse_query(slice_from(raw, mark + 1), arena, &t));
    *ret_target = t;
    return STATUS_OK;
}
