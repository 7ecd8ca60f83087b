#include "kill_desk.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400 };

static uint32_t roll(struct desk *d, uint32_t below) {
    d->dice = d->dice * 1664525u + 1013904223u;
    return (d->dice >> 10) % below;
}

static bool wrong(const char *what, uint64_t got, uint64_t want) {
    fprintf(stderr, "%s: %llu, and not %llu\n", what, (unsigned long long)got,
            (unsigned long long)want);
    return false;
}

static bool is_code(const char *what, uint16_t got, uint16_t want) {
    if (got != want) {
        fprintf(stderr, "%s is answered with %s, and not with %s\n", what, error_info(got)->name,
                error_info(want)->name);
    }
    return got == want;
}

/* Asking ---------------------------------------------------------------------------------- */

/* False when no answer came. The answer may be NULL. */
static bool call(struct ward_client *client, const uint8_t *token, uint16_t op,
                 const struct api_value *args, uint16_t *ret_code, struct ward_answer *ret_answer) {
    struct ward_answer answer;
    struct status s = ward_call(client, op, token, args, &answer);
    bool answered = answer.answered;
    *ret_code = s.code;
    if (ret_answer != NULL) {
        *ret_answer = answer;
    } else {
        ward_answer_done(&answer);
    }
    return answered;
}

static bool meet(struct desk *d, struct writer_of_letters *p, uint16_t *ret_code) {
    struct api_value args[ARG_PERSON_ADD__COUNT] = {
        [ARG_PERSON_ADD_REFERENCE] = api_text(p->reference),
        [ARG_PERSON_ADD_BIRTH_DATE] = api_text("1990-02-01"),
        [ARG_PERSON_ADD_COUNTRY] = api_text("NL"),
        [ARG_PERSON_ADD_REGION] = api_text(""),
        [ARG_PERSON_ADD_LANGUAGE] = api_text("en"),
        [ARG_PERSON_ADD_NOTICE] = api_text(d->w->notice[0]),
    };
    struct ward_answer answer;
    bool answered = call(d->w->programs, d->token, API_PERSON_ADD, args, ret_code, &answer);
    if (answered && *ret_code == OK) {
        p->person = answer.fields[ANS_PERSON_ADD_PERSON].n;
        p->lives = true;
    }
    ward_answer_done(&answer);
    return answered;
}

static bool send_letter(struct desk *d, struct letter *l, uint16_t *ret_code) {
    struct api_value other = api_n(d->people[l->to].person);
    struct api_value args[ARG_RECORD_PUT__COUNT] = {
        [ARG_RECORD_PUT_PURPOSE] = api_n(d->comments),
        [ARG_RECORD_PUT_PERSON] = api_n(d->people[l->from].person),
        [ARG_RECORD_PUT_OTHERS] = {.list = {&other, 1}},
        [ARG_RECORD_PUT_CATEGORY] = api_n(d->comment),
        [ARG_RECORD_PUT_PAYLOAD] = api_bytes(slice_of(&l->stamp, sizeof l->stamp)),
    };
    struct ward_answer answer;
    bool answered = call(d->w->programs, d->token, API_RECORD_PUT, args, ret_code, &answer);
    l->record = answered && *ret_code == OK ? answer.fields[ANS_RECORD_PUT_RECORD].n : 0;
    ward_answer_done(&answer);
    return answered;
}

static bool take_back(struct desk *d, const struct letter *l, uint16_t *ret_code) {
    struct api_value query[TYP_QUERY__COUNT] = {[TYP_QUERY_RECORD] = api_n(l->record)};
    struct api_value args[ARG_RECORD_DELETE__COUNT] = {
        [ARG_RECORD_DELETE_PURPOSE] = api_n(d->comments),
        [ARG_RECORD_DELETE_QUERY] = {.fields = query}};
    return call(d->w->programs, d->token, API_RECORD_DELETE, args, ret_code, NULL);
}

