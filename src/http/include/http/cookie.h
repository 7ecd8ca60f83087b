/* The Cookie field (RFC 6265, section 4.2). Pure. */
#ifndef WARD_HTTP_COOKIE_H
#define WARD_HTTP_COOKIE_H

#include "base/status.h"

/* The value of the cookie `name`; ptr NULL when it is absent. A cookie that is there twice is
 * E_HTTP_COOKIE: somebody on a sibling host planted one, and guessing which is ours would be a
 * session fixed by another. */
MUST_USE struct status http_cookie_find(struct slice field, struct slice name,
                                        struct slice *ret_value);

/* True for the letters, digits, - and _ that Ward's own tokens are made of, up to max. */
bool http_cookie_is_token(struct slice value, size_t max);

#endif
