/* Law packs: read, check, specialise, decide (docs/LAW.md).
 *
 *   struct law_set *set = NULL;
 *   struct law_report report;
 *   law_report_init(&report);
 *   TRY(law_set_load(sources, count, &report, &set));   // LAW_INVALID: see report
 *   struct law_answer answer;
 *   TRY(law_decide(set, law_set_mask(set, true), &settled_facts, &answer));
 *   if (answer.permit) { ... }
 *
 * A set is immutable after loading; any number of threads may decide with it. */
#ifndef WARD_LAW_LAW_H
#define WARD_LAW_LAW_H

#include "law/facts.h"
#include "law/limits.h"
#include "law/report.h"

/* Needs and duties, sorted by name: bit numbers in struct law_answer. */
#define LAW_NEEDS(NEED)                                                                            \
    NEED(AGE_ASSURANCE, "age-assurance")                                                           \
    NEED(CHILD_NOTICE, "child-notice")                                                             \
    NEED(CONSENT, "consent")                                                                       \
    NEED(EXPLICIT_CONSENT, "explicit-consent")                                                     \
    NEED(GUARDIAN_CONSENT, "guardian-consent")                                                     \
    NEED(GUARDIAN_VERIFICATION, "guardian-verification")                                           \
    NEED(NEVER, "never")                                                                           \
    NEED(NOTICE, "notice")                                                                         \
    NEED(NOTICE_IN_LANGUAGE, "notice-in-language")                                                 \
    NEED(OPT_IN, "opt-in")                                                                         \
    NEED(OWN_ACTION, "own-action")                                                                 \
    NEED(PROCESSOR_CONTRACT, "processor-contract")                                                 \
    NEED(RETENTION_SCHEDULE, "retention-schedule")                                                 \
    NEED(TRANSFER_ASSESSMENT, "transfer-assessment")                                               \
    NEED(TRANSFER_SAFEGUARD, "transfer-safeguard")                                                 \
    NEED(TREATY, "treaty")                                                                         \
    NEED(WRITTEN_RELEASE, "written-release")

#define LAW_DUTIES(DUTY)                                                                           \
    DUTY(AD_REPOSITORY, "ad-repository")                                                           \
    DUTY(ASSURE_AGE, "assure-age")                                                                 \
    DUTY(DELETE_AFTER_USE, "delete-after-use")                                                     \
    DUTY(EXPLAIN_RECOMMENDER, "explain-recommender")                                               \
    DUTY(HUMAN_REVIEW, "human-review")                                                             \
    DUTY(INFORM_RECIPIENTS, "inform-recipients")                                                   \
    DUTY(INFORM_SUBJECT, "inform-subject")                                                         \
    DUTY(LABEL_AD, "label-ad")                                                                     \
    DUTY(LOG, "log")                                                                               \
    DUTY(MINIMISE, "minimise")                                                                     \
    DUTY(OFFER_UNPROFILED, "offer-unprofiled")                                                     \
    DUTY(RESPECT_OBJECTION, "respect-objection")                                                   \
    DUTY(SECURITY, "security")

#define LAW_NEED_ENUM(name, text) LAW_NEED_##name,
#define LAW_DUTY_ENUM(name, text) LAW_DUTY_##name,
enum law_need { LAW_NEEDS(LAW_NEED_ENUM) LAW_NEED_COUNT };
enum law_duty { LAW_DUTIES(LAW_DUTY_ENUM) LAW_DUTY_COUNT };

struct slice law_need_name(enum law_need need);
struct slice law_duty_name(enum law_duty duty);
/* LAW_NEED_COUNT, LAW_DUTY_COUNT where there is none. */
enum law_need law_need_find(struct slice name);
enum law_duty law_duty_find(struct slice name);

struct law_set;

/* A file in memory. `name` is for messages; the pack whose name is "common.law" at its end is
 * the common one. The text is copied. */
struct law_source {
    struct slice name;
    struct slice text;
};

/* Reads and compiles all packs of a service. LAW_INVALID: a text is wrong, the report says where;
 * LAW_LIMIT, E_MEMORY. Without a single law: LAW_NONE. */
MUST_USE struct status law_set_load(const struct law_source *sources, size_t count,
                                    struct law_report *report, struct law_set **ret_set);
