#include "day.h"

#include <stdio.h>
#include <string.h>

#include "ledger/leaf.h"

static struct status add_born(struct world *w, struct day *day, int n, const char *birth) {
    struct vault_facts facts = {.age_kind = VAULT_AGE_BIRTH,
                                .age_source = LAW_SUBJECT_AGE_SOURCE_DECLARED,
                                .country = "NL",
                                .language = "nl"};
    TRY(date_parse(slice_str(birth), &facts.birth));
    facts.notice = (struct vault_notice){
        .language = "nl", .shown = true, .names_transfers = true, .retention_schedule = true};
    facts.notice.child_friendly = true;
    char mail[32];
    snprintf(mail, sizeof mail, "p%d@x.org", n);
    struct vault_tag tag = {SLICE("mail"), slice_str(mail)};
    return vault_subject_add(w->v, NULL, VAULT_ACTIVE, &facts, &tag, 1, &day->people[n]);
}

static struct status add_person(struct world *w, struct day *day, int n) {
    return add_born(w, day, n, "1990-05-01");
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

/* A message of two people. */
static struct status share(struct world *w, struct day *day, int n, int owner, int other,
                           uint16_t flags) {
    struct vault_use use = {.purpose = w->messages, .operation = LAW_OPERATION_COLLECT};
    struct vault_meta meta = {.owner = day->people[owner],
                              .others = {day->people[other]},
                              .category = w->message,
                              .flags = flags};
    return vault_put(w->v, &use, &meta, SLICE("between two"), &day->records[n], NULL);
}

static struct status guardian_link(struct world *w, const struct day *day) {
    struct vault_guardian link = {.child = day->people[6],
                                  .guardian = day->people[5],
                                  .method = LAW_GUARDIAN_METHOD_PAYMENT,
                                  .verified = true,
                                  .until_ms = INT64_MAX};
    return vault_guardian_link(w->v, NULL, &link);
}

static struct status guardian_consent(struct world *w, const struct day *day) {
    struct vault_consent consent = {.purpose = w->keep_history,
                                    .state = LAW_CONSENT_STATE_GIVEN,
                                    .giver = LAW_CONSENT_GIVER_GUARDIAN,
                                    .is_explicit = true,
                                    .by = day->people[5],
                                    .at_ms = w->fake.now_ms,
                                    .notice = {.language = "nl",
                                               .shown = true,
                                               .child_friendly = true,
                                               .names_transfers = true,
                                               .retention_schedule = true}};
    return vault_consent_set(w->v, NULL, day->people[6], &consent);
}

static struct status hold(struct world *w, const struct day *day) {
    struct vault_hold held = {.subject = day->people[5],
                              .ground = VAULT_HOLD_LEGAL_CLAIMS,
                              .until_ms = w->fake.now_ms + INT64_C(86400000),
                              .reference = SLICE("file 1")};
    return vault_hold_place(w->v, NULL, &held);
}

static struct status erase_held(struct world *w, const struct day *day) {
    struct status status = erase(w, day->people[5]);
    return status.code == E_HELD ? STATUS_OK : failed(status) ? status : FAIL(E_NUMBER);
}

static struct status erase_category(struct world *w, const struct day *day) {
    struct vault_erased erased;
    return vault_erase_category(w->v, NULL, day->people[5], w->message, SLICE("asked"), NULL,
                                &erased);
}

static void project(struct day_projection *p, const struct vault_event *e) {
    for (uint64_t id = 0; id < DAY_IDS; id++) {
        bool meant = e->kind == VAULT_EVENT_REVOKE_ALL ||
                     (e->kind == VAULT_EVENT_REVOKE_RECORD && id == e->record) ||
                     (e->kind == VAULT_EVENT_REVOKE_SUBJECT && p->owners[id] == e->subject);
        p->owners[id] = meant ? 0 : p->owners[id];
    }
    if (e->kind == VAULT_EVENT_RECORD) {
        assert_true(e->meta.id < DAY_IDS);
        p->owners[e->meta.id] = e->meta.owner;
    }
    p->cursor = e->cursor;
}

/* Everything that is new is applied and acknowledged. */
static struct status follow_on(struct world *w, struct vault_follower **follower,
                               struct day_projection *p) {
    struct vault_use use = {.purpose = w->support, .operation = LAW_OPERATION_USE};
    struct vault_event events[8];
    size_t count = 1;
    if (*follower == NULL) {
        TRY(vault_follow(w->v, &use, p->cursor, follower));
    }
    while (count > 0) {
        struct buf plain CLEANUP(buf_done);
        buf_init_secret(&plain, 1 << 16);
        TRY(vault_follow_next(*follower, events, 8, &plain, &count));
        for (size_t i = 0; i < count; i++) {
            project(p, &events[i]);
        }
        if (count > 0) {
            vault_follow_ack(*follower, events[count - 1].seq);
        }
    }
    return STATUS_OK;
}

/* As `ward restore` does it: beside the data, tried, and put in their place in one step. */
static struct status restore(struct world *w, struct day *day) {
    struct vault_options options = world_options(w);
    struct vault_restored restored;
    char aside[sizeof w->data + 8];
    char backup[sizeof w->dir + 8];
    snprintf(aside, sizeof aside, "%s-2", w->data);
    snprintf(backup, sizeof backup, "%s/backup", w->dir);
    options.data_dir = aside;
    options.tentative = true;
    day->follower = NULL;
    vault_close(&w->v);
    TRY(vault_restore(&options, backup, &w->v, &restored));
    vault_close(&w->v);
    TRY(os_sync_dir(w->fs, w->dir));
    snprintf(w->data, sizeof w->data, "%.80s", aside);
    TRY(world_try_open(w));
    world_names(w);
    return STATUS_OK;
}

static struct status backup_begin(struct world *w) {
    char dir[sizeof w->dir + 8];
    snprintf(dir, sizeof dir, "%s/backup", w->dir);
    return vault_backup_begin(w->v, dir);
}

/* Some steps of it, or all that are left. */
static struct status backup_on(struct world *w, int steps) {
    bool done = false;
    for (int i = 0; !done && (steps == 0 || i < steps); i++) {
        TRY(vault_backup_step(w->v, &done));
    }
    return STATUS_OK;
}

static struct status a_second(struct world *w) {
    int64_t next_ms = 0;
    w->fake.now_ms += 1000;
    return vault_tick(w->v, &next_ms);
}

static struct status read_one(struct world *w, const struct day *day, int n) {
    char got[64];
    return world_read(w, w->keep_account, day->records[n], got, sizeof got);
}

static struct status morning(struct world *w, struct day *day, size_t step) {
    switch (step) {
    case DAY_ADD_0:
        return add_person(w, day, 0);
    case DAY_ADD_1:
        return add_person(w, day, 1);
    case DAY_PUT_0:
        return put(w, day, 0, 0, "r0");
    case DAY_PUT_1:
        return put(w, day, 1, 1, "r1");
    case DAY_CONSENT:
        return world_consent(w, day->people[1], w->keep_history, LAW_CONSENT_STATE_GIVEN);
    case DAY_PUT_2:
        return world_put(w, day->people[1], w->keep_history, w->history, "r2", &day->records[2]);
    case DAY_READ_0:
        return read_one(w, day, 0);
    case DAY_BLOB:
        return put_blob(w, day, 3);
    case DAY_CHANGE:
        return change_all(w);
    case DAY_WITHDRAW:
        return world_consent(w, day->people[1], w->keep_history, LAW_CONSENT_STATE_WITHDRAWN);
    case DAY_ADD_2:
        return add_person(w, day, 2);
    case DAY_ERASE_0:
        return erase(w, day->people[0]);
    case DAY_BATCH:
        return batch(w, day);
    case DAY_DELETE_6:
        return delete_one(w, day->records[6]);
    case DAY_READ_7:
        return read_one(w, day, 7);
    case DAY_ADD_3:
        return add_person(w, day, 3);
    case DAY_PUT_8:
        return put(w, day, 3, 8, "r8");
    case DAY_DELETE_BLOB:
        return delete_one(w, day->records[3]);
    default:
        return later(w);
    }
}

static struct status afternoon(struct world *w, struct day *day, size_t step) {
    switch (step) {
    case DAY_ADD_4:
        return add_person(w, day, 4);
    case DAY_ADD_5:
        return add_person(w, day, 5);
    case DAY_ADD_CHILD:
        return add_born(w, day, 6, "2014-05-01");
    case DAY_SHARE_9:
        return share(w, day, 9, 4, 5, VAULT_STAYS);
    case DAY_SHARE_10:
        return share(w, day, 10, 5, 4, 0);
    case DAY_PUT_12:
        return put(w, day, 5, 12, "r12");
    case DAY_LINK:
        return guardian_link(w, day);
    case DAY_GUARDIAN_CONSENT:
        return guardian_consent(w, day);
    case DAY_PUT_11:
        return world_put(w, day->people[6], w->keep_history, w->history, "r11", &day->records[11]);
    case DAY_HOLD:
        return hold(w, day);
    case DAY_ERASE_HELD:
        return erase_held(w, day);
    case DAY_LIFT:
        return vault_hold_lift(w->v, NULL, day->people[5], 0);
    default:
        return later(w);
    }
}

static struct status evening(struct world *w, struct day *day, size_t step) {
    switch (step) {
    case DAY_ROTATE:
        return vault_rotate(w->v);
    case DAY_FOLLOW:
    case DAY_FOLLOW_OBJECTED:
    case DAY_FOLLOW_ERASED:
        return follow_on(w, &day->follower, &day->projection);
    case DAY_BACKUP_BEGINS:
        return backup_begin(w);
    case DAY_BACKUP_GOES_ON:
        return backup_on(w, 4); /* the store's copy has begun */
    case DAY_BACKUP_ENDS:
        return backup_on(w, 0);
    case DAY_OBJECT:
        return vault_object(w->v, NULL, day->people[5], w->support, true);
    case DAY_RESTRICT:
        return vault_restrict(w->v, NULL, day->people[2], w->support, true);
    case DAY_ERASE_4:
        return erase(w, day->people[4]);
    case DAY_REVOKE_GUARDIAN:
        return vault_guardian_revoke(w->v, NULL, day->people[6], day->people[5]);
    case DAY_ERASE_CATEGORY:
        return erase_category(w, day);
    case DAY_RESTORE:
        return restore(w, day);
    case DAY_READ_8:
        return read_one(w, day, 8);
    case DAY_SECOND:
        return a_second(w);
    default:
        return later(w);
    }
}

struct status day_run(struct world *w, struct day *day) {
    for (; day->done < DAY_STEPS; day->done++) {
        size_t step = day->done;
        TRY(step < DAY_ADD_4    ? morning(w, day, step)
            : step < DAY_ROTATE ? afternoon(w, day, step)
                                : evening(w, day, step));
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
    if (!after(day, DAY_BLOB) || day->done == DAY_DELETE_BLOB) {
        return;
    }
    struct status status = vault_blob_open(w->v, &use, day->records[3], &blob, NULL);
    if (after(day, DAY_DELETE_BLOB)) {
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
    if (!after(day, DAY_CONSENT) || day->done == DAY_WITHDRAW) {
        return;
    }
    ASSERT_OK(vault_consent_get(w->v, day->people[1], w->keep_history, &consent));
    assert_int_equal(consent.state, after(day, DAY_WITHDRAW) ? LAW_CONSENT_STATE_WITHDRAWN
                                                             : LAW_CONSENT_STATE_GIVEN);
    char got[64];
    if (after(day, DAY_WITHDRAW)) {
        ASSERT_IS(world_read(w, w->keep_history, day->records[2], got, sizeof got), E_DENIED);
    }
}

/* Skipped at the step that was cut. */
static bool surely(const struct day *day, size_t from, size_t to) {
    return after(day, from) && day->done < to;
}

static void assert_denied(struct world *w, uint8_t purpose, uint64_t id) {
    char got[64];
    ASSERT_IS(world_read(w, purpose, id, got, sizeof got), E_DENIED);
}

static void assert_message(struct world *w, const struct day *day, int n, size_t born) {
    struct vault_use use = {.purpose = w->messages, .operation = LAW_OPERATION_USE};
    struct vault_meta meta;
    struct buf plain CLEANUP(buf_done);
    buf_init_secret(&plain, 64);
    bool held = after(day, DAY_HOLD - 1) && !after(day, DAY_LIFT);
    if (!after(day, born) || held || day->done == DAY_ERASE_CATEGORY || day->done == DAY_ERASE_4) {
        return;
    }
    struct status status = vault_read(w->v, &use, day->records[n], &plain, &meta, NULL);
    if (after(day, DAY_ERASE_CATEGORY)) {
        assert_int_equal(status.code, E_NO_RECORD);
        return;
    }
    ASSERT_OK(status);
    assert_true(slice_eq(buf_slice(&plain), SLICE("between two")));
    if (after(day, DAY_ERASE_4)) { /* it goes on without who left */
        assert_int_equal(meta.owner, day->people[5]);
        assert_int_equal(meta.others[0], 0);
    }
}

static void assert_rights(struct world *w, const struct day *day) {
    char got[64];
    if (surely(day, DAY_HOLD, DAY_LIFT)) {
        assert_denied(w, w->keep_account, day->records[12]);
        ASSERT_IS(erase(w, day->people[5]), E_HELD);
    }
    if (surely(day, DAY_LIFT, DAY_STEPS + 1)) {
        assert_reads(w, w->keep_account, day->records[12], "r12");
    }
    if (surely(day, DAY_LIFT, DAY_OBJECT)) {
        assert_reads(w, w->support, day->records[12], "r12");
    }
    if (after(day, DAY_OBJECT)) {
        assert_denied(w, w->support, day->records[12]);
    }
    if (surely(day, DAY_BATCH, DAY_RESTRICT)) {
        assert_reads(w, w->support, day->records[7], "b2");
    }
    if (after(day, DAY_RESTRICT)) {
        assert_denied(w, w->support, day->records[7]);
    }
    if (surely(day, DAY_PUT_11, DAY_REVOKE_GUARDIAN)) {
        assert_true(vault_guards(w->v, day->people[5], day->people[6]));
        assert_reads(w, w->keep_history, day->records[11], "r11");
    }
    if (after(day, DAY_REVOKE_GUARDIAN)) {
        assert_false(vault_guards(w->v, day->people[5], day->people[6]));
        ASSERT_IS(world_read(w, w->keep_history, day->records[11], got, sizeof got), E_DENIED);
    }
}

static struct status note_permitted(void *arg, const struct vault_meta *meta,
                                    struct slice payload) {
    struct day_projection *p = arg;
    (void)payload;
    assert_true(meta->id < DAY_IDS);
    p->owners[meta->id] = meta->owner;
    return STATUS_OK;
}

/* A projection that goes on from what it had applied comes to hold what may be used, and nothing
 * else. */
static void assert_projection(struct world *w, const struct day *day) {
    struct vault_use use = {.purpose = w->support, .operation = LAW_OPERATION_USE};
    struct vault_query all = {.id = 0};
    struct vault_follower *follower = NULL;
    struct vault_found found;
    struct day_projection p = day->projection;
    struct day_projection permitted = {.cursor = 0};
    ASSERT_OK(follow_on(w, &follower, &p));
    vault_follow_end(&follower);
    ASSERT_OK(vault_find_meta(w->v, &use, &all, note_permitted, &permitted, &found));
    assert_memory_equal(p.owners, permitted.owners, sizeof p.owners);
}

static struct status count_reads(void *arg, uint64_t leaf, uint8_t kind, int64_t at_ms,
                                 struct slice content) {
    (void)leaf;
    (void)at_ms;
    (void)content;
    *(size_t *)arg += kind == LEAF_READ_BATCH;
    return STATUS_OK;
}

/* A read that was answered stands in the person's entries: after a second whatever happens, before
 * it unless the power goes. The only one of this person's records in the whole day. */
static void assert_read_noted(struct world *w, const struct day *day) {
    size_t reads = 0;
    if (!after(day, day->powered ? DAY_READ_8 : DAY_SECOND)) {
        return;
    }
    ASSERT_OK(vault_entries(w->v, day->people[3], 0, SIZE_MAX, count_reads, &reads));
    assert_true(reads > 0);
}

void day_assert(struct world *w, const struct day *day) {
    enum { NEVER = 1000 };
    assert_read_noted(w, day); /* before anything else reads */
    assert_true(vault_stats(w->v).leaves >= day->leaves);
    assert_person(w, day, DAY_ADD_0, DAY_ERASE_0, 0);
    assert_person(w, day, DAY_ADD_1, NEVER, 1);
    assert_person(w, day, DAY_ADD_2, NEVER, 2);
    assert_person(w, day, DAY_ADD_3, NEVER, 3);
    assert_person(w, day, DAY_ADD_4, DAY_ERASE_4, 4);
    assert_person(w, day, DAY_ADD_5, NEVER, 5);
    assert_person(w, day, DAY_ADD_CHILD, NEVER, 6);
    assert_record(w, day, DAY_PUT_0, DAY_ERASE_0, w->keep_account, 0, "r0");
    assert_record(w, day, DAY_PUT_1, NEVER, w->keep_account, 1, "r1");
    assert_record(w, day, DAY_BATCH, DAY_DELETE_6, w->keep_account, 6, "b1");
    assert_record(w, day, DAY_BATCH, NEVER, w->keep_account, 7, "b2");
    assert_record(w, day, DAY_PUT_8, NEVER, w->keep_account, 8, "r8");
    assert_message(w, day, 9, DAY_SHARE_9);
    assert_message(w, day, 10, DAY_SHARE_10);
    assert_blob(w, day);
    assert_consent(w, day);
    assert_rights(w, day);
    assert_projection(w, day);
    assert_ledger(w);
}
