/* Which clips have these words: the projection of the lawful feed behind the search. It holds what
 * the vault said it may hold, in memory alone, and drops it when the vault says so.
 *
 * A text is found by the beginnings of its words, all of those asked for. What is for everybody and
 * what is for its owner alone are looked up apart, so that how long an answer takes tells nothing
 * of what its reader may not see.
 *
 *   struct search_query query;
 *   struct search_place place = SEARCH_BEGIN;
 *   struct search_steps steps = SEARCH_STEPS;
 *   TRY(search_read(text, arena, &query));
 *   uint64_t clip = search_next(s, &query, viewer, &place, &steps); -- 0: no more for now
 */
#ifndef WARD_GUARD_SEARCH_H
#define WARD_GUARD_SEARCH_H

#include "base/arena.h"
#include "guard/limits.h"

struct search;

MUST_USE struct status search_new(struct search **ret_search);
/* Wipes it. Accepts NULL, nulls it. */
void search_free(struct search **search);
/* The clip is found by the words of these texts, and by no others any more: by everybody, or by its
 * owner alone. On an error it is not found at all. */
MUST_USE struct status search_put(struct search *s, uint64_t id, uint64_t owner, bool everybody,
                                  const struct slice *texts, size_t count);
/* These three need no memory. */
void search_drop(struct search *s, uint64_t id);
void search_drop_owner(struct search *s, uint64_t owner);
void search_clear(struct search *s);
/* Clips that are found. */
size_t search_count(const struct search *s);

struct search_query {
    struct slice words[GUARD_SEARCH_WORDS]; /* as fold.h writes them, in the arena */
    size_t count;
};

/* E_QUERY where there is no word, or too many. */
MUST_USE struct status search_read(struct slice text, struct arena *a, struct search_query *ret);

/* First the clips that have each of the words whole, then those in which one is only begun; both by
 * descending number, which is newest first. */
struct search_place {
    bool begun;     /* in the second part */
    bool ended;     /* nothing is left */
    uint64_t below; /* of this part, only what is below is left */
};
#define SEARCH_BEGIN ((struct search_place){.below = UINT64_MAX})

/* Look-ups that an answer may still take: among the clips for everybody, and the viewer's own. */
struct search_steps {
    size_t everybody;
    size_t own;
};
#define SEARCH_STEPS ((struct search_steps){GUARD_SEARCH_STEPS, GUARD_SEARCH_STEPS})

/* The next clip, and the place after it; 0 when nothing is left (`ended`), or when the steps have
 * run out: then the place is where to go on with new ones. viewer: 0 for nobody. */
uint64_t search_next(const struct search *s, const struct search_query *query, uint64_t viewer,
                     struct search_place *io_place, struct search_steps *io_steps);

#endif