static bool leave(struct desk *d, const struct writer_of_letters *p, uint16_t *ret_code) {
    struct api_value args[ARG_PERSON_ERASE__COUNT] = {api_n(p->person)};
    return call(d->w->programs, d->token, API_PERSON_ERASE, args, ret_code, NULL);
}

static void name_file(unsigned file, char ret[24]) {
    snprintf(ret, 24, "file %u", file);
}

/* record 0: the person. */
static bool hold(struct desk *d, const struct writer_of_letters *p, uint64_t record, unsigned file,
                 uint16_t *ret_code) {
    char reference[24];
    name_file(file, reference);
    struct api_value whom[TYP_WHOM__COUNT] = {
        [TYP_WHOM_NAME] = api_text(p->reference), [TYP_WHOM_PROGRAM] = api_text("post")};
    struct api_value args[ARG_ADMIN_HOLD__COUNT] = {
        [ARG_ADMIN_HOLD_WHOM] = {.fields = whom},
        [ARG_ADMIN_HOLD_RECORD] = api_n(record),
        [ARG_ADMIN_HOLD_GROUND] = api_text("legal-claims"),
        [ARG_ADMIN_HOLD_UNTIL] = api_time(((int64_t)time(NULL) + DAY_S) * 1000),
        [ARG_ADMIN_HOLD_REFERENCE] = api_text(reference)};
    return call(d->w->admin, NULL, API_ADMIN_HOLD, args, ret_code, NULL);
}

static bool release(struct desk *d, unsigned file, uint16_t *ret_code) {
    char reference[24];
    name_file(file, reference);
    struct api_value args[ARG_ADMIN_RELEASE__COUNT] = {api_text(reference)};
    return call(d->w->admin, NULL, API_ADMIN_RELEASE, args, ret_code, NULL);
}

static bool register_helper(struct desk *d, uint16_t *ret_code) {
    struct api_value purpose = api_text("comments");
    struct api_value args[ARG_ADMIN_PROGRAM__COUNT] = {
        [ARG_ADMIN_PROGRAM_NAME] = api_text("helper"),
        [ARG_ADMIN_PROGRAM_COMPANY] = api_text("Helper B.V."),
        [ARG_ADMIN_PROGRAM_COUNTRY] = api_text("NL"),
        [ARG_ADMIN_PROGRAM_SAME_ENTITY] = api_yes(true),
        [ARG_ADMIN_PROGRAM_PURPOSES] = {.list = {&purpose, 1}},
    };
    struct ward_answer answer;
    bool answered = call(d->w->admin, NULL, API_ADMIN_PROGRAM, args, ret_code, &answer);
    if (answered && *ret_code == OK) {
        memcpy(d->ended, d->helper, sizeof d->ended);
        memcpy(d->helper, answer.fields[ANS_ADMIN_PROGRAM_TOKEN].bytes.ptr, sizeof d->helper);
        d->has_ended = d->has_helper;
        d->has_helper = true;
    }
    ward_answer_done(&answer);
    return answered;
}

/* Acting ---------------------------------------------------------------------------------- */

/* What somebody wrote goes with them; what they were sent stays with who wrote it. */
static void bury(struct desk *d, size_t who) {
    d->people[who].lives = false;
    for (size_t i = 0; i < DESK_LETTERS; i++) {
        struct letter *l = &d->letters[i];
        l->record = l->from == who ? 0 : l->record;
        l->between &= l->to != who;
    }
}

static bool act(struct desk *d, uint16_t *ret_code) {
    struct letter *l = &d->letters[d->doing.which];
    switch (d->doing.act) {
    case DESK_MEET:
        return meet(d, &d->people[d->doing.which], ret_code);
    case DESK_SEND:
        return send_letter(d, l, ret_code);
    case DESK_TAKE_BACK:
        return take_back(d, l, ret_code);
    case DESK_HOLD:
        return hold(d, &d->people[l->from], l->record, d->files + 1, ret_code);
    case DESK_RELEASE:
        return release(d, l->file, ret_code);
    case DESK_LEAVE:
        return leave(d, &d->people[d->doing.which], ret_code);
    case DESK_HOLD_SUSPECT:
        return hold(d, &d->suspect, 0, d->files + 1, ret_code);
    case DESK_RELEASE_SUSPECT:
        return release(d, d->suspect_file, ret_code);
    case DESK_REGISTER:
        return register_helper(d, ret_code);
    case DESK_NOTHING:
    default:
        return true;
    }
}

