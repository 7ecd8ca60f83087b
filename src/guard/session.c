/* Sessions. A token is 32 bytes: who it is of, then 24 random ones, so that the place where its
 * hash is kept can be found without a table of all sessions; the hash of all 32 must match. Only
 * hashes are kept, under the person's own key: they go with the person. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "internal.h"

enum { OPERATOR_BIT = 0x80, SEEN_STEP_MS = 3600 * 1000 };

struct session_cache {
    struct session slots[GUARD_SESSIONS_CACHED];
};

struct status session_cache_new(struct session_cache **ret_cache) {
    struct session_cache *cache = mem_alloc(sizeof *cache);
    if (cache == NULL) {
        return FAIL(E_MEMORY);
    }
    *ret_cache = cache;
    return STATUS_OK;
}

void session_cache_free(struct session_cache **cache) {
    if (*cache != NULL) {
        mem_wipe(*cache, sizeof **cache);
        mem_free(*cache);
        *cache = NULL;
    }
}

static struct session *cached(struct guard *g, const struct seal_hash *hash) {
    return &g->sessions->slots[bytes_be64(hash->bytes + 8) % GUARD_SESSIONS_CACHED];
}

static struct session from_token(const uint8_t *token) {
    struct session s = {.kind = SESSION_PERSON};
    s.hash = seal_token_hash(slice_of(token, API_TOKEN_BYTES));
    s.id = bytes_be64(s.hash.bytes) >> 1; /* the store counts to 2^63 */
    uint8_t who[8];
    memcpy(who, token, sizeof who);
    if ((who[0] & OPERATOR_BIT) != 0) {
        who[0] = (uint8_t)(who[0] & ~OPERATOR_BIT);
        s.kind = SESSION_OPERATOR;
        s.operator= bytes_be64(who);
    } else {
        s.subject = bytes_be64(who);
    }
    return s;
}

static struct status keep(struct guard *g, const struct session *s) {
    struct api_value v[STO_SESSION__COUNT] = {
        [STO_SESSION_HASH] = api_bytes(slice_of(s->hash.bytes, SEAL_HASH_LEN)),
        [STO_SESSION_OPERATOR] = api_n(s->operator),
        [STO_SESSION_ENDS_AT] = api_time(s->ends_ms),
        [STO_SESSION_SEEN_AT] = api_time(s->seen_ms),
    };
    return kept_put(g, s->subject, KEPT_SESSION, s->id, API_STORED_SESSION, v);
}

struct oldest {
    uint64_t id;
    uint64_t first;
    size_t count;
};

static struct status count_one(void *arg, uint64_t owner, uint64_t id, struct slice plain) {
    struct oldest *o = arg;
    (void)owner;
    (void)plain;
    if (o->count++ == 0) {
        o->first = id;
    }
    return STATUS_OK;
}

/* One more than a person may have: one of the others ends. */
static struct status make_room(struct guard *g, uint64_t owner) {
    struct oldest o = {0};
    TRY(vault_each_kept(g->vault, owner, KEPT_SESSION, 0, count_one, &o));
    return o.count < GUARD_SESSIONS_EACH ? STATUS_OK
                                         : vault_unkeep(g->vault, owner, KEPT_SESSION, o.first);
}

struct status session_begin(struct call *c, enum session_kind kind, uint64_t who,
                            uint8_t ret_token[API_TOKEN_BYTES]) {
    bytes_put_be64(ret_token, who);
    seal_random(ret_token + 8, API_TOKEN_BYTES - 8);
    if (kind == SESSION_OPERATOR) {
        ret_token[0] |= OPERATOR_BIT;
    }
    struct session s = from_token(ret_token);
    s.seen_ms = c->now_ms;
    s.ends_ms = c->now_ms + (kind == SESSION_OPERATOR ? GUARD_OPERATOR_MS : GUARD_SESSION_MS);
    TRY(make_room(c->g, s.subject));
    TRY(keep(c->g, &s));
    *cached(c->g, &s.hash) = s;
    return STATUS_OK;
}

static struct status load(struct guard *g, struct session *s, struct arena *a, bool *ret_found) {
    *ret_found = false;
    struct api_value *v = NULL;
    struct status status = kept_get(g, s->subject, KEPT_SESSION, s->id, API_STORED_SESSION, a, &v);
    if (status.code == E_NO_RECORD || status.code == E_NO_SUBJECT) {
        return STATUS_OK;
    }
    TRY(status);
    s->ends_ms = v[STO_SESSION_ENDS_AT].i;
    s->seen_ms = v[STO_SESSION_SEEN_AT].i;
    bool same = seal_equal(v[STO_SESSION_HASH].bytes, slice_of(s->hash.bytes, SEAL_HASH_LEN));
    *ret_found = same && v[STO_SESSION_OPERATOR].n == s->operator;
    return STATUS_OK;
}

static bool is_none(const uint8_t *token) {
    static const uint8_t none[API_TOKEN_BYTES];
    return memcmp(token, none, sizeof none) == 0;
}

static bool has_ended(const struct session *s, int64_t now_ms) {
    return now_ms >= s->ends_ms || now_ms >= s->seen_ms + GUARD_SESSION_IDLE_MS;
}

struct status session_find(struct guard *g, const uint8_t *token, struct arena *a,
                           struct session *ret_session) {
    *ret_session = (struct session){0};
    if (is_none(token)) {
        return STATUS_OK;
    }
    struct session s = from_token(token);
    struct session *place = cached(g, &s.hash);
    int64_t now_ms = guard_now(g);
    if (place->kind == s.kind && seal_hash_equal(&place->hash, &s.hash)) {
        s = *place;
    } else {
        bool found = false;
        TRY(load(g, &s, a, &found));
        if (!found) {
            return STATUS_OK;
        }
        *place = s;
    }
    if (has_ended(&s, now_ms)) {
        return session_end(g, &s);
    }
    if (now_ms - s.seen_ms >= SEEN_STEP_MS) {
        s.seen_ms = now_ms;
        TRY(keep(g, &s));
        *place = s;
    }
    *ret_session = s;
    return STATUS_OK;
}

struct status session_end(struct guard *g, const struct session *session) {
    struct session *place = cached(g, &session->hash);
    if (seal_hash_equal(&place->hash, &session->hash)) {
        mem_wipe(place, sizeof *place);
    }
    return vault_unkeep(g->vault, session->subject, KEPT_SESSION, session->id);
}

void session_forget(struct guard *g, uint64_t subject) {
    for (size_t i = 0; i < GUARD_SESSIONS_CACHED; i++) {
        if (g->sessions->slots[i].subject == subject) {
            mem_wipe(&g->sessions->slots[i], sizeof g->sessions->slots[i]);
        }
    }
}
