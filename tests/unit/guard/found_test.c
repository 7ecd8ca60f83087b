/* Who is found by which words, in a guard with a clock: whatever takes the right away, the next
 * round finds no more; what is for one person alone is found by nobody else; and after a start all
 * is as it was. */
#include "inside.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "search.h"

/* --- clips that are ready, as the studio leaves them --- */

static uint64_t put_clip(struct inside *w, const struct vault_meta *meta, const char *name,
                         const char *caption, const char *audience) {
    struct vault_use use = {.purpose = w->guard->uses[API_CLIP_BEGIN].purpose,
                            .operation = LAW_OPERATION_STORE};
    struct vault_answer answer;
    struct buf plain CLEANUP(buf_done) = {0};
    uint64_t id = 0;
    struct api_value v[STO_CLIP__COUNT] = {
        [STO_CLIP_CAPTION] = api_text(caption),           [STO_CLIP_OWNER_NAME] = api_text(name),
        [STO_CLIP_AUDIENCE] = api_text(audience),         [STO_CLIP_STATE] = api_text("ready"),
        [STO_CLIP_CREATED_AT] = api_time(w->fake.now_ms),
    };
    buf_init(&plain, VAULT_PAYLOAD_MAX);
    assert_int_equal(stored_write(API_STORED_CLIP, v, &plain).code, OK);
    assert_int_equal(vault_put(w->vault, &use, meta, buf_slice(&plain), &id, &answer).code, OK);
    round_of(w);
    return id;
}

struct maker {
    struct inside *w;
    token session;
    uint64_t id;
    char name[20];
    char word[20]; /* that only this maker's captions have */
};

static struct vault_meta clip_of(const struct maker *m) {
    return (struct vault_meta){.owner = m->id,
                               .category = m->w->guard->uses[API_CLIP_MINE].category};
}

static uint64_t shares(struct maker *m, const char *audience) {
    struct vault_meta meta = clip_of(m);
    char caption[60];
    (void)snprintf(caption, sizeof caption, "Sunrise %s", m->word);
    return put_clip(m->w, &meta, m->name, caption, audience);
}

static void maker_born(struct inside *w, struct maker *m, const char *birth) {
    static unsigned number;
    char device[40];
    *m = (struct maker){.w = w};
    (void)snprintf(m->name, sizeof m->name, "maker%u", ++number);
    (void)snprintf(m->word, sizeof m->word, "zébra%ux", number);
    (void)snprintf(device, sizeof device, "device-of-maker-%u", number);
    assert_int_equal(joins(w, m->name, birth, device, m->session), OK);
    m->id = id_of(w, m->session);
}

static void maker(struct inside *w, struct maker *m) {
    maker_born(w, m, "1990-02-01");
}

/* --- searching --- */

static uint16_t asks(struct inside *w, const uint8_t *viewer, const char *words, uint64_t cursor,
                     struct api_answer *ret) {
    struct api_value args[ARG_FEED_SEARCH__COUNT] = {[ARG_FEED_SEARCH_WORDS] = api_text(words),
                                                     [ARG_FEED_SEARCH_CURSOR] = api_n(cursor),
                                                     [ARG_FEED_SEARCH_LIMIT] = api_n(0)};
    return call(w, API_FEED_SEARCH, viewer, args, ret);
}

/* How many are found, and the first of them. */
static size_t finds(struct inside *w, const uint8_t *viewer, const char *words,
                    uint64_t *ret_first) {
    struct api_answer answer;
    assert_int_equal(asks(w, viewer, words, 0, &answer), OK);
    const struct api_value *items = &answer.fields[ANS_FEED_SEARCH_ITEMS];
    size_t count = items->list.count;
    *ret_first = count == 0 ? 0 : items->list.items[0].fields[TYP_ITEM_CLIP].n;
    return count;
}

static bool is_found(struct maker *m, const uint8_t *viewer) {
    uint64_t first;
    return finds(m->w, viewer, m->word, &first) > 0;
}

