/* The lying program: registered for comments (which people write) and for recommendations, it asks
 * for everything else too. It must get nothing beyond what it was granted, of anybody. */
#include "guard_world.h"

#include <signal.h>
#include <string.h>

#include "base/bytes.h"
#include "seal/seal.h"

static const char device[] = "device-0123456789abc";

/* A program as it sees itself. */
struct asker {
    uint8_t token[API_TOKEN_BYTES];
    uint64_t comments, recommend; /* numbers of purposes */
    uint64_t comment, history;    /* numbers of categories */
    uint64_t import;              /* the origin it registered */
    char notice[65];
};

static struct asker shop;
static struct asker spy;

static void learn(struct guard_world *w, struct asker *a) {
    struct ward_answer answer;
    assert_int_equal(ask_program(w, API_PROGRAM_NAMES, a->token, NULL, &answer), OK);
    const struct api_value *f = answer.fields;
    a->comments = number_named(&f[ANS_PROGRAM_NAMES_PURPOSES], "comments");
    a->recommend = number_named(&f[ANS_PROGRAM_NAMES_PURPOSES], "recommend");
    a->comment = number_named(&f[ANS_PROGRAM_NAMES_CATEGORIES], "comment");
    a->history = number_named(&f[ANS_PROGRAM_NAMES_CATEGORIES], "watch-history");
    a->import = number_named(&f[ANS_PROGRAM_NAMES_NAMES], "import");
    assert_int_equal(f[ANS_PROGRAM_NAMES_NOTICES].list.count, 8);
    memcpy(a->notice, w->notice[0], sizeof a->notice);
    ward_answer_done(&answer);
}

static uint16_t add(struct guard_world *w, const struct asker *a, const char *reference,
                    const char *birth, uint64_t *ret_person) {
    struct api_value args[ARG_PERSON_ADD__COUNT] = {
        [ARG_PERSON_ADD_REFERENCE] = api_text(reference),
        [ARG_PERSON_ADD_BIRTH_DATE] = api_text(birth),
        [ARG_PERSON_ADD_COUNTRY] = api_text("NL"),
        [ARG_PERSON_ADD_REGION] = api_text(""),
        [ARG_PERSON_ADD_LANGUAGE] = api_text("en"),
        [ARG_PERSON_ADD_NOTICE] = api_text(a->notice),
    };
    struct ward_answer answer;
    uint16_t code = ask_program(w, API_PERSON_ADD, a->token, args, &answer);
    if (code == OK) {
        *ret_person = answer.fields[ANS_PERSON_ADD_PERSON].n;
    }
    ward_answer_done(&answer);
    return code;
}

static uint16_t set_all(struct guard_world *w, const struct asker *a, uint64_t person,
                        const char *birth, const char *country, const char *region,
                        const char *language) {
    struct api_value args[ARG_PERSON_FACTS__COUNT] = {
        [ARG_PERSON_FACTS_PERSON] = api_n(person),
        [ARG_PERSON_FACTS_BIRTH_DATE] = api_text(birth),
        [ARG_PERSON_FACTS_COUNTRY] = api_text(country),
        [ARG_PERSON_FACTS_REGION] = api_text(region),
        [ARG_PERSON_FACTS_LANGUAGE] = api_text(language),
        [ARG_PERSON_FACTS_NOTICE] = api_text(""),
    };
    return ask_program(w, API_PERSON_FACTS, a->token, args, NULL);
}

static uint16_t set_facts(struct guard_world *w, const struct asker *a, uint64_t person,
                          const char *birth) {
    return set_all(w, a, person, birth, "", "", "");
}

static uint16_t consent(struct guard_world *w, const struct asker *a, uint64_t person,
                        uint64_t purpose, const char *state, const char *notice) {
    struct api_value args[ARG_CONSENT_SET__COUNT] = {
        [ARG_CONSENT_SET_PERSON] = api_n(person),
        [ARG_CONSENT_SET_PURPOSE] = api_n(purpose),
        [ARG_CONSENT_SET_STATE] = api_text(state),
        [ARG_CONSENT_SET_NOTICE] = api_text(notice),
    };
    return ask_program(w, API_CONSENT_SET, a->token, args, NULL);
}

static uint16_t on_off(struct guard_world *w, const struct asker *a, uint16_t op, uint64_t person,
                       uint64_t purpose, bool on) {
    struct api_value args[ARG_PERSON_OBJECT__COUNT] = {api_n(person), api_n(purpose), api_yes(on)};
    return ask_program(w, op, a->token, args, NULL);
}

static uint16_t put_as(struct guard_world *w, const uint8_t *token, uint64_t purpose,
                       uint64_t person, uint64_t category, uint64_t purposes, struct slice payload,
                       uint64_t *ret_record) {
    struct api_value args[ARG_RECORD_PUT__COUNT] = {
        [ARG_RECORD_PUT_PURPOSE] = api_n(purpose),     [ARG_RECORD_PUT_PERSON] = api_n(person),
        [ARG_RECORD_PUT_CATEGORY] = api_n(category),   [ARG_RECORD_PUT_PURPOSES] = api_n(purposes),
        [ARG_RECORD_PUT_PAYLOAD] = api_bytes(payload),
    };
    struct ward_answer answer;
    uint16_t code = ask_program(w, API_RECORD_PUT, token, args, &answer);
    if (code == OK && ret_record != NULL) {
        *ret_record = answer.fields[ANS_RECORD_PUT_RECORD].n;
    }
    ward_answer_done(&answer);
    return code;
}

static uint16_t put(struct guard_world *w, const struct asker *a, uint64_t person, const char *text,
                    uint64_t *ret_record) {
    return put_as(w, a->token, a->comments, person, a->comment, 0, slice_str(text), ret_record);
}

static uint16_t read_as(struct guard_world *w, const uint8_t *token, uint64_t purpose,
                        uint64_t record, const char *want) {
    struct api_value args[ARG_RECORD_READ__COUNT] = {
        [ARG_RECORD_READ_PURPOSE] = api_n(purpose), [ARG_RECORD_READ_RECORD] = api_n(record)};
    struct ward_answer answer;
    uint16_t code = ask_program(w, API_RECORD_READ, token, args, &answer);
    if (code == OK) {
        struct slice got = answer.fields[ANS_RECORD_READ_PAYLOAD].bytes;
        assert_true(want != NULL && slice_eq(got, slice_str(want)));
    }
    ward_answer_done(&answer);
    return code;
}