static void apply(struct desk *d) {
    struct letter *l = &d->letters[d->doing.which];
    switch (d->doing.act) {
    case DESK_TAKE_BACK:
        l->record = 0;
        break;
    case DESK_HOLD:
        l->file = ++d->files;
        break;
    case DESK_RELEASE:
        l->file = 0;
        break;
    case DESK_LEAVE:
        bury(d, d->doing.which);
        break;
    case DESK_HOLD_SUSPECT:
        d->suspect_file = ++d->files;
        break;
    case DESK_RELEASE_SUSPECT:
        d->suspect_file = 0;
        break;
    case DESK_NOTHING:
    case DESK_MEET:
    case DESK_SEND:
    case DESK_REGISTER:
    default:
        break;
    }
    d->of_kind[d->doing.act]++;
    d->acts++;
    d->doing.act = DESK_NOTHING;
}

static bool has_held(const struct desk *d, size_t who) {
    for (size_t i = 0; i < DESK_LETTERS; i++) {
        const struct letter *l = &d->letters[i];
        if (l->record != 0 && l->file != 0 && (l->from == who || l->to == who)) {
            return true;
        }
    }
    return false;
}

static void choose_with_letter(struct desk *d, size_t slot) {
    struct letter *l = &d->letters[slot];
    d->doing.which = slot;
    if (l->record == 0) {
        *l = (struct letter){
            .stamp = roll(d, 1u << 20), .from = roll(d, DESK_PEOPLE), .between = true};
        l->to = (l->from + 1 + roll(d, DESK_PEOPLE - 1)) % DESK_PEOPLE;
        bool both = d->people[l->from].lives && d->people[l->to].lives;
        d->doing.act = both ? DESK_SEND : DESK_NOTHING;
    } else if (l->file != 0) {
        d->doing.act = DESK_RELEASE;
    } else {
        d->doing.act = roll(d, 3) == 0 ? DESK_HOLD : DESK_TAKE_BACK;
    }
}

static void choose_act(struct desk *d) {
    size_t who = roll(d, DESK_PEOPLE);
    uint32_t what = roll(d, 20);
    d->doing.which = who;
    if (!d->people[who].lives) {
        snprintf(d->people[who].reference, sizeof d->people[who].reference, "pen %u", d->born++);
        d->doing.act = DESK_MEET;
    } else if (what == 0) {
        d->doing.act = DESK_REGISTER;
    } else if (what == 1) {
        d->doing.act = d->suspect_file == 0 ? DESK_HOLD_SUSPECT : DESK_RELEASE_SUSPECT;
    } else if (what == 2 && !has_held(d, who)) {
        d->doing.act = DESK_LEAVE;
    } else {
        choose_with_letter(d, roll(d, DESK_LETTERS));
    }
}

void *desk_go_on(void *desk) {
    struct desk *d = desk;
    while (!d->stops) {
        uint16_t code = OK;
        choose_act(d);
        if (!act(d, &code)) {
            return NULL;
        }
        if (code != OK) {
            fprintf(stderr, "act %d of the desk is answered with %s\n", (int)d->doing.act,
                    error_info(code)->name);
            d->wrong = true;
            return NULL;
        }
        apply(d);
    }
    return NULL;
}

/* Afterwards ------------------------------------------------------------------------------- */

static uint16_t look_for(struct desk *d, const char *reference, uint64_t *ret_person) {
    struct api_value args[ARG_PERSON_FIND__COUNT] = {api_text(reference)};
    struct ward_answer answer;
    uint16_t code;
    bool answered = call(d->w->programs, d->token, API_PERSON_FIND, args, &code, &answer);
    *ret_person = answered && code == OK ? answer.fields[ANS_PERSON_FIND_PERSON].n : 0;
    ward_answer_done(&answer);
    return code;
}