/* What the index holds, whoever may see it. */
static size_t held(const struct maker *m) {
    return search_count(m->w->guard->search);
}

static bool is_shown(struct maker *m, uint64_t clip) {
    struct api_value args[ARG_CLIP_STATUS__COUNT] = {api_n(clip)};
    return call(m->w, API_CLIP_STATUS, NULL, args, NULL) == OK;
}

static void everybody_finds_what_is_for_everybody(void **state) {
    struct inside *w = *state;
    struct maker a;
    struct maker b;
    uint64_t first;
    maker(w, &a);
    maker(w, &b);
    uint64_t older = shares(&a, "everyone");
    uint64_t newer = shares(&b, "everyone");
    assert_true(is_found(&a, NULL));
    assert_true(is_found(&a, b.session));
    assert_int_equal(finds(w, NULL, "SUNRISE", &first), 2);
    assert_int_equal(first, newer);
    assert_int_equal(finds(w, NULL, a.name, &first), 1);
    assert_int_equal(first, older);
    assert_int_equal(finds(w, NULL, "zebra", &first), 2); /* without its accent, and only begun */
    assert_int_equal(finds(w, NULL, "sunrise nothing", &first), 0);
}

static void a_query_that_is_none_is_refused(void **state) {
    struct inside *w = *state;
    static const char *const none[] = {"", "   ", "\x01\x1f", "!?", "a b c d e f g h i"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        assert_int_equal(asks(w, NULL, none[i], 0, NULL), E_QUERY);
    }
    assert_int_equal(asks(w, NULL, "sunrise", UINT64_MAX, NULL), OK);
    assert_int_equal(asks(w, NULL, "sunrise", UINT64_C(1) << 52, NULL), OK);
    assert_int_equal(asks(w, NULL, "sunrise", 1, NULL), OK);
}

static void what_is_mine_alone_i_find_alone(void **state) {
    struct inside *w = *state;
    struct maker a;
    struct maker b;
    maker(w, &a);
    maker(w, &b);
    (void)shares(&a, "me");
    assert_true(is_found(&a, a.session));
    assert_false(is_found(&a, b.session));
    assert_false(is_found(&a, NULL));
}

static void pages_follow_each_other(void **state) {
    struct inside *w = *state;
    struct maker a;
    struct api_answer answer;
    uint64_t cursor = 0;
    uint64_t last = UINT64_MAX;
    size_t pages = 0;
    size_t count = 0;
    maker(w, &a);
    for (size_t i = 0; i < GUARD_FEED_PAGE * 2; i++) {
        (void)shares(&a, i % 2 == 0 ? "everyone" : "me");
    }
    do {
        assert_int_equal(asks(w, a.session, a.word, cursor, &answer), OK);
        const struct api_value *items = &answer.fields[ANS_FEED_SEARCH_ITEMS];
        for (size_t i = 0; i < items->list.count; i++) {
            uint64_t id = items->list.items[i].fields[TYP_ITEM_CLIP].n;
            assert_true(id < last);
            last = id;
        }
        count += items->list.count;
        cursor = answer.fields[ANS_FEED_SEARCH_NEXT].n;
        pages++;
    } while (cursor != 0);
    assert_int_equal(count, GUARD_FEED_PAGE * 2);
    assert_int_equal(pages, 2); /* a full last page says that it is the last */
}

/* --- the right is gone --- */

static void the_owner_changes_the_audience(void **state) {
    struct maker m;
    maker(*state, &m);
    uint64_t clip = shares(&m, "everyone");
    struct api_value args[ARG_CLIP_AUDIENCE__COUNT] = {api_n(clip), api_text("me")};
    assert_true(is_found(&m, NULL));
    assert_int_equal(call(m.w, API_CLIP_AUDIENCE, m.session, args, NULL), OK);
    round_of(m.w);
    assert_false(is_found(&m, NULL));
    assert_true(is_found(&m, m.session));
    args[ARG_CLIP_AUDIENCE_AUDIENCE] = api_text("everyone");
    assert_int_equal(call(m.w, API_CLIP_AUDIENCE, m.session, args, NULL), OK);
    round_of(m.w);
    assert_true(is_found(&m, NULL));
}

