/* The first look at an upload, on any bytes: it stays inside them, ends, and answers with one of
 * the errors that a person can act on. */
#include "fuzz.h"

#include "media/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum media_container container = MEDIA_MP4;
    uint16_t code = media_sniff(slice_of(data, size), &container).code;
    FUZZ_MUST(code == OK || (code >= E_MEDIA_UNSUPPORTED && code <= E_MEDIA_EMPTY));
    return 0;
}
