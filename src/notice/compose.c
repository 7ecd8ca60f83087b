/* Makes a notice: walks the template's sections and fills its sentences from the map. A sentence
 * whose placeholder stands for nothing is left out. */
#include "compose.h"

#include <string.h>

#include "base/bytes.h"
#include "seal/seal.h"

/* --- conditions --- */

static bool purpose_is(const struct maker *m, size_t purpose, enum notice_condition cond) {
    static const struct {
        int fact;    /* of the purpose, or -1: */
        int basis;   /* one of its grounds, or -1: */
        int right;   /* one that exists under one of its grounds */
    } rows[COND_COUNT] = {
        [COND_CONSENT] = {-1, LAW_BASIS_CONSENT, -1},
        [COND_CONTRACT] = {-1, LAW_BASIS_CONTRACT, -1},
        [COND_DUTY] = {-1, LAW_BASIS_LEGAL_OBLIGATION, -1},
        [COND_INTEREST] = {-1, LAW_BASIS_LEGITIMATE_INTERESTS, -1},
        [COND_PROFILING] = {LAW_PURPOSE_PROFILING, -1, -1},
        [COND_AUTOMATED] = {LAW_PURPOSE_AUTOMATED_DECISION, -1, -1},
        [COND_ADVERTISING] = {LAW_PURPOSE_ADVERTISING, -1, -1},
        [COND_MAY_ERASE] = {-1, -1, RIGHT_ERASURE},
        [COND_MAY_TAKE] = {-1, -1, RIGHT_PORTABILITY},
        [COND_MAY_OBJECT] = {-1, -1, RIGHT_OBJECTION},
    };
    const struct purpose_facts *known = &m->purposes[purpose];
    if (cond == COND_CHILDREN) {
        return known->children;
    }
    if (rows[cond].fact >= 0) {
        return facts_flag(law_map_purpose(m->s->map, purpose)->flags,
                          (enum law_fact)rows[cond].fact);
    }
    return rows[cond].basis >= 0
               ? (known->bases >> rows[cond].basis & 1) != 0
               : (known->bases & rights_info((enum right)rows[cond].right)->bases) != 0;
}

static bool recipient_is(const struct maker *m, size_t recipient, enum notice_condition cond) {
    return cond == COND_OUTSIDER ? !law_map_recipient(m->s->map, recipient)->same_entity
                                 : m->transfers[recipient] != TRANSFER_WITHIN;
}

/* Of the one at hand, or of any. */
static bool holds(const struct maker *m, enum notice_condition cond) {
    bool of_purpose = notice_conditions[cond].scope == OF_PURPOSE;
    int here = of_purpose ? m->purpose : m->recipient;
    size_t count = of_purpose ? law_map_purposes(m->s->map) : law_map_recipients(m->s->map);
    size_t first = here < 0 ? 0 : (size_t)here;
    size_t end = here < 0 ? count : first + 1;
    bool found = false;
    for (size_t i = first; i < end && !found; i++) {
        found = of_purpose ? purpose_is(m, i, cond) : recipient_is(m, i, cond);
    }
    return found;
}

static bool all_hold(const struct maker *m, const struct template_line *line) {
    bool all = true;
    for (size_t i = 0; i < line->terms && all; i++) {
        all = holds(m, (enum notice_condition)line->when[i]) != line->unless[i];
    }
    return all;
}

/* --- sentences --- */

/* ret_whole: every placeholder stood for something. */
static struct status sentence(const struct maker *m, struct slice text, struct buf *out,
                              bool *ret_whole) {
    *ret_whole = true;
    while (text.len > 0) {
        size_t open = slice_find(text, '{');
        struct slice value;
        TRY(buf_add(out, slice_sub(text, 0, open)));
        if (open == text.len) {
            return STATUS_OK;
        }
        size_t close = slice_find(text, '}');
        int fill = notice_named_find(notice_fills, FILL_COUNT,
                                     slice_sub(text, open + 1, close - open - 1));
        TRY(fill_value(m, (enum notice_placeholder)fill, &value));
        TRY(buf_add(out, value));
        *ret_whole = *ret_whole && value.len > 0;
        text = slice_from(text, close + 1);
        /* "Clips Media B.V." at the end of a sentence has its full stop already. */
        text = slice_ends(value, SLICE(".")) && slice_starts(text, SLICE(".")) ? slice_from(text, 1)
                                                                             : text;
    }
    return STATUS_OK;
}

struct page {
    struct buf text;
    bool last_item;
};

static struct status put_line(const struct maker *m, const struct template_line *line,
                              struct page *page) {
    struct buf one CLEANUP(buf_done);
    bool whole;
    buf_init(&one, NOTICE_SECTION_BYTES);
    if (!all_hold(m, line)) {
        return STATUS_OK;
    }
    TRY(sentence(m, line->text, &one, &whole));
    if (!whole) {
        return STATUS_OK;
    }
    const char *between = page->text.len == 0                ? ""
                          : line->item && page->last_item ? "\n"
                                                             : "\n\n";
    TRY(buf_add_str(&page->text, between));
    TRY(buf_add_str(&page->text, line->item ? "- " : ""));
    page->last_item = line->item;
    return buf_add(&page->text, buf_slice(&one));
}

