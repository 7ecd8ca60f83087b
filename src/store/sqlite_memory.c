/* SQLite's allocator over base/mem.h: limits, wiping and injected failures reach the database too.
 *
 * SQLite asks for the size of a block; it stands in front of it. */
#include <sqlite3.h>
#include <string.h>

#include "base/mem.h"
#include "sqlite_error.h"

enum { HEAD_BYTES = 16 }; /* keeps the alignment of malloc */

static size_t *head_of(void *block) {
    return (size_t *)(void *)((uint8_t *)block - HEAD_BYTES);
}

static void *with_head(void *memory, size_t size) {
    if (memory == NULL) {
        return NULL;
    }
    memcpy(memory, &size, sizeof size);
    return (uint8_t *)memory + HEAD_BYTES;
}

static void *block_alloc(int size) {
    return with_head(mem_alloc((size_t)size + HEAD_BYTES), (size_t)size);
}

static int block_size(void *block) {
    return block == NULL ? 0 : (int)*head_of(block);
}

static void block_free(void *block) {
    if (block != NULL) {
        mem_free(head_of(block));
    }
}

static void *block_resize(void *block, int size) {
    if (block == NULL) {
        return block_alloc(size);
    }
    return with_head(mem_resize(head_of(block), (size_t)size + HEAD_BYTES, 1), (size_t)size);
}

static int block_round(int size) {
    return (size + 7) & ~7;
}

static int memory_begin(void *data) {
    (void)data;
    return SQLITE_OK;
}

static void memory_end(void *data) {
    (void)data;
}

struct status sqlite_memory_install(void) {
    static const sqlite3_mem_methods methods = {
        .xMalloc = block_alloc,
        .xFree = block_free,
        .xRealloc = block_resize,
        .xSize = block_size,
        .xRoundup = block_round,
        .xInit = memory_begin,
        .xShutdown = memory_end,
    };
    return sqlite_status(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods));
}

static const struct {
    int rc;
    uint16_t code;
} codes[] = {
    {SQLITE_OK, OK},
    {SQLITE_ROW, OK},
    {SQLITE_DONE, OK},
    {SQLITE_NOMEM, E_MEMORY},
    {SQLITE_FULL, E_DISK_FULL},
    {SQLITE_IOERR, E_IO},
    {SQLITE_CANTOPEN, E_FILE_MISSING},
    {SQLITE_BUSY, E_STORE_BUSY},
    {SQLITE_LOCKED, E_STORE_BUSY},
    {SQLITE_CORRUPT, E_STORE_CORRUPT},
    {SQLITE_NOTADB, E_STORE_FOREIGN},
    {SQLITE_TOOBIG, E_TOO_LARGE},
};

struct status sqlite_status(int rc) {
    if (rc == SQLITE_IOERR_NOMEM) {
        return FAIL(E_MEMORY);
    }
    if (rc == SQLITE_IOERR_DATA) {
        return FAIL(E_STORE_CORRUPT);
    }
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (codes[i].rc == (rc & 0xff)) {
            return (struct status){codes[i].code};
        }
    }
    return FAIL(E_STORE);
}