static uint64_t id_of(struct guard_world *w, const struct person *p) {
    struct ward_answer answer;
    assert_int_equal(ask(w, API_ACCOUNT_ME, p->token, NULL, &answer), OK);
    uint64_t id = answer.fields[ANS_ACCOUNT_ME_ID].n;
    ward_answer_done(&answer);
    return id;
}

/* --- what the owner of the machine asks --- */

static uint16_t owner_asks(struct guard_world *w, uint16_t op, const char *program,
                           const char *name, uint64_t person, struct ward_answer *ret) {
    struct api_value whom[TYP_WHOM__COUNT] = {[TYP_WHOM_NAME] = api_text(name),
                                              [TYP_WHOM_PROGRAM] = api_text(program),
                                              [TYP_WHOM_PERSON] = api_n(person)};
    struct api_value args[1] = {{.fields = whom}};
    return ask_admin(w, op, args, ret);
}

/* Of a person of the shop. */
static const char *archive_of(struct guard_world *w, const char *name, uint64_t person,
                              uint64_t *ret_withheld) {
    struct ward_answer answer;
    assert_int_equal(owner_asks(w, API_ADMIN_EXPORT, "shop", name, person, &answer), OK);
    *ret_withheld = answer.fields[ANS_ADMIN_EXPORT_WITHHELD].n;
    return archive_text(&answer, answer.fields[ANS_ADMIN_EXPORT_SIZE_BYTES].n);
}

/* --- asking for many --- */

struct asking {
    struct api_value query[TYP_QUERY__COUNT];
    struct api_value change[TYP_CHANGE__COUNT];
    uint64_t after, limit;
    bool payloads;
};

struct got {
    uint64_t count, denied, next, first;
    size_t bytes;
};

static uint16_t find(struct guard_world *w, const struct asker *a, uint64_t purpose,
                     struct asking *q, struct got *ret) {
    struct api_value args[ARG_RECORD_FIND__COUNT] = {
        [ARG_RECORD_FIND_PURPOSE] = api_n(purpose),
        [ARG_RECORD_FIND_QUERY] = {.fields = q->query},
        [ARG_RECORD_FIND_AFTER] = api_n(q->after),
        [ARG_RECORD_FIND_LIMIT] = api_n(q->limit),
        [ARG_RECORD_FIND_PAYLOADS] = api_yes(q->payloads),
    };
    struct ward_answer answer;
    uint16_t code = ask_program(w, API_RECORD_FIND, a->token, args, &answer);
    *ret = (struct got){0};
    if (code == OK) {
        const struct api_value *f = answer.fields;
        const struct api_value *records = &f[ANS_RECORD_FIND_RECORDS];
        const struct api_value *payloads = &f[ANS_RECORD_FIND_PAYLOADS];
        ret->count = records->list.count;
        ret->denied = f[ANS_RECORD_FIND_DENIED].n;
        ret->next = f[ANS_RECORD_FIND_NEXT].n;
        ret->first = ret->count == 0 ? 0 : records->list.items[0].fields[TYP_META_RECORD].n;
        assert_int_equal(payloads->list.count, q->payloads ? ret->count : 0);
        for (size_t i = 0; i < payloads->list.count; i++) {
            ret->bytes += payloads->list.items[i].bytes.len;
        }
    }
    ward_answer_done(&answer);
    return code;
}

static uint16_t change(struct guard_world *w, const struct asker *a, uint64_t purpose,
                       struct asking *q, uint64_t *ret_changed) {
    struct api_value args[ARG_RECORD_CHANGE__COUNT] = {
        [ARG_RECORD_CHANGE_PURPOSE] = api_n(purpose),
        [ARG_RECORD_CHANGE_QUERY] = {.fields = q->query},
        [ARG_RECORD_CHANGE_CHANGE] = {.fields = q->change}};
    struct ward_answer answer;
    uint16_t code = ask_program(w, API_RECORD_CHANGE, a->token, args, &answer);
    *ret_changed = code == OK ? answer.fields[ANS_RECORD_CHANGE_CHANGED].n : 0;
    ward_answer_done(&answer);
    return code;
}

static uint16_t destroy(struct guard_world *w, const struct asker *a, uint64_t purpose,
                        struct asking *q, uint64_t *ret_deleted) {
    struct api_value args[ARG_RECORD_DELETE__COUNT] = {
        [ARG_RECORD_DELETE_PURPOSE] = api_n(purpose),
        [ARG_RECORD_DELETE_QUERY] = {.fields = q->query}};
    struct ward_answer answer;
    uint16_t code = ask_program(w, API_RECORD_DELETE, a->token, args, &answer);
    *ret_deleted = code == OK ? answer.fields[ANS_RECORD_DELETE_DELETED].n : 0;
    ward_answer_done(&answer);
    return code;
}

/* --- what it may --- */