static uint16_t read_letter(struct desk *d, const struct letter *l, uint32_t *ret_stamp) {
    struct api_value args[ARG_RECORD_READ__COUNT] = {api_n(d->comments), api_n(l->record)};
    struct ward_answer answer;
    uint16_t code;
    *ret_stamp = UINT32_MAX;
    if (call(d->w->programs, d->token, API_RECORD_READ, args, &code, &answer) && code == OK &&
        answer.fields[ANS_RECORD_READ_PAYLOAD].bytes.len == sizeof *ret_stamp) {
        memcpy(ret_stamp, answer.fields[ANS_RECORD_READ_PAYLOAD].bytes.ptr, sizeof *ret_stamp);
    }
    ward_answer_done(&answer);
    return code;
}

/* How many records of this number concern that person besides their owner. */
static size_t count_with(struct desk *d, uint64_t record, uint64_t other) {
    struct api_value query[TYP_QUERY__COUNT] = {
        [TYP_QUERY_RECORD] = api_n(record), [TYP_QUERY_OTHER] = api_n(other)};
    struct api_value args[ARG_RECORD_FIND__COUNT] = {[ARG_RECORD_FIND_PURPOSE] = api_n(d->comments),
                                                     [ARG_RECORD_FIND_QUERY] = {.fields = query}};
    struct ward_answer answer;
    uint16_t code;
    bool found =
        call(d->w->programs, d->token, API_RECORD_FIND, args, &code, &answer) && code == OK;
    size_t count = found ? answer.fields[ANS_RECORD_FIND_RECORDS].list.count : 0;
    ward_answer_done(&answer);
    return count;
}

/* The file of the hold on this record, or on this person. */
static unsigned file_of(const struct api_value *holds, uint64_t record, uint64_t person) {
    for (size_t i = 0; i < holds->list.count; i++) {
        const struct api_value *v = holds->list.items[i].fields;
        unsigned file = 0;
        char reference[24] = {0};
        struct slice said = v[TYP_LEGAL_HOLD_REFERENCE].bytes;
        memcpy(reference, said.ptr, said.len < sizeof reference ? said.len : sizeof reference - 1);
        if (v[TYP_LEGAL_HOLD_RECORD].n == record && v[TYP_LEGAL_HOLD_PERSON].n == person &&
            sscanf(reference, "file %u", &file) == 1) {
            return file;
        }
    }
    return 0;
}

/* Whether a hold that nobody was told of stands is learned; all others stand or not as was said. */
static bool holds_stand(struct desk *d) {
    struct ward_answer answer;
    uint16_t code;
    size_t held = 0;
    bool unsure = d->doing.act == DESK_HOLD || d->doing.act == DESK_RELEASE;
    bool unsure_suspect = d->doing.act == DESK_HOLD_SUSPECT || d->doing.act == DESK_RELEASE_SUSPECT;
    bool good = call(d->w->admin, NULL, API_ADMIN_HOLDS, NULL, &code, &answer) && code == OK;
    const struct api_value *list = good ? &answer.fields[ANS_ADMIN_HOLDS_HOLDS] : NULL;
    for (size_t i = 0; good && i < DESK_LETTERS; i++) {
        struct letter *l = &d->letters[i];
        unsigned file = l->record == 0 ? 0 : file_of(list, l->record, 0);
        l->file = unsure && d->doing.which == i ? file : l->file;
        good = l->record == 0 || l->file == file || wrong("the file of a letter", file, l->file);
        held += l->record != 0 && l->file != 0;
    }
    unsigned file = good ? file_of(list, 0, d->suspect.person) : 0;
    d->suspect_file = unsure_suspect ? file : d->suspect_file;
    good =
        good && (file == d->suspect_file || wrong("the file of a person", file, d->suspect_file));
    held += d->suspect_file != 0;
    good = good && (list->list.count == held || wrong("holds that stand", list->list.count, held));
    d->files++; /* also of one that was never answered */
    ward_answer_done(&answer);
    return good;
}