static void the_owner_deletes(void **state) {
    struct maker m;
    maker(*state, &m);
    size_t before = held(&m);
    struct api_value args[ARG_CLIP_DELETE__COUNT] = {api_n(shares(&m, "everyone"))};
    assert_true(is_found(&m, NULL));
    assert_int_equal(held(&m), before + 1);
    assert_int_equal(call(m.w, API_CLIP_DELETE, m.session, args, NULL), OK);
    round_of(m.w);
    assert_false(is_found(&m, NULL));
    assert_false(is_found(&m, m.session));
    assert_int_equal(held(&m), before);
    assert_false(vault_follow_behind(m.w->vault, vault_follow_head(m.w->vault)));
}

static void the_owner_leaves(void **state) {
    struct maker m;
    struct maker other;
    maker(*state, &m);
    maker(*state, &other);
    size_t before = held(&m);
    (void)shares(&m, "everyone");
    (void)shares(&m, "me");
    (void)shares(&other, "everyone");
    struct api_value args[ARG_ACCOUNT_ERASE__COUNT] = {api_text("three red apples")};
    assert_true(is_found(&m, NULL));
    assert_int_equal(call(m.w, API_ACCOUNT_ERASE, m.session, args, NULL), OK);
    round_of(m.w);
    assert_false(is_found(&m, NULL));
    assert_true(is_found(&other, NULL));
    assert_int_equal(held(&m), before + 1);
    assert_false(vault_follow_behind(m.w->vault, vault_follow_head(m.w->vault)));
}

/* To being found alone: what is shown is shown on (GDPR Art. 21(1)). */
static void objects(struct maker *m, bool on) {
    struct api_value args[ARG_RIGHTS_OBJECT__COUNT] = {api_text("find-clips"), api_yes(on)};
    assert_int_equal(call(m->w, API_RIGHTS_OBJECT, m->session, args, NULL), OK);
}

static void the_owner_objects(void **state) {
    struct maker m;
    maker(*state, &m);
    uint64_t clip = shares(&m, "everyone");
    objects(&m, true);
    round_of(m.w);
    assert_false(is_found(&m, NULL));
    assert_true(is_shown(&m, clip));
    (void)shares(&m, "everyone");
    assert_false(is_found(&m, NULL)); /* nor what comes after */
    objects(&m, false);
    round_of(m.w);
    assert_true(is_found(&m, NULL));
}

static void the_owner_is_restricted(void **state) {
    struct maker m;
    maker(*state, &m);
    (void)shares(&m, "everyone");
    assert_true(is_found(&m, NULL));
    assert_int_equal(vault_restrict(m.w->vault, NULL, m.id, VAULT_ALL, true).code, OK);
    round_of(m.w);
    assert_false(is_found(&m, NULL));
    assert_int_equal(vault_restrict(m.w->vault, NULL, m.id, VAULT_ALL, false).code, OK);
    round_of(m.w);
    assert_true(is_found(&m, NULL));
}

static void a_clip_expires(void **state) {
    struct maker m;
    maker(*state, &m);
    struct vault_meta meta = clip_of(&m);
    meta.expires_s = m.w->fake.now_ms / 1000 + 3600;
    size_t before = held(&m);
    (void)put_clip(m.w, &meta, m.name, m.word, "everyone");
    assert_true(is_found(&m, NULL));
    later(m.w, HOUR_MS - 1000);
    round_of(m.w);
    assert_true(is_found(&m, NULL));
    later(m.w, 1000);
    round_of(m.w);
    assert_false(is_found(&m, NULL));
    assert_int_equal(held(&m), before);
}

