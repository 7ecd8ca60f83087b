/* The fifth mix: whatever is asked must be refused, and with the right rule. On a vault of its own,
 * one kind of wrong after the other in random order. */
#include <stdio.h>

#include "roles.h"
#include "vault/people.h"
#include "vault/records.h"

enum { PEOPLE = 64 };
enum wrong {
    WRONG_WITHDRAWN,
    WRONG_MINOR,
    WRONG_OBJECTED,
    WRONG_RESTRICTED,
    WRONG_REGION,
    WRONG_PURPOSE,
    WRONG_UNDECLARED,
    WRONG_EXPIRED,
    WRONGS,
};

/* What refuses: the error, and the article that must be among those cited. */
static const struct {
    const char *name;
    uint16_t code;
    const char *article;
} expected[WRONGS] = {
    [WRONG_WITHDRAWN] = {"consent withdrawn", E_DENIED, "7(3)"},
    [WRONG_MINOR] = {"a child's own consent", E_DENIED, "8(1)"},
    [WRONG_OBJECTED] = {"objected to", E_DENIED, "21(1)"},
    [WRONG_RESTRICTED] = {"restricted", E_DENIED, "18(2)"},
    [WRONG_REGION] = {"into a third country", E_DENIED, "44"},
    [WRONG_PURPOSE] = {"another purpose", E_DENIED, "5(1)(b)"},
    [WRONG_UNDECLARED] = {"not in the data map", E_UNDECLARED, NULL},
    [WRONG_EXPIRED] = {"expired", E_NO_RECORD, NULL},
};

struct mix {
    struct ward_vault ward;
    uint8_t profile, care, contract, undeclared, category, far;
    uint64_t subject[WRONGS][PEOPLE];
    uint64_t record[WRONGS][PEOPLE];
};

static void must(struct status s, const char *what) {
    if (failed(s)) {
        die("unlawful: %s: %s", what, error_info(s.code)->name);
    }
}

static struct vault_notice notice(void) {
    return (struct vault_notice){.language = "nl",
                                 .shown = true,
                                 .child_friendly = true,
                                 .names_transfers = true,
                                 .retention_schedule = true};
}

static uint64_t add_person(struct mix *m, bool child) {
    struct vault_facts facts = {.age_kind = VAULT_AGE_BIRTH,
                                .age_source = LAW_SUBJECT_AGE_SOURCE_DECLARED,
                                .birth = date_from_civil((struct civil){1990, 5, 1}),
                                .country = "NL",
                                .language = "nl",
                                .notice = notice()};
    uint64_t id = 0;
    if (child) {
        facts.birth.days = (int32_t)(unix_s() / 86400 - 10 * 366);
    }
    must(vault_subject_add(m->ward.v, NULL, VAULT_ACTIVE, &facts, NULL, 0, &id), "person");
    return id;
}

static void consent(struct mix *m, uint64_t subject, uint8_t state) {
    struct vault_consent c = {.purpose = m->profile,
                              .state = state,
                              .giver = LAW_CONSENT_GIVER_SELF,
                              .is_explicit = true,
                              .by = subject,
                              .notice = notice()};
    must(vault_consent_set(m->ward.v, NULL, subject, &c), "consent");
}

static struct status put(struct mix *m, uint64_t subject, uint8_t purpose, uint8_t operation,
                         int64_t expires_s, uint64_t *ret_id, struct vault_answer *ret_answer) {
    struct vault_use use = {.purpose = purpose, .operation = operation};
    struct vault_meta meta = {.owner = subject,
                              .category = m->category,
                              .purposes = UINT64_C(1) << purpose,
                              .expires_s = expires_s};
    return vault_put(m->ward.v, &use, &meta, SLICE("kept by mistake"), ret_id, ret_answer);
}

static void set_up_one(struct mix *m, enum wrong wrong, unsigned i) {
    uint64_t who = add_person(m, wrong == WRONG_MINOR);
    uint8_t purpose = wrong == WRONG_WITHDRAWN ? m->profile : m->care;
    bool expires = wrong == WRONG_EXPIRED;
    m->subject[wrong][i] = who;
    if (wrong == WRONG_WITHDRAWN || wrong == WRONG_MINOR) {
        consent(m, who, LAW_CONSENT_STATE_GIVEN);
    }
    if (wrong != WRONG_MINOR) {
        must(put(m, who, purpose, LAW_OPERATION_COLLECT, expires ? unix_s() + 1 : 0,
                 &m->record[wrong][i], NULL),
             "put");
    }
    if (wrong == WRONG_WITHDRAWN) {
        consent(m, who, LAW_CONSENT_STATE_WITHDRAWN);
    }
    if (wrong == WRONG_OBJECTED) {
        must(vault_object(m->ward.v, NULL, who, m->care, true), "object");
    }
    if (wrong == WRONG_RESTRICTED) {
        must(vault_restrict(m->ward.v, NULL, who, VAULT_ALL, true), "restrict");
    }
}

