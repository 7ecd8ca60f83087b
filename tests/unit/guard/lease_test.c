/* Who was given a clip loses it in the same round in which its owner, or the law, took the right
 * away: the front hears it before it answers another request. */
#include "inside.h"

#include <stdio.h>
#include <string.h>

static const char device[] = "device-a-0123456789";

/* --- an owner with a public clip, and a viewer who holds it --- */

struct held {
    struct inside *w;
    token owner;
    token viewer;
    uint64_t owner_id;
    uint64_t clip;
    uint64_t lease;
};

static void hold_of(struct inside *w, struct held *h, const char *birth) {
    static unsigned number;
    char names[2][20];
    char mark[40];
    *h = (struct held){.w = w};
    (void)snprintf(names[0], sizeof names[0], "owner%u", number);
    (void)snprintf(names[1], sizeof names[1], "viewer%u", number);
    (void)snprintf(mark, sizeof mark, "%s-%u", device, number++);
    assert_int_equal(joins(w, names[0], birth, mark, h->owner), OK);
    assert_int_equal(joins(w, names[1], "1991-02-01", mark, h->viewer), OK);
    h->owner_id = id_of(w, h->owner);
    h->clip = puts_clip(w, h->owner_id, "everyone");
    assert_int_equal(plays(w, h->viewer, h->clip, &h->lease), OK);
    round_of(w);
    assert_false(ended(w, h->lease));
}

static void hold(struct inside *w, struct held *h) {
    hold_of(w, h, "1990-02-01");
}

/* The next round tells, and nobody else gets it any more. */
static void is_gone(struct held *h) {
    uint64_t lease;
    round_of(h->w);
    assert_true(ended(h->w, h->lease));
    assert_int_equal(plays(h->w, h->viewer, h->clip, &lease), E_NOT_FOUND);
    assert_int_equal(plays(h->w, NULL, h->clip, &lease), E_NOT_FOUND);
    round_of(h->w);
    assert_false(ended(h->w, h->lease)); /* once */
}

static void the_owner_deletes(void **state) {
    struct held h;
    hold(*state, &h);
    struct api_value args[ARG_CLIP_DELETE__COUNT] = {api_n(h.clip)};
    assert_int_equal(call(h.w, API_CLIP_DELETE, h.owner, args, NULL), OK);
    is_gone(&h);
}

static void the_owner_changes_the_audience(void **state) {
    struct held h;
    uint64_t own;
    hold(*state, &h);
    struct api_value args[ARG_CLIP_AUDIENCE__COUNT] = {api_n(h.clip), api_text("me")};
    assert_int_equal(call(h.w, API_CLIP_AUDIENCE, h.owner, args, NULL), OK);
    is_gone(&h);
    assert_int_equal(plays(h.w, h.owner, h.clip, &own), OK);
    args[ARG_CLIP_AUDIENCE_AUDIENCE] = api_text("followers");
    assert_int_equal(call(h.w, API_CLIP_AUDIENCE, h.owner, args, NULL), E_AUDIENCE);
}

static void the_owner_leaves(void **state) {
    struct held h;
    hold(*state, &h);
    struct api_value args[ARG_ACCOUNT_ERASE__COUNT] = {api_text("three red apples")};
    assert_int_equal(call(h.w, API_ACCOUNT_ERASE, h.owner, args, NULL), OK);
    is_gone(&h);
}

static void the_owner_is_restricted(void **state) {
    struct held h;
    hold(*state, &h);
    assert_int_equal(vault_restrict(h.w->vault, NULL, h.owner_id, VAULT_ALL, true).code, OK);
    is_gone(&h);
}

/* Of minors it is played on legitimate interests, to which they can object (GDPR Art. 21(1)). */
static void a_young_owner_objects(void **state) {
    struct held h;
    hold_of(*state, &h, "2009-06-01");
    uint8_t play = h.w->guard->uses[API_CLIP_OPEN].purpose;
    assert_int_equal(vault_object(h.w->vault, NULL, h.owner_id, play, true).code, OK);
    is_gone(&h);
}

/* --- a guardian --- */