static void records_come_back_are_found_changed_and_deleted(void **state) {
    struct guard_world *w = *state;
    struct asking q = {.payloads = true};
    struct got got;
    uint64_t person;
    uint64_t record[3];
    uint64_t count;
    assert_int_equal(add(w, &shop, "customer 1", "1990-05-01", &person), OK);
    assert_int_equal(add(w, &shop, "customer 1", "1990-05-01", &person), E_REFERENCE);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(put(w, &shop, person, "a fine shop", &record[i]), OK);
    }
    assert_int_equal(read_as(w, shop.token, shop.comments, record[0], "a fine shop"), OK);
    q.query[TYP_QUERY_PERSON] = api_n(person);
    assert_int_equal(find(w, &shop, shop.comments, &q, &got), OK);
    assert_true(got.count == 3 && got.next == 0 && got.bytes == 33 && got.first == record[0]);
    q.limit = 2;
    assert_int_equal(find(w, &shop, shop.comments, &q, &got), OK);
    assert_true(got.count == 2 && got.next == record[1]);
    q.after = got.next;
    assert_int_equal(find(w, &shop, shop.comments, &q, &got), OK);
    assert_true(got.count == 1 && got.next == 0 && got.first == record[2]);
    q.change[TYP_CHANGE_ORIGIN] = api_n(shop.import);
    q.query[TYP_QUERY_RECORD] = api_n(record[1]);
    assert_int_equal(change(w, &shop, shop.comments, &q, &count), OK);
    assert_int_equal(count, 1);
    q = (struct asking){.query = {[TYP_QUERY_ORIGIN] = api_n(shop.import)}};
    assert_int_equal(find(w, &shop, shop.comments, &q, &got), OK);
    assert_true(got.count == 1 && got.first == record[1]);
    assert_int_equal(destroy(w, &shop, shop.comments, &q, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(read_as(w, shop.token, shop.comments, record[1], NULL), E_NOT_FOUND);
    struct api_value rewrite[ARG_RECORD_REWRITE__COUNT] = {api_n(shop.comments), api_n(record[0]),
                                                           api_text("a finer shop")};
    assert_int_equal(ask_program(w, API_RECORD_REWRITE, shop.token, rewrite, NULL), OK);
    assert_int_equal(read_as(w, shop.token, shop.comments, record[0], "a finer shop"), OK);
}

/* A restriction, an objection and their ends; each is the law's to weigh. */
static void the_law_stands_between(void **state) {
    struct guard_world *w = *state;
    uint64_t person;
    uint64_t record;
    assert_int_equal(add(w, &shop, "customer 2", "1991-05-01", &person), OK);
    assert_int_equal(put(w, &shop, person, "hm", &record), OK);
    assert_int_equal(on_off(w, &shop, API_PERSON_RESTRICT, person, shop.comments, true), OK);
    assert_int_equal(read_as(w, shop.token, shop.comments, record, NULL), E_DENIED);
    assert_int_equal(on_off(w, &shop, API_PERSON_RESTRICT, person, shop.comments, false), OK);
    assert_int_equal(read_as(w, shop.token, shop.comments, record, "hm"), OK);
    /* `recommend` uses no comments. */
    assert_int_equal(read_as(w, shop.token, shop.recommend, record, NULL), E_UNDECLARED);
    struct api_value entries[ARG_PERSON_ENTRIES__COUNT] = {api_n(person), api_n(0), api_n(100)};
    struct ward_answer answer;
    assert_int_equal(ask_program(w, API_PERSON_ENTRIES, shop.token, entries, &answer), OK);
    const struct api_value *list = &answer.fields[ANS_PERSON_ENTRIES_ENTRIES];
    assert_true(list->list.count >= 3);
    uint64_t leaf = list->list.items[0].fields[TYP_ENTRY_INDEX].n;
    ward_answer_done(&answer);
    struct api_value receipt[ARG_PERSON_RECEIPT__COUNT] = {api_n(person), api_n(leaf)};
    assert_int_equal(ask_program(w, API_PERSON_RECEIPT, shop.token, receipt, &answer), OK);
    assert_true(answer.fields[ANS_PERSON_RECEIPT_RECEIPT].bytes.len > 100);
    ward_answer_done(&answer);
    struct api_value who[1] = {api_n(person)};
    assert_int_equal(ask_program(w, API_PERSON_ERASE, shop.token, who, NULL), OK);
    assert_int_equal(ask_program(w, API_PERSON_ERASE, shop.token, who, NULL), E_NOT_FOUND);
    assert_int_equal(read_as(w, shop.token, shop.comments, record, NULL), E_NOT_FOUND);
}

/* --- what the owner of the machine may, whatever became of the program --- */

static void the_owner_hands_out_everything_about_a_person(void **state) {
    struct guard_world *w = *state;
    uint64_t person;
    uint64_t other;
    uint64_t withheld;
    assert_int_equal(add(w, &shop, "customer 10", "1990-05-01", &person), OK);
    assert_int_equal(add(w, &shop, "customer 11", "1990-05-01", &other), OK);
    assert_int_equal(put(w, &shop, person, "said \"aloud\"", NULL), OK);
    assert_int_equal(
        put_as(w, shop.token, shop.comments, person, shop.comment, 0, SLICE("\xff\x00\x01"), NULL),
        OK);
    assert_int_equal(put(w, &shop, other, "somebody else's", NULL), OK);
    assert_int_equal(consent(w, &shop, person, shop.recommend, "given", w->notice[0]), OK);
    assert_int_equal(on_off(w, &shop, API_PERSON_OBJECT, person, shop.comments, true), OK);
    assert_int_equal(on_off(w, &shop, API_PERSON_RESTRICT, person, shop.comments, true), OK);
    for (int by_number = 0; by_number < 2; by_number++) {
        const char *all = archive_of(w, by_number == 0 ? "customer 10" : "",
                                     by_number == 0 ? 0 : person, &withheld);
        assert_int_equal(withheld, 0);
        assert_int_equal(strncmp(all, "ward/data.jsonl", 15), 0);
        holds(all, "\"birth_date\":\"1990-05-01\"");
        holds(all, "\"age_source\":\"declared\"");
        holds(all, w->notice[0]);
        holds(all, "\"objections\":[\"comments\"],\"restrictions\":[\"comments\"]");
        holds(all, "{\"consent\":\"recommend\",\"state\":\"given\",\"giver\":\"self\"");
        holds(all, "\"category\":\"comment\",\"purpose\":\"comments\"");
        holds(all, "\"data\":\"said \\\"aloud\\\"\"}");
        holds(all, "\"data\":{\"base64\":\"/wAB\"}}");
        holds(all, "\"kind\":\"restriction\"");
        holds_not(all, "somebody else");
    }
    /* It was handed out, and the person can know. */
    holds(archive_of(w, "customer 10", 0, &withheld), "\"kind\":\"export\"");
}

/* A record of somebody else that concerns the person is theirs too, and says whose it is not. */
static void what_others_have_of_a_person_is_in_it(void **state) {
    struct guard_world *w = *state;
    uint64_t writer;
    uint64_t reader;
    uint64_t withheld;
    assert_int_equal(add(w, &shop, "writer", "1990-05-01", &writer), OK);
    assert_int_equal(add(w, &shop, "reader", "1990-05-01", &reader), OK);
    struct api_value others[1] = {api_n(reader)};
    struct api_value args[ARG_RECORD_PUT__COUNT] = {
        [ARG_RECORD_PUT_PURPOSE] = api_n(shop.comments),
        [ARG_RECORD_PUT_PERSON] = api_n(writer),
        [ARG_RECORD_PUT_CATEGORY] = api_n(shop.comment),
        [ARG_RECORD_PUT_OTHERS] = {.list = {.items = others, .count = 1}},
        [ARG_RECORD_PUT_PAYLOAD] = api_text("about the reader"),
    };
    assert_int_equal(ask_program(w, API_RECORD_PUT, shop.token, args, NULL), OK);
    const char *all = archive_of(w, "reader", 0, &withheld);
    assert_int_equal(withheld, 0);
    holds(all, "\"of_another\":true");
    holds(all, "\"data\":\"about the reader\"");
    all = archive_of(w, "writer", 0, &withheld);
    holds(all, "\"of_another\":false");
    holds(all, "\"data\":\"about the reader\"");
    /* What the writer was not told keeps it from everybody but the writer, who asks. */
    assert_int_equal(set_facts(w, &shop, writer, "2015-05-01"), OK);
    holds(archive_of(w, "writer", 0, &withheld), "\"data\":\"about the reader\"");
    assert_int_equal(withheld, 0);
    holds_not(archive_of(w, "reader", 0, &withheld), "about the reader");
    assert_int_equal(withheld, 1);
}

/* Told as an adult and a child after all, and nothing may be done with it: it is handed to its
 * person, and to nobody else. */
static void what_the_program_failed_at_keeps_nothing_back(void **state) {
    struct guard_world *w = *state;
    struct asking q = {.payloads = true};
    struct got got;
    uint64_t person;
    uint64_t record;
    uint64_t withheld;
    assert_int_equal(add(w, &shop, "customer 12", "1990-05-01", &person), OK);
    assert_int_equal(put(w, &shop, person, "as an adult", &record), OK);
    assert_int_equal(set_facts(w, &shop, person, "2015-05-01"), OK);
    assert_int_equal(on_off(w, &shop, API_PERSON_RESTRICT, person, shop.comments, true), OK);
    holds(archive_of(w, "customer 12", 0, &withheld), "as an adult");
    assert_int_equal(withheld, 0);
    q.query[TYP_QUERY_PERSON] = api_n(person);
    assert_int_equal(find(w, &shop, shop.comments, &q, &got), OK);
    assert_true(got.count == 0 && got.denied == 1);
    assert_int_equal(read_as(w, shop.token, shop.comments, record, NULL), E_DENIED);
}

/* The law decides here too; what it keeps back is not passed over in silence. */
static void what_the_law_keeps_back_is_named(void **state) {
    struct guard_world *w = *state;
    uint64_t person;
    uint64_t withheld;
    assert_int_equal(add(w, &shop, "customer 15", "1990-05-01", &person), OK);
    assert_int_equal(put(w, &shop, person, "as an adult", NULL), OK);
    assert_int_equal(set_all(w, &shop, person, "2015-05-01", "CN", "", ""), OK);
    const char *all = archive_of(w, "customer 15", 0, &withheld);
    assert_int_equal(withheld, 1);
    holds(all, "{\"withheld\":\"comment\",\"records\":1,\"of_another\":false,"
               "\"undeclared\":false,\"rules\":[");
    holds(all, "\"pipl:31\"");
    holds_not(all, "gdpr:12(1)");
    holds_not(all, "as an adult");
}

static void the_owner_reaches_whom_they_name_and_nobody_else(void **state) {
    static const uint16_t ops[] = {API_ADMIN_EXPORT, API_ADMIN_ERASE};
    struct guard_world *w = *state;
    struct person anna = {0};
    uint64_t person;
    assert_int_equal(login(w, "anna", "three red apples", &anna), OK);
    uint64_t id = id_of(w, &anna);
    assert_int_equal(add(w, &shop, "customer 13", "1990-05-01", &person), OK);
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        assert_int_equal(owner_asks(w, ops[i], "shopp", "customer 13", 0, NULL), E_PROGRAM_UNKNOWN);
        assert_int_equal(owner_asks(w, ops[i], "spy", "customer 13", 0, NULL), E_NOT_FOUND);
        assert_int_equal(owner_asks(w, ops[i], "spy", "", person, NULL), E_NOT_FOUND);
        assert_int_equal(owner_asks(w, ops[i], "shop", "Customer 13", 0, NULL), E_NOT_FOUND);
        assert_int_equal(owner_asks(w, ops[i], "shop", "", 0, NULL), E_NOT_FOUND);
        assert_int_equal(owner_asks(w, ops[i], "shop", "anna", 0, NULL), E_NOT_FOUND);
        assert_int_equal(owner_asks(w, ops[i], "shop", "", id, NULL), E_NOT_FOUND);
        assert_int_equal(owner_asks(w, ops[i], "shop", "", UINT64_MAX, NULL), E_NOT_FOUND);
        assert_int_equal(owner_asks(w, ops[i], "", "customer 13", 0, NULL), E_NOT_FOUND);
        assert_int_equal(owner_asks(w, ops[i], "", "", person, NULL), E_NOT_FOUND);
    }
    assert_int_equal(id_of(w, &anna), id);
    assert_int_equal(put(w, &shop, person, "still here", NULL), OK);
    assert_int_equal(owner_asks(w, API_ADMIN_EXPORT, "", "Anna", 0, NULL), OK);
}

