/* The auditor's openings for the owner of the machine, as lines of an audit file, some at a time.
 * Must never hand out a line whose handing out is not recorded. */
#include "internal.h"

enum { HEAD_BYTES = 100000 };

static struct status begin(struct call *c) {
    struct guard *g = c->g;
    struct buf checkpoint CLEANUP(buf_done) = {0};
    struct buf head CLEANUP(buf_done) = {0};
    uint64_t until = arg(c, ARG_ADMIN_AUDIT_UNTIL)->n;
    struct audit_span span = {.since = (uint32_t)arg(c, ARG_ADMIN_AUDIT_SINCE)->n,
                              .until = until == 0 ? UINT32_MAX : (uint32_t)until};
    buf_init(&checkpoint, NOTE_MAX);
    buf_init(&head, HEAD_BYTES);
    struct auditing audit = {.open = true};
    TRY(vault_audit_begin(g->vault, &span, &audit.of, &checkpoint));
    TRY(audit_begin(&audit.of.span, buf_slice(&checkpoint), &head));
    g->audit = audit;
    c->fields[ANS_ADMIN_AUDIT_AUDIT].n = g->audit.of.record;
    return arena_copy(c->arena, buf_slice(&head), &c->fields[ANS_ADMIN_AUDIT_LINES].bytes);
}

struct page {
    struct auditing *audit;
    struct buf lines;
};

/* A line that finds no room leaves nothing of itself. */
static struct status in_page(struct page *p, size_t before, struct status s) {
    p->lines.len = failed(s) ? before : p->lines.len;
    return s;
}

static struct status add_line(void *arg, const struct vault_audited *audited) {
    struct page *p = arg;
    size_t before = p->lines.len;
    TRY(in_page(p, before, audit_add(audited->index, audited->opening, &p->lines)));
    p->audit->lines++;
    return STATUS_OK;
}

/* Until the page is full, the leaves are through, or many were met that lie outside of the span. */
static struct status fill(struct guard *g, struct page *p) {
    struct auditing *a = p->audit;
    uint64_t stop = a->next + GUARD_AUDIT_LEAVES;
    while (a->next < a->of.leaves && a->next < stop) {
        struct status s = vault_audit_leaves(g->vault, &a->of, add_line, p, &a->next);
        if (s.code == E_TOO_LARGE && p->lines.len > 0) {
            return STATUS_OK;
        }
        TRY(s);
    }
    if (a->next < a->of.leaves) {
        return STATUS_OK;
    }
    a->open = failed(in_page(p, p->lines.len, audit_end(a->lines, &p->lines)));
    return STATUS_OK;
}

static struct status next(struct call *c) {
    struct auditing *a = &c->g->audit;
    struct page p = {.audit = a};
    if (!a->open || arg(c, ARG_ADMIN_OPENINGS_AUDIT)->n != a->of.record) {
        return FAIL(E_AUDIT_OVER);
    }
    buf_init(&p.lines, GUARD_AUDIT_BYTES);
    struct status s = fill(c->g, &p);
    c->fields[ANS_ADMIN_OPENINGS_MORE].yes = a->open;
    s = failed(s)
            ? s
            : arena_copy(c->arena, buf_slice(&p.lines), &c->fields[ANS_ADMIN_OPENINGS_LINES].bytes);
    buf_done(&p.lines);
    return s;
}

const struct handler audit_handlers[] = {
    {API_ADMIN_AUDIT, begin, NULL, true, false},
    {API_ADMIN_OPENINGS, next, NULL, false, false},
    {0},
};
