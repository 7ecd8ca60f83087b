/* Frames of the ward protocol, as a caller or a guard might send them: whatever is read can be
 * written again to the same bytes. */
#include "fuzz.h"

#include "api/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    struct api_request request;
    struct api_answer answer;
    struct slice frame = slice_of(data, size);
    size_t bytes;
    arena_init(&arena, 1 << 20);
    (void)!api_frame_size(frame, API_MAX_REQUEST, &bytes).code;
    if (!failed(api_request_read(frame, &arena, &request))) {
        struct buf again;
        buf_init(&again, API_MAX_REQUEST);
        FUZZ_MUST(!failed(api_request_write(request.op, request.id, request.flags, request.token,
                                            request.args, &again)));
        FUZZ_MUST(slice_eq(buf_slice(&again), frame));
        buf_done(&again);
    }
    /* As an answer to the operation that the first byte names. */
    const struct api_op *op = size == 0 ? NULL : api_op_find(data[0]);
    (void)!api_answer_read(slice_from(frame, size == 0 ? 0 : 1), op, &arena, &answer).code;
    arena_done(&arena);
    return 0;
}