static uint16_t decides(struct inside *w, const uint8_t *guardian, uint64_t child,
                        const char *state) {
    struct api_value args[ARG_FAMILY_DECIDE__COUNT] = {[ARG_FAMILY_DECIDE_CHILD] = api_n(child),
                                                       [ARG_FAMILY_DECIDE_PURPOSE] =
                                                           api_text("keep-history"),
                                                       [ARG_FAMILY_DECIDE_STATE] = api_text(state)};
    return call(w, API_FAMILY_DECIDE, guardian, args, NULL);
}

static uint16_t history(struct inside *w, const uint8_t *child) {
    struct api_value args[ARG_HISTORY_LIST__COUNT] = {[ARG_HISTORY_LIST_CURSOR] = api_n(0)};
    return call(w, API_HISTORY_LIST, child, args, NULL);
}

static void a_guardian_withdraws(void **state) {
    struct inside *w = *state;
    token mum;
    token tim;
    assert_int_equal(joins(w, "mum", "1985-02-01", "device-mum-0123456789", mum), OK);
    assert_int_equal(joins(w, "tim", "2015-02-01", "device-tim-0123456789", tim), OK);
    struct vault_guardian link = {.child = id_of(w, tim),
                                  .guardian = id_of(w, mum),
                                  .method = LAW_GUARDIAN_METHOD_SIGNED_FORM,
                                  .verified = true,
                                  .at_ms = w->fake.now_ms,
                                  .until_ms = INT64_MAX};
    assert_int_equal(vault_guardian_link(w->vault, NULL, &link).code, OK);
    assert_int_equal(vault_subject_set_state(w->vault, NULL, link.child, VAULT_ACTIVE).code, OK);
    assert_int_equal(history(w, tim), E_DENIED);
    assert_int_equal(decides(w, mum, link.child, "given"), OK);
    assert_int_equal(history(w, tim), OK);
    assert_int_equal(decides(w, mum, link.child, "withdrawn"), OK);
    assert_int_equal(history(w, tim), E_DENIED);
    assert_int_equal(decides(w, mum, link.child, "given"), OK);
    assert_int_equal(vault_guardian_revoke(w->vault, NULL, link.child, link.guardian).code, OK);
    assert_int_equal(decides(w, mum, link.child, "given"), E_NOT_FOUND);
    assert_int_equal(history(w, tim), E_DENIED);
}

static void others_keep_theirs(void **state) {
    struct held a;
    struct held b;
    hold(*state, &a);
    hold(*state, &b);
    struct api_value args[ARG_CLIP_DELETE__COUNT] = {api_n(a.clip)};
    assert_int_equal(call(a.w, API_CLIP_DELETE, a.owner, args, NULL), OK);
    round_of(a.w);
    assert_true(ended(a.w, a.lease));
    assert_false(ended(b.w, b.lease));
    assert_int_equal(plays(b.w, b.viewer, b.clip, &b.lease), OK);
}

/* --- a legal hold --- */

static uint16_t holds(struct inside *w, const char *name, uint64_t record, const char *ground,
                      struct api_answer *ret_answer) {
    struct api_value whom[TYP_WHOM__COUNT] = {
        api_text(name), [TYP_WHOM_PROGRAM] = api_text(""), [TYP_WHOM_PERSON] = api_n(0)};
    struct api_value args[ARG_ADMIN_HOLD__COUNT] = {
        [ARG_ADMIN_HOLD_WHOM] = {.fields = whom},
        [ARG_ADMIN_HOLD_RECORD] = api_n(record),
        [ARG_ADMIN_HOLD_GROUND] = api_text(ground),
        [ARG_ADMIN_HOLD_UNTIL] = api_time(w->fake.now_ms + DAY_MS),
        [ARG_ADMIN_HOLD_REFERENCE] = api_text("2026/17")};
    return call(w, API_ADMIN_HOLD, NULL, args, ret_answer);
}

static uint64_t holds_that_stand(struct inside *w) {
    struct api_answer answer;
    assert_int_equal(call(w, API_ADMIN_HOLDS, NULL, NULL, &answer), OK);
    return answer.fields[ANS_ADMIN_HOLDS_HOLDS].list.count;
}

