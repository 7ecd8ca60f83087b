/* Checks a published log with nothing but its files and public keys. Depends on base, os and seal
 * alone, and on none of what writes a log. Must never call a log whole of which a byte was not
 * computed anew. */
#include "ledger/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "ledger/tile.h"

enum { BUNDLE_MAX = TILE_WIDTH * (2 + TILE_ENTRY_MAX) };

/* One level of tiles: the hashes of the tile that is being filled. */
struct level {
    struct tile_nodes nodes;
    unsigned count;
    uint64_t index;
};

struct walk {
    const struct verify_log_options *options;
    struct verify_log_report *report;
    struct level levels[TILE_LEVELS];
    struct merkle_edge edge;
    struct checkpoint since;
    bool has_since;
    bool since_seen;
    bool stopped; /* by `each`, and no file is to blame */
    uint32_t last_hour;
    struct buf bundle;
    struct buf tile;
    struct buf checkpoint;
};

static struct status blame(struct walk *w, const char *path, struct status s) {
    snprintf(w->report->failed_path, sizeof w->report->failed_path, "%s", path);
    return s;
}

static struct status read_in(struct walk *w, const char *path, struct buf *out) {
    char whole[OS_PATH_MAX];
    int n = snprintf(whole, sizeof whole, "%s/%s", w->options->dir, path);
    if (n < 0 || (size_t)n >= sizeof whole) {
        return FAIL(E_TOO_LARGE);
    }
    buf_clear(out);
    struct status s = os_read_file(w->options->fs, whole, out);
    return failed(s) ? blame(w, path, s) : s;
}

/* A partial tile or bundle may have given way to a wider one; its beginning serves as well. */
static struct status read_tile(struct walk *w, int level, uint64_t index, unsigned width,
                               struct buf *out) {
    char path[TILE_PATH_MAX];
    tile_path(level, index, width, path);
    struct status s = read_in(w, path, out);
    if (s.code == E_FILE_MISSING && width < TILE_WIDTH) {
        tile_path(level, index, TILE_WIDTH, path);
        if (!failed(read_in(w, path, out))) {
            w->report->failed_path[0] = 0;
            return STATUS_OK;
        }
        tile_path(level, index, width, path);
        return blame(w, path, s);
    }
    return s;
}

/* Entries and their hashes contradict each other; which of the two is wrong they do not tell. */
static struct status blame_tile(struct walk *w, unsigned level) {
    const struct level *l = &w->levels[level];
    char path[TILE_PATH_MAX];
    char entries[TILE_PATH_MAX];
    char both[2 * TILE_PATH_MAX + 8];
    tile_path((int)level, l->index, l->count, path);
    tile_path(TILE_ENTRIES, l->index, l->count, entries);
    snprintf(both, sizeof both, "%s or %s", path, entries);
    return blame(w, level == 0 ? both : path, FAIL(E_LEDGER_CORRUPT));
}

static struct status compare_tile(struct walk *w, unsigned level) {
    struct level *l = &w->levels[level];
    size_t len = l->count * SEAL_HASH_LEN;
    TRY(read_tile(w, (int)level, l->index, l->count, &w->tile));
    bool whole_file = l->count == TILE_WIDTH ? w->tile.len == len : w->tile.len >= len;
    bool same = whole_file && memcmp(w->tile.ptr, tile_bytes(&l->nodes, l->count).ptr, len) == 0;
    return same ? STATUS_OK : blame_tile(w, level);
}

/* A full tile is compared and becomes one hash of the level above. */
static struct status add_hash(struct walk *w, struct seal_hash hash) {
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        struct level *l = &w->levels[level];
        tile_add(&l->nodes, l->count++, hash);
        if (l->count < TILE_WIDTH) {
            return STATUS_OK;
        }
        TRY(compare_tile(w, level));
        hash = *tile_node(&l->nodes, TILE_HEIGHT, 0);
        l->count = 0;
        l->index++;
    }
    return STATUS_OK;
}

static struct status compare_since(struct walk *w) {
    if (!w->has_since || w->edge.size != w->since.size) {
        return STATUS_OK;
    }
    struct seal_hash root = merkle_edge_root(&w->edge);
    w->since_seen = true;
    return seal_hash_equal(&root, &w->since.root) ? STATUS_OK : FAIL(E_LOG_FORKED);
}

static struct status tell(struct walk *w, const struct leaf *leaf) {
    if (w->options->each == NULL) {
        return STATUS_OK;
    }
    struct status s = w->options->each(w->options->arg, w->edge.size, leaf);
    w->stopped = failed(s);
    return s;
}

static struct status add_entry(struct walk *w, struct slice entry) {
    struct leaf leaf;
    TRY(leaf_get(entry, &leaf));
    TRY(tell(w, &leaf));
    struct seal_hash hash = merkle_leaf_hash(entry);
    w->report->kinds[leaf.kind]++;
    w->report->hour_steps_back += leaf.hour < w->last_hour;
    w->last_hour = leaf.hour;
    merkle_edge_add(&w->edge, hash);
    TRY(add_hash(w, hash));
    return compare_since(w);
}

static struct status add_bundle(struct walk *w, uint64_t index, unsigned width) {
    char path[TILE_PATH_MAX];
    tile_path(TILE_ENTRIES, index, width, path);
    TRY(read_tile(w, TILE_ENTRIES, index, width, &w->bundle));
    struct slice rest = buf_slice(&w->bundle);
    for (unsigned i = 0; i < width; i++) {
        struct slice entry;
        struct status s = bundle_next(&rest, &entry);
        if (!failed(s)) {
            s = add_entry(w, entry);
        }
        if (failed(s)) {
            bool known = w->stopped || w->report->failed_path[0] != 0;
            return known ? s : blame(w, path, s);
        }
    }
    return width == TILE_WIDTH && rest.len > 0 ? blame(w, path, FAIL(E_LEDGER_CORRUPT)) : STATUS_OK;
}

