/* The files of the web client, read once into memory and looked up by their exact path: a request
 * never reaches the file system. */
#ifndef WARD_HTTP_SITE_H
#define WARD_HTTP_SITE_H

#include "http/server.h"

struct http_site;

/* Reads every regular file beneath dir_fd (not through links). FILE.gz beside FILE is sent to who
 * takes gzip. dir_fd stays the caller's. Errors: E_HTTP_SITE, E_TOO_LARGE, E_MEMORY. */
MUST_USE struct status http_site_load(int dir_fd, struct http_site **ret_site);
void http_site_free(struct http_site **site);

/* Answers with the file at the request's path; false, without an answer, when there is none.
 * Files beneath a/ have their hash in their name and may be kept for a year. */
bool http_site_answer(const struct http_site *site, struct http_exchange *x);
/* Answers with index.html: for the screens, whose addresses the client reads itself. False when the
 * site has none. */
bool http_site_answer_page(const struct http_site *site, struct http_exchange *x, uint16_t status);

#endif
