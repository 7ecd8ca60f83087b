/* PostgreSQL 15, retrofitted: a column for each attribute of metadata in the smallest type that
 * holds it, indexes on those by which the workloads find, every statement in a log, a sweep each
 * second. Prepared statements, binary rows, a cluster of its own on a Unix socket. */
#include <arpa/inet.h>
#include <endian.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "roles.h"

#define BIN "/usr/lib/postgresql/15/bin/"
#define COLUMNS                                                                                    \
    "key, usr, expires, objections, shares, purpose, decision, access_list, source, category"

struct postgres {
    struct config config;
    PGconn *c;
    int pid;
    char data_dir[512], log_path[512];
    uint64_t empty_bytes;
    const char *log_text; /* that was read last */
    double next_sweep;
};

static const char *const schema =
    "CREATE TABLE records (key int PRIMARY KEY, usr int NOT NULL, objections int NOT NULL,"
    " expires bigint NOT NULL, shares smallint NOT NULL, purpose smallint NOT NULL,"
    " access_list smallint NOT NULL, source smallint NOT NULL, category smallint NOT NULL,"
    " decision bool NOT NULL, data bytea NOT NULL) WITH (fillfactor = 90)";
static const char *const lean_indexes = "CREATE INDEX ON records (purpose);"
                                        "CREATE INDEX ON records (usr);"
                                        "CREATE INDEX ON records (expires)";
/* The paper indexes every attribute. */
static const char *const paper_indexes =
    "CREATE INDEX ON records (objections); CREATE INDEX ON records (shares);"
    "CREATE INDEX ON records (access_list); CREATE INDEX ON records (source);"
    "CREATE INDEX ON records (category); CREATE INDEX ON records (decision)";

static const char *const statements[][2] = {
    {"insert", "INSERT INTO records (" COLUMNS ", data) VALUES"
               " ($1::int, $2::int, $3::bigint, $4::int, $5::smallint, $6::smallint, $7::bool,"
               " $8::smallint, $9::smallint, $10::smallint, $11::bytea)"},
    {"delete", "DELETE FROM records WHERE key = $1::int AND expires > $2::bigint"},
    {"read", "SELECT data FROM records WHERE key = $1::int AND expires > $2::bigint"},
    {"rewrite", "UPDATE records SET data = $3::bytea WHERE key = $1::int AND expires > $2::bigint"},
    {"by_purpose", "SELECT " COLUMNS " FROM records"
                   " WHERE purpose = $1::smallint AND expires > $2::bigint"},
    {"by_user", "SELECT " COLUMNS " FROM records WHERE usr = $1::int AND expires > $2::bigint"},
    {"is_there", "SELECT count(*) FROM records WHERE key = $1::int"},
    {"count", "SELECT count(*) FROM records"},
    {"sweep", "DELETE FROM records WHERE expires <= $1::bigint"},
};
static const char *const set_clause[] = {
    [CHANGE_ACCESS_LIST] = "access_list = $3::smallint",
    [CHANGE_SHARE_ADD] = "shares = shares | (1 << $3::smallint)",
    [CHANGE_SHARE_REMOVE] = "shares = shares & ~(1 << $3::smallint)",
    [CHANGE_DECISION] = "decision = ($3::smallint = 1)",
};

static void run(struct postgres *p, const char *sql) {
    PGresult *result = PQexec(p->c, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) {
        die("postgres: %s", PQerrorMessage(p->c));
    }
    PQclear(result);
}

static void prepare(struct postgres *p, const char *name, const char *sql) {
    PGresult *result = PQprepare(p->c, name, sql, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        die("postgres: %s: %s", name, PQerrorMessage(p->c));
    }
    PQclear(result);
}

static void prepare_all(struct postgres *p) {
    char name[32], sql[512];
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        prepare(p, statements[i][0], statements[i][1]);
    }
    for (int kind = 0; kind <= CHANGE_DECISION; kind++) {
        snprintf(name, sizeof name, "purpose%d", kind);
        snprintf(sql, sizeof sql,
                 "UPDATE records SET %s WHERE purpose = $1::smallint AND expires > $2::bigint",
                 set_clause[kind]);
        prepare(p, name, sql);
        snprintf(name, sizeof name, "user%d", kind);
        snprintf(sql, sizeof sql,
                 "UPDATE records SET %s WHERE usr = $1::int AND expires > $2::bigint",
                 set_clause[kind]);
        prepare(p, name, sql);
    }
}

/* The cluster ---------------------------------------------------------------------------- */