/* A clip that is held is shown to nobody and outlives its owner, with its pictures, until its file
 * is closed. */
static void a_clip_is_held(void **state) {
    struct held h;
    struct held other;
    struct api_answer answer;
    char name[20];
    hold(*state, &h);
    hold(*state, &other);
    assert_int_equal(call(h.w, API_ACCOUNT_ME, h.owner, NULL, &answer), OK);
    struct slice me = answer.fields[ANS_ACCOUNT_ME_NAME].bytes;
    (void)snprintf(name, sizeof name, "%.*s", SLICE_ARG(me));
    assert_int_equal(holds(h.w, name, h.clip, "because", NULL), E_HOLD_GROUND);
    assert_int_equal(holds(h.w, name, other.clip, "legal-claims", NULL), E_NOT_FOUND);
    assert_int_equal(holds(h.w, name, h.clip, "legal-claims", &answer), OK);
    assert_int_equal(answer.fields[ANS_ADMIN_HOLD_HOLDS].n, 4);
    assert_int_equal(holds(h.w, name, h.clip, "legal-claims", NULL), E_HELD);
    is_gone(&h);
    uint64_t before = vault_stats(h.w->vault).records;
    struct api_value password[ARG_ACCOUNT_ERASE__COUNT] = {api_text("three red apples")};
    assert_int_equal(call(h.w, API_ACCOUNT_ERASE, h.owner, password, NULL), OK);
    round_of(h.w);
    assert_int_equal(holds_that_stand(h.w), 4);
    uint64_t after = vault_stats(h.w->vault).records;
    assert_true(after < before);
    struct api_value file[ARG_ADMIN_RELEASE__COUNT] = {api_text("2026/17")};
    assert_int_equal(call(h.w, API_ADMIN_RELEASE, NULL, file, &answer), OK);
    assert_int_equal(answer.fields[ANS_ADMIN_RELEASE_HOLDS].n, 4);
    assert_int_equal(call(h.w, API_ADMIN_RELEASE, NULL, file, NULL), E_NOT_FOUND);
    assert_int_equal(holds_that_stand(h.w), 0);
    assert_int_equal(vault_stats(h.w->vault).records, after - 4);
    round_of(h.w);
}

/* --- likes --- */

static uint32_t likes_of(const struct held *h) {
    const struct clip *clip = feed_clip(h->w->guard, h->clip);
    return clip == NULL ? 0 : clip->likes;
}

static uint16_t likes(const struct held *h, const uint8_t *viewer) {
    struct api_value args[ARG_LIKE_SET__COUNT] = {api_n(h->clip), api_yes(true)};
    return call(h->w, API_LIKE_SET, viewer, args, NULL);
}

static void restrict_owner(const struct held *h, bool on) {
    assert_int_equal(vault_restrict(h->w->vault, NULL, h->owner_id, VAULT_ALL, on).code, OK);
    round_of(h->w);
}

static void share_with(const struct held *h, const char *audience) {
    struct api_value args[ARG_CLIP_AUDIENCE__COUNT] = {api_n(h->clip), api_text(audience)};
    assert_int_equal(call(h->w, API_CLIP_AUDIENCE, h->owner, args, NULL), OK);
    round_of(h->w);
}

/* A clip that changes, or leaves and comes back, has the likes it had; its likers may leave. */
static void a_clip_keeps_its_likes(void **state) {
    struct held h;
    struct held other;
    hold(*state, &h);
    hold(*state, &other);
    assert_int_equal(likes(&h, h.viewer), OK);
    assert_int_equal(likes(&h, other.viewer), OK);
    assert_int_equal(likes(&h, other.viewer), OK);
    assert_int_equal(likes_of(&h), 2);
    share_with(&h, "me");
    share_with(&h, "everyone");
    assert_int_equal(likes_of(&h), 2);
    restrict_owner(&h, true);
    assert_null(feed_clip(h.w->guard, h.clip));
    restrict_owner(&h, false);
    assert_int_equal(likes_of(&h), 2);
    later(h.w, 2 * HOUR_MS); /* when likes of clips that are gone go */
    round_of(h.w);
    assert_int_equal(likes_of(&h), 2);
    struct api_value args[ARG_ACCOUNT_ERASE__COUNT] = {api_text("three red apples")};
    assert_int_equal(call(h.w, API_ACCOUNT_ERASE, other.viewer, args, NULL), OK);
    round_of(h.w);
    assert_int_equal(likes_of(&h), 1);
}