static void a_clip_is_held(void **state) {
    struct maker m;
    maker(*state, &m);
    struct api_value whom[TYP_WHOM__COUNT] = {
        api_text(m.name), [TYP_WHOM_PROGRAM] = api_text(""), [TYP_WHOM_PERSON] = api_n(0)};
    struct api_value args[ARG_ADMIN_HOLD__COUNT] = {
        [ARG_ADMIN_HOLD_WHOM] = {.fields = whom},
        [ARG_ADMIN_HOLD_RECORD] = api_n(shares(&m, "everyone")),
        [ARG_ADMIN_HOLD_GROUND] = api_text("legal-claims"),
        [ARG_ADMIN_HOLD_UNTIL] = api_time(m.w->fake.now_ms + DAY_MS),
        [ARG_ADMIN_HOLD_REFERENCE] = api_text("2027/1")};
    assert_true(is_found(&m, NULL));
    assert_int_equal(call(m.w, API_ADMIN_HOLD, NULL, args, NULL), OK);
    round_of(m.w);
    assert_false(is_found(&m, NULL));
}

static void a_record_loses_the_purpose(void **state) {
    struct maker m;
    maker(*state, &m);
    uint64_t clip = shares(&m, "everyone");
    uint8_t find = m.w->guard->uses[API_FEED_SEARCH].purpose;
    struct vault_use use = {.purpose = m.w->guard->uses[API_CLIP_BEGIN].purpose,
                            .operation = LAW_OPERATION_USE};
    struct vault_query query = {.id = clip};
    struct vault_change change = {.purposes_remove = UINT64_C(1) << find};
    struct vault_found found;
    assert_true(is_found(&m, NULL));
    assert_int_equal(vault_change(m.w->vault, &use, &query, &change, &found).code, OK);
    round_of(m.w);
    assert_false(is_found(&m, NULL));
    assert_true(is_shown(&m, clip));
}

/* As one that was shared before there was a search, and its owner was told of none. */
static void what_was_shared_for_other_purposes_is_not_found(void **state) {
    struct maker m;
    maker(*state, &m);
    struct vault_meta meta = clip_of(&m);
    meta.purposes = ~(UINT64_C(1) << m.w->guard->uses[API_FEED_SEARCH].purpose);
    uint64_t clip = put_clip(m.w, &meta, m.name, m.word, "everyone");
    assert_true(is_shown(&m, clip));
    assert_false(is_found(&m, NULL));
}

/* --- age --- */

static void somebody_young_is_shown_and_not_found(void **state) {
    struct maker m;
    maker_born(*state, &m, "2009-06-01");
    uint64_t clip = shares(&m, "everyone");
    assert_true(is_shown(&m, clip));
    assert_false(is_found(&m, NULL));
    later(m.w, 136 * DAY_MS); /* 2027-05-31 */
    round_of(m.w);
    assert_false(is_found(&m, NULL));
    later(m.w, DAY_MS);
    round_of(m.w);
    round_of(m.w);
    assert_true(is_found(&m, NULL));
}

static void who_turns_out_to_be_young_is_not_found(void **state) {
    struct maker m;
    struct vault_subject person;
    maker(*state, &m);
    (void)shares(&m, "everyone");
    assert_true(is_found(&m, NULL));
    assert_int_equal(vault_subject_get(m.w->vault, m.id, &person).code, OK);
    person.facts.birth = date_from_civil((struct civil){2011, 2, 1});
    assert_int_equal(vault_subject_set_facts(m.w->vault, NULL, m.id, &person.facts).code, OK);
    round_of(m.w);
    assert_false(is_found(&m, NULL));
}

/* --- the projection itself --- */

static void read_all(struct inside *w) {
    for (round_of(w); feed_reads_on(w->guard);) {
        round_of(w);
    }
}

static bool reads_on(struct inside *w) {
    struct api_answer answer;
    assert_int_equal(asks(w, NULL, "maker", 0, &answer), OK);
    return answer.fields[ANS_FEED_SEARCH_READS_ON].yes;
}

