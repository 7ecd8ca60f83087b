/* A program with people of its own, on a guard that it does not have to trust itself with: each of
 * its steps is decided by the law, sealed and recorded below.
 *
 *   ward serve --no-service --programs GROUP --map datamap/notes.map
 *   ward program --name notes --company "Notes B.V." --country NL --purposes keep-notes,improve \
 *       > notes.token
 *   notes var/programs/guard.sock notes.token receipt > key
 *   ward verify receipt receipt --key key
 *
 * Says on standard error what happens, writes the receipt of the erasure, and prints the key that
 * it is verified with. Without a file for the receipt the person stays, and the owner of the
 * machine can do for them what the program did not, also when there is no program any more:
 *
 *   ward export --program notes 'customer 4711' > archive.tar
 *   ward erase --program notes 'customer 4711' > receipt */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ward/ward.h"

enum { HEX_DIGITS = 64 };

struct notes {
    struct ward_client *guard;
    uint8_t token[API_TOKEN_BYTES];
    uint64_t keep_notes; /* numbers, from program.names */
    uint64_t note;
    char notice[HEX_DIGITS + 1]; /* the version that people read */
};

static _Noreturn void give_up(const char *what, struct status s) {
    fprintf(stderr, "notes: %s: %s\n", what, error_info(s.code)->cause);
    exit(1);
}

static void must(struct status s, const char *what) {
    if (failed(s)) {
        give_up(what, s);
    }
}

/* --- asking the guard --- */

static struct status ask(struct notes *n, uint16_t op, const struct api_value *args,
                         struct ward_answer *ret_answer) {
    return ward_call(n->guard, op, n->token, args, ret_answer);
}

/* The articles that stand in the way, when it was the law that refused. */
static void print_rules(const struct api_refusal *refusal) {
    for (size_t i = 0; i < refusal->rule_count; i++) {
        const struct api_rule *rule = &refusal->rules[i];
        fprintf(stderr, "    %.*s Art. %.*s: %.*s\n", SLICE_ARG(rule->law),
                SLICE_ARG(rule->article), SLICE_ARG(rule->title));
    }
}

static uint64_t number_named(const struct api_value *list, const char *name) {
    for (size_t i = 0; i < list->list.count; i++) {
        const struct api_value *v = list->list.items[i].fields;
        if (slice_eq(v[TYP_NUMBER_NAME].bytes, slice_str(name))) {
            return v[TYP_NUMBER_NUMBER].n;
        }
    }
    fprintf(stderr, "notes: %s was not granted\n", name);
    exit(1);
}

static void learn_names(struct notes *n) {
    struct ward_answer answer;
    must(ask(n, API_PROGRAM_NAMES, NULL, &answer), "names");
    n->keep_notes = number_named(&answer.fields[ANS_PROGRAM_NAMES_PURPOSES], "keep-notes");
    n->note = number_named(&answer.fields[ANS_PROGRAM_NAMES_CATEGORIES], "note");
    const struct api_value *notices = &answer.fields[ANS_PROGRAM_NAMES_NOTICES];
    for (size_t i = 0; i < notices->list.count; i++) {
        const struct api_value *v = notices->list.items[i].fields;
        if (slice_eq(v[TYP_NOTICE_LANGUAGE].bytes, SLICE("nl")) && !v[TYP_NOTICE_CHILD].yes) {
            memcpy(n->notice, v[TYP_NOTICE_VERSION].bytes.ptr, HEX_DIGITS);
        }
    }
    printf("%.*s\n", SLICE_ARG(answer.fields[ANS_PROGRAM_NAMES_LEDGER_KEY].bytes));
    ward_answer_done(&answer);
}

/* --- what the program does --- */

static uint64_t register_person(struct notes *n) {
    struct api_value args[ARG_PERSON_ADD__COUNT] = {
        [ARG_PERSON_ADD_REFERENCE] = api_text("customer 4711"),
        [ARG_PERSON_ADD_BIRTH_DATE] = api_text("1990-05-01"),
        [ARG_PERSON_ADD_COUNTRY] = api_text("NL"),
        [ARG_PERSON_ADD_REGION] = api_text(""),
        [ARG_PERSON_ADD_LANGUAGE] = api_text("nl"),
        [ARG_PERSON_ADD_NOTICE] = api_text(n->notice),
    };
    struct ward_answer answer;
    must(ask(n, API_PERSON_ADD, args, &answer), "register");
    uint64_t person = answer.fields[ANS_PERSON_ADD_PERSON].n;
    ward_answer_done(&answer);
    return person;
}

