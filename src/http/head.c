/* Checks a request's head byte by byte. Must never let two lengths, or a byte that another reader
 * could take for a line end, through. */
#include "http/head.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"

struct seen {
    unsigned hosts;
    unsigned lengths;
    unsigned encodings;
    unsigned fields;
};

/* RFC 9110, section 5.6.2: tchar. */
static bool is_token(uint8_t c) {
    static const char others[] = "!#$%&'*+-.^_`|~";
    return (c < 0x80 && isalnum(c)) || (c != 0 && strchr(others, c) != NULL);
}

/* Visible characters, spaces, tabs, and bytes past ASCII (which no field here gives a meaning). */
static bool is_value(uint8_t c) {
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static bool is_host(uint8_t c) {
    return (c < 0x80 && isalnum(c)) || (c != 0 && strchr("-._~:[]", c) != NULL);
}

static bool every(struct slice s, bool (*is)(uint8_t)) {
    for (size_t i = 0; i < s.len; i++) {
        if (!is(s.ptr[i])) {
            return false;
        }
    }
    return s.len > 0;
}

static bool named(struct slice name, const char *want) {
    return name.len == strlen(want) && strncasecmp((const char *)name.ptr, want, name.len) == 0;
}

static struct status check_target(struct slice target) {
    if (target.len > HTTP_MAX_TARGET_BYTES) {
        return FAIL(E_HTTP_TARGET_LONG);
    }
    if (target.len == 0 || target.ptr[0] != '/') {
        return FAIL(E_HTTP_REQUEST_LINE);
    }
    for (size_t i = 0; i < target.len; i++) {
        if (target.ptr[i] <= 0x20 || target.ptr[i] >= 0x7f || target.ptr[i] == '#') {
            return FAIL(E_HTTP_REQUEST_LINE);
        }
    }
    return STATUS_OK;
}

static struct status check_request_line(struct slice line) {
    struct slice rest = line;
    struct slice method;
    struct slice target;
    struct slice version;
    if (!slice_next(&rest, ' ', &method) || !slice_next(&rest, ' ', &target) ||
        !slice_next(&rest, ' ', &version) || rest.ptr != NULL) {
        return FAIL(E_HTTP_REQUEST_LINE);
    }
    if (method.len > HTTP_MAX_METHOD_BYTES || !every(method, is_token)) {
        return FAIL(E_HTTP_REQUEST_LINE);
    }
    TRY(check_target(target));
    if (version.len != 8 || !slice_starts(version, SLICE("HTTP/"))) {
        return FAIL(E_HTTP_REQUEST_LINE);
    }
    return slice_eq(version, SLICE("HTTP/1.1")) ? STATUS_OK : FAIL(E_HTTP_VERSION);
}

static struct status check_length(struct slice value, struct seen *seen, uint64_t *ret_bytes) {
    if (++seen->lengths > 1) {
        return FAIL(E_HTTP_LENGTH_REPEATED);
    }
    if (failed(parse_u64(value, UINT64_MAX, ret_bytes))) {
        return FAIL(E_HTTP_LENGTH);
    }
    return *ret_bytes <= HTTP_MAX_STREAM_BYTES ? STATUS_OK : FAIL(E_HTTP_BODY_LARGE);
}

static struct status check_host(struct slice value, struct seen *seen) {
    if (++seen->hosts > 1 || value.len > 255 || !every(value, is_host)) {
        return FAIL(E_HTTP_HOST);
    }
    return STATUS_OK;
}

static struct status check_field(struct slice line, struct seen *seen,
                                 struct http_framing *framing) {
    if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
        return FAIL(E_HTTP_FOLDED);
    }
    if (++seen->fields > HTTP_MAX_FIELDS) {
        return FAIL(E_HTTP_FIELDS_MANY);
    }
    if (line.len > HTTP_MAX_FIELD_BYTES) {
        return FAIL(E_HTTP_FIELDS_LARGE);
    }
    size_t colon = slice_find(line, ':');
    struct slice name = slice_sub(line, 0, colon);
    struct slice raw = slice_from(line, colon + 1);
    if (colon == line.len || !every(name, is_token) || (raw.len > 0 && !every(raw, is_value))) {
        return FAIL(E_HTTP_FIELD);
    }
    struct slice value = slice_trim(raw);
    if (named(name, "host")) {
        return check_host(value, seen);
    }
    if (named(name, "content-length")) {
        return check_length(value, seen, &framing->body_bytes);
    }
    if (named(name, "transfer-encoding")) {
        seen->encodings++;
    }
    return STATUS_OK;
}

/* The end of the line that starts at `from`, without its CRLF. Success with NULL: not there yet. */
static struct status next_line(struct slice bytes, size_t from, struct slice *ret_line) {
    for (size_t i = from; i < bytes.len; i++) {
        uint8_t c = bytes.ptr[i];
        if (c == 0) {
            return FAIL(E_HTTP_NUL);
        }
        if (c == '\n') {
            return FAIL(E_HTTP_BARE_LF);
        }
        if (c != '\r') {
            continue;
        }
        if (i + 1 == bytes.len) {
            break;
        }
        if (bytes.ptr[i + 1] != '\n') {
            return FAIL(bytes.ptr[i + 1] == 0 ? E_HTTP_NUL : E_HTTP_BARE_LF);
        }
        *ret_line = slice_sub(bytes, from, i - from);
        return STATUS_OK;
    }
    *ret_line = (struct slice){NULL, 0};
    return STATUS_OK;
}

static struct status check_whole(const struct seen *seen) {
    if (seen->encodings > 0) {
        return FAIL(seen->lengths > 0 ? E_HTTP_BOTH_LENGTHS : E_HTTP_TRANSFER_ENCODING);
    }
    return seen->hosts == 1 ? STATUS_OK : FAIL(E_HTTP_NO_HOST);
}

/* A head that is too long is named after the part that is. */
static struct status check_size(struct slice bytes, bool in_request_line) {
    if (in_request_line) {
        return bytes.len > HTTP_MAX_TARGET_BYTES + HTTP_MAX_METHOD_BYTES + 16
                   ? FAIL(E_HTTP_TARGET_LONG)
                   : STATUS_OK;
    }
    return bytes.len >= HTTP_MAX_HEAD_BYTES ? FAIL(E_HTTP_FIELDS_LARGE) : STATUS_OK;
}

struct status http_head_check(struct slice bytes, struct http_framing *ret_framing) {
    struct seen seen = {0};
    struct http_framing framing = {0};
    struct slice all = slice_sub(bytes, 0, HTTP_MAX_HEAD_BYTES);
    size_t at = 0;
    for (;;) {
        struct slice line;
        TRY(next_line(all, at, &line));
        if (line.ptr == NULL) {
            TRY(check_size(all, at == 0));
            *ret_framing = (struct http_framing){0};
            return STATUS_OK;
        }
        if (at > 0 && line.len == 0) {
            TRY(check_whole(&seen));
            framing.head_bytes = at + 2;
            *ret_framing = framing;
            return STATUS_OK;
        }
        TRY(at == 0 ? check_request_line(line) : check_field(line, &seen, &framing));
        at += line.len + 2;
    }
}
