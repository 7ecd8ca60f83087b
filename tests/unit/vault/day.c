#include "day.h"

#include <stdio.h>
#include <string.h>

struct step_args {
    struct world *w;
    struct day *day;
};

static struct status add_person(struct world *w, struct day *day, int n) {
    struct vault_facts facts = {.age_kind = VAULT_AGE_BIRTH,
                                .age_source = LAW_SUBJECT_AGE_SOURCE_DECLARED,
                                .country = "NL",
                                .language = "nl"};
    TRY(date_parse(SLICE("1990-05-01"), &facts.birth));
    facts.notice = (struct vault_notice){
        .language = "nl", .shown = true, .names_transfers = true, .retention_schedule = true};
    char mail[32];
    snprintf(mail, sizeof mail, "p%d@x.org", n);
    struct vault_tag tag = {SLICE("mail"), slice_str(mail)};
    return vault_subject_add(w->v, NULL, VAULT_ACTIVE, &facts, &tag, 1, &day->people[n]);
}

static struct status put_blob(struct world *w, struct day *day, int n) {
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {.owner = day->people[1], .category = w->clip};
    uint64_t id = 0;
    TRY(vault_blob_begin(w->v, &use, &meta, SLICE("video/mp4"), &id, NULL));
    TRY(vault_blob_add(w->v, id, 0, SLICE("moving pictures")));
    TRY(vault_blob_finish(w->v, id));
    day->records[n] = id;
    return STATUS_OK;
}

static struct status change_all(struct world *w) {
    struct vault_use use = {.purpose = w->keep_account, .operation = LAW_OPERATION_USE};
    struct vault_query query = {.category = (uint8_t)(w->account + 1)};
    struct vault_change change = {.objections_add = 2};
    struct vault_found found;
    return vault_change(w->v, &use, &query, &change, &found);
}

static struct status erase(struct world *w, uint64_t person) {
    struct vault_erased erased;
    return vault_erase_subject(w->v, NULL, person, SLICE("asked"), NULL, &erased);
}

static struct status later(struct world *w) {
    int64_t next_ms = 0;
    w->fake.now_ms += 61000;
    return vault_tick(w->v, &next_ms);
}

static struct status batch(struct world *w, struct day *day) {
    TRY(vault_begin_batch(w->v));
    TRY(world_put(w, day->people[2], w->keep_account, w->account, "b1", &day->records[6]));
    TRY(world_put(w, day->people[2], w->keep_account, w->account, "b2", &day->records[7]));
    return vault_commit_batch(w->v);
}

static struct status delete_one(struct world *w, uint64_t id) {
    struct vault_erased erased;
    return vault_erase_record(w->v, NULL, id, SLICE(""), NULL, &erased);
}

static struct status put(struct world *w, struct day *day, int person, int n, const char *text) {
    return world_put(w, day->people[person], w->keep_account, w->account, text, &day->records[n]);
}

static struct status step(struct world *w, struct day *day, size_t n) {
    char got[64];
    switch (n) {
    case 0:
        return add_person(w, day, 0);
    case 1:
        return add_person(w, day, 1);
    case 2:
        return put(w, day, 0, 0, "r0");
    case 3:
        return put(w, day, 1, 1, "r1");
    case 4:
        return world_consent(w, day->people[1], w->keep_history, LAW_CONSENT_STATE_GIVEN);
    case 5:
        return world_put(w, day->people[1], w->keep_history, w->history, "r2", &day->records[2]);
    case 6:
        return world_read(w, w->keep_account, day->records[0], got, sizeof got);
    case 7:
        return put_blob(w, day, 3);
    case 8:
        return change_all(w);
    case 9:
        return world_consent(w, day->people[1], w->keep_history, LAW_CONSENT_STATE_WITHDRAWN);
    case 10:
        return add_person(w, day, 2);
    case 11:
        return later(w);
    case 12:
        return erase(w, day->people[0]);
    case 13:
        return batch(w, day);
    case 14:
        return delete_one(w, day->records[6]);
    case 15:
        return world_read(w, w->keep_account, day->records[7], got, sizeof got);
    case 16:
        return add_person(w, day, 3);
    case 17:
        return put(w, day, 3, 8, "r8");
    case 18:
        return delete_one(w, day->records[3]);
    default:
        return later(w);
    }
}

