/* Public answers, kept for a second: the feed of somebody who is not signed in is the same for all.
 * Nothing that was asked with a session ever comes here. */
#ifndef WARD_CLIPS_CACHE_H
#define WARD_CLIPS_CACHE_H

#include "base/buf.h"

struct cache;

MUST_USE struct status cache_new(struct cache **ret_cache);
void cache_free(struct cache **cache);
/* Adds the answer kept for this key to out; false when there is none. */
bool cache_get(struct cache *c, struct slice key, int64_t now_ms, struct buf *out);
/* How often it was emptied; read before asking, so that an answer from before is not kept after. */
uint64_t cache_epoch(struct cache *c);
/* Keeps it, unless it is too large or the cache was emptied since `epoch`. */
void cache_put(struct cache *c, uint64_t epoch, struct slice key, struct slice value,
               int64_t now_ms);
void cache_clear(struct cache *c);

#endif