static void the_owner_erases_a_person_of_a_program(void **state) {
    struct guard_world *w = *state;
    struct ward_answer answer;
    struct api_value reference[1] = {api_text("customer 14")};
    for (int by_number = 0; by_number < 2; by_number++) {
        uint64_t person;
        uint64_t record;
        assert_int_equal(add(w, &shop, "customer 14", "1990-05-01", &person), OK);
        assert_int_equal(put(w, &shop, person, "soon gone", &record), OK);
        const char *name = by_number == 0 ? "customer 14" : "";
        uint64_t number = by_number == 0 ? 0 : person;
        assert_int_equal(owner_asks(w, API_ADMIN_ERASE, "shop", name, number, &answer), OK);
        assert_true(slice_starts(answer.fields[ANS_ADMIN_ERASE_RECEIPT].bytes,
                                 SLICE("c2sp.org/tlog-proof@v1")));
        ward_answer_done(&answer);
        assert_int_equal(owner_asks(w, API_ADMIN_ERASE, "shop", name, number, NULL), E_NOT_FOUND);
        assert_int_equal(owner_asks(w, API_ADMIN_EXPORT, "shop", name, number, NULL), E_NOT_FOUND);
        assert_int_equal(ask_program(w, API_PERSON_FIND, shop.token, reference, NULL), E_NOT_FOUND);
        assert_int_equal(read_as(w, shop.token, shop.comments, record, NULL), E_NOT_FOUND);
    }
}

