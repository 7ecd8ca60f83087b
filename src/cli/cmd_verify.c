/* ward verify: is this log, receipt or audit file what it claims to be? Needs nothing but the files
 * and public keys, speaks to no running Ward, and says what it did not prove. Links the verifying
 * half of the ledger alone. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/date.h"
#include "verify.h"

enum { VKEYS_FILE_MAX = 64 * 1024 };

struct arguments {
    const char *key;
    const char *since;
    const char *witnesses;
    const char *log;
    bool list;
};

static struct status read_whole(const char *path, size_t max, struct buf *out) {
    buf_init(out, max);
    return os_read_file(os_fs_real(), path, out);
}

/* A key as text, or a file that holds it. */
static int read_log_key(const char *text, struct note_vkey *ret_key) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, VKEYS_FILE_MAX);
    struct status s = note_vkey_parse(slice_str(text), ret_key);
    if (failed(s) && !failed(os_read_file(os_fs_real(), text, &b))) {
        s = note_vkey_parse(buf_slice(&b), ret_key);
    }
    if (failed(s)) {
        return cli_fail_status("verify", text, s);
    }
    if (ret_key->type != NOTE_ED25519) {
        return cli_fail(CLI_USAGE, "verify", "%s: is a witness's key, not a log's", text);
    }
    return CLI_OK;
}

static int add_witness(struct trust *t, struct slice line, const char *path) {
    if (line.len == 0 || line.ptr[0] == '#') {
        return CLI_OK;
    }
    if (t->count == WITNESSES_MAX) {
        return cli_fail(CLI_USAGE, "verify", "%s: holds more than %d witnesses", path,
                        WITNESSES_MAX);
    }
    struct status s = note_vkey_parse(line, &t->witnesses[t->count]);
    if (failed(s)) {
        return cli_fail_status("verify", path, s);
    }
    if (t->witnesses[t->count].type != NOTE_COSIGNATURE) {
        return cli_fail(CLI_USAGE, "verify", "%s: holds a log's key among the witnesses", path);
    }
    t->count++;
    return CLI_OK;
}

static int read_witnesses(const char *path, struct trust *t) {
    struct buf b CLEANUP(buf_done);
    struct status s = read_whole(path, VKEYS_FILE_MAX, &b);
    if (failed(s)) {
        return cli_fail_status("verify", path, s);
    }
    struct slice rest = buf_slice(&b);
    struct slice line;
    while (slice_next(&rest, '\n', &line)) {
        int code = add_witness(t, slice_trim(line), path);
        if (code != CLI_OK) {
            return code;
        }
    }
    return CLI_OK;
}

static int read_trust(const struct arguments *a, struct trust *t) {
    if (a->key == NULL) {
        return cli_fail(CLI_USAGE, "verify",
                        "--key is missing: the public key that the log's operator published");
    }
    int code = read_log_key(a->key, &t->log);
    return code != CLI_OK || a->witnesses == NULL ? code : read_witnesses(a->witnesses, t);
}

void print_moment(struct cli_out *o, int64_t unix_ms) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 64);
    if (!failed(moment_format(unix_ms, &b))) {
        out_add(o, buf_slice(&b));
    }
}

void print_head(struct cli_out *o, struct slice origin, uint64_t size,
                const struct seal_hash *root) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 64);
    out_str(o, "log        ");
    out_add(o, origin);
    out_format(o, "\nleaves     %" PRIu64 "\n", size);
    if (!failed(base64_encode(slice_of(root->bytes, SEAL_HASH_LEN), &b))) {
        out_str(o, "root       ");
        out_add(o, buf_slice(&b));
        out_str(o, "\n");
    }
}

void print_witnesses(struct cli_out *o, const struct trust *t, const bool *cosigned,
                     const uint64_t *at_s, size_t count) {
    if (t->count > 0) {
        out_format(o, "witnesses  %zu of %zu cosigned\n", count, t->count);
    }
    for (size_t i = 0; i < t->count; i++) {
        out_str(o, "           ");
        out_add(o, note_vkey_name(&t->witnesses[i]));
        out_str(o, cosigned[i] ? ", " : ": not cosigned");
        if (cosigned[i] && at_s[i] < UINT64_C(253402300800)) {
            print_moment(o, (int64_t)at_s[i] * 1000);
        }
        out_str(o, "\n");
    }
}

