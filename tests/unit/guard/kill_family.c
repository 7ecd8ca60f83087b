#include "kill_family.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { INVITES_MAX = 5, DECISIONS_BETWEEN = 40 };

static const char purpose[] = "keep-history";

static bool call(struct family *f, uint16_t op, const struct person *who,
                 const struct api_value *args, uint16_t *ret_code, struct ward_answer *ret_answer) {
    struct ward_answer answer;
    struct status s = ward_call(f->w->front, op, who == NULL ? NULL : who->token, args, &answer);
    bool answered = answer.answered;
    *ret_code = s.code;
    if (ret_answer != NULL) {
        *ret_answer = answer;
    } else {
        ward_answer_done(&answer);
    }
    return answered;
}

/* A child of eight to twelve, each with a device of their own. */
static bool join_child(struct family *f, uint16_t *ret_code) {
    char name[24], mail[48], device[40];
    snprintf(name, sizeof name, "kid%u", f->born);
    snprintf(mail, sizeof mail, "%s@example.org", name);
    snprintf(device, sizeof device, "device-of-kid-%u-0123456789", f->born++);
    struct api_value args[ARG_ACCOUNT_JOIN__COUNT] = {
        [ARG_ACCOUNT_JOIN_NAME] = api_text(name),
        [ARG_ACCOUNT_JOIN_MAIL] = api_text(mail),
        [ARG_ACCOUNT_JOIN_PASSWORD] = api_text("three red apples"),
        [ARG_ACCOUNT_JOIN_BIRTH_DATE] = api_text("2015-02-01"),
        [ARG_ACCOUNT_JOIN_COUNTRY] = api_text("NL"),
        [ARG_ACCOUNT_JOIN_REGION] = api_text(""),
        [ARG_ACCOUNT_JOIN_LANGUAGE] = api_text("en"),
        [ARG_ACCOUNT_JOIN_NOTICE] = api_text(f->w->notice[1]),
        [ARG_ACCOUNT_JOIN_DEVICE] = api_text(device),
    };
    struct ward_answer answer;
    bool answered = call(f, API_ACCOUNT_JOIN, NULL, args, ret_code, &answer);
    if (answered && *ret_code == OK) {
        struct slice token = answer.fields[ANS_ACCOUNT_JOIN_SESSION].bytes;
        memcpy(f->coming.token, token.ptr, sizeof f->coming.token);
        f->invites = 0;
    }
    ward_answer_done(&answer);
    return answered;
}

