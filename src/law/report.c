/* Diagnostics: kept with the line they are about, shown as a compiler shows them.
 * Must never hold facts of a person: only texts of laws and data maps come here. */
#include "law/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "lex.h"

enum { REPORT_BYTES = 16 << 20, MESSAGE_BYTES = 1000 };

void law_report_init(struct law_report *r) {
    memset(r, 0, sizeof *r);
    arena_init(&r->arena, REPORT_BYTES);
}

void law_report_done(struct law_report *r) {
    arena_done(&r->arena);
    mem_free(r->items);
    memset(r, 0, sizeof *r);
}

static struct status keep(struct law_report *r, struct law_diagnostic d) {
    uint32_t cap = (uint32_t)r->cap;
    void *items = r->items;
    TRY(arena_copy(&r->arena, d.message, &d.message));
    TRY(arena_copy(&r->arena, d.help, &d.help));
    TRY(arena_copy(&r->arena, d.file, &d.file));
    TRY(arena_copy(&r->arena, d.source, &d.source));
    TRY(law_grow(&items, (uint32_t)r->count, &cap, sizeof *r->items, SIZE_MAX));
    r->items = items;
    r->cap = cap;
    r->items[r->count++] = d;
    return STATUS_OK;
}

/* Counts a finding; true when it is kept. */
static bool count_one(struct law_report *r, enum law_severity severity) {
    size_t *count = severity == LAW_ERROR     ? &r->errors
                    : severity == LAW_WARNING ? &r->warnings
                                              : &r->notes;
    (*count)++;
    return *count <= (severity == LAW_NOTE ? 10u : 1u) * LAW_MAX_DIAGNOSTICS;
}

static struct status tell(struct law_report *r, enum law_severity severity,
                          const struct law_file *file, struct law_token at, const char *kind,
                          const char *help, const char *format, va_list args) {
    char message[MESSAGE_BYTES];
    if (!count_one(r, severity)) {
        return STATUS_OK;
    }
    if (vsnprintf(message, sizeof message, format, args) < 0) {
        return FAIL(E_ENCODING);
    }
    struct law_diagnostic d = {.severity = severity,
                               .kind = kind,
                               .file = file == NULL ? SLICE("") : file->name,
                               .line = at.line + 1,
                               .column = at.column + 1,
                               .mark_bytes = at.width == 0 ? 1 : at.width};
    if (file == NULL || at.line >= file->lines.len) {
        d.line = 0;
    } else {
        d.source = slice_sub(file->lines.ptr[at.line].whole, 0, LAW_MAX_LINE_BYTES);
    }
    d.message = slice_str(message);
    d.help = slice_str(help);
    return keep(r, d);
}

struct status law_report_add(struct law_report *r, struct law_diagnostic d) {
    return count_one(r, d.severity) ? keep(r, d) : STATUS_OK;
}

struct status law_error(struct law_report *r, const struct law_file *file, struct law_token at,
                        const char *kind, const char *help, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct status s = tell(r, LAW_ERROR, file, at, kind, help, format, args);
    va_end(args);
    TRY(s);
    return FAIL(LAW_INVALID);
}

struct status law_tell(struct law_report *r, enum law_severity severity,
                       const struct law_file *file, struct law_token at, const char *kind,
                       const char *help, const char *format, ...) {
    va_list args;
    va_start(args, format);
    struct status s = tell(r, severity, file, at, kind, help, format, args);
    va_end(args);
    return s;
}

struct status law_go_on(struct status s) {
    return s.code == LAW_INVALID ? STATUS_OK : s;
}

static int compare(const void *a, const void *b) {
    const struct law_diagnostic *x = a;
    const struct law_diagnostic *y = b;
    int order = slice_cmp(x->file, y->file);
    if (order != 0) {
        return order;
    }
    if (x->line != y->line) {
        return x->line < y->line ? -1 : 1;
    }
    return (x->column > y->column) - (x->column < y->column);
}

void law_report_sort(struct law_report *r) {
    if (r->count > 1) {
        qsort(r->items, r->count, sizeof *r->items, compare);
    }
}

static size_t characters(struct slice s) {
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        n += (s.ptr[i] & 0xC0) != 0x80;
    }
    return n;
}

static struct status repeat(struct buf *out, uint8_t byte, size_t times) {
    for (size_t i = 0; i < times; i++) {
        TRY(buf_add_byte(out, byte));
    }
    return STATUS_OK;
}

/* Long lines are cut around the mark, which stands under characters, not bytes. */
static struct status add_source(const struct law_diagnostic *d, struct buf *out) {
    size_t column = d->column - 1 < d->source.len ? d->column - 1 : d->source.len;
    struct slice before = slice_sub(d->source, 0, column);
    struct slice marked = slice_sub(d->source, column, d->mark_bytes);
    TRY(buf_add_format(out, "%5u | ", (unsigned)d->line));
    for (size_t i = 0; i < d->source.len; i++) {
        TRY(buf_add_byte(out, d->source.ptr[i] < 0x20 ? ' ' : d->source.ptr[i]));
    }
    TRY(buf_add_str(out, "\n      | "));
    TRY(repeat(out, ' ', characters(before)));
    TRY(repeat(out, '^', characters(marked) > 0 ? characters(marked) : 1));
    return buf_add_byte(out, '\n');
}

struct status law_diagnostic_format(const struct law_diagnostic *d, struct buf *out) {
    static const char *const names[] = {"error", "warning", "note"};
    TRY(buf_add(out, d->file));
    if (d->line > 0) {
        TRY(buf_add_format(out, ":%u:%u", (unsigned)d->line, (unsigned)d->column));
    }
    TRY(buf_add_format(out, "%s%s: ", d->file.len > 0 ? ": " : "", names[d->severity]));
    TRY(buf_add(out, d->message));
    TRY(buf_add_byte(out, '\n'));
    if (d->line > 0) {
        TRY(add_source(d, out));
    }
    if (d->help.len > 0) {
        TRY(buf_add_str(out, "      = "));
        TRY(buf_add(out, d->help));
        TRY(buf_add_byte(out, '\n'));
    }
    return STATUS_OK;
}