/* --- what it may not --- */

static void no_token_but_its_own(void **state) {
    struct guard_world *w = *state;
    struct person anna = {0};
    uint8_t forged[API_TOKEN_BYTES];
    assert_int_equal(join(w, "anna", "1990-02-01", device, &anna), OK);
    assert_int_equal(ask_program(w, API_PROGRAM_NAMES, anna.token, NULL, NULL), E_SESSION);
    assert_int_equal(ask_program(w, API_PROGRAM_NAMES, NULL, NULL, NULL), E_SESSION);
    for (size_t bit = 0; bit < API_TOKEN_BYTES * 8; bit += 5) {
        memcpy(forged, shop.token, sizeof forged);
        forged[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(ask_program(w, API_PROGRAM_NAMES, forged, NULL, NULL), E_SESSION);
    }
    memcpy(forged, spy.token, sizeof forged);
    memcpy(forged, shop.token, 8);
    assert_int_equal(ask_program(w, API_PROGRAM_NAMES, forged, NULL, NULL), E_SESSION);
    assert_int_equal(ask(w, API_ACCOUNT_ME, shop.token, NULL, NULL), E_SESSION);
}

/* Neither the service's operations on this socket nor these on the others. */
static void no_operation_of_others(void **state) {
    struct guard_world *w = *state;
    struct person anna = {0};
    struct arena a CLEANUP(arena_done);
    size_t count;
    const struct api_op *ops = api_ops(&count);
    arena_init(&a, 4 << 20);
    assert_int_equal(login(w, "anna", "three red apples", &anna), OK);
    for (size_t i = 0; i < count; i++) {
        struct api_value *args = api_record(&a, ops[i].args);
        for (uint32_t f = 0; f < ops[i].args->count; f++) {
            if (ops[i].args->fields[f].type.kind == API_DATE) {
                args[f] = api_text("2000-01-01");
            }
        }
        if (ops[i].who == API_WHO_PROGRAM) {
            assert_int_equal(ask(w, ops[i].number, shop.token, args, NULL), E_ROLE);
            assert_int_equal(ask(w, ops[i].number, anna.token, args, NULL), E_ROLE);
            assert_int_equal(ask_admin(w, ops[i].number, args, NULL), E_ROLE);
            continue;
        }
        assert_int_equal(ask_program(w, ops[i].number, shop.token, args, NULL), E_ROLE);
        assert_int_equal(ask_program(w, ops[i].number, anna.token, args, NULL), E_ROLE);
        assert_int_equal(ask_program(w, ops[i].number, NULL, args, NULL), E_ROLE);
    }
}

static void no_purpose_that_was_not_granted(void **state) {
    static const char *const service[] = {"keep-account", "guardian-link", "share-clip",
                                          "play-clip",    "likes",         "keep-history",
                                          "fulfil-rights"};
    struct guard_world *w = *state;
    struct asking q = {.limit = 0};
    struct got got;
    uint64_t person;
    uint64_t count;
    uint8_t token[API_TOKEN_BYTES];
    assert_int_equal(add(w, &shop, "customer 3", "1990-05-01", &person), OK);
    for (size_t i = 0; i < ARRAY_LEN(service); i++) {
        assert_int_equal(register_program(w, "greedy", service[i], "", token), E_PURPOSE);
    }
    assert_int_equal(register_program(w, "greedy", "comments,world-domination", "", token),
                     E_PURPOSE);
    assert_int_equal(register_program(w, "greedy", "comments", "../etc", token), E_NAME);
    for (uint64_t purpose = 0; purpose < 70; purpose++) {
        if (purpose == shop.comments || purpose == shop.recommend) {
            continue;
        }
        uint16_t said = put_as(w, shop.token, purpose, person, shop.comment, 0, SLICE("x"), NULL);
        assert_true(said == E_GRANT || said == E_UNDECLARED);
        assert_true(said == E_GRANT || purpose != spy.comments);
        assert_true(said == E_UNDECLARED || purpose < 64);
        assert_int_equal(read_as(w, shop.token, purpose, 1, NULL), said);
        assert_int_equal(find(w, &shop, purpose, &q, &got), said);
        assert_int_equal(change(w, &shop, purpose, &q, &count), said);
        assert_int_equal(destroy(w, &shop, purpose, &q, &count), said);
        assert_int_equal(on_off(w, &shop, API_PERSON_OBJECT, person, purpose, true), said);
        assert_int_equal(on_off(w, &shop, API_PERSON_RESTRICT, person, purpose, true), said);
        assert_int_equal(consent(w, &shop, person, purpose, "given", w->notice[0]), said);
    }
    /* Nor by the back: in masks, in queries, in changes. */
    uint64_t other = UINT64_C(1) << (shop.comments == 0 ? 1 : 0);
    assert_int_equal(
        put_as(w, shop.token, shop.comments, person, shop.comment, ~UINT64_C(0), SLICE("x"), NULL),
        E_GRANT);
    q.query[TYP_QUERY_OBJECTIONS] = api_n(other);
    assert_int_equal(find(w, &shop, shop.comments, &q, &got), E_GRANT);
    q = (struct asking){.change = {[TYP_CHANGE_OBJECTIONS_REMOVE] = api_n(other)}};
    assert_int_equal(change(w, &shop, shop.comments, &q, &count), E_GRANT);
    q = (struct asking){.query = {[TYP_QUERY_ORIGIN] = api_n(1)}};
    if (shop.import != 1) {
        assert_int_equal(find(w, &shop, shop.comments, &q, &got), E_NAME);
    }
    q = (struct asking){.query = {[TYP_QUERY_ORIGIN] = api_n(60000)}};
    assert_int_equal(find(w, &shop, shop.comments, &q, &got), E_NAME);
    q = (struct asking){.query = {[TYP_QUERY_CATEGORY] = api_n(300)}};
    assert_int_equal(find(w, &shop, shop.comments, &q, &got), E_UNDECLARED);
}

static void nobody_elses_people(void **state) {
    struct guard_world *w = *state;
    struct person anna = {0};
    uint64_t mine;
    assert_int_equal(login(w, "anna", "three red apples", &anna), OK);
    assert_int_equal(add(w, &shop, "customer 4", "1990-05-01", &mine), OK);
    const uint64_t others[] = {id_of(w, &anna), mine, 0, 999999, UINT64_MAX, UINT64_C(1) << 63};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct api_value who[3] = {api_n(others[i]), api_n(0), api_n(10)};
        assert_int_equal(set_facts(w, &spy, others[i], "1950-01-01"), E_NOT_FOUND);
        assert_int_equal(consent(w, &spy, others[i], spy.comments, "given", w->notice[0]),
                         E_NOT_FOUND);
        assert_int_equal(on_off(w, &spy, API_PERSON_OBJECT, others[i], spy.comments, true),
                         E_NOT_FOUND);
        assert_int_equal(on_off(w, &spy, API_PERSON_RESTRICT, others[i], spy.comments, true),
                         E_NOT_FOUND);
        assert_int_equal(ask_program(w, API_PERSON_ERASE, spy.token, who, NULL), E_NOT_FOUND);
        assert_int_equal(ask_program(w, API_PERSON_ENTRIES, spy.token, who, NULL), E_NOT_FOUND);
        assert_int_equal(ask_program(w, API_PERSON_RECEIPT, spy.token, who, NULL), E_NOT_FOUND);
    }
    /* The same reference is somebody else's in another program, and a name no reference. */
    struct api_value reference[1] = {api_text("customer 4")};
    assert_int_equal(ask_program(w, API_PERSON_FIND, shop.token, reference, NULL), OK);
    assert_int_equal(ask_program(w, API_PERSON_FIND, spy.token, reference, NULL), E_NOT_FOUND);
    reference[0] = api_text("anna");
    assert_int_equal(ask_program(w, API_PERSON_FIND, shop.token, reference, NULL), E_NOT_FOUND);
    assert_int_equal(ask(w, API_ACCOUNT_ME, anna.token, NULL, NULL), OK);
}