static void set_up(struct mix *m) {
    must(vault_purpose(m->ward.v, SLICE("profile"), &m->profile), "name");
    must(vault_purpose(m->ward.v, SLICE("care"), &m->care), "name");
    must(vault_purpose(m->ward.v, SLICE("purpose3"), &m->contract), "name");
    must(vault_purpose(m->ward.v, SLICE("obj0"), &m->undeclared), "name");
    must(vault_category(m->ward.v, SLICE("cat1"), &m->category), "name");
    must(vault_recipient(m->ward.v, SLICE("shr10"), &m->far), "name");
    must(vault_begin_batch(m->ward.v), "begin");
    for (int wrong = 0; wrong < WRONGS; wrong++) {
        for (unsigned i = 0; i < PEOPLE; i++) {
            set_up_one(m, (enum wrong)wrong, i);
        }
    }
    must(vault_commit_batch(m->ward.v), "commit");
}

static struct status read_for(struct mix *m, enum wrong wrong, unsigned i, uint8_t purpose,
                              struct vault_answer *ret_answer) {
    struct vault_use use = {.purpose = purpose, .operation = LAW_OPERATION_USE};
    struct buf plain CLEANUP(buf_done);
    if (wrong == WRONG_REGION) {
        use.operation = LAW_OPERATION_DISCLOSE;
        use.recipient = (uint8_t)(m->far + 1);
    }
    buf_init_secret(&plain, 4096);
    struct status s = vault_read(m->ward.v, &use, m->record[wrong][i], &plain, NULL, ret_answer);
    return plain.len > 0 ? STATUS_OK : s; /* no plaintext, whatever is said about it */
}

static struct status do_wrong(struct mix *m, enum wrong wrong, unsigned i,
                              struct vault_answer *ret_answer) {
    uint64_t id = 0;
    uint64_t who = m->subject[wrong][i];
    switch (wrong) {
    case WRONG_MINOR:
        return put(m, who, m->profile, LAW_OPERATION_COLLECT, 0, &id, ret_answer);
    case WRONG_UNDECLARED:
        return put(m, who, m->undeclared, LAW_OPERATION_COLLECT, 0, &id, ret_answer);
    case WRONG_WITHDRAWN:
        return read_for(m, wrong, i, m->profile, ret_answer);
    case WRONG_PURPOSE:
        return read_for(m, wrong, i, m->contract, ret_answer);
    case WRONG_OBJECTED:
    case WRONG_RESTRICTED:
    case WRONG_REGION:
    case WRONG_EXPIRED:
    case WRONGS:
        return read_for(m, wrong, i, m->care, ret_answer);
    }
    return STATUS_OK;
}

static bool is_right(const struct mix *m, enum wrong wrong, struct status s,
                     const struct vault_answer *answer) {
    if (s.code != expected[wrong].code || answer->permit) {
        return false;
    }
    const char *article = expected[wrong].article;
    return article == NULL || law_answer_met(m->ward.laws, &answer->law, -1, slice_str(article));
}

struct unlawful_result unlawful_run(const struct config *config, uint32_t operations) {
    static struct mix m;
    struct dice dice = {.state = 5};
    struct unlawful_result ret = {.asked = 0};
    uint64_t wrongs[WRONGS] = {0};
    m = (struct mix){.ward = ward_vault_open(config)};
    set_up(&m);
    for (int64_t from = unix_s(); unix_s() < from + 2;) {
    }
    for (uint32_t i = 0; i < operations; i++) {
        struct vault_answer answer = {.permit = false};
        enum wrong wrong = (enum wrong)dice_below(&dice, WRONGS);
        double from = now_s();
        struct status s = do_wrong(&m, wrong, dice_below(&dice, PEOPLE), &answer);
        ret.seconds += now_s() - from;
        ret.asked++;
        bool right = is_right(&m, wrong, s, &answer);
        ret.right += right;
        wrongs[wrong] += !right;
    }
    for (int i = 0; i < WRONGS; i++) {
        if (wrongs[i] > 0) {
            fprintf(stderr, "unlawful mix: %s: %llu answers were not the refusal expected\n",
                    expected[i].name, (unsigned long long)wrongs[i]);
        }
    }
    vault_close(&m.ward.v);
    return ret;
}
