/* Parts of pages that stand alone: a head with Ward's colours, text made safe for HTML. */
#ifndef WARD_NOTICE_PAGE_H
#define WARD_NOTICE_PAGE_H

#include "base/buf.h"

/* Text with `&`, `<`, `>` and `"` written as HTML wants them. */
MUST_USE struct status page_text(struct buf *out, struct slice text);
/* From the doctype to the opened <main>; with the title as its heading. */
MUST_USE struct status page_begin(struct buf *out, struct slice language, struct slice title);
MUST_USE struct status page_end(struct buf *out);

#endif
