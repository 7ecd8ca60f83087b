/* The record of processing activities (GDPR Art. 30(1)), made from the data map: for people as a
 * page, for machines as JSON-LD in the terms of the W3C Data Privacy Vocabulary 2. */
#ifndef WARD_NOTICE_ROPA_H
#define WARD_NOTICE_ROPA_H

#include "notice/notice.h"
#include "rights/rights.h"

MUST_USE struct status ropa_put_html(const struct notice_source *source, struct buf *out);
MUST_USE struct status ropa_put_jsonld(const struct notice_source *source, struct buf *out);

#endif