static void make_cluster(const struct postgres *p) {
    char program[] = BIN "initdb", flag[] = "-D", auth[] = "-Atrust", user[] = "-Ubench";
    char locale[] = "--no-locale", encoding[] = "-EUTF8", nosync[] = "-N";
    char dir[512], log_file[560];
    int status = 0;
    snprintf(dir, sizeof dir, "%s", p->data_dir);
    snprintf(log_file, sizeof log_file, "%s/initdb.out", p->config.dir);
    char *argv[] = {program, flag, dir, auth, user, locale, encoding, nosync, NULL};
    waitpid(spawn(argv, log_file, "postgres"), &status, 0);
    if (status != 0) {
        die("initdb failed: see %s", log_file);
    }
}

static void start(struct postgres *p) {
    static char settings[][64] = {
        "listen_addresses=",
        "shared_buffers=512MB",
        "work_mem=64MB",
        "max_wal_size=4GB",
        "jit=off",
        "log_statement=all",
        "log_parameter_max_length=64",
        "log_line_prefix=%m [%p] %u ",
        "checkpoint_timeout=30min",
        "max_connections=10",
    };
    enum { SETTINGS = sizeof settings / sizeof settings[0] };
    char program[] = BIN "postgres", data_flag[] = "-D", socket_flag[] = "-k", set[] = "-c";
    char commit[64], dir[512], where[512];
    char *argv[8 + 2 * SETTINGS + 3];
    size_t n = 0;
    snprintf(dir, sizeof dir, "%s", p->data_dir);
    snprintf(where, sizeof where, "%s", p->config.dir);
    snprintf(commit, sizeof commit, "synchronous_commit=%s", p->config.each ? "on" : "off");
    argv[n++] = program;
    argv[n++] = data_flag;
    argv[n++] = dir;
    argv[n++] = socket_flag;
    argv[n++] = where;
    for (size_t i = 0; i < SETTINGS; i++) {
        argv[n++] = set;
        argv[n++] = settings[i];
    }
    argv[n++] = set;
    argv[n++] = commit;
    argv[n] = NULL;
    p->pid = spawn(argv, p->log_path, "postgres");
}

static void connect_to(struct postgres *p) {
    char how[640];
    snprintf(how, sizeof how, "host=%s user=bench dbname=postgres", p->config.dir);
    for (int i = 0; i < 300; i++) {
        p->c = PQconnectdb(how);
        if (PQstatus(p->c) == CONNECTION_OK) {
            return;
        }
        PQfinish(p->c);
        usleep(100000);
    }
    die("postgres did not start: see %s", p->log_path);
}

static void *postgres_open(const struct config *config) {
    struct postgres *p = need(1, sizeof *p);
    const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
    p->config = *config;
    snprintf(p->data_dir, sizeof p->data_dir, "%s/cluster", config->dir);
    snprintf(p->log_path, sizeof p->log_path, "%s/statements.log", config->dir);
    if (user != NULL && chown(config->dir, user->pw_uid, user->pw_gid) != 0) {
        die("cannot give %s to postgres", config->dir);
    }
    make_cluster(p);
    start(p);
    connect_to(p);
    run(p, "CHECKPOINT");
    p->empty_bytes = tree_bytes(p->data_dir, "/pg_wal/");
    run(p, schema);
    return p;
}

/* Loading -------------------------------------------------------------------------------- */

static void postgres_load(void *self, const struct record *records, size_t count) {
    struct postgres *p = self;
    char data[DATA_BYTES], line[512];
    run(p, "COPY records (" COLUMNS ", data) FROM STDIN");
    for (size_t i = 0; i < count; i++) {
        const struct record *r = &records[i];
        data_of(r->key, 0, data);
        int len = snprintf(line, sizeof line, "%u\t%u\t%lld\t%d\t%u\t%u\t%c\t%u\t%u\t%u\t%.*s\n",
                           r->key, r->user, (long long)r->expires_s, (int)r->objections, r->shares,
                           r->purpose, r->decision ? 't' : 'f', r->access_list, r->source,
                           r->category, DATA_BYTES, data);
        if (PQputCopyData(p->c, line, len) != 1) {
            die("postgres: %s", PQerrorMessage(p->c));
        }
    }
    if (PQputCopyEnd(p->c, NULL) != 1) {
        die("postgres: %s", PQerrorMessage(p->c));
    }
    for (PGresult *result = PQgetResult(p->c); result != NULL; result = PQgetResult(p->c)) {
        PQclear(result);
    }
    run(p, lean_indexes);
    if (p->config.paper_indexes) {
        run(p, paper_indexes);
    }
    run(p, "ANALYZE records");
    prepare_all(p);
}

static void postgres_settle(void *self) {
    run(self, "VACUUM ANALYZE records");
    run(self, "CHECKPOINT");
}

/* Operations ------------------------------------------------------------------------------ */

struct args {
    const char *values[11];
    int lengths[11], formats[11];
    uint64_t space[11];
    int count;
};

