/* Tiles and bundles of C2SP's tlog-tiles. Pure. */
#include "ledger/tile.h"

#include <stdio.h>

#include "base/bytes.h"

/* 1234067 is x001/x234/067. */
static int index_path(uint64_t index, char *to, size_t room) {
    unsigned groups[7];
    size_t count = 0;
    do {
        groups[count++] = (unsigned)(index % 1000);
        index /= 1000;
    } while (index > 0);
    int n = 0;
    while (count > 1) {
        n += snprintf(to + n, room - (size_t)n, "x%03u/", groups[--count]);
    }
    n += snprintf(to + n, room - (size_t)n, "%03u", groups[0]);
    return n;
}

void tile_path(int level, uint64_t index, unsigned width, char ret_path[TILE_PATH_MAX]) {
    int n = level == TILE_ENTRIES ? snprintf(ret_path, TILE_PATH_MAX, "tile/entries/")
                                  : snprintf(ret_path, TILE_PATH_MAX, "tile/%d/", level);
    n += index_path(index, ret_path + n, TILE_PATH_MAX - (size_t)n);
    if (width < TILE_WIDTH) {
        snprintf(ret_path + n, TILE_PATH_MAX - (size_t)n, ".p/%u", width);
    }
}

uint64_t tile_hashes_at(unsigned level, uint64_t tree_size) {
    unsigned shift = level * TILE_HEIGHT;
    return shift >= 64 ? 0 : tree_size >> shift;
}

unsigned tile_partial_width(unsigned level, uint64_t tree_size) {
    return (unsigned)(tile_hashes_at(level, tree_size) % TILE_WIDTH);
}

static size_t place_of(unsigned above, size_t index) {
    return 2 * TILE_WIDTH - (2 * TILE_WIDTH >> above) + index;
}

void tile_add(struct tile_nodes *t, unsigned at, struct seal_hash hash) {
    t->hashes[at] = hash;
    for (unsigned above = 1; (at & 1) != 0; above++) {
        const struct seal_hash *right = tile_node(t, above - 1, at);
        at /= 2;
        t->hashes[place_of(above, at)] = merkle_node_hash(right - 1, right);
    }
}

const struct seal_hash *tile_node(const struct tile_nodes *t, unsigned above, size_t index) {
    return &t->hashes[place_of(above, index)];
}

struct slice tile_bytes(const struct tile_nodes *t, unsigned count) {
    return slice_of(t->hashes[0].bytes, count * sizeof t->hashes[0]);
}

struct status bundle_next(struct slice *rest, struct slice *ret_entry) {
    if (rest->len < 2) {
        return FAIL(E_LEDGER_CORRUPT);
    }
    size_t len = bytes_be16(rest->ptr);
    if (rest->len - 2 < len) {
        return FAIL(E_LEDGER_CORRUPT);
    }
    *ret_entry = slice_sub(*rest, 2, len);
    *rest = slice_from(*rest, 2 + len);
    return STATUS_OK;
}

struct status bundle_add(struct buf *bundle, struct slice entry) {
    if (entry.len > TILE_ENTRY_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(buf_reserve(bundle, 2 + entry.len));
    TRY(buf_add_be16(bundle, (uint16_t)entry.len));
    return buf_add(bundle, entry);
}
