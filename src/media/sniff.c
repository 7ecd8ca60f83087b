/* The first look. It knows just enough of the two containers to name what is wrong with most bad
 * files, and to keep the worst claims from the library behind it. Must never allocate. */
#include "media/sniff.h"

#include "base/bytes.h"
#include "box.h"

enum { MAX_DEPTH = 8, MAX_BOXES = 4096, MAX_SAMPLES = 1 << 20 };

#define EBML_HEADER  UINT32_C(0x1a45dfa3)
#define EBML_SEGMENT UINT32_C(0x18538067)

/* Boxes that hold boxes, on the way to the tables. */
static const uint32_t containers[] = {
    BOX('m', 'o', 'o', 'v'), BOX('t', 'r', 'a', 'k'), BOX('m', 'd', 'i', 'a'),
    BOX('m', 'i', 'n', 'f'), BOX('s', 't', 'b', 'l'),
};

/* Tables: where their count stands and how long an entry is. */
static const struct table {
    uint32_t type;
    uint8_t count_at;
    uint8_t entry;
} tables[] = {
    {BOX('s', 't', 't', 's'), 4, 8},  {BOX('c', 't', 't', 's'), 4, 8},
    {BOX('s', 't', 's', 's'), 4, 4},  {BOX('s', 't', 's', 'c'), 4, 12},
    {BOX('s', 't', 'c', 'o'), 4, 4},  {BOX('c', 'o', '6', '4'), 4, 8},
    {BOX('s', 't', 's', 'd'), 4, 16},
};

/* What a file of this family begins with. */
static const uint32_t first_boxes[] = {
    BOX('f', 't', 'y', 'p'), BOX('m', 'o', 'o', 'v'), BOX('m', 'd', 'a', 't'),
    BOX('w', 'i', 'd', 'e'), BOX('f', 'r', 'e', 'e'), BOX('s', 'k', 'i', 'p'),
};

static bool is_one_of(uint32_t type, const uint32_t *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (list[i] == type) {
            return true;
        }
    }
    return false;
}

static struct status check_sizes_table(struct slice body) {
    if (body.len < 12) {
        return FAIL(E_MEDIA_DAMAGED);
    }
    uint32_t same = bytes_be32(body.ptr + 4);
    uint32_t count = bytes_be32(body.ptr + 8);
    if (count > MAX_SAMPLES) {
        return FAIL(E_MEDIA_LIMITS);
    }
    bool fits = same != 0 || (uint64_t)count * 4 <= body.len - 12;
    return fits ? STATUS_OK : FAIL(E_MEDIA_DAMAGED);
}

static struct status check_table(const struct box *box) {
    if (box->type == BOX('s', 't', 's', 'z')) {
        return check_sizes_table(box->body);
    }
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        if (tables[i].type != box->type) {
            continue;
        }
        size_t head = tables[i].count_at + 4U;
        if (box->body.len < head) {
            return FAIL(E_MEDIA_DAMAGED);
        }
        uint64_t count = bytes_be32(box->body.ptr + tables[i].count_at);
        return count * tables[i].entry <= box->body.len - head ? STATUS_OK : FAIL(E_MEDIA_DAMAGED);
    }
    return STATUS_OK;
}

struct walk {
    struct slice level[MAX_DEPTH];
    size_t depth;
    size_t boxes;
    size_t tracks;
};

static struct status enter_box(struct walk *w, const struct box *box) {
    if (box->cut_off || ++w->boxes > MAX_BOXES) {
        return FAIL(box->cut_off ? E_MEDIA_DAMAGED : E_MEDIA_LIMITS);
    }
    if (box->type == BOX('c', 'm', 'o', 'v')) {
        return FAIL(E_MEDIA_UNSUPPORTED); /* a compressed header: no camera writes it, bombs do */
    }
    if (box->type == BOX('t', 'r', 'a', 'k') && ++w->tracks > MEDIA_MAX_STREAMS) {
        return FAIL(E_MEDIA_LIMITS);
    }
    if (!is_one_of(box->type, containers, ARRAY_LEN(containers))) {
        return check_table(box);
    }
    if (w->depth == MAX_DEPTH) {
        return FAIL(E_MEDIA_LIMITS);
    }
    w->level[w->depth++] = box->body;
    return STATUS_OK;
}

/* QuickTime ends some lists of boxes with four zero bytes. */
static bool is_terminator(struct slice rest) {
    return rest.len == 4 && bytes_be32(rest.ptr) == 0;
}

