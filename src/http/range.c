/* Reads Range and Content-Range. Must never yield a range outside the size it was given. */
#include "http/range.h"

#include "base/bytes.h"

static void everything(uint64_t size, struct http_range *ret) {
    *ret = (struct http_range){.from = 0, .bytes = size, .partial = false};
}

/* "-500": the last 500 bytes. */
static struct status suffix(struct slice text, uint64_t size, struct http_range *ret) {
    uint64_t last;
    if (failed(parse_u64(text, UINT64_MAX, &last))) {
        everything(size, ret);
        return STATUS_OK;
    }
    if (last == 0 || size == 0) {
        return FAIL(E_HTTP_RANGE);
    }
    uint64_t bytes = last < size ? last : size;
    *ret = (struct http_range){.from = size - bytes, .bytes = bytes, .partial = true};
    return STATUS_OK;
}

struct status http_range_parse(struct slice field, uint64_t size, struct http_range *ret_range) {
    struct slice text = slice_trim(field);
    uint64_t from;
    uint64_t to = UINT64_MAX;
    if (!slice_starts(text, SLICE("bytes=")) || slice_find(text, ',') < text.len) {
        everything(size, ret_range);
        return STATUS_OK;
    }
    text = slice_from(text, 6);
    size_t dash = slice_find(text, '-');
    if (dash == 0) {
        return suffix(slice_from(text, 1), size, ret_range);
    }
    struct slice end = slice_from(text, dash + 1);
    bool good = dash < text.len &&
                !failed(parse_u64(slice_sub(text, 0, dash), UINT64_MAX, &from)) &&
                (end.len == 0 || !failed(parse_u64(end, UINT64_MAX, &to)));
    if (!good || to < from) {
        everything(size, ret_range);
        return STATUS_OK;
    }
    if (from >= size) {
        return FAIL(E_HTTP_RANGE);
    }
    uint64_t last = to < size ? to : size - 1;
    *ret_range = (struct http_range){.from = from, .bytes = last - from + 1, .partial = true};
    return STATUS_OK;
}

struct status http_content_range_parse(struct slice field, uint64_t length, uint64_t *ret_from) {
    struct slice text = slice_trim(field);
    uint64_t from;
    uint64_t to;
    uint64_t whole = UINT64_MAX;
    if (!slice_starts(text, SLICE("bytes "))) {
        return FAIL(E_HTTP_CONTENT_RANGE);
    }
    text = slice_from(text, 6);
    size_t dash = slice_find(text, '-');
    size_t slash = slice_find(text, '/');
    if (dash >= slash || slash == text.len) {
        return FAIL(E_HTTP_CONTENT_RANGE);
    }
    struct slice end = slice_sub(text, dash + 1, slash - dash - 1);
    struct slice size = slice_from(text, slash + 1);
    if (failed(parse_u64(slice_sub(text, 0, dash), INT64_MAX, &from)) ||
        failed(parse_u64(end, INT64_MAX, &to)) ||
        (!slice_eq(size, SLICE("*")) && failed(parse_u64(size, INT64_MAX, &whole)))) {
        return FAIL(E_HTTP_CONTENT_RANGE);
    }
    if (to < from || to >= whole || to - from + 1 != length) {
        return FAIL(E_HTTP_CONTENT_RANGE);
    }
    *ret_from = from;
    return STATUS_OK;
}