/* The spy has `ads-contextual` alone: no record of the shop's is there for it, not even in counts.
 */
static void nobody_elses_records(void **state) {
    struct guard_world *w = *state;
    struct asking q = {.payloads = true};
    struct got got;
    uint64_t person;
    uint64_t record;
    uint64_t count;
    assert_int_equal(add(w, &shop, "customer 5", "1990-05-01", &person), OK);
    assert_int_equal(put(w, &shop, person, "between us", &record), OK);
    for (uint64_t id = 1; id < record + 5; id++) {
        assert_int_equal(read_as(w, spy.token, spy.comments, id, NULL), E_NOT_FOUND);
        struct api_value rewrite[ARG_RECORD_REWRITE__COUNT] = {api_n(spy.comments), api_n(id),
                                                               api_text("mine now")};
        assert_int_equal(ask_program(w, API_RECORD_REWRITE, spy.token, rewrite, NULL), E_NOT_FOUND);
    }
    const struct api_value people[] = {api_n(0), api_n(person), api_n(999999)};
    for (size_t i = 0; i < ARRAY_LEN(people); i++) {
        q.query[TYP_QUERY_PERSON] = people[i];
        assert_int_equal(find(w, &spy, spy.comments, &q, &got), OK);
        assert_true(got.count == 0 && got.denied == 0 && got.next == 0 && got.bytes == 0);
        (void)change(w, &spy, spy.comments, &q, &count);
        assert_int_equal(count, 0);
        assert_int_equal(destroy(w, &spy, spy.comments, &q, &count), E_UNDECLARED);
    }
    assert_int_equal(read_as(w, shop.token, shop.comments, record, "between us"), OK);
}

/* The watch history of a person of the service, with their yes and without; read at most. */
static void the_services_people_only_for_what_was_granted(void **state) {
    struct guard_world *w = *state;
    struct person anna = {0};
    struct asking q = {.payloads = true};
    struct got got;
    uint64_t count;
    assert_int_equal(login(w, "anna", "three red apples", &anna), OK);
    uint64_t id = id_of(w, &anna);
    q.query[TYP_QUERY_PERSON] = api_n(id);
    /* Her account, mail address and clips are not there for any of its purposes. */
    for (uint64_t record = 1; record < 12; record++) {
        uint16_t said = read_as(w, shop.token, shop.recommend, record, NULL);
        assert_true(said == E_NOT_FOUND || said == E_UNDECLARED);
    }
    assert_int_equal(find(w, &shop, shop.recommend, &q, &got), OK);
    assert_int_equal(got.count, 0);
    /* What the service stores has a form of its own: no program writes, changes or deletes it. */
    assert_int_equal(
        put_as(w, shop.token, shop.recommend, id, shop.history, 0, SLICE("\x01junk"), NULL),
        E_UNDECLARED);
    assert_int_equal(destroy(w, &shop, shop.recommend, &q, &count), E_UNDECLARED);
    q.query[TYP_QUERY_CATEGORY] = api_n(shop.history + 1);
    assert_int_equal(change(w, &shop, shop.recommend, &q, &count), E_UNDECLARED);
}

static void no_age_consent_or_notice_on_trust(void **state) {
    struct guard_world *w = *state;
    struct asker liar = shop;
    uint64_t child;
    uint64_t adult;
    uint64_t unknown;
    memset(liar.notice, 'a', 64);
    assert_int_equal(add(w, &liar, "customer 6", "1990-05-01", &adult), E_NOTICE_UNKNOWN);
    assert_int_equal(add(w, &shop, "customer 6", "2090-05-01", &adult), E_BIRTH_DATE);
    assert_int_equal(add(w, &shop, "customer 6", "yesterday", &adult), E_TIME);
    assert_int_equal(add(w, &shop, "child", "2015-05-01", &child), OK);
    assert_int_equal(set_facts(w, &shop, child, "1990-05-01"), E_OLDER);
    assert_int_equal(set_facts(w, &shop, child, "2014-05-01"), E_OLDER);
    assert_int_equal(set_facts(w, &shop, child, "unknown"), E_OLDER);
    assert_int_equal(set_facts(w, &shop, child, "2016-05-01"), OK);
    assert_int_equal(consent(w, &shop, child, shop.recommend, "given", w->notice[1]),
                     E_NEEDS_GUARDIAN);
    assert_int_equal(consent(w, &shop, child, shop.recommend, "withdrawn", ""), OK);
    assert_int_equal(add(w, &shop, "somebody", "", &unknown), OK);
    assert_true(consent(w, &shop, unknown, shop.recommend, "given", w->notice[1]) != OK);
    assert_int_equal(add(w, &shop, "customer 6", "1990-05-01", &adult), OK);
    assert_int_equal(set_facts(w, &shop, adult, "1989-05-01"), OK);
    assert_int_equal(consent(w, &shop, adult, shop.recommend, "given", liar.notice),
                     E_NOTICE_UNKNOWN);
    assert_int_equal(consent(w, &shop, adult, shop.recommend, "given", ""), E_NOTICE_UNKNOWN);
    assert_int_equal(consent(w, &shop, adult, shop.recommend, "perhaps", w->notice[0]), E_CHOICE);
    assert_int_equal(consent(w, &shop, adult, shop.comments, "given", w->notice[0]), E_PURPOSE);
    assert_int_equal(consent(w, &shop, adult, shop.recommend, "given", w->notice[0]), OK);
}

