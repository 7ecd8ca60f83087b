/* Backups: begun by the owner of the machine, moved on between the rounds of requests, and told of
 * until the next one begins. Must never keep requests waiting for longer than a step takes, nor end
 * the service because a backup could not be written. */
#include "internal.h"

#include <stdio.h>
#include <string.h>

/* A name, no path: a backup stands where the sandbox lets it stand. */
static struct status check_directory(struct slice name) {
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        bool fits = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                    c == '-' || c == '_' || (c == '.' && i > 0);
        if (!fits) {
            return FAIL(E_NAME);
        }
    }
    return name.len == 0 ? FAIL(E_NAME) : STATUS_OK;
}

static struct status begin(struct call *c) {
    struct guard *g = c->g;
    struct slice name = arg_text(c, ARG_ADMIN_BACKUP_DIRECTORY);
    struct backing backing = {.state = BACKING_RUNS};
    TRY(check_directory(name));
    if (g->o.backups_dir == NULL ||
        snprintf(backing.path, sizeof backing.path, "%s/%.*s", g->o.backups_dir, SLICE_ARG(name)) >=
            (int)sizeof backing.path) {
        return FAIL(E_BACKUP);
    }
    TRY(vault_backup_begin(g->vault, backing.path));
    g->backing = backing;
    return arena_copy(c->arena, slice_str(backing.path), &c->fields[ANS_ADMIN_BACKUP_PATH].bytes);
}

static void step(struct guard *g) {
    struct backing *b = &g->backing;
    bool done = false;
    struct status s = vault_backup_step(g->vault, &done);
    if (!failed(s) && !done) {
        b->seen = vault_backup_progress(g->vault);
        return;
    }
    b->state = failed(s) ? BACKING_FAILED : BACKING_VERIFIED;
    b->code = s.code;
    b->ended_ms = guard_now(g);
    if (failed(s)) {
        fprintf(stderr, "ward-guard: backup: %s\n", error_info(s.code)->name);
    }
}

/* After each step the requests have as long for themselves as it took. */
void backup_tick(struct guard *g, int *io_wait_ms) {
    struct backing *b = &g->backing;
    if (b->state != BACKING_RUNS) {
        return;
    }
    int64_t now_ms = os_steady_ms(g->o.clock);
    if (now_ms >= b->next_ms) {
        step(g);
        int64_t then_ms = os_steady_ms(g->o.clock);
        b->next_ms = then_ms + (then_ms - now_ms) + 1;
        now_ms = then_ms;
    }
    int64_t wait_ms = b->next_ms - now_ms;
    *io_wait_ms = wait_ms < *io_wait_ms ? (int)wait_ms : *io_wait_ms;
}

struct status backup_tell(struct call *c, struct api_value *ret) {
    static const char *const states[] = {"", "running", "verified", "failed"};
    const struct backing *b = &c->g->backing;
    ret[TYP_BACKUP_STATE] = api_text(states[b->state]);
    ret[TYP_BACKUP_DONE_BYTES].n = b->seen.done_bytes;
    ret[TYP_BACKUP_TOTAL_BYTES].n = b->seen.total_bytes;
    ret[TYP_BACKUP_RECORDS].n = b->seen.records;
    ret[TYP_BACKUP_ENDED_AT].i = b->ended_ms;
    ret[TYP_BACKUP_ERROR].n = b->code;
    return arena_copy(c->arena, slice_str(b->path), &ret[TYP_BACKUP_PATH].bytes);
}

const struct handler backup_handlers[] = {
    {API_ADMIN_BACKUP, begin, NULL, true, false},
    {0},
};
