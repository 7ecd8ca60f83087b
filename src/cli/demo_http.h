/* A browser for the demo: asks the service over HTTP as anybody does, keeps its cookies, and says
 * what went wrong in the service's own words. */
#ifndef WARD_CLI_DEMO_HTTP_H
#define WARD_CLI_DEMO_HTTP_H

#include "base/buf.h"

struct demo_browser {
    void *curl;
    const char *url;   /* "http://127.0.0.1:8080" */
    long http;         /* status of the last answer */
    struct buf answer; /* its body */
    char code[48];     /* of its error, "" when it was a success */
};

MUST_USE struct status demo_browser_open(const char *url, struct demo_browser *ret_browser);
void demo_browser_close(struct demo_browser *b);

/* Asks; json NULL: no body. Success when an answer of 2xx came. Otherwise E_DEMO, with b->code, or
 * E_HTTP_GUARD_AWAY when nobody answered. */
MUST_USE struct status demo_ask(struct demo_browser *b, const char *method, const char *path,
                                const char *json);
/* PUT of a file's bytes. */
MUST_USE struct status demo_put_file(struct demo_browser *b, const char *path, const char *file);
/* Says on standard error what the last answer's error was. */
void demo_complain(const struct demo_browser *b, const char *what);

/* A member of a JSON object as text: strings without quotes, other values as written. E_DEMO when
 * it is not there. */
MUST_USE struct status demo_member(struct slice json, const char *name, struct buf *ret_text);
/* The next object of an array, of which *rest is what is left; false at its end. The array itself
 * at first. */
bool demo_next(struct slice *rest, struct slice *ret_item);

#endif
