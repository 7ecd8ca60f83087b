/* The guard as a whole: what it is made of, and what it does between requests. */
#include <string.h>

#include "base/mem.h"
#include "feed.h"
#include "ranking.h"
#include "search.h"
#include "tally.h"

enum {
    NOTICES_BYTES = 1 << 20,
    ORPHANS_AT_ONCE = 4096,
    ORPHANS_PASS_MS = 3600 * 1000,
    MARK_ID = 1
};

/* --- numbers --- */

static const struct {
    const char *name;
    uint8_t operation;
} operations[] = {
    {"collect", LAW_OPERATION_COLLECT}, {"store", LAW_OPERATION_STORE},
    {"use", LAW_OPERATION_USE},         {"disclose", LAW_OPERATION_DISCLOSE},
    {"publish", LAW_OPERATION_PUBLISH}, {"restrict", LAW_OPERATION_RESTRICT},
    {"erase", LAW_OPERATION_ERASE},
};

static struct status read_use(const struct guard *g, const struct api_op *op,
                              struct use_numbers *ret) {
    struct use_numbers n = {.declared = true};
    TRY(vault_purpose(g->vault, slice_str(op->purpose), &n.purpose));
    TRY(vault_category(g->vault, slice_str(op->category), &n.category));
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        if (strcmp(operations[i].name, op->operation) == 0) {
            n.operation = operations[i].operation;
            *ret = n;
            return STATUS_OK;
        }
    }
    return FAIL(E_UNDECLARED);
}

/* An operation of api/ that the data map does not declare is a mistake of ours: no start. */
static struct status read_uses(struct guard *g) {
    size_t count;
    const struct api_op *ops = api_ops(&count);
    for (size_t i = 0; i < count; i++) {
        if (ops[i].purpose != NULL && !g->o.programs_only) {
            TRY(read_use(g, &ops[i], &g->uses[ops[i].number]));
        }
    }
    return STATUS_OK;
}

static void enter_handlers(struct guard *g) {
    static const struct handler *const tables[] = {
        account_handlers, guardian_handlers, consent_handlers, clip_handlers,
        feed_handlers,    history_handlers,  rights_handlers,  console_handlers,
        admin_handlers,   backup_handlers,   hold_handlers,    audit_handlers,
        notice_handlers,  person_handlers,   record_handlers,  search_handlers,
    };
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        for (const struct handler *h = tables[i]; h->run != NULL; h++) {
            g->handlers[h->op] = h;
        }
    }
}

/* --- the key of marks --- */

static struct status read_mark(struct guard *g) {
    struct buf plain CLEANUP(buf_done) = {0};
    buf_init_secret(&plain, SEAL_KEY_LEN);
    struct status s = vault_kept(g->vault, 0, KEPT_MARK, MARK_ID, &plain);
    if (s.code == E_NO_RECORD) {
        g->mark_key = seal_key_random();
        return vault_keep(g->vault, 0, KEPT_MARK, MARK_ID,
                          slice_of(g->mark_key.bytes, SEAL_KEY_LEN));
    }
    TRY(s);
    if (plain.len != SEAL_KEY_LEN) {
        return FAIL(E_VAULT_FORMAT);
    }
    memcpy(g->mark_key.bytes, plain.ptr, SEAL_KEY_LEN);
    return STATUS_OK;
}

/* Likes of clips that are gone go too: not at once but with all others of the hour, and in one
 * leaf, or else the public ledger would tell of each erasure how many likes there were. */
static struct status erase_orphans(struct guard *g) {
    struct vault_use use = {.purpose = g->uses[API_HISTORY_EMPTY].purpose,
                            .operation = LAW_OPERATION_ERASE};
    static uint64_t records[ORPHANS_AT_ONCE];
    struct vault_found found;
    size_t count = 0;
    if (guard_now(g) < g->orphans_ms) {
        return STATUS_OK;
    }
    while (count < ORPHANS_AT_ONCE && feed_orphan(g, &records[count])) {
        count++;
    }
    if (count < ORPHANS_AT_ONCE) {
        g->orphans_ms = guard_now(g) + ORPHANS_PASS_MS;
    }
    TRY(count == 0 ? STATUS_OK : vault_delete_ids(g->vault, &use, records, count, &found));
    for (size_t i = 0; i < count; i++) {
        feed_unlike(g, records[i]);
    }
    return STATUS_OK;
}

/* --- life --- */

static struct status build_service(struct guard *g) {
    TRY(search_new(&g->search));
    TRY(feed_new(g, &g->feed));
    return studio_new(g, &g->studio);
}

