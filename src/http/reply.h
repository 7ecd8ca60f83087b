/* What goes with every answer, and what every request must show. */
#ifndef WARD_HTTP_REPLY_H
#define WARD_HTTP_REPLY_H

#include "http/server.h"

/* Refuses what another site made a browser send: E_HTTP_CROSS_SITE. */
MUST_USE struct status http_reply_same_site(const struct http_exchange *x);

#endif
