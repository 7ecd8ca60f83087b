/* Any bytes as the stream of a connection: the check of a head says the same however the bytes are
 * cut; what it lets through has one length, one Host and no strange byte; and its target, ranges
 * and cookies are read within bounds. */
#include "fuzz.h"

#include <string.h>

#include "http/cookie.h"
#include "http/head.h"
#include "http/range.h"
#include "http/target.h"

static void must_be_clean(struct slice head) {
    for (size_t i = 0; i < head.len; i++) {
        FUZZ_MUST(head.ptr[i] != 0);
        FUZZ_MUST(head.ptr[i] != '\n' || (i > 0 && head.ptr[i - 1] == '\r'));
        FUZZ_MUST(i < 2 || head.ptr[i - 1] != '\n' || (head.ptr[i] != ' ' && head.ptr[i] != '\t'));
    }
}

/* A shorter cut is either not whole yet, or the same error that the whole has. */
static void must_agree_when_cut(struct slice all, struct status whole) {
    struct http_framing f;
    for (size_t n = 1; n < all.len && n < 512; n += 7) {
        struct status s = http_head_check(slice_sub(all, 0, n), &f);
        FUZZ_MUST(!failed(s) || (failed(whole) && s.code == whole.code));
    }
}

static void read_parts(struct slice all) {
    struct arena arena;
    struct http_target target;
    struct http_range range;
    struct slice value;
    arena_init(&arena, 1 << 20);
    if (!failed(http_target_parse(all, &arena, &target))) {
        FUZZ_MUST(target.segment_count <= HTTP_MAX_SEGMENTS);
        for (size_t i = 0; i < target.segment_count; i++) {
            FUZZ_MUST(!slice_eq(target.segments[i], SLICE("..")));
            FUZZ_MUST(slice_find(target.segments[i], '/') == target.segments[i].len);
        }
    }
    if (!failed(http_range_parse(all, 1000, &range))) {
        FUZZ_MUST(range.from + range.bytes <= 1000);
    }
    (void)failed(http_cookie_find(all, SLICE("ward"), &value));
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice all = slice_of(data, size);
    struct http_framing f = {0};
    struct status s = http_head_check(all, &f);
    if (!failed(s) && f.head_bytes > 0) {
        FUZZ_MUST(f.head_bytes <= size && f.head_bytes <= HTTP_MAX_HEAD_BYTES);
        must_be_clean(slice_sub(all, 0, f.head_bytes));
        all = slice_sub(all, 0, f.head_bytes);
    }
    must_agree_when_cut(all, s);
    read_parts(slice_of(data, size));
    return 0;
}