static struct status build(struct guard *g) {
    TRY(read_uses(g));
    TRY(read_mark(g));
    enter_handlers(g);
    TRY(session_cache_new(&g->sessions));
    TRY(programs_new(g, &g->programs));
    TRY(throttle_new(&g->throttle));
    TRY(tally_new(&g->tally));
    TRY(words_new(g, &g->words));
    TRY(leases_new(&g->leases));
    TRY(ranking_new(&g->ranking));
    return g->o.programs_only ? STATUS_OK : build_service(g);
}

struct status guard_new(const struct guard_options *options, struct guard **ret_guard) {
    struct guard *g = mem_alloc(sizeof *g);
    if (g == NULL) {
        return FAIL(E_MEMORY);
    }
    g->o = *options;
    g->vault = options->vault;
    g->started_ms = guard_now(g);
    buf_init(&g->notices, NOTICES_BYTES);
    struct status s = build(g);
    if (failed(s)) {
        guard_free(&g);
        return s;
    }
    *ret_guard = g;
    return STATUS_OK;
}

void guard_free(struct guard **guard) {
    struct guard *g = *guard;
    *guard = NULL;
    if (g == NULL) {
        return;
    }
    studio_free(g, &g->studio);
    feed_free(&g->feed);
    search_free(&g->search);
    ranking_free(&g->ranking);
    leases_free(&g->leases);
    words_free(&g->words);
    tally_free(&g->tally);
    throttle_free(&g->throttle);
    programs_free(&g->programs);
    session_cache_free(&g->sessions);
    buf_done(&g->notices);
    mem_wipe(g, sizeof *g);
    mem_free(g);
}

/* --- between requests --- */

static struct status work(struct guard *g, int *ret_wait_ms) {
    TRY(sweep_tick(g));
    if (g->feed == NULL) {
        return STATUS_OK;
    }
    TRY(erase_orphans(g));
    studio_tick(g, ret_wait_ms);
    return STATUS_OK;
}

static struct status in_batch(struct guard *g, int *ret_wait_ms) {
    TRY(vault_begin_batch(g->vault));
    struct status s = work(g, ret_wait_ms);
    struct status committed = vault_commit_batch(g->vault);
    return failed(s) ? s : committed;
}

static void lower(int *wait_ms, int64_t now_ms, int64_t then_ms) {
    int64_t left = then_ms > now_ms ? then_ms - now_ms : 0;
    *wait_ms = left < *wait_ms ? (int)left : *wait_ms;
}

static struct status give_notices(struct guard *g, struct buf *notices) {
    if (g->feed_changed) {
        g->feed_changed = false;
        TRY(api_notice_write(API_NOTICE_FEED, 0, &g->notices));
    }
    TRY(buf_add(notices, buf_slice(&g->notices)));
    buf_clear(&g->notices);
    return STATUS_OK;
}

/* Its work is of the kind that is done for many at once: keys that are replaced, syncs. Between two
 * requests of one caller there is no need. It judges who is late: the guard's own projections read
 * what is theirs first, or a round that took a second would be their end. */
static struct status tick_vault(struct guard *g, int64_t *ret_next_ms) {
    enum { PAUSE_MS = 200 };
    int64_t now_ms = guard_now(g);
    if (now_ms >= g->vault_due_ms || now_ms + PAUSE_MS < g->vault_due_ms) {
        int64_t next_ms = INT64_MAX;
        TRY(g->feed == NULL ? STATUS_OK : feed_pump(g));
        TRY(vault_tick(g->vault, &next_ms));
        g->vault_due_ms = next_ms < now_ms + PAUSE_MS ? next_ms : now_ms + PAUSE_MS;
    }
    *ret_next_ms = g->vault_due_ms;
    return STATUS_OK;
}

struct status guard_tick(struct guard *g, struct buf *notices, int *ret_wait_ms) {
    enum { LONGEST_MS = 200 };
    int64_t next_ms = INT64_MAX;
    *ret_wait_ms = LONGEST_MS;
    if (g->feed != NULL || guard_now(g) >= g->sweep_ms) {
        TRY(in_batch(g, ret_wait_ms));
    }
    TRY(tick_vault(g, &next_ms));
    if (g->feed != NULL) {
        TRY(feed_pump(g));
        *ret_wait_ms = feed_reads_on(g) ? 0 : *ret_wait_ms;
        ranking_tick(g);
    }
    tally_tick(g);
    backup_tick(g, ret_wait_ms);
    lower(ret_wait_ms, guard_now(g), next_ms);
    lower(ret_wait_ms, guard_now(g), lease_tick(g));
    return give_notices(g, notices);
}
