/* Frames: head, fields, nothing more. Must never trust a length it has not compared with what has
 * come, and never leave half a frame in the output after an error. */
#include "api/frame.h"

#include <string.h>

#include "base/bytes.h"

enum { OFF_VERSION = 4, OFF_FLAGS = 5, OFF_CODE = 6, OFF_ID = 8 };

struct status api_frame_size(struct slice stream, size_t max_bytes, size_t *ret_bytes) {
    *ret_bytes = 0;
    if (stream.len < 4) {
        return STATUS_OK;
    }
    size_t size = (size_t)bytes_be32(stream.ptr) + 4;
    if (size < API_HEAD_BYTES) {
        return FAIL(E_FRAME);
    }
    if (size > max_bytes) {
        return FAIL(E_TOO_LARGE);
    }
    *ret_bytes = size;
    return STATUS_OK;
}

uint32_t api_frame_id(struct slice frame) {
    return frame.len < API_HEAD_BYTES ? 0 : bytes_be32(frame.ptr + OFF_ID);
}

static struct status check_head(struct slice frame, size_t least) {
    if (frame.len < least || (size_t)bytes_be32(frame.ptr) + 4 != frame.len ||
        frame.ptr[OFF_VERSION] != API_VERSION) {
        return FAIL(E_FRAME);
    }
    return STATUS_OK;
}

static struct status begin(struct buf *out, uint8_t flags, uint16_t code, uint32_t id) {
    uint8_t head[API_HEAD_BYTES] = {0};
    head[OFF_VERSION] = API_VERSION;
    head[OFF_FLAGS] = flags;
    bytes_put_be16(head + OFF_CODE, code);
    bytes_put_be32(head + OFF_ID, id);
    return buf_add(out, slice_of(head, sizeof head));
}

/* Writes the length of the frame that began at `start`, or takes it back after an error. */
static struct status finish(struct buf *out, size_t start, size_t max_bytes, struct status s) {
    size_t size = out->len - start;
    if (!failed(s) && size > max_bytes) {
        s = FAIL(E_TOO_LARGE);
    }
    if (failed(s)) {
        out->len = start;
        return s;
    }
    bytes_put_be32(out->ptr + start, (uint32_t)(size - 4));
    return STATUS_OK;
}

struct status api_request_read(struct slice frame, struct arena *a,
                               struct api_request *ret_request) {
    TRY(check_head(frame, API_REQUEST_BYTES));
    if ((frame.ptr[OFF_FLAGS] & ~API_FLAG_GPC) != 0) {
        return FAIL(E_FRAME);
    }
    struct api_request request = {
        .op = api_op_find(bytes_be16(frame.ptr + OFF_CODE)),
        .id = bytes_be32(frame.ptr + OFF_ID),
        .flags = frame.ptr[OFF_FLAGS],
    };
    if (request.op == NULL) {
        return FAIL(E_OP_UNKNOWN);
    }
    memcpy(request.token, frame.ptr + API_HEAD_BYTES, API_TOKEN_BYTES);
    TRY(api_decode(request.op->args, slice_from(frame, API_REQUEST_BYTES), a, &request.args));
    *ret_request = request;
    return STATUS_OK;
}

static struct status write_request(const struct api_op *op, uint32_t id, uint8_t flags,
                                   const uint8_t *token, const struct api_value *args,
                                   struct buf *out) {
    static const uint8_t none[API_TOKEN_BYTES];
    TRY(begin(out, flags, op->number, id));
    TRY(buf_add(out, slice_of(token == NULL ? none : token, API_TOKEN_BYTES)));
    return api_encode(op->args, args, out);
}

struct status api_request_write(const struct api_op *op, uint32_t id, uint8_t flags,
                                const uint8_t *token, const struct api_value *args,
                                struct buf *out) {
    size_t start = out->len;
    return finish(out, start, API_MAX_REQUEST, write_request(op, id, flags, token, args, out));
}

