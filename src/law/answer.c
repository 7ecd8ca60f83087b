/* Answers as people and programs read them: sorted, by name (docs/LAW.md section 7). */
#include "set.h"

int law_answer_cite(const struct law_answer *a, size_t from) {
    for (size_t i = from; i < LAW_MAX_CITES; i++) {
        uint64_t rest = a->cites[i >> 6] >> (i & 63);
        if (rest != 0) {
            return (int)(i + (size_t)__builtin_ctzll(rest));
        }
        i |= 63;
    }
    return -1;
}

bool law_answer_met(const struct law_set *set, const struct law_answer *a, int law,
                    struct slice prefix) {
    for (int i = law_answer_cite(a, 0); i >= 0; i = law_answer_cite(a, (size_t)i + 1)) {
        const struct law_cite *c = &set->cites.ptr[i];
        if ((law < 0 || c->law == law) && slice_starts(c->article, prefix)) {
            return true;
        }
    }
    return false;
}

static struct status add_names(uint64_t bits, size_t count, struct slice (*name)(size_t),
                               struct buf *out) {
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        if ((bits >> i & 1) == 0) {
            continue;
        }
        TRY(buf_add_str(out, first ? "\"" : ",\""));
        TRY(buf_add(out, name(i)));
        TRY(buf_add_byte(out, '"'));
        first = false;
    }
    return STATUS_OK;
}

static struct slice need_name(size_t i) {
    return law_need_name((enum law_need)i);
}

static struct slice duty_name(size_t i) {
    return law_duty_name((enum law_duty)i);
}

static struct status add_laws(const struct law_set *set, uint64_t laws, struct buf *out) {
    bool first = true;
    for (size_t i = 0; i < set->laws.len; i++) {
        if ((laws >> i & 1) != 0) {
            TRY(buf_add_str(out, first ? "\"" : ",\""));
            TRY(buf_add(out, law_set_name(set, i)));
            TRY(buf_add_byte(out, '"'));
            first = false;
        }
    }
    return STATUS_OK;
}

static struct status add_cites(const struct law_set *set, const struct law_answer *a,
                               struct buf *out) {
    bool first = true;
    for (int i = law_answer_cite(a, 0); i >= 0; i = law_answer_cite(a, (size_t)i + 1)) {
        const struct law_cite *c = &set->cites.ptr[i];
        TRY(buf_add_str(out, first ? "{\"law\":\"" : ",{\"law\":\""));
        TRY(buf_add(out, law_set_name(set, c->law)));
        TRY(buf_add_str(out, "\",\"article\":\""));
        TRY(buf_add(out, c->article));
        TRY(buf_add_str(out, "\"}"));
        first = false;
    }
    return STATUS_OK;
}

struct status law_answer_format(const struct law_set *set, const struct law_answer *a,
                                struct buf *out) {
    TRY(buf_add_str(out, a->permit != 0 ? "{\"decision\":\"permit\",\"laws\":["
                                        : "{\"decision\":\"deny\",\"laws\":["));
    TRY(add_laws(set, a->laws, out));
    TRY(buf_add_str(out, "],\"rules\":["));
    TRY(add_cites(set, a, out));
    TRY(buf_add_str(out, "],\"needs\":["));
    TRY(add_names(a->needs, LAW_NEED_COUNT, need_name, out));
    TRY(buf_add_str(out, "],\"duties\":["));
    TRY(add_names(a->duties, LAW_DUTY_COUNT, duty_name, out));
    return buf_add_str(out, "]}");
}
