/* Clips in memory on their way to viewers, and who was given which. A decision is taken for every
 * opening; the memfd behind it may be shared. Must never keep a lease whose viewer lost the right,
 * nor a memfd of a clip that is gone. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "feed.h"
#include "index.h"

enum { CACHED = 512 };

struct cached {
    uint64_t blob; /* 0: free */
    uint64_t clip;
    uint64_t size;
    uint64_t used; /* when, by count */
    int fd;
};

struct lease {
    uint64_t id; /* 0: free */
    uint64_t clip;
    uint64_t owner;
    uint64_t viewer; /* 0: everybody who may see a public clip */
    int64_t until_ms;
};

struct leases {
    struct lease all[GUARD_LEASES];
    struct cached cache[CACHED];
    struct index by_viewer; /* clip, viewer: place in all */
    uint64_t cached_bytes;
    uint64_t clock;
    uint64_t last_id;
    size_t next;
    int64_t due_ms;
};

struct status leases_new(struct leases **ret_leases) {
    struct leases *l = mem_alloc(sizeof *l);
    if (l == NULL) {
        return FAIL(E_MEMORY);
    }
    l->due_ms = INT64_MAX;
    *ret_leases = l;
    return STATUS_OK;
}

static void drop(struct leases *l, struct cached *c) {
    if (c->blob != 0) {
        close(c->fd);
        l->cached_bytes -= c->size;
        *c = (struct cached){0};
    }
}

void leases_free(struct leases **leases) {
    if (*leases != NULL) {
        for (size_t i = 0; i < CACHED; i++) {
            drop(*leases, &(*leases)->cache[i]);
        }
        index_done(&(*leases)->by_viewer);
        mem_free(*leases);
        *leases = NULL;
    }
}

/* --- the cache --- */

static struct cached *look_up(struct leases *l, uint64_t blob) {
    for (size_t i = 0; i < CACHED; i++) {
        if (l->cache[i].blob == blob) {
            l->cache[i].used = ++l->clock;
            return &l->cache[i];
        }
    }
    return NULL;
}

static struct cached *least_used(struct leases *l) {
    struct cached *least = &l->cache[0];
    for (size_t i = 1; i < CACHED; i++) {
        if (l->cache[i].used < least->used) {
            least = &l->cache[i];
        }
    }
    return least;
}

static struct status make_room(struct leases *l, uint64_t size, struct cached **ret_place) {
    if (size > GUARD_CACHE_BYTES) {
        return FAIL(E_TOO_LARGE);
    }
    struct cached *place = least_used(l);
    drop(l, place);
    while (l->cached_bytes + size > GUARD_CACHE_BYTES) {
        struct cached *oldest = NULL;
        for (size_t i = 0; i < CACHED; i++) {
            struct cached *c = &l->cache[i];
            oldest = c->blob != 0 && (oldest == NULL || c->used < oldest->used) ? c : oldest;
        }
        drop(l, oldest);
    }
    *ret_place = place;
    return STATUS_OK;
}

static struct status seal_fd(int fd) {
    const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    return fcntl(fd, F_ADD_SEALS, seals) == 0 ? STATUS_OK : FAIL(E_IO);
}

static struct status unseal(struct vault_blob *blob, int *ret_fd) {
    int fd = memfd_create("clip", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return FAIL(E_MEMORY);
    }
    struct status s = vault_blob_copy(blob, fd);
    s = failed(s) ? s : seal_fd(fd);
    if (failed(s)) {
        close(fd);
        return s;
    }
    *ret_fd = fd;
    return STATUS_OK;
}

static struct status load(struct guard *g, const struct clip *clip, uint64_t blob_id,
                          struct vault_blob *blob, struct cached **ret_cached) {
    struct cached *place;
    uint64_t size = vault_blob_bytes(blob);
    TRY(make_room(g->leases, size, &place));
    int fd;
    TRY(unseal(blob, &fd));
    *place = (struct cached){blob_id, clip->id, size, ++g->leases->clock, fd};
    g->leases->cached_bytes += size;
    *ret_cached = place;
    return STATUS_OK;
}

/* The decision for this viewer comes first, also when the memfd is there already. */
static struct status decide(struct call *c, const struct clip *clip, uint8_t category,
                            uint64_t blob_id, struct cached **ret_cached) {
    struct vault_use use = use_of(c, API_CLIP_OPEN);
    *ret_cached = look_up(c->g->leases, blob_id);
    if (*ret_cached != NULL) {
        return call_permit(c, &use, category, clip->owner);
    }
    struct vault_blob *blob = NULL;
    struct vault_answer answer = {0};
    struct status s = vault_blob_open(c->g->vault, &use, blob_id, &blob, &answer);
    if (s.code == OK || s.code == E_DENIED) {
        call_decided(c, &use, category, clip->owner, &answer);
    }
    TRY(s);
    s = load(c->g, clip, blob_id, blob, ret_cached);
    vault_blob_close(&blob);
    return s;
}