static struct status read_refusal(struct slice bytes, struct arena *a,
                                  struct api_refusal *ret_refusal) {
    struct api_value *v;
    TRY(api_decode(api_shape_refusal(), bytes, a, &v));
    struct api_rule *rules = arena_array(a, v[0].list.count + 1, sizeof *rules);
    struct slice *needs = arena_array(a, v[1].list.count + 1, sizeof *needs);
    if (rules == NULL || needs == NULL) {
        return FAIL(E_MEMORY);
    }
    for (size_t i = 0; i < v[0].list.count; i++) {
        const struct api_value *f = v[0].list.items[i].fields;
        rules[i] = (struct api_rule){f[TYP_REASON_LAW].bytes, f[TYP_REASON_ARTICLE].bytes,
                                     f[TYP_REASON_TITLE].bytes, f[TYP_REASON_QUOTE].bytes};
    }
    for (size_t i = 0; i < v[1].list.count; i++) {
        needs[i] = v[1].list.items[i].bytes;
    }
    *ret_refusal = (struct api_refusal){rules, v[0].list.count, needs, v[1].list.count};
    return STATUS_OK;
}

static struct status read_notice(struct slice frame, struct api_answer *answer) {
    if (frame.len != API_HEAD_BYTES + 8 || answer->id != 0) {
        return FAIL(E_FRAME);
    }
    answer->lease = bytes_be64(frame.ptr + API_HEAD_BYTES);
    return STATUS_OK;
}

struct status api_answer_read(struct slice frame, const struct api_op *op, struct arena *a,
                              struct api_answer *ret_answer) {
    TRY(check_head(frame, API_HEAD_BYTES));
    struct api_answer answer = {
        .flags = frame.ptr[OFF_FLAGS],
        .code = bytes_be16(frame.ptr + OFF_CODE),
        .id = bytes_be32(frame.ptr + OFF_ID),
    };
    struct slice fields = slice_from(frame, API_HEAD_BYTES);
    if ((answer.flags & API_FLAG_NOTICE) != 0) {
        TRY(read_notice(frame, &answer));
    } else if (answer.code != OK) {
        TRY(read_refusal(fields, a, &answer.refusal));
    } else if (op == NULL) {
        return FAIL(E_FRAME);
    } else {
        TRY(api_decode(op->answer, fields, a, &answer.fields));
    }
    *ret_answer = answer;
    return STATUS_OK;
}

static struct status write_answer(const struct api_op *op, uint32_t id, uint8_t flags,
                                  const struct api_value *fields, struct buf *out) {
    TRY(begin(out, flags, OK, id));
    return api_encode(op->answer, fields, out);
}

struct status api_answer_write(const struct api_op *op, uint32_t id, uint8_t flags,
                               const struct api_value *fields, struct buf *out) {
    size_t start = out->len;
    return finish(out, start, API_MAX_ANSWER, write_answer(op, id, flags, fields, out));
}

static struct status write_text(struct slice s, struct buf *out) {
    TRY(buf_add_be32(out, (uint32_t)s.len));
    return buf_add(out, s);
}

static struct status write_refusal(uint16_t code, uint32_t id, const struct api_refusal *r,
                                   struct buf *out) {
    TRY(begin(out, 0, code, id));
    TRY(buf_add_be32(out, (uint32_t)r->rule_count));
    for (size_t i = 0; i < r->rule_count; i++) {
        TRY(write_text(r->rules[i].law, out));
        TRY(write_text(r->rules[i].article, out));
        TRY(write_text(r->rules[i].title, out));
        TRY(write_text(r->rules[i].quote, out));
    }
    TRY(buf_add_be32(out, (uint32_t)r->need_count));
    for (size_t i = 0; i < r->need_count; i++) {
        TRY(write_text(r->needs[i], out));
    }
    return STATUS_OK;
}

struct status api_refusal_write(uint16_t code, uint32_t id, const struct api_refusal *refusal,
                                struct buf *out) {
    static const struct api_refusal nothing;
    size_t start = out->len;
    const struct api_refusal *r = refusal == NULL ? &nothing : refusal;
    return finish(out, start, API_MAX_ANSWER, write_refusal(code, id, r, out));
}

static struct status write_notice(enum api_notice notice, uint64_t lease, struct buf *out) {
    TRY(begin(out, API_FLAG_NOTICE, (uint16_t)notice, 0));
    return buf_add_be64(out, lease);
}

struct status api_notice_write(enum api_notice notice, uint64_t lease, struct buf *out) {
    size_t start = out->len;
    return finish(out, start, API_MAX_ANSWER, write_notice(notice, lease, out));
}
