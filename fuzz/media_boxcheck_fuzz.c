/* The check of what may be published, on any bytes: it stays inside them and ends; what it accepts
 * it accepts as it is, and not with a byte more, a byte less, or a box added at the end. */
#include <string.h>

#include "fuzz.h"

#include "base/mem.h"
#include "media/boxcheck.h"
#include "media/sniff.h"

static bool accepts(enum media_product product, const uint8_t *data, size_t size,
                    struct media_facts *facts) {
    const char *why = NULL;
    struct status s = media_boxcheck(product, slice_of(data, size), facts, &why);
    FUZZ_MUST(s.code == OK || s.code == E_MEDIA_UNCLEAN);
    FUZZ_MUST((s.code == OK) == (why == NULL));
    return s.code == OK;
}

static void try_more(enum media_product product, const uint8_t *data, size_t size) {
    static const uint8_t box[] = {0, 0, 0, 8, 'f', 'r', 'e', 'e'};
    struct media_facts facts;
    uint8_t *more = mem_alloc(size + sizeof box);
    FUZZ_MUST(more != NULL);
    memcpy(more, data, size);
    memcpy(more + size, box, sizeof box);
    FUZZ_MUST(!accepts(product, more, size + 1, &facts));
    FUZZ_MUST(!accepts(product, more, size + sizeof box, &facts));
    FUZZ_MUST(!accepts(product, more, size - 1, &facts));
    mem_free(more);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct media_facts facts = {.width = 0};
    if (accepts(MEDIA_CLIP, data, size, &facts)) {
        enum media_container container;
        FUZZ_MUST(facts.width > 0 && facts.width <= MEDIA_LONG_EDGE_PX);
        FUZZ_MUST(facts.duration_ms <= MEDIA_MAX_DURATION_MS + 2000);
        FUZZ_MUST(!failed(media_sniff(slice_of(data, size), &container)));
        try_more(MEDIA_CLIP, data, size);
    }
    if (accepts(MEDIA_POSTER, data, size, &facts)) {
        FUZZ_MUST(facts.height > 0 && facts.duration_ms == 0);
        try_more(MEDIA_POSTER, data, size);
    }
    return 0;
}