static bool can_say_yes(struct guard_world *w, uint64_t person) {
    return consent(w, &shop, person, shop.recommend, "given", w->notice[0]) == OK;
}

/* A correction of one thing is one of nothing else: nobody's age is lost by it, or found. */
static void what_is_left_empty_stays(void **state) {
    struct guard_world *w = *state;
    uint64_t child;
    uint64_t adult;
    uint64_t withheld;
    assert_int_equal(add(w, &shop, "small", "2015-05-01", &child), OK);
    assert_int_equal(set_all(w, &shop, child, "", "DE", "", "de"), OK);
    assert_int_equal(set_facts(w, &shop, child, ""), OK);
    const char *all = archive_of(w, "small", 0, &withheld);
    holds(all, "\"birth_date\":\"2015-05-01\"");
    holds(all, "\"country\":\"DE\",\"region\":\"\",\"language\":\"de\"");
    assert_true(!can_say_yes(w, child));
    assert_int_equal(set_facts(w, &shop, child, "2014-05-01"), E_OLDER);
    assert_int_equal(add(w, &shop, "tall", "1990-05-01", &adult), OK);
    assert_int_equal(set_all(w, &shop, adult, "", "US", "US-CA", ""), OK);
    assert_int_equal(set_all(w, &shop, adult, "", "US", "", ""), OK);
    holds(archive_of(w, "tall", 0, &withheld), "\"country\":\"US\",\"region\":\"US-CA\"");
    assert_int_equal(set_all(w, &shop, adult, "", "", "US-NY", ""), OK);
    assert_int_equal(set_all(w, &shop, adult, "", "", "DE-BE", ""), E_COUNTRY);
    holds(archive_of(w, "tall", 0, &withheld), "\"country\":\"US\",\"region\":\"US-NY\"");
    assert_int_equal(set_all(w, &shop, adult, "", "NL", "", ""), OK);
    all = archive_of(w, "tall", 0, &withheld);
    holds(all, "\"birth_date\":\"1990-05-01\"");
    holds(all, "\"country\":\"NL\",\"region\":\"\",\"language\":\"en\"");
    holds(all, w->notice[0]);
    assert_true(can_say_yes(w, adult));
    /* What is known to be untrue is taken back, and then nobody knows: a child. */
    assert_int_equal(set_facts(w, &shop, adult, "unknown"), OK);
    assert_true(!can_say_yes(w, adult));
    holds(archive_of(w, "tall", 0, &withheld), "\"birth_date\":\"\",\"age_source\":\"none\"");
}

/* Three payloads of a megabyte are an answer, the fourth is the next one; nothing is left out. */
static void huge_answers_come_in_pages(void **state) {
    enum { RECORDS = 6, BYTES = 1 << 20 };
    static uint8_t payload[BYTES];
    struct guard_world *w = *state;
    struct asking q = {.payloads = true};
    struct got got;
    uint64_t person;
    uint64_t record = 0;
    uint64_t count;
    size_t pages = 0;
    size_t bytes = 0;
    assert_int_equal(add(w, &shop, "hoarder", "1990-05-01", &person), OK);
    for (int i = 0; i < RECORDS; i++) {
        assert_int_equal(put_as(w, shop.token, shop.comments, person, shop.comment, 0,
                                slice_of(payload, BYTES), &record),
                         OK);
    }
    q.query[TYP_QUERY_PERSON] = api_n(person);
    do {
        assert_int_equal(find(w, &shop, shop.comments, &q, &got), OK);
        assert_true(got.count > 0 || pages > 0);
        bytes += got.bytes;
        q.after = got.next;
    } while (++pages < 10 && got.next != 0);
    assert_true(bytes == (size_t)RECORDS * BYTES && pages >= 2);
    q = (struct asking){.limit = UINT32_MAX};
    assert_int_equal(find(w, &shop, shop.comments, &q, &got), OK);
    assert_true(got.count >= RECORDS);
    q.query[TYP_QUERY_PERSON] = api_n(person);
    assert_int_equal(destroy(w, &shop, shop.comments, &q, &count), OK);
    assert_int_equal(count, RECORDS);
    memset(payload, 1, BYTES);
    assert_int_equal(put_as(w, shop.token, shop.comments, person, shop.comment, 0,
                            slice_of(payload, BYTES), &record),
                     OK);
    struct ward_answer answer;
    assert_int_equal(owner_asks(w, API_ADMIN_EXPORT, "shop", "hoarder", 0, &answer), OK);
    assert_true(answer.fields[ANS_ADMIN_EXPORT_SIZE_BYTES].n > 6 * BYTES); /* each as \\u0001 */
    ward_answer_done(&answer);
}

static void what_was_acknowledged_survives_a_kill(void **state) {
    struct guard_world *w = *state;
    uint64_t person;
    uint64_t record;
    assert_int_equal(add(w, &shop, "survivor", "1990-05-01", &person), OK);
    assert_int_equal(put(w, &shop, person, "still here", &record), OK);
    assert_int_equal(guard_end(w, SIGKILL), -SIGKILL);
    guard_begin(w);
    assert_int_equal(read_as(w, shop.token, shop.comments, record, "still here"), OK);
    struct api_value reference[1] = {api_text("survivor")};
    assert_int_equal(ask_program(w, API_PERSON_FIND, shop.token, reference, NULL), OK);
}