void print_doubt(struct cli_out *o, size_t cosignatures) {
    if (cosignatures == 0) {
        out_str(o,
                "not proved: that everybody is shown this log. No witness that you named cosigned "
                "it,\n            so this is consistency, not honesty: the operator could keep "
                "another\n            log for others.\n");
    }
    out_str(o, "not proved: that everything that was done stands in the log, or that what it says "
               "is true.\n");
}

static void print_kinds(struct cli_out *o, const struct verify_log_report *r) {
    for (unsigned k = 0; k < VERIFY_KINDS; k++) {
        if (r->kinds[k] > 0) {
            out_format(o, "           %10" PRIu64 " %s\n", r->kinds[k], leaf_kind_text(k));
        }
    }
    if (r->hour_steps_back > 0) {
        out_format(o,
                   "           %10" PRIu64 " leaves name an hour before that of the leaf in "
                   "front of them\n",
                   r->hour_steps_back);
    }
}

static void print_log(struct cli_out *o, const struct trust *t, const struct verify_log_report *r,
                      bool has_since) {
    print_head(o, note_vkey_name(&t->log), r->size, &r->root);
    print_kinds(o, r);
    print_witnesses(o, t, r->cosigned, r->cosigned_at_s, r->cosignatures);
    out_str(o, "verified:   every entry, every tile, the root, and the log's signature.\n");
    if (has_since) {
        out_format(o,
                   "verified:   nothing of the %" PRIu64
                   " leaves of the earlier checkpoint was changed.\n",
                   r->since_size);
    } else {
        out_str(o, "not proved: that nothing was changed since you last looked. Keep the file "
                   "`checkpoint`\n            and give it as --since next time.\n");
    }
    print_doubt(o, r->cosignatures);
}

int fail_log(const char *dir, const struct verify_log_report *r, struct status s) {
    char what[2 * OS_PATH_MAX];
    snprintf(what, sizeof what, "%s%s%s", dir, r->failed_path[0] == 0 ? "" : "/", r->failed_path);
    return cli_fail_status("verify", what, s);
}

static int run_log(const char *dir, const struct arguments *a, const struct trust *t) {
    struct buf since CLEANUP(buf_done);
    static struct verify_log_report report;
    struct verify_log_options options = {.fs = os_fs_real(),
                                         .dir = dir,
                                         .log = &t->log,
                                         .witnesses = t->witnesses,
                                         .witness_count = t->count};
    buf_init(&since, NOTE_MAX);
    if (a->since != NULL) {
        struct status read = os_read_file(os_fs_real(), a->since, &since);
        if (failed(read)) {
            return cli_fail_status("verify", a->since, read);
        }
        options.since = since.len == 0 ? SLICE("") : buf_slice(&since);
    }
    struct status s = verify_log(&options, &report);
    if (failed(s)) {
        return fail_log(dir, &report, s);
    }
    struct cli_out o;
    out_init(&o, STDOUT_FILENO);
    print_log(&o, t, &report, a->since != NULL);
    return out_done(&o) ? CLI_OK : CLI_DIFFERS;
}

static void print_opening(struct cli_out *o, const struct opening *opening) {
    struct buf b CLEANUP(buf_done);
    buf_init(&b, 8 * OPENING_CONTENT_MAX);
    out_format(o, "opened     for the %s", opening->side == OPENING_PERSON ? "person" : "auditor");
    if (opening->items > 1) {
        out_format(o, ", entry %" PRIu64 " of %" PRIu64, opening->item + 1, opening->items);
    }
    out_str(o, "\n");
    if (failed(content_print(opening->content, &b))) {
        return;
    }
    struct slice rest = buf_slice(&b);
    struct slice line;
    while (rest.len > 0 && slice_next(&rest, '\n', &line)) {
        out_str(o, "           ");
        out_add(o, line);
        out_str(o, "\n");
    }
}

