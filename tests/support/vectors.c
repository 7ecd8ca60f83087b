/* Test vectors. */
#include "vectors.h"

#include <stdio.h>

#include "base/bytes.h"
#include "os/file.h"

void vector_file(const char *file, struct buf *out) {
    char path[OS_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", WARD_VECTORS, file);
    if (failed(os_read_file(os_fs_real(), path, out))) {
        panic(path);
    }
}

static bool take(struct slice line, const char *name, struct buf *out) {
    struct slice rest = line;
    struct slice key = {0};
    slice_next(&rest, '=', &key);
    if (rest.ptr == NULL || !slice_eq(slice_trim(key), slice_str(name))) {
        return false;
    }
    struct slice hex = slice_trim(rest);
    if (failed(buf_reserve(out, hex.len / 2 + 1)) ||
        failed(hex_decode(hex, out->ptr + out->len, hex.len / 2))) {
        panic(name);
    }
    out->len += hex.len / 2;
    return true;
}

void vector_get(const char *file, const char *name, struct buf *out) {
    struct buf text CLEANUP(buf_done);
    buf_init(&text, 1 << 22);
    vector_file(file, &text);
    struct slice rest = buf_slice(&text);
    struct slice line;
    while (slice_next(&rest, '\n', &line)) {
        if (take(line, name, out)) {
            return;
        }
    }
    panic(name);
}