static bool letter_stands(struct desk *d, const struct letter *l) {
    uint32_t stamp;
    uint16_t code = read_letter(d, l, &stamp);
    if (l->file != 0) {
        return is_code("a letter that is held", code, E_DENIED);
    }
    if (!is_code(l->between ? "a letter" : "a letter of whom one has left", code, OK)) {
        return false;
    }
    size_t with = l->between ? count_with(d, l->record, d->people[l->to].person) : 1;
    return (stamp == l->stamp || wrong("a letter", stamp, l->stamp)) &&
           (with == 1 || wrong("letters to whom it was sent", with, 1));
}

static bool people_stand(struct desk *d) {
    for (size_t i = 0; i < DESK_PEOPLE; i++) {
        uint64_t person = 0;
        struct writer_of_letters *p = &d->people[i];
        uint16_t code = p->reference[0] == 0 ? E_NOT_FOUND : look_for(d, p->reference, &person);
        if (d->doing.act == DESK_MEET && d->doing.which == i) {
            p->lives = code == OK;
            p->person = person;
        }
        if (d->doing.act == DESK_LEAVE && d->doing.which == i && code == E_NOT_FOUND) {
            bury(d, i);
        }
        if (!is_code("somebody", code, p->lives ? OK : E_NOT_FOUND) ||
            (p->lives && person != p->person)) {
            return false;
        }
    }
    return true;
}

/* Held, they cannot be erased. */
static bool suspect_stands(struct desk *d) {
    uint16_t code = OK;
    return d->suspect_file == 0 ||
           (leave(d, &d->suspect, &code) && is_code("erasing who is held", code, E_HELD));
}

static uint16_t helper_is(struct desk *d, const uint8_t *token) {
    uint16_t code = OK;
    (void)call(d->w->programs, token, API_PROGRAM_NAMES, NULL, &code, NULL);
    return code;
}

/* A token that nobody was told ends the one before it. */
static bool helper_stands(struct desk *d) {
    uint16_t now = d->has_helper ? helper_is(d, d->helper) : OK;
    if (d->doing.act == DESK_REGISTER && now == E_SESSION) {
        d->has_helper = d->has_ended = false;
        return true;
    }
    return is_code("the newest token", now, OK) &&
           (!d->has_ended || is_code("the token before it", helper_is(d, d->ended), E_SESSION));
}

/* Of a letter whose taking back had no answer. One whose sending had none has no number. */
static void learn_letter(struct desk *d) {
    struct letter *l = &d->letters[d->doing.which];
    uint32_t stamp;
    if (d->doing.act == DESK_TAKE_BACK && read_letter(d, l, &stamp) == E_NOT_FOUND) {
        l->record = 0;
    }
}

bool desk_stands(struct desk *d) {
    learn_letter(d);
    bool good =
        !d->wrong && people_stand(d) && holds_stand(d) && suspect_stands(d) && helper_stands(d);
    for (size_t i = 0; good && i < DESK_LETTERS; i++) {
        good = d->letters[i].record == 0 || letter_stands(d, &d->letters[i]);
    }
    d->doing.act = DESK_NOTHING;
    return good;
}

bool desk_open(struct desk *d, struct guard_world *w, uint32_t seed) {
    struct ward_answer answer;
    uint16_t code;
    *d = (struct desk){.w = w, .dice = seed, .suspect = {.reference = "suspect"}};
    if (register_program(w, "post", "comments", "", d->token) != OK ||
        ask_program(w, API_PROGRAM_NAMES, d->token, NULL, &answer) != OK) {
        return false;
    }
    d->comments = number_named(&answer.fields[ANS_PROGRAM_NAMES_PURPOSES], "comments");
    d->comment = number_named(&answer.fields[ANS_PROGRAM_NAMES_CATEGORIES], "comment");
    ward_answer_done(&answer);
    return meet(d, &d->suspect, &code) && code == OK;
}