/* All clips of a maker in one event. */
static void delete_all(struct maker *m, const uint64_t *ids, size_t count) {
    struct vault_use use = {.purpose = m->w->guard->uses[API_HISTORY_EMPTY].purpose,
                            .operation = LAW_OPERATION_ERASE};
    struct vault_found found;
    assert_int_equal(vault_delete_ids(m->w->vault, &use, ids, count, &found).code, OK);
}

/* Words are read a step at a time, and what takes a right away is heard at once all the same: of
 * what was read already, and of what was not. */
static void a_start_does_not_wait_for_words(void **state) {
    enum { MANY = 40 };
    struct inside *w = *state;
    struct maker first, second, third, last;
    uint64_t ids[MANY];
    maker(w, &first);
    maker(w, &second);
    maker(w, &third);
    maker(w, &last);
    for (size_t i = 0; i < MANY; i++) {
        ids[i] = shares(&first, "everyone");
    }
    (void)shares(&second, "everyone");
    for (size_t i = 0; i < MANY; i++) {
        (void)shares(&third, "everyone");
    }
    (void)shares(&last, "everyone");
    size_t all = held(&first);
    inside_reopen(w);
    assert_true(reads_on(w));
    assert_true(held(&first) < all);
    while (!is_found(&second, NULL)) {
        assert_true(reads_on(w));
        round_of(w);
    }
    assert_true(reads_on(w));
    delete_all(&first, ids, MANY);
    objects(&second, true);
    objects(&last, true);
    round_of(w);
    assert_true(reads_on(w));
    assert_false(is_found(&first, NULL));
    assert_false(is_found(&second, NULL));
    read_all(w);
    assert_false(reads_on(w));
    assert_false(is_found(&last, NULL));
    assert_true(is_found(&third, NULL));
    assert_int_equal(held(&first), all - MANY - 2);
}

static void one_that_was_late_is_made_anew(void **state) {
    struct maker gone;
    struct maker kept;
    int64_t next_ms;
    maker(*state, &gone);
    maker(*state, &kept);
    (void)shares(&gone, "everyone");
    (void)shares(&kept, "everyone");
    size_t before = held(&gone);
    assert_int_equal(vault_restrict(gone.w->vault, NULL, gone.id, VAULT_ALL, true).code, OK);
    gone.w->fake.now_ms += VAULT_ACK_WITHIN_MS + 1;
    assert_int_equal(vault_tick(gone.w->vault, &next_ms).code, OK); /* which stops it */
    read_all(gone.w);
    assert_false(is_found(&gone, NULL));
    assert_true(is_found(&kept, NULL));
    assert_int_equal(held(&gone), before - 1);
}

/* After a start, and after another law: all that may be found, and in the same order. */
static size_t all_found(struct inside *w, uint64_t ret_ids[512]) {
    struct api_answer answer;
    uint64_t cursor = 0;
    size_t count = 0;
    do {
        assert_int_equal(asks(w, NULL, "maker", cursor, &answer), OK);
        const struct api_value *items = &answer.fields[ANS_FEED_SEARCH_ITEMS];
        for (size_t i = 0; i < items->list.count && count < 512; i++) {
            ret_ids[count++] = items->list.items[i].fields[TYP_ITEM_CLIP].n;
        }
        cursor = answer.fields[ANS_FEED_SEARCH_NEXT].n;
    } while (cursor != 0);
    return count;
}

static void after_a_start_the_same_is_found(void **state) {
    struct inside *w = *state;
    static uint64_t before[512];
    static uint64_t after[512];
    size_t count = all_found(w, before);
    assert_true(count > GUARD_FEED_PAGE);
    inside_reopen(w);
    read_all(w);
    assert_int_equal(all_found(w, after), count);
    assert_memory_equal(before, after, count * sizeof *before);
}