static void empty_outbox(const struct family *f) {
    char pattern[80];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/outbox/*", f->w->dir);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            unlink(found.gl_pathv[i]);
        }
        globfree(&found);
    }
}

/* What is acknowledged has its mail. */
static bool invite(struct family *f, uint16_t *ret_code) {
    struct api_value args[ARG_GUARDIAN_INVITE__COUNT] = {api_text("mum@example.org")};
    empty_outbox(f);
    f->invites++;
    bool answered = call(f, API_GUARDIAN_INVITE, &f->coming, args, ret_code, NULL);
    if (answered && *ret_code == OK) {
        read_link_of_mail(f->w, f->link);
    }
    return answered;
}

static bool accept_child(struct family *f, uint16_t *ret_code) {
    struct api_value args[ARG_GUARDIAN_ACCEPT__COUNT] = {
        [ARG_GUARDIAN_ACCEPT_TOKEN] = api_text(f->link),
        [ARG_GUARDIAN_ACCEPT_SIGNED_NAME] = api_text("Anna de Vries"),
        [ARG_GUARDIAN_ACCEPT_DECLARES] = api_yes(true)};
    struct ward_answer answer;
    bool answered = call(f, API_GUARDIAN_ACCEPT, &f->guardian, args, ret_code, &answer);
    if (answered && *ret_code == OK) {
        f->children[f->linked].step = 0;
        f->children[f->linked++].id = answer.fields[ANS_GUARDIAN_ACCEPT_CHILD].n;
    }
    ward_answer_done(&answer);
    return answered;
}

static const char *state_of(unsigned step) {
    return step == 0 ? "none" : step % 2 == 1 ? "given" : "withdrawn";
}

static bool decide(struct family *f, size_t which, uint16_t *ret_code) {
    struct api_value args[ARG_FAMILY_DECIDE__COUNT] = {
        [ARG_FAMILY_DECIDE_CHILD] = api_n(f->children[which].id),
        [ARG_FAMILY_DECIDE_PURPOSE] = api_text(purpose),
        [ARG_FAMILY_DECIDE_STATE] = api_text(state_of(f->children[which].step + 1))};
    bool answered = call(f, API_FAMILY_DECIDE, &f->guardian, args, ret_code, NULL);
    if (answered && *ret_code == OK) {
        f->children[which].step++;
        f->decided++;
    }
    return answered;
}

static void choose_act(struct family *f) {
    bool full = f->linked == FAMILY_CHILDREN;
    if (f->next == FAMILY_DECIDE && !full && f->decided % DECISIONS_BETWEEN == 0) {
        f->next = FAMILY_JOIN;
    }
    if (f->next == FAMILY_INVITE && f->invites == INVITES_MAX) {
        f->next = FAMILY_JOIN; /* they are not heard any more; another one */
    }
    f->doing.act = f->next;
    f->doing.which = f->linked == 0 ? 0 : f->decided % f->linked;
}

static bool act(struct family *f, uint16_t *ret_code) {
    switch (f->doing.act) {
    case FAMILY_JOIN:
        return join_child(f, ret_code);
    case FAMILY_INVITE:
        return invite(f, ret_code);
    case FAMILY_ACCEPT:
        return accept_child(f, ret_code);
    case FAMILY_DECIDE:
        return decide(f, f->doing.which, ret_code);
    case FAMILY_NOTHING:
    default:
        return true;
    }
}

static const enum family_act after[] = {[FAMILY_NOTHING] = FAMILY_JOIN,
                                        [FAMILY_JOIN] = FAMILY_INVITE,
                                        [FAMILY_INVITE] = FAMILY_ACCEPT,
                                        [FAMILY_ACCEPT] = FAMILY_DECIDE,
                                        [FAMILY_DECIDE] = FAMILY_DECIDE};

void *family_go_on(void *family) {
    struct family *f = family;
    while (!f->stops) {
        uint16_t code = OK;
        choose_act(f);
        if (!act(f, &code)) {
            return NULL;
        }
        if (code != OK) {
            fprintf(stderr, "act %d of the family is answered with %s\n", (int)f->doing.act,
                    error_info(code)->name);
            f->wrong = true;
            return NULL;
        }
        /* Of the first decision for a new child on, the next one may come. */
        f->decided += f->doing.act == FAMILY_ACCEPT;
        f->next = after[f->doing.act];
        f->doing.act = FAMILY_NOTHING;
    }
    return NULL;
}

/* Afterwards ------------------------------------------------------------------------------- */

static bool has_choice(const struct api_value *child, const char *state) {
    const struct api_value *choices = &child[TYP_CHILD_CHOICES];
    for (size_t i = 0; i < choices->list.count; i++) {
        const struct api_value *v = choices->list.items[i].fields;
        if (slice_eq(v[TYP_CHOICE_PURPOSE].bytes, slice_str(purpose))) {
            return slice_eq(v[TYP_CHOICE_STATE].bytes, slice_str(state));
        }
    }
    return false;
}

static const struct api_value *find_child(const struct api_value *list, uint64_t id) {
    for (size_t i = 0; i < list->list.count; i++) {
        if (list->list.items[i].fields[TYP_CHILD_ID].n == id) {
            return list->list.items[i].fields;
        }
    }
    return NULL;
}

static bool child_stands(struct family *f, const struct api_value *list, size_t i) {
    const struct api_value *child = find_child(list, f->children[i].id);
    bool unsure = f->doing.act == FAMILY_DECIDE && f->doing.which == i;
    if (child == NULL) {
        fprintf(stderr, "child %zu has no guardian any more\n", i);
        return false;
    }
    if (unsure && has_choice(child, state_of(f->children[i].step + 1))) {
        f->children[i].step++;
    }
    if (!has_choice(child, state_of(f->children[i].step))) {
        fprintf(stderr, "after %u decisions for child %zu, the last one does not stand\n",
                f->children[i].step, i);
        return false;
    }
    return true;
}

/* A child whose acceptance had no answer is linked, or the link works still. */
static bool learn_accepted(struct family *f, const struct api_value *list) {
    uint16_t code;
    if (f->doing.act != FAMILY_ACCEPT || list->list.count == f->linked) {
        return true;
    }
    for (size_t i = 0; i < list->list.count; i++) {
        uint64_t id = list->list.items[i].fields[TYP_CHILD_ID].n;
        bool known = false;
        for (size_t k = 0; k < f->linked; k++) {
            known |= f->children[k].id == id;
        }
        if (!known) {
            f->children[f->linked].step = 0;
            f->children[f->linked++].id = id;
            f->next = FAMILY_DECIDE;
            f->decided++;
            return call(f, API_ACCOUNT_ME, &f->coming, NULL, &code, NULL) && code == OK;
        }
    }
    return false;
}

bool family_stands(struct family *f) {
    struct ward_answer answer;
    uint16_t code;
    bool good =
        !f->wrong && call(f, API_FAMILY_LIST, &f->guardian, NULL, &code, &answer) && code == OK;
    const struct api_value *list = good ? &answer.fields[ANS_FAMILY_LIST_CHILDREN] : NULL;
    good = good && learn_accepted(f, list);
    for (size_t i = 0; good && i < f->linked; i++) {
        good = child_stands(f, list, i);
    }
    if (good && list->list.count != f->linked) {
        fprintf(stderr, "%zu children, and %zu were linked\n", list->list.count, f->linked);
        good = false;
    }
    if (good && (f->next == FAMILY_INVITE || f->next == FAMILY_ACCEPT)) {
        good = call(f, API_ACCOUNT_ME, &f->coming, NULL, &code, NULL) && code == OK;
    }
    ward_answer_done(&answer);
    f->doing.act = FAMILY_NOTHING;
    return good;
}

bool family_open(struct family *f, struct guard_world *w) {
    *f = (struct family){.w = w, .next = FAMILY_JOIN};
    return join(w, "guardian", "1980-02-01", "device-guardian-0123456789", &f->guardian) == OK;
}
