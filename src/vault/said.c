/* Leaves' contents, in the order of the fields' codes. */
#include "said.h"

#include "base/bytes.h"

enum { RULES_MAX = 16, RULE_BYTES = 128 };

void said_actor(struct said *said, const struct vault_actor *actor) {
    said->actor = actor == NULL ? 0 : actor->subject;
    bool self = actor != NULL && actor->subject != 0 && actor->subject == said->subject;
    said->role = self ? SLICE("self") : said->actor != 0 ? SLICE("other") : SLICE("controller");
    if (actor != NULL && actor->id.len > 0) {
        said->role = SLICE("entity");
    }
}

/* One side's content, as it is put together. */
struct copy {
    struct buf *out;
    enum opening_side side;
};

static bool is_told(const struct copy *copy, enum leaf_field field) {
    return copy->side == OPENING_PERSON || leaf_field_audited(field);
}

static struct status add_text(const struct copy *copy, enum leaf_field field, struct slice text) {
    bool told = text.len > 0 && is_told(copy, field);
    return told ? content_add_text(copy->out, field, text) : STATUS_OK;
}

static struct status add_u64(const struct copy *copy, enum leaf_field field, uint64_t value) {
    bool told = value != 0 && is_told(copy, field);
    return told ? content_add_u64(copy->out, field, value) : STATUS_OK;
}

/* "gdpr:8(1)" for each, up to a limit. */
static struct status add_rules(const struct vault *v, const struct law_answer *answer,
                               const struct copy *copy) {
    int cite = answer == NULL ? -1 : law_answer_cite(answer, 0);
    for (int n = 0; cite >= 0 && n < RULES_MAX; n++) {
        const struct law_cite *row = law_set_cite(v->laws, (size_t)cite);
        struct buf rule CLEANUP(buf_done);
        buf_init(&rule, RULE_BYTES);
        TRY(buf_add(&rule, law_set_name(v->laws, row->law)));
        TRY(buf_add_byte(&rule, ':'));
        TRY(buf_add(&rule, row->article));
        TRY(add_text(copy, FIELD_RULE, buf_slice(&rule)));
        cite = law_answer_cite(answer, (size_t)cite + 1);
    }
    return STATUS_OK;
}

static struct status add_needs(const struct law_answer *answer, const struct copy *copy) {
    uint32_t needs = answer == NULL ? 0 : answer->needs;
    for (unsigned need = 0; need < LAW_NEED_COUNT; need++) {
        if ((needs >> need & 1) != 0) {
            TRY(add_text(copy, FIELD_NEED, law_need_name((enum law_need)need)));
        }
    }
    return STATUS_OK;
}

static struct status add_records(const struct said *said, const struct copy *copy) {
    for (int i = 0; i < SAID_RECORDS; i++) {
        TRY(add_u64(copy, FIELD_RECORD, said->records[i]));
    }
    return STATUS_OK;
}

/* Leaf 0 can be an intent, too. */
static struct status add_intent(const struct said *said, const struct copy *copy) {
    bool told = said->intent != 0 && is_told(copy, FIELD_INTENT);
    return told ? content_add_u64(copy->out, FIELD_INTENT, said->intent - 1) : STATUS_OK;
}

struct status said_write(const struct vault *v, const struct said *said, enum opening_side side,
                         struct buf *out) {
    const struct copy copy = {.out = out, .side = side};
    TRY(add_u64(&copy, FIELD_SUBJECT, said->subject));
    TRY(add_u64(&copy, FIELD_ACTOR, said->actor));
    TRY(add_text(&copy, FIELD_ROLE, said->role));
    TRY(add_text(&copy, FIELD_OPERATION, said->operation));
    TRY(add_text(&copy, FIELD_PURPOSE, said->purpose));
    TRY(add_text(&copy, FIELD_CATEGORY, said->category));
    TRY(add_text(&copy, FIELD_OUTCOME, said->outcome));
    TRY(add_rules(v, said->answer, &copy));
    TRY(add_needs(said->answer, &copy));
    TRY(add_u64(&copy, FIELD_COUNT, said->count));
    TRY(add_u64(&copy, FIELD_AT_MS, (uint64_t)said->at_ms));
    TRY(add_u64(&copy, FIELD_UNTIL_MS, (uint64_t)said->until_ms));
    TRY(add_text(&copy, FIELD_NOTICE, said->notice));
    TRY(add_text(&copy, FIELD_GIVER, said->giver));
    TRY(add_text(&copy, FIELD_RECIPIENT, said->recipient));
    TRY(add_text(&copy, FIELD_GROUND, said->ground));
    TRY(add_records(said, &copy));
    TRY(add_u64(&copy, FIELD_BLOB, said->blob));
    TRY(add_text(&copy, FIELD_DIGEST, said->digest));
    TRY(add_intent(said, &copy));
    TRY(add_u64(&copy, FIELD_OTHER, said->other));
    TRY(add_text(&copy, FIELD_METHOD, said->method));
    return add_text(&copy, FIELD_REFERENCE, said->reference);
}

struct status said_log(struct vault *v, enum leaf_kind kind, const struct person *p,
                       const struct said *said, uint64_t *ret_index) {
    struct buf person CLEANUP(buf_done);
    struct buf auditor CLEANUP(buf_done);
    buf_init_secret(&person, SAID_MAX);
    buf_init(&auditor, SAID_MAX);
    TRY(p == NULL ? STATUS_OK : said_write(v, said, OPENING_PERSON, &person));
    TRY(said_write(v, said, OPENING_AUDITOR, &auditor));
    return log_leaf(v, kind, p, buf_slice(&person), buf_slice(&auditor), ret_index);
}
