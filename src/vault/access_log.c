/* Every decided use is recorded: in the journal before it is answered, in a leaf within a minute or
 * two. A leaf is made per session, purpose and minute; its commitments are Merkle roots, over an
 * item for each person and over an item for each outcome. */
#include <stdlib.h>

#include "access.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "said.h"

static struct access_use use_of(const struct vault *v, const struct vault_use *use) {
    return (struct access_use){
        .session = use->actor == NULL ? 0 : use->actor->session,
        .actor = use->actor == NULL ? 0 : use->actor->subject,
        .at_ms = vault_now_ms(v),
        .purpose = use->purpose,
        .operation = use->operation,
        .recipient = use->recipient,
    };
}

static void add_cites(const struct vault_answer *answer, struct access_entry *entry) {
    int cite = answer->permit || answer->undeclared ? -1 : law_answer_cite(&answer->law, 0);
    for (size_t i = 0; i < ACCESS_CITES && cite >= 0; i++) {
        entry->cites[i] = (uint16_t)(cite + 1);
        cite = law_answer_cite(&answer->law, (size_t)cite + 1);
    }
}

struct status access_note(struct vault *v, const struct vault_use *use, uint8_t category,
                          uint64_t subject, uint64_t record, const struct vault_answer *answer) {
    struct access_entry entry = {.use = use_of(v, use),
                                 .subject = subject,
                                 .record = record,
                                 .category = category,
                                 .permit = answer->permit,
                                 .undeclared = answer->undeclared};
    add_cites(answer, &entry);
    TRY(journal_entry(v, &entry));
    TRY(access_add(v->access, &entry));
    v->counters.permits += answer->permit;
    v->counters.denials += !answer->permit;
    return STATUS_OK;
}

void access_many_begin(const struct vault *v, const struct vault_use *use,
                       struct access_many *ret) {
    *ret = (struct access_many){.use = use_of(v, use)};
}

struct status access_many_end(struct vault *v, const struct access_many *many,
                              const struct selection *permitted, const struct selection *denied) {
    TRY(journal_many(v, &many->use, permitted, denied));
    v->counters.permits += permitted->records;
    v->counters.denials += denied->records;
    return STATUS_OK;
}

struct status access_flush(struct vault *v) {
    return journal_flush(v);
}

/* Leaves -------------------------------------------------------------------------------- */

static struct slice operation_name(uint8_t operation) {
    const struct law_fact_info *info = law_fact_info(LAW_OPERATION);
    return operation < info->value_count ? slice_str(info->values[operation]) : SLICE("");
}

static struct said said_of(const struct vault *v, const struct access_group *g,
                           const struct access_item *item) {
    struct said said = {
        .subject = item->subject,
        .actor = g->actor,
        .role = g->actor == 0               ? SLICE("controller")
                : g->actor == item->subject ? SLICE("self")
                                            : SLICE("other"),
        .operation = operation_name(g->operation),
        .purpose = vault_purpose_name(v, g->purpose),
        .category = vault_category_name(v, g->category),
        .outcome = item->undeclared ? SLICE("undeclared")
                   : item->permit   ? SLICE("permit")
                                    : SLICE("deny"),
        .count = item->count,
        .at_ms = item->at_ms,
    };
    if (g->recipient != 0) {
        said.recipient = vault_recipient_name(v, (uint8_t)(g->recipient - 1));
    }
    for (int i = 0; i < ACCESS_RECORDS; i++) {
        said.records[i] = item->records[i];
    }
    return said;
}

static struct status write_item(const struct vault *v, const struct access_group *g,
                                const struct access_item *item, enum opening_side side,
                                struct buf *out) {
    struct law_answer rules = {.permit = 0};
    for (int i = 0; i < ACCESS_CITES; i++) {
        unsigned cite = g->cites[i] == 0 ? 0 : g->cites[i] - 1u;
        bool named = g->cites[i] != 0 && cite < law_set_cites(v->laws);
        if (named) {
            rules.cites[cite / 64] |= UINT64_C(1) << (cite % 64);
        }
    }
    struct said said = said_of(v, g, item);
    said.answer = &rules;
    return said_write(v, &said, side, out);
}

/* Items of one group, by person. */
struct batch {
    const struct access_item **from;
    struct seal_hash *hashes;
    size_t count;
};

static void batch_done(struct batch *b) {
    mem_free(b->from);
    mem_free(b->hashes);
}

static int by_subject(const void *a, const void *b) {
    uint64_t x = (*(const struct access_item *const *)a)->subject;
    uint64_t y = (*(const struct access_item *const *)b)->subject;
    return x < y ? -1 : x > y;
}

static struct status batch_begin(struct batch *b, const struct access_group *g) {
    size_t count = g->item_count;
    b->from = mem_array(count, sizeof *b->from);
    b->hashes = mem_array(count, sizeof *b->hashes);
    if (b->from == NULL || b->hashes == NULL) {
        return FAIL(E_MEMORY);
    }
    for (const struct access_item *i = g->items; i != NULL; i = i->next_in_group) {
        b->from[b->count++] = i;
    }
    qsort(b->from, b->count, sizeof *b->from, by_subject);
    return STATUS_OK;
}

static struct status add_item(struct vault *v, const struct access_group *g, struct batch *b,
                              size_t i, const struct person *p, const struct seal_key *key) {
    struct buf content CLEANUP(buf_done);
    buf_init_secret(&content, SAID_MAX);
    TRY(write_item(v, g, b->from[i], OPENING_PERSON, &content));
    struct opening_entry entry = {.leaf = v->counters.leaves,
                                  .at_ms = g->minute * ACCESS_GATHER_MS,
                                  .index = b->count == 1 ? 0 : (uint32_t)i + 1,
                                  .kind = (uint8_t)g->kind};
    entry.item.content = buf_slice(&content);
    entry.item.salt = p == NULL ? leaf_salt_random() : opening_salt(key, entry.leaf, entry.index);
    b->hashes[i] = leaf_commit(&entry.item);
    return p == NULL ? STATUS_OK : openings_add(v, p->subject.id, key, &entry);
}