/* Registered anew with nothing: the old token has ended and the new one opens nothing. */
static void a_program_is_taken_everything(void **state) {
    struct guard_world *w = *state;
    struct asker was = shop;
    struct asking q = {.limit = 0};
    struct got got;
    assert_int_equal(register_program(w, "shop", "", "", shop.token), OK);
    assert_int_equal(ask_program(w, API_PROGRAM_NAMES, was.token, NULL, NULL), E_SESSION);
    assert_int_equal(find(w, &shop, shop.comments, &q, &got), E_GRANT);
    /* Its people still have their rights. */
    uint64_t withheld;
    holds(archive_of(w, "survivor", 0, &withheld), "still here");
    assert_int_equal(owner_asks(w, API_ADMIN_ERASE, "shop", "survivor", 0, NULL), OK);
}

static bool stands(struct guard_world *w, const char *name, bool ended, const char *purposes) {
    struct ward_answer answer;
    bool found = false;
    assert_int_equal(ask_admin(w, API_ADMIN_PROGRAMS, NULL, &answer), OK);
    const struct api_value *list = &answer.fields[ANS_ADMIN_PROGRAMS_PROGRAMS];
    for (size_t i = 0; i < list->list.count; i++) {
        const struct api_value *f = list->list.items[i].fields;
        const struct api_value *granted = &f[TYP_REGISTERED_PURPOSES];
        struct slice first = granted->list.count == 0 ? SLICE("") : granted->list.items[0].bytes;
        found |= slice_eq(f[TYP_REGISTERED_NAME].bytes, slice_str(name)) &&
                 f[TYP_REGISTERED_ENDED].yes == ended && f[TYP_REGISTERED_AT].i > 0 &&
                 slice_eq(f[TYP_REGISTERED_COMPANY].bytes, SLICE("Notes B.V.")) &&
                 slice_eq(first, slice_str(purposes));
    }
    ward_answer_done(&answer);
    return found;
}

/* The token works no more, the people stay, and it may be registered anew. */
static void a_program_is_ended(void **state) {
    struct guard_world *w = *state;
    struct asker late = {.comments = shop.comments, .comment = shop.comment};
    struct api_value name[ARG_ADMIN_DISMISS__COUNT] = {api_text("late")};
    struct api_value whom[TYP_WHOM__COUNT] = {api_text("left behind"), api_text("late"), api_n(0)};
    struct api_value export[ARG_ADMIN_EXPORT__COUNT] = {{.fields = whom}};
    struct ward_answer answer;
    uint64_t person;
    uint8_t none[API_TOKEN_BYTES] = {0};
    memcpy(late.notice, shop.notice, sizeof late.notice);
    assert_int_equal(ask_admin(w, API_ADMIN_DISMISS, name, NULL), E_PROGRAM_UNKNOWN);
    assert_int_equal(register_program(w, "late", "comments", "", late.token), OK);
    assert_int_equal(add(w, &late, "left behind", "1990-05-01", &person), OK);
    assert_int_equal(put(w, &late, person, "my words", NULL), OK);
    assert_true(stands(w, "late", false, "comments"));
    assert_int_equal(ask_admin(w, API_ADMIN_DISMISS, name, NULL), OK);
    for (int start = 0; start < 2; start++) {
        assert_true(stands(w, "late", true, ""));
        assert_int_equal(ask_program(w, API_PROGRAM_NAMES, late.token, NULL, NULL), E_SESSION);
        assert_int_equal(ask_program(w, API_PROGRAM_NAMES, none, NULL, NULL), E_SESSION);
        assert_int_equal(ask_program(w, API_PROGRAM_NAMES, spy.token, NULL, NULL), OK);
        assert_int_equal(ask_admin(w, API_ADMIN_EXPORT, export, &answer), OK);
        holds(archive_text(&answer, answer.fields[ANS_ADMIN_EXPORT_SIZE_BYTES].n), "my words");
        assert_int_equal(guard_end(w, SIGKILL), -SIGKILL);
        guard_begin(w);
    }
    assert_int_equal(register_program(w, "late", "comments", "", late.token), OK);
    assert_true(stands(w, "late", false, "comments"));
    assert_int_equal(put(w, &late, person, "and more", NULL), OK);
}

static int open_world(void **state) {
    static struct guard_world world;
    world_open(&world);
    *state = &world;
    assert_int_equal(register_program(&world, "shop", "comments,recommend", "import", shop.token),
                     OK);
    assert_int_equal(register_program(&world, "spy", "ads-contextual", "", spy.token), OK);
    learn(&world, &shop);
    learn(&world, &spy);
    assert_true(shop.comment != UINT32_MAX && shop.history != UINT32_MAX);
    assert_true(spy.comments == UINT32_MAX && spy.comment == UINT32_MAX);
    struct ward_answer answer;
    assert_int_equal(ask_program(&world, API_PROGRAM_NAMES, spy.token, NULL, &answer), OK);
    spy.comments = number_named(&answer.fields[ANS_PROGRAM_NAMES_PURPOSES], "ads-contextual");
    ward_answer_done(&answer);
    return 0;
}

static int close_world(void **state) {
    world_close(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back_are_found_changed_and_deleted),
        cmocka_unit_test(the_law_stands_between),
        cmocka_unit_test(the_owner_hands_out_everything_about_a_person),
        cmocka_unit_test(what_others_have_of_a_person_is_in_it),
        cmocka_unit_test(what_the_program_failed_at_keeps_nothing_back),
        cmocka_unit_test(what_the_law_keeps_back_is_named),
        cmocka_unit_test(no_token_but_its_own),
        cmocka_unit_test(the_owner_reaches_whom_they_name_and_nobody_else),
        cmocka_unit_test(the_owner_erases_a_person_of_a_program),
        cmocka_unit_test(no_operation_of_others),
        cmocka_unit_test(no_purpose_that_was_not_granted),
        cmocka_unit_test(nobody_elses_people),
        cmocka_unit_test(nobody_elses_records),
        cmocka_unit_test(the_services_people_only_for_what_was_granted),
        cmocka_unit_test(no_age_consent_or_notice_on_trust),
        cmocka_unit_test(what_is_left_empty_stays),
        cmocka_unit_test(huge_answers_come_in_pages),
        cmocka_unit_test(what_was_acknowledged_survives_a_kill),
        cmocka_unit_test(a_program_is_ended),
        cmocka_unit_test(a_program_is_taken_everything),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
