/* Any bytes as a law pack: it is refused, with a place to mend, or it is loaded; then no decision
 * under it is a permit that its own explanation does not bear out, the specialised procedure says
 * the same, and facts that were not settled are never decided on. */
#include "fuzz.h"

#include <string.h>

#include "law/law.h"

static void show(const struct law_report *report) {
    for (size_t i = 0; i < report->count && i < 20; i++) {
        struct buf b CLEANUP(buf_done);
        buf_init(&b, 1 << 16);
        FUZZ_MUST(!failed(law_diagnostic_format(&report->items[i], &b)));
        FUZZ_MUST(slice_is_utf8(report->items[i].message) ||
                  report->items[i].severity == LAW_ERROR);
    }
}

static struct law_facts some_facts(uint32_t n) {
    static const char *const countries[] = {"NL", "US", "GB", "DK"};
    struct law_facts f;
    enum law_fact offending;
    law_facts_init(&f);
    FUZZ_MUST(!failed(law_facts_set_text(&f, LAW_OPERATION, SLICE("use"))));
    FUZZ_MUST(!failed(law_facts_set_text(&f, LAW_PURPOSE_ID, SLICE("recommend"))));
    FUZZ_MUST(!failed(law_facts_set_text(&f, LAW_CATEGORY_ID, SLICE("clip"))));
    if ((n & 1) != 0) {
        FUZZ_MUST(!failed(law_facts_set_int(&f, LAW_SUBJECT_AGE, n % 40)));
    }
    if ((n & 2) != 0) {
        FUZZ_MUST(
            !failed(law_facts_set_text(&f, LAW_SUBJECT_COUNTRY, slice_str(countries[n / 4 % 4]))));
    }
    f.basis = (uint8_t)(n % 3);
    law_facts_mark(&f, LAW_BASIS);
    f.consent_state = (uint8_t)(n / 2 % 3);
    law_facts_mark(&f, LAW_CONSENT_STATE);
    FUZZ_MUST(!failed(law_facts_settle(&f, (int64_t)n * 86400000 * 100, &offending)));
    return f;
}

static void decide(const struct law_set *set, uint32_t n) {
    static const uint64_t known[2] = {
        UINT64_C(1) << LAW_OPERATION | UINT64_C(1) << LAW_BASIS | UINT64_C(1) << LAW_PURPOSE_ID, 0};
    struct law_facts f = some_facts(n);
    struct law_answer general;
    struct law_answer quick;
    struct law_special *special = NULL;
    struct law_explanation *list;
    struct arena arena;
    size_t count;
    uint64_t all = law_set_mask(set, true);
    FUZZ_MUST(!failed(law_decide(set, all, &f, &general)));
    FUZZ_MUST(general.permit == 0 || general.needs == 0);
    FUZZ_MUST(general.permit != 0 || law_answer_cite(&general, 0) >= 0);
    FUZZ_MUST(general.until > f.at.unix_ms);
    if (!failed(law_specialise(set, all, &f, known, &special))) {
        FUZZ_MUST(!failed(law_decide_special(special, &f, &quick)));
        FUZZ_MUST(memcmp(&general, &quick, sizeof quick) == 0);
    }
    law_special_free(&special);
    arena_init(&arena, 8 << 20);
    if (!failed(law_explain(set, all, &f, &arena, &list, &count))) {
        for (size_t i = 0; i < count; i++) {
            FUZZ_MUST((list[i].verdict == LAW_AGAINST) == (general.permit == 0));
        }
        FUZZ_MUST(general.permit != 0 || count > 0);
    }
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct law_source source = {SLICE("fuzz.law"), slice_of(data, size)};
    struct law_report report;
    struct law_set *set = NULL;
    law_report_init(&report);
    struct status s = law_set_load(&source, 1, &report, &set);
    FUZZ_MUST(failed(s) == (set == NULL));
    FUZZ_MUST(s.code != LAW_INVALID || report.errors > 0);
    FUZZ_MUST(failed(s) || report.errors == 0);
    if (set != NULL) {
        struct law_facts raw;
        struct law_answer a;
        law_facts_init(&raw);
        FUZZ_MUST(failed(law_decide(set, law_set_mask(set, true), &raw, &a)) && a.permit == 0);
        for (uint32_t n = 0; n < 24; n++) {
            decide(set, n * 31);
        }
        (void)failed(law_set_check(set, 0, &report));
        FUZZ_MUST(report.cases_passed <= report.cases);
    }
    show(&report);
    law_set_free(&set);
    law_report_done(&report);
    return 0;
}