static void print_receipt(struct cli_out *o, const struct receipt *r,
                          const struct checkpoint *head) {
    print_head(o, head->origin, head->size, &head->root);
    out_format(o, "leaf       %" PRIu64 ": %s (%s), in the hour from ", r->proof.index,
               leaf_kind_text(r->leaf.kind), leaf_kind_meaning(r->leaf.kind));
    print_moment(o, (int64_t)r->leaf.hour * 60 * 60 * 1000);
    out_str(o, "\n");
    for (size_t i = 0; i < r->count; i++) {
        print_opening(o, &r->openings[i]);
    }
}

static int run_receipt(const char *path, const struct trust *t) {
    struct buf file CLEANUP(buf_done);
    struct buf scratch CLEANUP(buf_done);
    static struct receipt receipt;
    struct checkpoint head;
    bool cosigned[WITNESSES_MAX] = {false};
    uint64_t at_s[WITNESSES_MAX] = {0};
    size_t count = 0;
    buf_init(&scratch, PROOF_EXTRA_MAX);
    struct status s = read_whole(path, PROOF_MAX, &file);
    s = failed(s) ? s : receipt_verify(buf_slice(&file), &t->log, &scratch, &receipt, &head);
    s = failed(s) ? s
                  : verify_cosignatures(receipt.proof.checkpoint, t->witnesses, t->count, cosigned,
                                        at_s, &count);
    if (failed(s)) {
        return cli_fail_status("verify", path, s);
    }
    struct cli_out o;
    out_init(&o, STDOUT_FILENO);
    print_receipt(&o, &receipt, &head);
    print_witnesses(&o, t, cosigned, at_s, count);
    out_str(&o, "verified:   the leaf stands in the log at this place, the log signed it, and what "
                "is\n            opened is what the leaf was made from.\n");
    print_doubt(&o, count);
    return out_done(&o) ? CLI_OK : CLI_DIFFERS;
}

enum subject { LOG, RECEIPT, AUDIT, SUBJECTS };
static const char *const subjects[SUBJECTS] = {"log", "receipt", "audit"};

static enum subject find_subject(const char *word) {
    enum subject s = LOG;
    while (s < SUBJECTS && strcmp(word, subjects[s]) != 0) {
        s++;
    }
    return s;
}

static int check_options(enum subject s, const struct arguments *a) {
    if (s == SUBJECTS) {
        return cli_fail(CLI_USAGE, "verify",
                        "say what: `log DIR`, `receipt FILE` or `audit FILE --log DIR`");
    }
    if (s != LOG && a->since != NULL) {
        return cli_fail(CLI_USAGE, "verify", "--since goes with `log`, not with `%s`", subjects[s]);
    }
    if (s == AUDIT && a->log == NULL) {
        return cli_fail(CLI_USAGE, "verify",
                        "--log is missing: the directory with the published log (`checkpoint` and "
                        "`tile/`)");
    }
    if (s != AUDIT && (a->log != NULL || a->list)) {
        return cli_fail(CLI_USAGE, "verify", "--log and --list go with `audit`, not with `%s`",
                        subjects[s]);
    }
    return CLI_OK;
}

int cmd_verify(int argc, char **argv);

int cmd_verify(int argc, char **argv) {
    struct arguments a = {0};
    const struct cli_option options[] = {{.name = "key", .value = &a.key},
                                         {.name = "since", .value = &a.since},
                                         {.name = "witnesses", .value = &a.witnesses},
                                         {.name = "log", .value = &a.log},
                                         {.name = "list", .flag = &a.list}};
    static struct trust trust;
    int operands;
    if (!cli_parse(argc, argv, options, ARRAY_LEN(options), 2, &operands)) {
        return CLI_USAGE;
    }
    enum subject subject = operands == 2 ? find_subject(argv[1]) : SUBJECTS;
    int code = check_options(subject, &a);
    if (code != CLI_OK) {
        return code;
    }
    if (failed(seal_init())) {
        return cli_fail_status("verify", "libsodium", FAIL(E_CRYPTO));
    }
    code = read_trust(&a, &trust);
    if (code != CLI_OK) {
        return code;
    }
    return subject == LOG       ? run_log(argv[2], &a, &trust)
           : subject == RECEIPT ? run_receipt(argv[2], &trust)
                                : verify_audit_file(argv[2], a.log, a.list, &trust);
}
