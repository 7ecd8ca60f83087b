/* The auditor's openings, in order of leaf. Must never hand out what would tell who it was about,
 * nor an opening that does not open its leaf. */
#include "vault/audit.h"

#include <string.h>

#include "base/date.h"
#include "said.h"

enum { HOUR_MS = 60 * 60 * 1000, INTERVAL_BYTES = 64 };

/* Beginning ----------------------------------------------------------------------------- */

static struct status write_interval(const struct audit_span *span, struct buf *out) {
    TRY(moment_format((int64_t)span->since * HOUR_MS, out));
    TRY(buf_add_str(out, " to "));
    return moment_format((int64_t)span->until * HOUR_MS, out);
}

static struct status record(struct vault *v, const struct audit_span *span, uint64_t *ret_leaf) {
    struct buf interval CLEANUP(buf_done);
    buf_init(&interval, INTERVAL_BYTES);
    TRY(write_interval(span, &interval));
    struct said said = {.operation = SLICE("audit"), .method = buf_slice(&interval)};
    said_actor(&said, NULL);
    return said_log(v, LEAF_OPERATOR, NULL, &said, ret_leaf);
}

struct status vault_audit_begin(struct vault *v, const struct audit_span *span,
                                struct vault_audit *ret, struct buf *ret_checkpoint) {
    TRY(vault_ready(v));
    if (v->in_batch) {
        return FAIL(E_BATCH);
    }
    uint32_t end = leaf_hour(vault_now_ms(v)) + 1;
    struct vault_audit audit = {.span = *span};
    audit.span.until = span->until < end ? span->until : end;
    if (audit.span.since >= audit.span.until) {
        return FAIL(E_AUDIT_SPAN);
    }
    TRY(op_begin(v));
    TRY(op_end(v, record(v, &audit.span, &audit.record)));
    TRY(vault_checkpoint(v, ret_checkpoint));
    audit.leaves = ledger_published(v->ledger);
    *ret = audit;
    return STATUS_OK;
}

/* Some leaves and their openings ---------------------------------------------------------- */

struct page {
    struct vault *v;
    uint64_t first;
    size_t count;
    struct leaf leaves[TILE_WIDTH];
    struct {
        size_t from, len;
    } found[TILE_WIDTH]; /* in `openings` */
    struct buf openings;
    struct buf ids; /* uint64_t each, of rows */
    struct seal_key key;
};

static void page_done(struct page *p) {
    buf_done(&p->openings);
    buf_done(&p->ids);
    seal_key_done(&p->key);
}

static struct status page_begin(struct page *p, struct vault *v, const struct vault_audit *audit,
                                uint64_t first) {
    uint8_t entries[TILE_WIDTH * LEAF_LEN];
    p->v = v;
    p->first = first;
    buf_init(&p->openings, (size_t)TILE_WIDTH * OPENING_MAX);
    buf_init(&p->ids, DELTA_MAX);
    TRY(ledger_bundle(v->ledger, first, entries, &p->count));
    uint64_t left = audit->leaves - first;
    p->count = left < p->count ? (size_t)left : p->count;
    for (size_t i = 0; i < p->count; i++) {
        TRY(leaf_get(slice_of(entries + i * LEAF_LEN, LEAF_LEN), &p->leaves[i]));
    }
    return STATUS_OK;
}

static bool page_has_some(const struct page *p, const struct audit_span *span) {
    for (size_t i = 0; i < p->count; i++) {
        if (audit_spans(span, &p->leaves[i])) {
            return true;
        }
    }
    return false;
}

/* One that says too much stays here; one that does not open the leaf is of a ledger that was lost.
 */
static struct status keep_opening(struct page *p, const struct opening_entry *entry) {
    uint64_t at = entry->leaf - p->first;
    struct seal_hash commitment = leaf_commit(&entry->item);
    if (!seal_hash_equal(&commitment, &p->leaves[at].auditor) ||
        !content_audited(entry->item.content)) {
        return STATUS_OK;
    }
    size_t before = p->openings.len;
    TRY(opening_write(OPENING_AUDITOR, &entry->item, 1, 0, &p->openings));
    p->found[at].from = before;
    p->found[at].len = p->openings.len - before;
    return STATUS_OK;
}