/* Who was erased meanwhile, or is nobody, is in the commitment, but nobody may open it. */
static struct status add_items(struct vault *v, const struct access_group *g, struct batch *b) {
    for (size_t i = 0; i < b->count; i++) {
        people_trim(v);
        struct person *p = NULL;
        struct seal_key key CLEANUP(seal_key_done);
        key = (struct seal_key){.bytes = {0}};
        struct status found = person_get(v, b->from[i]->subject, &p);
        if (!failed(found)) {
            TRY(person_key_get(v, p, PERSON_KEY, &key));
        } else if (found.code != E_NO_SUBJECT) {
            return found;
        }
        TRY(add_item(v, g, b, i, failed(found) ? NULL : p, &key));
    }
    return STATUS_OK;
}

static struct seal_hash root_of(const struct batch *b) {
    struct merkle_edge edge = {0};
    for (size_t i = 0; i < b->count; i++) {
        merkle_edge_add(&edge, b->hashes[i]);
    }
    return merkle_edge_root(&edge);
}

/* The hashes of all items, so that each can be proven after others have gone. */
static struct status batch_row(struct vault *v, const struct batch *b) {
    if (b->count == 1) {
        return STATUS_OK;
    }
    return store_put(v->store, STORE_BATCHES, 0, v->counters.leaves,
                     slice_of(b->hashes, b->count * sizeof *b->hashes));
}

/* The auditor's: how many; nobody's number. Of several people, one is not told as the actor. */
static struct status auditor_part(struct vault *v, const struct access_group *g,
                                  const struct batch *b, struct buf *out) {
    const struct access_item *first = b->from[0];
    struct access_item sum = *first;
    sum.count = 0;
    sum.subject = b->count == 1 ? first->subject : 0;
    for (size_t i = 0; i < b->count; i++) {
        sum.count += b->from[i]->count;
    }
    return write_item(v, g, &sum, OPENING_AUDITOR, out);
}

static struct status gather_group(struct vault *v, const struct access_group *g, struct batch *b) {
    TRY(batch_begin(b, g));
    TRY(add_items(v, g, b));
    struct leaf leaf = {.kind = g->kind, .hour = leaf_hour(g->minute * ACCESS_GATHER_MS)};
    leaf.person = root_of(b);
    TRY(batch_row(v, b));
    struct buf auditor CLEANUP(buf_done);
    buf_init(&auditor, SAID_MAX);
    TRY(auditor_part(v, g, b, &auditor));
    TRY(log_auditor(v, &leaf, buf_slice(&auditor)));
    return log_entry(v, &leaf, NULL);
}

static struct status gather_all(struct vault *v) {
    for (const struct access_group *g = v->access->made; g != NULL; g = g->next_made) {
        if (g->item_count == 0) {
            continue; /* for its first entry there was no memory, and that access was refused */
        }
        struct batch b = {.count = 0};
        struct status status = gather_group(v, g, &b);
        batch_done(&b);
        TRY(status);
    }
    return journal_next_epoch(v);
}

struct status access_gather(struct vault *v) {
    TRY(journal_flush(v));
    if (v->access->made == NULL) {
        return STATUS_OK;
    }
    TRY(op_begin(v));
    TRY(op_end(v, gather_all(v)));
    access_clear(v->access);
    TRY(log_publish(v));
    journal_restart(v);
    return vault_ready(v);
}

static struct status sync_journal(struct vault *v) {
    struct status status = os_sync(v->fs, v->access->file);
    if (failed(status)) {
        vault_stop(v);
        return status;
    }
    v->access->unsynced_since_ms = 0;
    v->access->synced = v->access->offset;
    return STATUS_OK;
}

static void sooner(int64_t *io_next_ms, int64_t at_ms) {
    *io_next_ms = at_ms < *io_next_ms ? at_ms : *io_next_ms;
}

struct status access_tick(struct vault *v, int64_t now_ms, int64_t *io_next_ms) {
    struct access_log *log = v->access;
    bool due = log->oldest_ms != 0 &&
               (now_ms - log->oldest_ms >= ACCESS_GATHER_MS || log->item_count > ACCESS_ITEMS_MAX);
    if (due) {
        TRY(access_gather(v));
    }
    if (log->unsynced_since_ms != 0 && now_ms - log->unsynced_since_ms >= ACCESS_SYNC_MS) {
        TRY(sync_journal(v));
    }
    if (log->unsynced_since_ms != 0) {
        sooner(io_next_ms, log->unsynced_since_ms + ACCESS_SYNC_MS);
    }
    if (log->oldest_ms != 0) {
        sooner(io_next_ms, log->oldest_ms + ACCESS_GATHER_MS);
    }
    return STATUS_OK;
}

struct status access_open(struct vault *v) {
    v->access = mem_alloc(sizeof *v->access);
    if (v->access == NULL) {
        return FAIL(E_MEMORY);
    }
    v->access->round = 1;
    TRY(journal_open(v));
    return access_gather(v);
}

void access_close(struct vault *v) {
    if (v->access == NULL) {
        return;
    }
    access_clear(v->access);
    buf_done(&v->access->buffer);
    os_close(v->fs, &v->access->file);
    mem_free(v->access);
    v->access = NULL;
}
