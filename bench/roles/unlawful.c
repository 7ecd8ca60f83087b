/* The fifth mix: whatever is asked must be refused, and with the right rule. On a vault of its own,
 * one kind of wrong after the other in random order. */
#include <stdio.h>
#include <stdlib.h>

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
    [WRONG_EXPIRED] = {"expired", OK, NULL}, /* engine->gone */
};

/* On the vault itself --------------------------------------------------------------------- */

struct embedded {
    struct ward_vault ward;
    uint8_t purpose[UNLAWFUL_PURPOSES], category, far;
};

static void must(struct status s, const char *what) {
    if (failed(s)) {
        die("unlawful: %s: %s", what, error_info(s.code)->name);
    }
}

static void *embedded_open(const struct config *config) {
    struct embedded *e = need(1, sizeof *e);
    e->ward = ward_vault_open(config);
    for (int i = 0; i < UNLAWFUL_PURPOSES; i++) {
        must(vault_purpose(e->ward.v, slice_str(unlawful_purposes[i]), &e->purpose[i]), "name");
    }
    must(vault_category(e->ward.v, SLICE("cat1"), &e->category), "name");
    must(vault_recipient(e->ward.v, SLICE("shr10"), &e->far), "name");
    must(vault_begin_batch(e->ward.v), "begin");
    return e;
}

static void embedded_ready(void *self) {
    struct embedded *e = self;
    must(vault_commit_batch(e->ward.v), "commit");
}

static void embedded_close(void **self) {
    struct embedded *e = *self;
    vault_close(&e->ward.v);
    free(e);
    *self = NULL;
}

static struct vault_notice notice(void) {
    return (struct vault_notice){.language = "nl",
                                 .shown = true,
                                 .child_friendly = true,
                                 .names_transfers = true,
                                 .retention_schedule = true};
}

static uint64_t embedded_person(void *self, bool child) {
    struct embedded *e = self;
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
    must(vault_subject_add(e->ward.v, NULL, VAULT_ACTIVE, &facts, NULL, 0, &id), "person");
    return id;
}

static void embedded_consent(void *self, uint64_t who, bool given) {
    struct embedded *e = self;
    struct vault_consent c = {.purpose = e->purpose[UNLAWFUL_PROFILE],
                              .state =
                                  given ? LAW_CONSENT_STATE_GIVEN : LAW_CONSENT_STATE_WITHDRAWN,
                              .giver = LAW_CONSENT_GIVER_SELF,
                              .is_explicit = true,
                              .by = who,
                              .notice = notice()};
    must(vault_consent_set(e->ward.v, NULL, who, &c), "consent");
}

static void embedded_object(void *self, uint64_t who) {
    struct embedded *e = self;
    must(vault_object(e->ward.v, NULL, who, e->purpose[UNLAWFUL_CARE], true), "object");
}

static void embedded_restrict(void *self, uint64_t who) {
    struct embedded *e = self;
    must(vault_restrict(e->ward.v, NULL, who, e->purpose[UNLAWFUL_CARE], true), "restrict");
}

static struct said said_of(const struct embedded *e, struct status s, const char *article,
                           const struct vault_answer *answer, bool got) {
    bool cited =
        article == NULL || law_answer_met(e->ward.laws, &answer->law, -1, slice_str(article));
    return (struct said){.code = s.code, .cited = cited, .got = got || answer->permit};
}

