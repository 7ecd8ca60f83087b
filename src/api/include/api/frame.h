/* Frames of the ward protocol (docs/PROTOCOL.md): whole messages on a stream.
 *
 *   request  u32 length | u8 version | u8 flags | u16 operation | u32 id | 32 bytes token | fields
 *   answer   u32 length | u8 version | u8 flags | u16 code      | u32 id | fields, or a refusal
 *   notice   as an answer, flag API_FLAG_NOTICE, id 0, code an enum api_notice, u64 lease
 *
 * All integers are big-endian; length counts what follows it. A refusal (code not 0) carries the
 * rules and needs of the law, both empty where it was not the law that refused. */
#ifndef WARD_API_FRAME_H
#define WARD_API_FRAME_H

#include "api/values.h"

#define API_VERSION         1
#define API_TOKEN_BYTES     32
#define API_HEAD_BYTES      12u
#define API_REQUEST_BYTES   (API_HEAD_BYTES + API_TOKEN_BYTES)
#define API_MAX_REQUEST     ((1u << 20) + 65536u) /* one chunk of a clip and its head */
#define API_MAX_ANSWER      (4u << 20)
#define API_MAX_RULES       64u
#define API_FLAG_DESCRIPTOR 1u /* one descriptor comes with the first byte of this frame */
#define API_FLAG_NOTICE     2u /* nobody asked: id is 0 */
#define API_FLAG_PUBLIC     4u /* the answer is the same for everybody */
#define API_FLAG_GPC        1u /* of a request: its sender's browser signals Global Privacy Control */

enum api_notice {
    API_NOTICE_LEASE_ENDS = 1, /* stop sending what was opened under this lease, at once */
    API_NOTICE_FEED = 2,       /* what is public has changed: forget cached public answers */
};

struct api_request {
    const struct api_op *op;
    uint32_t id;
    uint8_t flags;
    uint8_t token[API_TOKEN_BYTES]; /* all zero: no session */
    struct api_value *args;
};

/* What the law says when it refuses. */
struct api_rule {
    struct slice law;
    struct slice article;
    struct slice title;
    struct slice quote;
};

struct api_refusal {
    const struct api_rule *rules;
    size_t rule_count;
    const struct slice *needs;
    size_t need_count;
};

struct api_answer {
    uint8_t flags;
    uint16_t code; /* an enum error_code; of a notice an enum api_notice */
    uint32_t id;
    struct api_value *fields;   /* when code is 0 and it is no notice */
    struct api_refusal refusal; /* when code is not 0 */
    uint64_t lease;             /* of a notice */
};

/* The length of the frame at the front of `stream`, its four length bytes included; 0 when they
 * have not all come. E_FRAME below the smallest, E_TOO_LARGE above max_bytes. */
MUST_USE struct status api_frame_size(struct slice stream, size_t max_bytes, size_t *ret_bytes);
/* The operation and id of a request whose head is whole, for answering errors; 0 when unknown. */
uint32_t api_frame_id(struct slice frame);

/* `frame` is one whole frame. E_FRAME, E_OP_UNKNOWN, and the errors of api_decode. */
MUST_USE struct status api_request_read(struct slice frame, struct arena *a,
                                        struct api_request *ret_request);
/* token NULL: none. */
MUST_USE struct status api_request_write(const struct api_op *op, uint32_t id, uint8_t flags,
                                         const uint8_t *token, const struct api_value *args,
                                         struct buf *out);

/* `op` of the request with this id; the caller looks at api_frame_id first. For notices NULL. */
MUST_USE struct status api_answer_read(struct slice frame, const struct api_op *op, struct arena *a,
                                       struct api_answer *ret_answer);
MUST_USE struct status api_answer_write(const struct api_op *op, uint32_t id, uint8_t flags,
                                        const struct api_value *fields, struct buf *out);
/* refusal NULL: not the law. */
MUST_USE struct status api_refusal_write(uint16_t code, uint32_t id,
                                         const struct api_refusal *refusal, struct buf *out);
MUST_USE struct status api_notice_write(enum api_notice notice, uint64_t lease, struct buf *out);

#endif