/* Within two hours, and those of a clip that is there stay. */
static void likes_of_what_is_gone_go(void **state) {
    struct held h;
    struct held other;
    uint64_t record;
    hold(*state, &h);
    hold(*state, &other);
    assert_int_equal(likes(&h, h.viewer), OK);
    assert_int_equal(likes(&h, other.viewer), OK);
    assert_int_equal(likes(&other, h.viewer), OK);
    struct api_value args[ARG_CLIP_DELETE__COUNT] = {api_n(h.clip)};
    assert_int_equal(call(h.w, API_CLIP_DELETE, h.owner, args, NULL), OK);
    round_of(h.w);
    uint64_t before = vault_stats(h.w->vault).records;
    assert_true(feed_liked(h.w->guard, id_of(h.w, h.viewer), h.clip, &record));
    later(h.w, 2 * HOUR_MS);
    round_of(h.w);
    assert_int_equal(vault_stats(h.w->vault).records, before - 2);
    assert_false(feed_liked(h.w->guard, id_of(h.w, h.viewer), h.clip, &record));
    assert_int_equal(likes_of(&other), 1);
}

/* --- a round that took long --- */

static void a_slow_disk_ends_no_service(void **state) {
    struct held h;
    hold(*state, &h);
    assert_int_equal(vault_restrict(h.w->vault, NULL, h.owner_id, VAULT_ALL, true).code, OK);
    h.w->fake.now_ms += VAULT_ACK_WITHIN_MS + 1; /* a sync, a backup or an export in that round */
    is_gone(&h);
}

/* Whatever stopped them: the guard's own projections begin anew, with all that may be had. */
static void a_projection_that_was_late_is_made_anew(void **state) {
    struct held gone;
    struct held kept;
    int64_t next_ms;
    uint64_t lease;
    hold(*state, &gone);
    hold(*state, &kept);
    assert_int_equal(likes(&kept, kept.viewer), OK);
    assert_int_equal(likes(&kept, gone.owner), OK);
    assert_int_equal(likes_of(&kept), 2);
    assert_int_equal(vault_restrict(gone.w->vault, NULL, gone.owner_id, VAULT_ALL, true).code, OK);
    gone.w->fake.now_ms += VAULT_ACK_WITHIN_MS + 1;
    assert_int_equal(vault_tick(gone.w->vault, &next_ms).code, OK); /* which stops them */
    is_gone(&gone);
    assert_int_equal(plays(kept.w, kept.viewer, kept.clip, &lease), OK);
    assert_int_equal(likes_of(&kept), 1);
    later(kept.w, 2 * HOUR_MS); /* when likes of clips that are gone go */
    round_of(kept.w);
    round_of(kept.w);
    assert_int_equal(likes_of(&kept), 1);
    assert_int_equal(plays(kept.w, NULL, gone.clip, &lease), E_NOT_FOUND);
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
        cmocka_unit_test(the_owner_deletes),
        cmocka_unit_test(the_owner_changes_the_audience),
        cmocka_unit_test(the_owner_leaves),
        cmocka_unit_test(the_owner_is_restricted),
        cmocka_unit_test(a_young_owner_objects),
        cmocka_unit_test(a_guardian_withdraws),
        cmocka_unit_test(others_keep_theirs),
        cmocka_unit_test(a_clip_is_held),
        cmocka_unit_test(a_clip_keeps_its_likes),
        cmocka_unit_test(likes_of_what_is_gone_go),
        cmocka_unit_test(a_slow_disk_ends_no_service),
        cmocka_unit_test(a_projection_that_was_late_is_made_anew),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
