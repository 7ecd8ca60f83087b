/* What the parts of the front share. */
#ifndef WARD_CLIPS_FRONT_H
#define WARD_CLIPS_FRONT_H

#include "api/frame.h"
#include "clips/limits.h"
#include "http/server.h"
#include "http/site.h"
#include "link.h"
#include "wire/json.h"

struct cache;
struct media;
struct routes;

struct front {
    struct link_pool *guard;
    struct http_site *site; /* NULL: no web client */
    struct routes *routes;
    struct media *media;
    struct cache *cache;
    int ledger_dir; /* -1: none */
    bool secure;    /* the browser speaks TLS to a proxy before us */
};

/* Who asks, as the cookies say; the guard decides what that is worth. */
struct session {
    bool present;
    uint8_t flags; /* of the frames it asks in: API_FLAG_GPC */
    uint8_t token[API_TOKEN_BYTES];
};

struct upload;
struct serving;

/* One exchange, as the front sees it. Lives in the exchange's arena. */
struct turn {
    struct front *front;
    struct http_exchange *x;
    const struct api_op *op;
    struct api_value *args;
    struct session session;
    struct slice device;     /* the mark of this browser, of its cookie or new; or ptr NULL */
    const char *wrong;       /* the first argument that is wrong */
    struct http_arg *params; /* of the path */
    size_t param_count;
    struct upload *upload;
    struct serving *serving;
    struct slice public_key; /* where a public answer is kept; ptr NULL: nowhere */
    uint64_t public_epoch;
    uint64_t media_epoch; /* of the leases, when the guard was asked */
    void (*ready)(struct turn *t);
};

#endif
