/* The boxes of ISO/IEC 14496-12: taking one off the front of some bytes. Pure; believes no size. */
#ifndef WARD_MEDIA_BOX_H
#define WARD_MEDIA_BOX_H

#include "base/slice.h"

#define BOX(a, b, c, d)                                                                            \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

struct box {
    uint32_t type;
    struct slice body;
    size_t size;       /* with its header */
    bool cut_off;      /* it claims more bytes than there are; body is what is there */
    bool plain_header; /* four bytes of size, as all that we write */
};

enum box_found { BOX_NONE, BOX_ONE, BOX_BAD };

/* BOX_NONE at the end, BOX_BAD when there is no header or the size is less than the header. */
enum box_found box_next(struct slice *rest, struct box *ret_box);

#endif