static struct status write_down(struct notes *n, uint64_t person, const char *text,
                                uint64_t *ret_record) {
    struct api_value args[ARG_RECORD_PUT__COUNT] = {
        [ARG_RECORD_PUT_PURPOSE] = api_n(n->keep_notes),
        [ARG_RECORD_PUT_PERSON] = api_n(person),
        [ARG_RECORD_PUT_CATEGORY] = api_n(n->note),
        [ARG_RECORD_PUT_PAYLOAD] = api_text(text),
    };
    struct ward_answer answer;
    struct status s = ask(n, API_RECORD_PUT, args, &answer);
    if (failed(s)) {
        print_rules(&answer.refusal);
    } else {
        *ret_record = answer.fields[ANS_RECORD_PUT_RECORD].n;
    }
    ward_answer_done(&answer);
    return s;
}

static void say_yes(struct notes *n, uint64_t person) {
    struct api_value args[ARG_CONSENT_SET__COUNT] = {
        [ARG_CONSENT_SET_PERSON] = api_n(person),
        [ARG_CONSENT_SET_PURPOSE] = api_n(n->keep_notes),
        [ARG_CONSENT_SET_STATE] = api_text("given"),
        [ARG_CONSENT_SET_NOTICE] = api_text(n->notice),
    };
    struct ward_answer answer;
    must(ask(n, API_CONSENT_SET, args, &answer), "consent");
    ward_answer_done(&answer);
}

static void read_again(struct notes *n, uint64_t record) {
    struct api_value args[ARG_RECORD_READ__COUNT] = {
        [ARG_RECORD_READ_PURPOSE] = api_n(n->keep_notes),
        [ARG_RECORD_READ_RECORD] = api_n(record),
    };
    struct ward_answer answer;
    must(ask(n, API_RECORD_READ, args, &answer), "read");
    fprintf(stderr, "read again: %.*s\n", SLICE_ARG(answer.fields[ANS_RECORD_READ_PAYLOAD].bytes));
    ward_answer_done(&answer);
}

static void erase(struct notes *n, uint64_t person, const char *receipt_path) {
    struct api_value args[ARG_PERSON_ERASE__COUNT] = {[ARG_PERSON_ERASE_PERSON] = api_n(person)};
    struct ward_answer answer;
    must(ask(n, API_PERSON_ERASE, args, &answer), "erase");
    struct slice receipt = answer.fields[ANS_PERSON_ERASE_RECEIPT].bytes;
    FILE *f = fopen(receipt_path, "wb");
    bool kept = f != NULL && fwrite(receipt.ptr, 1, receipt.len, f) == receipt.len;
    kept = f != NULL && fclose(f) == 0 && kept;
    ward_answer_done(&answer);
    must(kept ? STATUS_OK : FAIL(E_IO), receipt_path);
}

static void read_token(struct notes *n, const char *path) {
    char hex[HEX_DIGITS + 1] = {0};
    FILE *f = fopen(path, "rb");
    bool whole = f != NULL && fread(hex, 1, HEX_DIGITS, f) == HEX_DIGITS;
    if (f != NULL) {
        (void)fclose(f);
    }
    must(whole ? ward_token_read(hex, n->token) : FAIL(E_ENCODING), path);
}

int main(int argc, char **argv) {
    struct notes n = {.guard = NULL};
    uint64_t record = 0;
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: notes SOCKET TOKEN-FILE [RECEIPT-FILE]\n");
        return 2;
    }
    read_token(&n, argv[2]);
    must(ward_open(argv[1], &n.guard), argv[1]);
    learn_names(&n);
    uint64_t person = register_person(&n);
    struct status early = write_down(&n, person, "buy apples", &record);
    if (early.code != E_DENIED) {
        give_up("without a yes it must be refused", early);
    }
    fprintf(stderr, "refused without a yes, and with one kept\n");
    say_yes(&n, person);
    must(write_down(&n, person, "buy apples", &record), "write");
    read_again(&n, record);
    if (argc == 4) {
        erase(&n, person, argv[3]);
        fprintf(stderr, "erased: the receipt stands in %s\n", argv[3]);
    } else {
        fprintf(stderr, "customer 4711 stays, as person %llu\n", (unsigned long long)person);
    }
    ward_close(&n.guard);
    return 0;
}