static struct said embedded_put(void *self, uint64_t who, enum unlawful_purpose purpose,
                                int64_t expires_s, const char *article, uint64_t *ret_id) {
    struct embedded *e = self;
    struct vault_answer answer = {.permit = false};
    struct vault_use use = {.purpose = e->purpose[purpose], .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {.owner = who,
                              .category = e->category,
                              .purposes = UINT64_C(1) << use.purpose,
                              .expires_s = expires_s};
    struct status s = vault_put(e->ward.v, &use, &meta, SLICE("kept by mistake"), ret_id, &answer);
    return said_of(e, s, article, &answer, !failed(s));
}

static struct said embedded_read(void *self, uint64_t record, enum unlawful_purpose purpose,
                                 bool far, const char *article) {
    struct embedded *e = self;
    struct vault_answer answer = {.permit = false};
    struct vault_use use = {.purpose = e->purpose[purpose], .operation = LAW_OPERATION_USE};
    struct buf plain CLEANUP(buf_done);
    if (far) {
        use.operation = LAW_OPERATION_DISCLOSE;
        use.recipient = (uint8_t)(e->far + 1);
    }
    buf_init_secret(&plain, 4096);
    struct status s = vault_read(e->ward.v, &use, record, &plain, NULL, &answer);
    return said_of(e, s, article, &answer, plain.len > 0);
}

const struct unlawful_engine unlawful_ward = {
    .name = "ward",
    .gone = E_NO_RECORD,
    .open = embedded_open,
    .ready = embedded_ready,
    .person = embedded_person,
    .consent = embedded_consent,
    .object = embedded_object,
    .restrict_use = embedded_restrict,
    .put = embedded_put,
    .read = embedded_read,
    .close = embedded_close,
};

/* The mix ------------------------------------------------------------------------------- */

const char *const unlawful_purposes[UNLAWFUL_PURPOSES] = {
    [UNLAWFUL_PROFILE] = "profile",
    [UNLAWFUL_CARE] = "care",
    [UNLAWFUL_CONTRACT] = "purpose3",
    [UNLAWFUL_UNDECLARED] = "obj0",
};

struct mix {
    const struct unlawful_engine *engine;
    void *self;
    uint64_t subject[WRONGS][PEOPLE];
    uint64_t record[WRONGS][PEOPLE];
};

static void set_up_one(struct mix *m, enum wrong wrong, unsigned i) {
    const struct unlawful_engine *e = m->engine;
    uint64_t who = e->person(m->self, wrong == WRONG_MINOR);
    bool profile = wrong == WRONG_WITHDRAWN;
    m->subject[wrong][i] = who;
    if (wrong == WRONG_WITHDRAWN || wrong == WRONG_MINOR) {
        e->consent(m->self, who, true);
    }
    if (wrong != WRONG_MINOR) {
        struct said said =
            e->put(m->self, who, profile ? UNLAWFUL_PROFILE : UNLAWFUL_CARE,
                   wrong == WRONG_EXPIRED ? unix_s() + 1 : 0, NULL, &m->record[wrong][i]);
        if (said.code != OK) {
            die("unlawful: put: %s", error_info(said.code)->name);
        }
    }
    if (wrong == WRONG_WITHDRAWN) {
        e->consent(m->self, who, false);
    }
    if (wrong == WRONG_OBJECTED) {
        e->object(m->self, who);
    }
    if (wrong == WRONG_RESTRICTED) {
        e->restrict_use(m->self, who);
    }
}

static void set_up(struct mix *m) {
    for (int wrong = 0; wrong < WRONGS; wrong++) {
        for (unsigned i = 0; i < PEOPLE; i++) {
            set_up_one(m, (enum wrong)wrong, i);
        }
    }
    m->engine->ready(m->self);
}

static struct said do_wrong(struct mix *m, enum wrong wrong, unsigned i) {
    const struct unlawful_engine *e = m->engine;
    const char *article = expected[wrong].article;
    uint64_t who = m->subject[wrong][i];
    uint64_t record = m->record[wrong][i];
    uint64_t id = 0;
    switch (wrong) {
    case WRONG_MINOR:
        return e->put(m->self, who, UNLAWFUL_PROFILE, 0, article, &id);
    case WRONG_UNDECLARED:
        return e->put(m->self, who, UNLAWFUL_UNDECLARED, 0, article, &id);
    case WRONG_WITHDRAWN:
        return e->read(m->self, record, UNLAWFUL_PROFILE, false, article);
    case WRONG_PURPOSE:
        return e->read(m->self, record, UNLAWFUL_CONTRACT, false, article);
    case WRONG_OBJECTED:
    case WRONG_RESTRICTED:
    case WRONG_REGION:
    case WRONG_EXPIRED:
    case WRONGS:
        break;
    }
    return e->read(m->self, record, UNLAWFUL_CARE, wrong == WRONG_REGION, article);
}

static bool is_right(const struct mix *m, enum wrong wrong, const struct said *said) {
    uint16_t code = wrong == WRONG_EXPIRED ? m->engine->gone : expected[wrong].code;
    return said->code == code && !said->got && said->cited;
}

struct unlawful_result unlawful_run(const struct unlawful_engine *engine,
                                    const struct config *config, uint32_t operations) {
    static struct mix m;
    struct dice dice = {.state = 5};
    struct unlawful_result ret = {.asked = 0};
    uint64_t wrongs[WRONGS] = {0};
    m = (struct mix){.engine = engine, .self = engine->open(config)};
    set_up(&m);
    for (int64_t from = unix_s(); unix_s() < from + 2;) {
    }
    for (uint32_t i = 0; i < operations; i++) {
        enum wrong wrong = (enum wrong)dice_below(&dice, WRONGS);
        double from = now_s();
        struct said said = do_wrong(&m, wrong, dice_below(&dice, PEOPLE));
        ret.seconds += now_s() - from;
        ret.asked++;
        bool right = is_right(&m, wrong, &said);
        ret.right += right;
        wrongs[wrong] += !right;
    }
    for (int i = 0; i < WRONGS; i++) {
        if (wrongs[i] > 0) {
            fprintf(stderr, "unlawful mix, %s: %s: %llu answers were not the refusal expected\n",
                    engine->name, expected[i].name, (unsigned long long)wrongs[i]);
        }
    }
    engine->close(&m.self);
    return ret;
}