static void arg_int(struct args *a, uint64_t value, int bytes) {
    int i = a->count++;
    uint64_t big = htobe64(value << (64 - 8 * bytes));
    memcpy(&a->space[i], &big, sizeof big);
    a->values[i] = (const char *)&a->space[i];
    a->lengths[i] = bytes;
    a->formats[i] = 1;
}

static void arg_data(struct args *a, const char *data) {
    int i = a->count++;
    a->values[i] = data;
    a->lengths[i] = DATA_BYTES;
    a->formats[i] = 1;
}

static PGresult *ask(struct postgres *p, const char *name, const struct args *a) {
    PGresult *result = PQexecPrepared(p->c, name, a->count, a->values, a->lengths, a->formats, 1);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        die("postgres: %s: %s", name, PQerrorMessage(p->c));
    }
    return result;
}

static size_t tell(struct postgres *p, const char *name, const struct args *a) {
    PGresult *result = ask(p, name, a);
    size_t changed = strtoul(PQcmdTuples(result), NULL, 10);
    PQclear(result);
    return changed;
}

static void postgres_insert(void *self, const struct record *r, const char *data) {
    struct args a = {.count = 0};
    arg_int(&a, r->key, 4);
    arg_int(&a, r->user, 4);
    arg_int(&a, (uint64_t)r->expires_s, 8);
    arg_int(&a, r->objections, 4);
    arg_int(&a, r->shares, 2);
    arg_int(&a, r->purpose, 2);
    arg_int(&a, r->decision, 1);
    arg_int(&a, r->access_list, 2);
    arg_int(&a, r->source, 2);
    arg_int(&a, r->category, 2);
    arg_data(&a, data);
    tell(self, "insert", &a);
}

static struct args args_now(uint64_t value, int bytes) {
    struct args a = {.count = 0};
    arg_int(&a, value, bytes);
    arg_int(&a, (uint64_t)unix_s(), 8);
    return a;
}

/* `values` point into the struct: mended after it was copied. */
static const struct args *mended(struct args *a) {
    for (int i = 0; i < a->count; i++) {
        a->values[i] = (const char *)&a->space[i];
    }
    return a;
}

static enum found postgres_delete(void *self, uint32_t key) {
    struct args a = args_now(key, 4);
    return tell(self, "delete", mended(&a)) == 1 ? FOUND : NONE;
}

static enum found postgres_read(void *self, const struct record *r, char *ret_data) {
    struct args a = args_now(r->key, 4);
    PGresult *result = ask(self, "read", mended(&a));
    bool got = PQntuples(result) == 1 && PQgetlength(result, 0, 0) == DATA_BYTES;
    if (got) {
        memcpy(ret_data, PQgetvalue(result, 0, 0), DATA_BYTES);
    }
    PQclear(result);
    return got ? FOUND : NONE;
}

static enum found postgres_rewrite(void *self, uint32_t key, const char *data) {
    struct args a = args_now(key, 4);
    mended(&a);
    arg_data(&a, data);
    return tell(self, "rewrite", &a) == 1 ? FOUND : NONE;
}

static uint64_t column(const PGresult *result, int row, int at) {
    uint64_t value = 0;
    const char *bytes = PQgetvalue(result, row, at);
    for (int i = 0; i < PQgetlength(result, row, at); i++) {
        value = value << 8 | (uint8_t)bytes[i];
    }
    return value;
}

static void take(const PGresult *result, struct answer *ret) {
    ret->count = 0;
    for (int i = 0; i < PQntuples(result); i++) {
        *answer_add(ret) = (struct record){
            .key = (uint32_t)column(result, i, 0),
            .user = (uint32_t)column(result, i, 1),
            .expires_s = (int64_t)column(result, i, 2),
            .objections = (uint32_t)column(result, i, 3),
            .shares = (uint16_t)column(result, i, 4),
            .purpose = (uint8_t)column(result, i, 5),
            .decision = (uint8_t)column(result, i, 6),
            .access_list = (uint8_t)column(result, i, 7),
            .source = (uint8_t)column(result, i, 8),
            .category = (uint8_t)column(result, i, 9),
        };
    }
}

static void postgres_meta_by_purpose(void *self, uint8_t purpose, struct answer *ret) {
    struct args a = args_now(purpose, 2);
    PGresult *result = ask(self, "by_purpose", mended(&a));
    take(result, ret);
    PQclear(result);
}

static void postgres_meta_by_user(void *self, uint32_t user, struct answer *ret) {
    struct args a = args_now(user, 4);
    PGresult *result = ask(self, "by_user", mended(&a));
    take(result, ret);
    PQclear(result);
}

static void postgres_change_by_purpose(void *self, uint8_t purpose, struct change c,
                                       struct answer *ret) {
    char name[32];
    struct args a = args_now(purpose, 2);
    mended(&a);
    arg_int(&a, c.value, 2);
    snprintf(name, sizeof name, "purpose%d", (int)c.kind);
    ret->changed = tell(self, name, &a);
}