static struct status check_header(struct slice moov) {
    struct walk w = {.level = {moov}, .depth = 1};
    while (w.depth > 0) {
        struct slice *here = &w.level[w.depth - 1];
        struct box box;
        if (is_terminator(*here)) {
            *here = slice_from(*here, here->len);
        }
        enum box_found found = box_next(here, &box);
        if (found == BOX_BAD) {
            return FAIL(E_MEDIA_DAMAGED);
        }
        if (found == BOX_NONE) {
            w.depth--;
            continue;
        }
        TRY(enter_box(&w, &box));
    }
    return w.tracks > 0 ? STATUS_OK : FAIL(E_MEDIA_NO_VIDEO);
}

static struct status sniff_mp4(struct slice file) {
    struct slice rest = file;
    struct box box;
    enum box_found found;
    bool header = false;
    bool media = false;
    size_t boxes = 0;
    while ((found = box_next(&rest, &box)) == BOX_ONE) {
        if (box.cut_off) {
            return FAIL(E_MEDIA_TRUNCATED);
        }
        if (++boxes > MAX_BOXES) {
            return FAIL(E_MEDIA_LIMITS);
        }
        media = media || box.type == BOX('m', 'd', 'a', 't');
        if (box.type == BOX('m', 'o', 'o', 'v')) {
            TRY(check_header(box.body));
            header = true;
        }
    }
    if (found == BOX_BAD) {
        return FAIL(rest.len < 16 ? E_MEDIA_TRUNCATED : E_MEDIA_DAMAGED);
    }
    return header && media ? STATUS_OK : FAIL(E_MEDIA_TRUNCATED);
}

/* An EBML number: the leading zero bits of the first byte tell its length. False when cut off. */
static bool ebml_size(struct slice *rest, uint64_t *ret_size, bool *ret_unknown) {
    if (rest->len == 0 || rest->ptr[0] == 0) {
        return false;
    }
    size_t length = (size_t)__builtin_clz((unsigned)rest->ptr[0]) - 24 + 1;
    if (rest->len < length) {
        return false;
    }
    uint64_t value = rest->ptr[0] & ((1U << (8 - length)) - 1);
    for (size_t i = 1; i < length; i++) {
        value = value << 8 | rest->ptr[i];
    }
    *ret_size = value;
    *ret_unknown = value == (UINT64_C(1) << (7 * length)) - 1;
    *rest = slice_from(*rest, length);
    return true;
}

static struct status sniff_webm(struct slice file) {
    uint64_t size;
    bool unknown;
    struct slice rest = slice_from(file, 4);
    if (!ebml_size(&rest, &size, &unknown) || unknown) {
        return FAIL(E_MEDIA_DAMAGED);
    }
    if (size > rest.len) {
        return FAIL(E_MEDIA_TRUNCATED);
    }
    rest = slice_from(rest, (size_t)size);
    if (rest.len < 5) {
        return FAIL(E_MEDIA_TRUNCATED);
    }
    if (bytes_be32(rest.ptr) != EBML_SEGMENT) {
        return FAIL(E_MEDIA_DAMAGED);
    }
    rest = slice_from(rest, 4);
    if (!ebml_size(&rest, &size, &unknown)) {
        return FAIL(E_MEDIA_TRUNCATED);
    }
    /* What a browser records live has no size. */
    return unknown || size <= rest.len ? STATUS_OK : FAIL(E_MEDIA_TRUNCATED);
}

struct status media_sniff(struct slice file, enum media_container *ret_container) {
    if (file.len == 0) {
        return FAIL(E_MEDIA_EMPTY);
    }
    if (file.len > MEDIA_MAX_INPUT_BYTES) {
        return FAIL(E_MEDIA_TOO_LARGE);
    }
    if (file.len < 8) {
        return FAIL(E_MEDIA_UNSUPPORTED);
    }
    if (bytes_be32(file.ptr) == EBML_HEADER) {
        TRY(sniff_webm(file));
        *ret_container = MEDIA_WEBM;
        return STATUS_OK;
    }
    if (!is_one_of(bytes_be32(file.ptr + 4), first_boxes, ARRAY_LEN(first_boxes))) {
        return FAIL(E_MEDIA_UNSUPPORTED);
    }
    TRY(sniff_mp4(file));
    *ret_container = MEDIA_MP4;
    return STATUS_OK;
}