void law_set_free(struct law_set **set);
/* What `ward check` says beyond errors of reading: runs every case, finds unreachable rules, gaps,
 * contradictions, rules that no case exercises, what is unverified. `now` is for cases without
 * `at`. Slow (a second); the report is for people. */
MUST_USE struct status law_set_check(const struct law_set *set, int64_t now_unix_ms,
                                     struct law_report *report);

/* Laws are numbered by name; the number is their bit in every mask. */
size_t law_set_count(const struct law_set *set);
struct slice law_set_name(const struct law_set *set, size_t law);
struct slice law_set_title(const struct law_set *set, size_t law);
struct slice law_set_source(const struct law_set *set, size_t law);
/* Number of the law, or -1. */
int law_set_find(const struct law_set *set, struct slice name);
/* All laws, with or without `house`. */
uint64_t law_set_mask(const struct law_set *set, bool with_house);
/* A pair of law and article, numbered in the order that answers are sorted in. */
struct law_cite {
    uint16_t law;
    struct slice article;
};
size_t law_set_cites(const struct law_set *set);
const struct law_cite *law_set_cite(const struct law_set *set, size_t cite);

/* The answer; without pointers, so it can be copied and compared. */
struct law_answer {
    uint64_t laws;   /* every law that binds */
    int64_t until;   /* unix ms: not before then does time alone change the answer */
    uint32_t needs;  /* bits of enum law_need */
    uint32_t duties; /* bits of enum law_duty */
    uint64_t permit; /* 1 or 0 */
    uint64_t cites[LAW_MAX_CITES / 64];
};

/* Decides under the laws of the mask. Pure: no clock, no allocation, no I/O, no floating point,
 * no recursion. FACT_UNSETTLED where facts were not settled; ret_answer is then a deny. */
MUST_USE struct status law_decide(const struct law_set *set, uint64_t laws,
                                  const struct law_facts *settled, struct law_answer *ret_answer);

/* The next cite of an answer from `from` on, or -1. */
int law_answer_cite(const struct law_answer *a, size_t from);
/* Whether a cite of that law begins with the prefix; law -1: of any law. */
bool law_answer_met(const struct law_set *set, const struct law_answer *a, int law,
                    struct slice prefix);
/* The line of docs/LAW.md section 7, without line end. */
MUST_USE struct status law_answer_format(const struct law_set *set, const struct law_answer *a,
                                         struct buf *out);

/* A decision procedure for facts of which some are known beforehand, as those of a purpose and a
 * category of the data map. `known` has a bit for each fact whose value, or absence, will be that
 * in `settled`. Holds while nothing that is dated changes; law_decide_special falls back to
 * law_decide, by itself, for other facts, dates and laws, and always answers the same as it. */
struct law_special;
MUST_USE struct status law_specialise(const struct law_set *set, uint64_t laws,
                                      const struct law_facts *settled, const uint64_t known[2],
                                      struct law_special **ret_special);
void law_special_free(struct law_special **special);
/* Pure and without allocation, as law_decide. */
MUST_USE struct status law_decide_special(const struct law_special *special,
                                          const struct law_facts *settled,
                                          struct law_answer *ret_answer);
/* Whether all of it is flat. What is not, because too much is left open, law_decide decides. */
bool law_special_flat(const struct law_special *special);

/* Why: one entry for each rule that spoke. */
enum law_truth { LAW_FALSE, LAW_TRUE, LAW_UNKNOWN };
enum law_verdict { LAW_AGAINST, LAW_FOR, LAW_OWED };
struct law_explanation {
    uint16_t law;
    enum law_verdict verdict;
    struct slice article;
    struct slice title;
    struct slice quote;  /* may be empty */
    struct slice source; /* may be empty */
    enum law_truth when;
    enum law_truth then; /* of require and ground; otherwise as `when` */
    uint32_t needs;
    uint64_t facts[2]; /* bits of the facts it looked at; law_facts_format gives their values */
    bool asked_consent_age;
};
/* The array lives in the arena. On a deny the rules against, on a permit those for and the duties
 * owed. */
MUST_USE struct status law_explain(const struct law_set *set, uint64_t laws,
                                   const struct law_facts *settled, struct arena *arena,
                                   struct law_explanation **ret_list, size_t *ret_count);

#endif