static struct status add_all(struct walk *w, uint64_t size) {
    for (uint64_t i = 0; i < size / TILE_WIDTH; i++) {
        TRY(add_bundle(w, i, TILE_WIDTH));
    }
    unsigned last = tile_partial_width(0, size);
    if (last > 0) {
        TRY(add_bundle(w, size / TILE_WIDTH, last));
    }
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        if (w->levels[level].count > 0) {
            TRY(compare_tile(w, level));
        }
    }
    return STATUS_OK;
}

static struct status read_since(struct walk *w) {
    if (w->options->since.ptr == NULL) {
        return STATUS_OK;
    }
    TRY(checkpoint_verify(w->options->since, w->options->log, &w->since));
    w->has_since = true;
    w->report->since_size = w->since.size;
    return STATUS_OK;
}

static struct status walk_log(struct walk *w) {
    struct checkpoint head;
    TRY(read_in(w, "checkpoint", &w->checkpoint));
    struct slice text = buf_slice(&w->checkpoint);
    struct status s = checkpoint_verify(text, w->options->log, &head);
    if (!failed(s)) {
        s = verify_cosignatures(text, w->options->witnesses, w->options->witness_count,
                                w->report->cosigned, w->report->cosigned_at_s,
                                &w->report->cosignatures);
    }
    if (failed(s)) {
        return blame(w, "checkpoint", s);
    }
    w->report->size = head.size;
    w->report->root = head.root;
    TRY(read_since(w));
    TRY(compare_since(w));
    TRY(add_all(w, head.size));
    struct seal_hash root = merkle_edge_root(&w->edge);
    if (!seal_hash_equal(&root, &head.root)) {
        return blame(w, "checkpoint", FAIL(E_LEDGER_CORRUPT));
    }
    /* An earlier checkpoint that is larger than the log is one that the log went back behind. */
    return w->has_since && !w->since_seen ? FAIL(E_LOG_FORKED) : STATUS_OK;
}

struct status verify_log(const struct verify_log_options *options,
                         struct verify_log_report *ret_report) {
    struct walk *w = mem_alloc(sizeof *w);
    *ret_report = (struct verify_log_report){0};
    if (w == NULL) {
        return FAIL(E_MEMORY);
    }
    w->options = options;
    w->report = ret_report;
    buf_init(&w->bundle, BUNDLE_MAX);
    buf_init(&w->tile, TILE_LEN);
    buf_init(&w->checkpoint, NOTE_MAX);
    struct status s = options->witness_count > WITNESSES_MAX ? FAIL(E_TOO_LARGE) : walk_log(w);
    buf_done(&w->bundle);
    buf_done(&w->tile);
    buf_done(&w->checkpoint);
    mem_free(w);
    return s;
}

/* An audit file, beside the log that it is of. */
struct audit_walk {
    const struct verify_audit_options *options;
    struct verify_audit_report *report;
    struct audit_reader reader;
    bool at_fault; /* the file, not the log */
};

static struct status compare_leaf(void *arg, uint64_t index, const struct leaf *leaf) {
    struct audit_walk *w = arg;
    struct verify_audit_report *r = w->report;
    struct opening opening;
    bool opened = false;
    uint64_t before = w->reader.leaves;
    struct status s = audit_next(&w->reader, index, leaf, &opening, &opened);
    w->at_fault = failed(s);
    TRY(s);
    if (w->reader.leaves == before) {
        return STATUS_OK; /* not of the file */
    }
    r->opened += opened;
    r->unopened[leaf->kind] += !opened;
    return w->options->each == NULL
               ? STATUS_OK
               : w->options->each(w->options->arg, index, leaf, opened ? &opening : NULL);
}

static struct status compare_all(struct audit_walk *w) {
    struct verify_log_options log = w->options->log;
    log.since = buf_slice(&w->reader.note);
    log.each = compare_leaf;
    log.arg = w;
    struct status s = verify_log(&log, &w->report->log);
    bool shorter = s.code == E_LOG_FORKED && w->report->log.size < w->reader.head.size;
    TRY(shorter ? FAIL(E_AUDIT_AHEAD) : s);
    s = audit_close(&w->reader);
    w->at_fault = failed(s);
    return s;
}

struct status verify_audit(const struct verify_audit_options *options,
                           struct verify_audit_report *ret_report) {
    struct audit_walk w = {.options = options, .report = ret_report};
    *ret_report = (struct verify_audit_report){.size = 0};
    struct status s = audit_open(&w.reader, &options->lines, options->log.log);
    w.at_fault = failed(s);
    ret_report->span = w.reader.span;
    ret_report->size = w.reader.head.size;
    s = failed(s) ? s : compare_all(&w);
    ret_report->leaves = w.reader.leaves;
    ret_report->line = w.at_fault ? w.reader.line : 0;
    audit_done(&w.reader);
    return s;
}

struct status verify_cosignatures(struct slice checkpoint, const struct note_vkey *witnesses,
                                  size_t count, bool *ret_cosigned, uint64_t *ret_at_s,
                                  size_t *ret_count) {
    struct note note;
    size_t found = 0;
    TRY(note_parse(checkpoint, &note));
    for (size_t i = 0; i < count; i++) {
        uint64_t at_s = 0;
        struct status s = note_check(&note, &witnesses[i], &at_s);
        if (failed(s) && s.code != E_NOTE_UNSIGNED) {
            return s;
        }
        ret_cosigned[i] = !failed(s);
        ret_at_s[i] = at_s;
        found += !failed(s);
    }
    *ret_count = found;
    return STATUS_OK;
}