struct status day_run(struct world *w, struct day *day) {
    for (; day->done < DAY_STEPS; day->done++) {
        TRY(step(w, day, day->done));
        day->leaves = vault_stats(w->v).leaves;
    }
    return STATUS_OK;
}

static bool after(const struct day *day, size_t n) {
    return day->done > n;
}

/* Acknowledged: must be there. Cut in the middle: may be. Not begun: must not. */
static void assert_record(struct world *w, const struct day *day, size_t born, size_t died,
                          uint8_t purpose, int n, const char *text) {
    char got[64];
    if (!after(day, born) || day->done == died) {
        return;
    }
    struct status status = world_read(w, purpose, day->records[n], got, sizeof got);
    if (after(day, died)) {
        assert_int_equal(status.code, E_NO_RECORD);
        return;
    }
    assert_int_equal(status.code, OK);
    assert_string_equal(got, text);
}

static void assert_person(struct world *w, const struct day *day, size_t born, size_t died, int n) {
    struct vault_subject subject;
    char mail[32];
    snprintf(mail, sizeof mail, "p%d@x.org", n);
    struct vault_tag tag = {SLICE("mail"), slice_str(mail)};
    uint64_t found = 0;
    if (!after(day, born) || day->done == died) {
        return;
    }
    uint16_t expected = after(day, died) ? E_NO_SUBJECT : OK;
    assert_int_equal(vault_subject_get(w->v, day->people[n], &subject).code, expected);
    assert_int_equal(vault_subject_find(w->v, &tag, &found).code, expected);
}

static void assert_blob(struct world *w, const struct day *day) {
    struct vault_use use = {.purpose = w->share, .operation = LAW_OPERATION_USE};
    struct vault_blob *blob = NULL;
    char got[16] = {0};
    if (!after(day, 7) || day->done == 18) {
        return;
    }
    struct status status = vault_blob_open(w->v, &use, day->records[3], &blob, NULL);
    if (after(day, 18)) {
        assert_int_equal(status.code, E_NO_RECORD);
        return;
    }
    ASSERT_OK(status);
    ASSERT_OK(vault_blob_read(blob, 0, got, 15));
    assert_string_equal(got, "moving pictures");
    vault_blob_close(&blob);
}

static void assert_consent(struct world *w, const struct day *day) {
    struct vault_consent consent;
    if (!after(day, 4) || day->done == 9) {
        return;
    }
    ASSERT_OK(vault_consent_get(w->v, day->people[1], w->keep_history, &consent));
    assert_int_equal(consent.state,
                     after(day, 9) ? LAW_CONSENT_STATE_WITHDRAWN : LAW_CONSENT_STATE_GIVEN);
    char got[64];
    if (after(day, 9)) {
        ASSERT_IS(world_read(w, w->keep_history, day->records[2], got, sizeof got), E_DENIED);
    }
}

void day_assert(struct world *w, const struct day *day) {
    enum { NEVER = 1000 };
    assert_true(vault_stats(w->v).leaves >= day->leaves);
    assert_person(w, day, 0, 12, 0);
    assert_person(w, day, 1, NEVER, 1);
    assert_person(w, day, 10, NEVER, 2);
    assert_person(w, day, 16, NEVER, 3);
    assert_record(w, day, 2, 12, w->keep_account, 0, "r0");
    assert_record(w, day, 3, NEVER, w->keep_account, 1, "r1");
    assert_record(w, day, 13, 14, w->keep_account, 6, "b1");
    assert_record(w, day, 13, NEVER, w->keep_account, 7, "b2");
    assert_record(w, day, 17, NEVER, w->keep_account, 8, "r8");
    assert_blob(w, day);
    assert_consent(w, day);
    assert_ledger(w);
}