static bool used(const struct maker *m, size_t category) {
    bool found = false;
    for (size_t p = 0; p < law_map_purposes(m->s->map) && !found; p++) {
        found = (m->purpose < 0 || m->purpose == (int)p) &&
                facts_uses(m->s->map, (int)p, (int)category);
    }
    return found;
}

/* For every one that is at hand: all, or those that belong to the purpose of the section. */
static struct status put_each(struct maker *m, const struct template_line *line,
                              struct page *page) {
    struct maker one = *m;
    size_t counts[SCOPE_COUNT] = {1, law_map_purposes(m->s->map), law_map_categories(m->s->map),
                                  law_map_recipients(m->s->map)};
    for (size_t i = 0; i < counts[line->each]; i++) {
        if (line->each == SCOPE_CATEGORY && !used(m, i)) {
            continue;
        }
        one.purpose = line->each == SCOPE_PURPOSE ? (int)i : m->purpose;
        one.category = line->each == SCOPE_CATEGORY ? (int)i : -1;
        one.recipient = line->each == SCOPE_RECIPIENT ? (int)i : -1;
        TRY(put_line(&one, line, page));
    }
    return STATUS_OK;
}

static struct status put_part(struct maker *m, const struct page *page, struct slice heading) {
    struct buf text CLEANUP(buf_done);
    struct notice_part *part = &m->parts[m->count];
    bool whole;
    buf_init(&text, NOTICE_HEADING_BYTES);
    if (m->count == NOTICE_SECTIONS) {
        return FAIL(E_TOO_LARGE);
    }
    TRY(sentence(m, heading, &text, &whole));
    TRY(arena_copy(m->arena, buf_slice(&text), &part->heading));
    TRY(arena_copy(m->arena, buf_slice(&page->text), &part->text));
    m->count++;
    return STATUS_OK;
}

static struct status add_part(struct maker *m, size_t section) {
    struct page page = {.last_item = false};
    struct status s = STATUS_OK;
    buf_init(&page.text, NOTICE_SECTION_BYTES);
    for (size_t i = 0; i < m->t->line_count && !failed(s); i++) {
        if (m->t->lines[i].section == section) {
            s = put_each(m, &m->t->lines[i], &page);
        }
    }
    s = failed(s) ? s : put_part(m, &page, m->t->headings[section]);
    buf_done(&page.text);
    return s;
}

static struct status add_section(struct maker *m, size_t section) {
    if (section != SECTION_PURPOSE) {
        m->purpose = -1;
        return add_part(m, section);
    }
    for (size_t p = 0; p < law_map_purposes(m->s->map); p++) {
        m->purpose = (int)p;
        TRY(add_part(m, section));
    }
    return STATUS_OK;
}

/* --- the whole --- */

static void add_hashed(struct seal_sha256_state *h, struct slice s) {
    uint8_t length[8];
    bytes_put_be64(length, s.len);
    seal_sha256_add(h, slice_of(length, sizeof length));
    seal_sha256_add(h, s);
}

static struct status name_version(struct notice_text *n) {
    struct seal_sha256_state h;
    struct buf hex CLEANUP(buf_done);
    buf_init(&hex, sizeof n->version);
    seal_sha256_begin(&h);
    add_hashed(&h, SLICE("ward notice 1"));
    add_hashed(&h, n->language);
    add_hashed(&h, n->child ? SLICE("child") : SLICE("adult"));
    add_hashed(&h, n->title);
    for (size_t i = 0; i < n->part_count; i++) {
        add_hashed(&h, n->parts[i].heading);
        add_hashed(&h, n->parts[i].text);
    }
    struct seal_hash sum = seal_sha256_end(&h);
    memcpy(n->hash, sum.bytes, sizeof n->hash);
    TRY(hex_encode(slice_of(sum.bytes, sizeof sum.bytes), &hex));
    memcpy(n->version, hex.ptr, hex.len);
    n->version[hex.len] = 0;
    return STATUS_OK;
}

static struct status name_title(struct maker *m, struct notice_text *n) {
    struct buf title CLEANUP(buf_done);
    bool whole;
    buf_init(&title, NOTICE_HEADING_BYTES);
    m->purpose = -1;
    TRY(sentence(m, m->t->title, &title, &whole));
    TRY(arena_copy(m->arena, m->t->language, &n->language));
    return arena_copy(m->arena, buf_slice(&title), &n->title);
}

struct status notice_write(const struct notice_template *template,
                           const struct notice_source *source, struct arena *arena,
                           struct notice_text *ret_notice) {
    struct maker m = {.t = template, .s = source, .arena = arena, .purpose = -1, .category = -1,
                      .recipient = -1};
    struct notice_text n = {.child = template->child};
    m.parts = arena_array(arena, NOTICE_SECTIONS, sizeof *m.parts);
    if (m.parts == NULL) {
        return FAIL(E_MEMORY);
    }
    TRY(fill_know(&m));
    for (size_t i = 0; i < template->section_count; i++) {
        TRY(add_section(&m, template->order[i]));
    }
    TRY(name_title(&m, &n));
    n.has_transfers = holds(&m, COND_TRANSFER);
    n.parts = m.parts;
    n.part_count = m.count;
    TRY(name_version(&n));
    *ret_notice = n;
    return STATUS_OK;
}