static struct status read_entries(struct page *p, const struct buf *entries) {
    struct buf content CLEANUP(buf_done);
    buf_init_secret(&content, OPENING_CONTENT_MAX);
    for (size_t at = 0; at < entries->len; at += sizeof(struct opening_entry)) {
        struct opening_entry entry;
        memcpy(&entry, entries->ptr + at, sizeof entry);
        if (entry.leaf < p->first || entry.leaf - p->first >= p->count) {
            continue;
        }
        TRY(opening_content(p->v, OPENINGS_AUDITOR, &entry, &content));
        TRY(keep_opening(p, &entry));
    }
    return STATUS_OK;
}

static struct status read_row(struct page *p, uint64_t id) {
    struct buf row CLEANUP(buf_done);
    struct buf entries CLEANUP(buf_done);
    buf_init_secret(&row, OPENING_ROW_MAX);
    buf_init_secret(&entries, OPENING_ROW_MAX);
    struct status found = openings_auditor_row(p->v, id, &p->key, &row);
    if (found.code == E_STORE_MISSING || found.code == E_VAULT_CORRUPT) {
        return STATUS_OK; /* none grows, or no period's key opens it: its leaves are not opened */
    }
    TRY(found);
    TRY(openings_entries(&p->key, &row, &entries));
    return read_entries(p, &entries);
}

/* Ends the walk at the first row that begins after the page. */
static struct status note_id(void *arg, uint64_t owner, uint64_t id, struct slice sealed) {
    struct page *p = arg;
    (void)owner;
    (void)sealed;
    return id > p->first + p->count ? FAIL(E_TOO_MANY) : buf_add(&p->ids, slice_of(&id, sizeof id));
}

/* The row in which the first leaf's entry would stand, those up to the last's, and the newest. */
static struct status read_rows(struct page *p) {
    uint64_t from = 0;
    struct status s =
        store_last(p->v->store, STORE_OPENINGS, OPENINGS_AUDITOR, p->first + 2, &from);
    TRY(s.code == E_STORE_MISSING ? STATUS_OK : s);
    from = from == OPENINGS_GROWING ? 1 : from;
    s = store_each(p->v->store, STORE_OPENINGS, OPENINGS_AUDITOR, from, note_id, p);
    TRY(s.code == E_TOO_MANY ? STATUS_OK : s);
    for (size_t at = 0; at < p->ids.len; at += sizeof from) {
        memcpy(&from, p->ids.ptr + at, sizeof from);
        TRY(read_row(p, from));
    }
    return read_row(p, OPENINGS_GROWING);
}

static struct status hand_out(const struct page *p, const struct audit_span *span,
                              vault_audit_fn *each, void *arg, uint64_t *io_next) {
    for (size_t i = 0; i < p->count; i++, *io_next = p->first + i) {
        if (!audit_spans(span, &p->leaves[i])) {
            continue;
        }
        struct vault_audited audited = {
            .index = p->first + i,
            .leaf = p->leaves[i],
            .opening = slice_sub(buf_slice(&p->openings), p->found[i].from, p->found[i].len)};
        TRY(each(arg, &audited));
    }
    return STATUS_OK;
}

struct status vault_audit_leaves(struct vault *v, const struct vault_audit *audit,
                                 vault_audit_fn *each, void *arg, uint64_t *io_next) {
    TRY(vault_ready(v));
    if (*io_next >= audit->leaves) {
        return STATUS_OK;
    }
    struct page page CLEANUP(page_done) = {.count = 0};
    TRY(page_begin(&page, v, audit, *io_next));
    TRY(page_has_some(&page, &audit->span) ? read_rows(&page) : STATUS_OK);
    return hand_out(&page, &audit->span, each, arg, io_next);
}