/* The map of the project, changed by sed. */
static void load_map(struct inside *w, const char *change) {
    char command[300];
    char map[80];
    (void)snprintf(map, sizeof map, "%s/map/clips.map", w->dir);
    (void)snprintf(command, sizeof command,
                   "rm -rf %s/map && cp -r " WARD_SOURCE "/datamap %s/map && sed -i '%s' %s",
                   w->dir, w->dir, change, map);
    FILE *run = popen(command, "r");
    assert_non_null(run);
    assert_int_equal(pclose(run), 0);
    assert_int_equal(rules_load(os_fs_real(), WARD_SOURCE "/law", map, &w->rules).code, OK);
}

static void another_law_is_heard_at_a_start(void **state) {
    struct inside *w = *state;
    static uint64_t ids[512];
    struct rules before = w->rules;
    size_t count = all_found(w, ids);
    assert_true(count > 0);
    load_map(w, "/^purpose find-clips/,/^  uses/ s/basis .*/basis consent/");
    inside_reopen(w);
    read_all(w);
    assert_int_equal(all_found(w, ids), 0);
    struct rules other = w->rules;
    w->rules = before;
    inside_reopen(w);
    rules_done(&other);
    read_all(w);
    assert_int_equal(all_found(w, ids), count);
}

static bool file_has(const char *path, const char *word) {
    static char bytes[1 << 22];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return memmem(bytes, len, word, strlen(word)) != NULL;
}

static size_t files_with(const char *dir, const char *word) {
    char path[512];
    size_t count = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_type == DT_DIR && e->d_name[0] != '.') {
            count += files_with(path, word);
        } else if (e->d_type == DT_REG) {
            count += file_has(path, word) ? 1 : 0;
        }
    }
    closedir(d);
    return count;
}

/* Not on disk, and not behind a seal either: an archive of the person's own names no search. */
static void what_was_looked_for_is_kept_nowhere(void **state) {
    static const char word[] = "quagmirefinder";
    struct maker m;
    uint64_t first;
    maker(*state, &m);
    uint64_t clip = shares(&m, "everyone");
    later(m.w, 2 * MINUTE_MS); /* what was gathered before is in the ledger */
    round_of(m.w);
    size_t records = vault_stats(m.w->vault).records;
    uint64_t leaves = vault_stats(m.w->vault).leaves;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(finds(m.w, m.session, word, &first), 0);
        assert_int_equal(finds(m.w, m.session, m.word, &first), 1);
    }
    assert_int_equal(first, clip);
    later(m.w, 2 * MINUTE_MS);
    round_of(m.w);
    assert_int_equal(vault_stats(m.w->vault).records, records);
    assert_int_equal(vault_stats(m.w->vault).leaves, leaves);
    assert_int_equal(files_with(m.w->dir, word), 0);
    assert_int_equal(files_with(m.w->dir, m.word), 0);
}

static int open_world(void **state) {
    static struct inside world;
    inside_open(&world);
    *state = &world;
    return 0;
}

static int close_world(void **state) {
    inside_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_finds_what_is_for_everybody),
        cmocka_unit_test(a_query_that_is_none_is_refused),
        cmocka_unit_test(what_is_mine_alone_i_find_alone),
        cmocka_unit_test(pages_follow_each_other),
        cmocka_unit_test(the_owner_changes_the_audience),
        cmocka_unit_test(the_owner_deletes),
        cmocka_unit_test(the_owner_leaves),
        cmocka_unit_test(the_owner_objects),
        cmocka_unit_test(the_owner_is_restricted),
        cmocka_unit_test(a_clip_expires),
        cmocka_unit_test(a_clip_is_held),
        cmocka_unit_test(a_record_loses_the_purpose),
        cmocka_unit_test(what_was_shared_for_other_purposes_is_not_found),
        cmocka_unit_test(a_start_does_not_wait_for_words),
        cmocka_unit_test(one_that_was_late_is_made_anew),
        cmocka_unit_test(what_was_looked_for_is_kept_nowhere),
        cmocka_unit_test(after_a_start_the_same_is_found),
        cmocka_unit_test(another_law_is_heard_at_a_start),
        cmocka_unit_test(who_turns_out_to_be_young_is_not_found),
        cmocka_unit_test(somebody_young_is_shown_and_not_found),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