/* --- leases --- */

static void end(struct guard *g, struct lease *lease) {
    index_remove(&g->leases->by_viewer, lease->clip, lease->viewer);
    /* Where a notice cannot be kept, the watching connections are closed: that ends all leases. */
    g->notices_lost |= failed(api_notice_write(API_NOTICE_LEASE_ENDS, lease->id, &g->notices));
    *lease = (struct lease){0};
}

static struct status grant(struct guard *g, const struct clip *clip, uint64_t viewer,
                           int64_t until_ms, uint64_t *ret_lease) {
    struct leases *l = g->leases;
    uint64_t place;
    if (index_get(&l->by_viewer, clip->id, viewer, &place)) {
        struct lease *known = &l->all[place];
        known->until_ms = until_ms;
        *ret_lease = known->id;
    } else {
        struct lease *lease = &l->all[l->next];
        if (lease->id != 0) {
            end(g, lease);
        }
        TRY(index_put(&l->by_viewer, clip->id, viewer, l->next));
        *lease = (struct lease){++l->last_id, clip->id, clip->owner, viewer, until_ms};
        *ret_lease = lease->id;
        l->next = (l->next + 1) % GUARD_LEASES;
    }
    l->due_ms = until_ms < l->due_ms ? until_ms : l->due_ms;
    return STATUS_OK;
}

struct status lease_open(struct call *c, const struct clip *clip, uint8_t category, uint64_t blob,
                         uint64_t *ret_lease, uint64_t *ret_size, int *ret_fd) {
    struct cached *cached = NULL;
    TRY(decide(c, clip, category, blob, &cached));
    uint64_t viewer = clip->audience == AUDIENCE_EVERYONE ? 0 : c->session.subject;
    TRY(grant(c->g, clip, viewer, c->answer.until_ms, ret_lease));
    int fd = fcntl(cached->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
        return FAIL(E_MEMORY);
    }
    *ret_size = cached->size;
    *ret_fd = fd;
    return STATUS_OK;
}

static void forget_clip(struct leases *l, uint64_t clip) {
    for (size_t i = 0; i < CACHED; i++) {
        if (l->cache[i].clip == clip) {
            drop(l, &l->cache[i]);
        }
    }
}

/* The lease of everybody ends when the clip is no longer for everybody. */
static bool still_sees(const struct lease *lease, const struct clip *clip) {
    if (clip == NULL) {
        return false;
    }
    return lease->viewer == 0 ? clip->ready && clip->audience == AUDIENCE_EVERYONE
                              : feed_sees(clip, lease->viewer);
}

void lease_review(struct guard *g, uint64_t id, const struct clip *clip) {
    struct leases *l = g->leases;
    if (l == NULL) {
        return;
    }
    for (size_t i = 0; i < GUARD_LEASES; i++) {
        if (l->all[i].id != 0 && l->all[i].clip == id && !still_sees(&l->all[i], clip)) {
            end(g, &l->all[i]);
        }
    }
    if (clip == NULL) {
        forget_clip(l, id);
    }
}

void lease_end_subject(struct guard *g, uint64_t subject) {
    struct leases *l = g->leases;
    for (size_t i = 0; l != NULL && subject != 0 && i < GUARD_LEASES; i++) {
        struct lease *lease = &l->all[i];
        if (lease->id != 0 && (lease->owner == subject || lease->viewer == subject)) {
            end(g, lease);
        }
    }
}

void lease_end_all(struct guard *g) {
    struct leases *l = g->leases;
    for (size_t i = 0; l != NULL && i < GUARD_LEASES; i++) {
        if (l->all[i].id != 0) {
            end(g, &l->all[i]);
        }
    }
    for (size_t i = 0; l != NULL && i < CACHED; i++) {
        drop(l, &l->cache[i]);
    }
}

int64_t lease_tick(struct guard *g) {
    struct leases *l = g->leases;
    int64_t now_ms = guard_now(g);
    if (now_ms < l->due_ms) {
        return l->due_ms;
    }
    l->due_ms = INT64_MAX;
    for (size_t i = 0; i < GUARD_LEASES; i++) {
        struct lease *lease = &l->all[i];
        if (lease->id != 0 && lease->until_ms <= now_ms) {
            end(g, lease);
        } else if (lease->id != 0 && lease->until_ms < l->due_ms) {
            l->due_ms = lease->until_ms;
        }
    }
    return l->due_ms;
}
