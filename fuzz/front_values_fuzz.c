/* Any bytes as the body of any operation: an error, or arguments that the protocol takes (or
 * refuses by name), reads back the same, and that can be written as JSON. */
#include "fuzz.h"

#include <string.h>

#include "values.h"

static void must_travel(const struct api_op *op, struct api_value *args, struct arena *a) {
    struct buf frame CLEANUP(buf_done);
    struct buf text CLEANUP(buf_done);
    struct json_writer w;
    struct api_value *again = NULL;
    buf_init(&frame, 1 << 20);
    buf_init(&text, 4 << 20);
    if (failed(api_encode(op->args, args, &frame))) {
        return; /* a date that is none, for example */
    }
    FUZZ_MUST(!failed(api_decode(op->args, buf_slice(&frame), a, &again)));
    json_put_open(&w, &text);
    values_write(op->args, again, &w);
    FUZZ_MUST(!failed(json_put_done(&w)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t count;
    const struct api_op *ops = api_ops(&count);
    struct arena a;
    const char *wrong = NULL;
    if (size == 0) {
        return 0;
    }
    const struct api_op *op = &ops[data[0] % count];
    struct values_source from = {.body = slice_of(data + 1, size - 1)};
    arena_init(&a, 8 << 20);
    struct api_value *args = api_record(&a, op->args);
    FUZZ_MUST(args != NULL);
    if (!failed(values_read(op->args, &from, &a, args, &wrong))) {
        must_travel(op, args, &a);
    }
    FUZZ_MUST(wrong == NULL || strlen(wrong) > 0);
    arena_done(&a);
    return 0;
}