static void postgres_change_by_user(void *self, uint32_t user, struct change c,
                                    struct answer *ret) {
    char name[32];
    struct args a = args_now(user, 4);
    mended(&a);
    arg_int(&a, c.value, 2);
    snprintf(name, sizeof name, "user%d", (int)c.kind);
    ret->changed = tell(self, name, &a);
}

static void postgres_log(void *self, uint32_t user, size_t lines, struct answer *ret) {
    struct postgres *p = self;
    (void)user;
    ret->changed = tail_lines(p->log_path, lines, &p->log_text);
}

static enum log_promise postgres_promise(void *self) {
    (void)self;
    return LOG_OPERATIONS;
}

/* OP_KINDS for a statement that is no operation. */
static uint8_t kind_named(const char *statement) {
    static const struct {
        const char *name;
        enum op_kind kind;
    } names[] = {
        {"read", OP_READ},       {"by_purpose", OP_META_PURPOSE}, {"by_user", OP_META_USER},
        {"rewrite", OP_REWRITE}, {"purpose", OP_CHANGE_PURPOSE},  {"user", OP_CHANGE_USER},
        {"delete", OP_DELETE},   {"insert", OP_INSERT},           {"is_there", OP_VERIFY}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = strlen(names[i].name);
        if (strncmp(statement, names[i].name, len) == 0 &&
            strspn(statement + len, "0123456789") == strlen(statement + len)) {
            return (uint8_t)names[i].kind;
        }
    }
    return OP_KINDS;
}

/* Each statement stands in a line, and its first parameter in the next. */
static void postgres_logged(void *self, uint32_t user, bool exact, struct answer *io) {
    const struct postgres *p = self;
    struct logged entry = {.kind = OP_KINDS};
    (void)user;
    (void)exact;
    for (const char *line = p->log_text; *line != '\0'; line = strchr(line, '\n') + 1) {
        char statement[32];
        const char *end = strchr(line, '\n');
        const char *execute = strstr(line, "LOG:  execute ");
        const char *detail = strstr(line, "DETAIL:  parameters: $1 = '");
        if (execute != NULL && execute < end &&
            sscanf(execute, "LOG:  execute %31[^:]", statement) == 1) {
            entry.kind = kind_named(statement);
        } else if (detail != NULL && detail < end && entry.kind != OP_KINDS &&
                   sscanf(detail, "DETAIL:  parameters: $1 = '%u'", &entry.value) == 1) {
            answer_log(io, entry);
            entry.kind = OP_KINDS;
        }
    }
    answer_log_turn(io);
}

static uint64_t one_number(PGresult *result) {
    uint64_t value = column(result, 0, 0);
    PQclear(result);
    return value;
}

static bool postgres_is_there(void *self, uint32_t key) {
    struct args a = {.count = 0};
    arg_int(&a, key, 4);
    return one_number(ask(self, "is_there", &a)) > 0;
}

static uint64_t postgres_count(void *self) {
    struct args a = {.count = 0};
    return one_number(ask(self, "count", &a));
}

static void postgres_tick(void *self) {
    struct postgres *p = self;
    if (now_s() >= p->next_sweep) {
        struct args a = {.count = 0};
        arg_int(&a, (uint64_t)unix_s(), 8);
        tell(p, "sweep", &a);
        p->next_sweep = now_s() + 1;
    }
}

/* Without the write-ahead log, whose size is a setting, and without what an empty cluster takes. */
static uint64_t postgres_bytes(void *self) {
    const struct postgres *p = self;
    struct stat log_file;
    uint64_t log_bytes = stat(p->log_path, &log_file) == 0 ? (uint64_t)log_file.st_size : 0;
    return tree_bytes(p->data_dir, "/pg_wal/") - p->empty_bytes + log_bytes;
}

static void postgres_close(void **self) {
    struct postgres *p = *self;
    PQfinish(p->c);
    stop(p->pid, SIGINT);
    free(p);
    *self = NULL;
}

const struct engine engine_postgres = {
    .name = "postgres",
    .open = postgres_open,
    .load = postgres_load,
    .settle = postgres_settle,
    .insert = postgres_insert,
    .delete = postgres_delete,
    .read = postgres_read,
    .rewrite = postgres_rewrite,
    .meta_by_purpose = postgres_meta_by_purpose,
    .meta_by_user = postgres_meta_by_user,
    .change_by_purpose = postgres_change_by_purpose,
    .change_by_user = postgres_change_by_user,
    .promise = postgres_promise,
    .log = postgres_log,
    .logged = postgres_logged,
    .is_there = postgres_is_there,
    .count = postgres_count,
    .tick = postgres_tick,
    .bytes = postgres_bytes,
    .close = postgres_close,
};
