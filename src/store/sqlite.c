/* The store on SQLite: one table per space, clustered by owner and id; a write-ahead log that is
 * synced at each commit; freed pages wiped; no extensions; files of others refused; damaged bytes
 * noticed (checked.c).
 *
 * Must never: interpret the bytes, build SQL from anything but its own table, or go on after a
 * commit that failed without saying so. */
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "checked.h"
#include "sqlite_error.h"
#include "store/store.h"

enum {
    SQL_MAX = 256,
    BUSY_MS = 250,
    COPY_PAGES = 128,       /* copied at a time */
    COPY_END_PAGES = 1024,  /* at the end of a copy */
    COPY_SYNC_PAGES = 512,  /* at most wait for the disk */
    COPY_CHECKED = 1 << 20, /* bytes of rows read back at a time */
    FREE_PART = 32,         /* of the file may be free pages before they are given back */
    FREE_MIN = 64,
};

enum verb { PUT, GET, LAST, DELETE, DELETE_OWNERS, DELETE_RANGE, WALK, VERBS };

/* Every statement about rows: what stands before and after the number of the space. */
static const char *const verb_sql[VERBS][2] = {
    [PUT] = {"INSERT INTO rows_", "(owner, id, bytes) VALUES(?1, ?2, ?3) "
                                  "ON CONFLICT(owner, id) DO UPDATE SET bytes = excluded.bytes"},
    [GET] = {"SELECT bytes FROM rows_", " WHERE owner = ?1 AND id = ?2"},
    [LAST] = {"SELECT id FROM rows_", " WHERE owner = ?1 AND id < ?2 ORDER BY id DESC LIMIT 1"},
    [DELETE] = {"DELETE FROM rows_", " WHERE owner = ?1 AND id = ?2"},
    [DELETE_OWNERS] = {"DELETE FROM rows_", " WHERE owner BETWEEN ?1 AND ?2"},
    [DELETE_RANGE] = {"DELETE FROM rows_", " WHERE owner = ?1 AND id BETWEEN ?2 AND ?3"},
    [WALK] = {"SELECT owner, id, bytes FROM rows_",
              " WHERE (owner, id) >= (?1, ?2) ORDER BY owner, id"},
};

/* Every other statement. */
#define SQL_CREATE                                                                                 \
    "CREATE TABLE IF NOT EXISTS rows_%d(owner INTEGER NOT NULL, id INTEGER NOT NULL, "             \
    "bytes BLOB NOT NULL, PRIMARY KEY(owner, id)) WITHOUT ROWID"
static const char sql_begin[] = "BEGIN IMMEDIATE";
static const char sql_commit[] = "COMMIT";
static const char sql_rollback[] = "ROLLBACK";
static const char sql_whole_begin[] = "SAVEPOINT whole";
static const char sql_whole_undo[] = "ROLLBACK TO whole; COMMIT";
static const char sql_part_begin[] = "SAVEPOINT part";
static const char sql_part_end[] = "RELEASE part";
static const char sql_part_undo[] = "ROLLBACK TO part; RELEASE part";
static const char sql_settle[] = "PRAGMA wal_checkpoint(TRUNCATE)";
static const char sql_free[] = "PRAGMA freelist_count";
static const char sql_pages[] = "PRAGMA page_count";
#define SQL_GIVE_BACK "PRAGMA incremental_vacuum(%u)"
static const char sql_check[] = "PRAGMA quick_check(1)";
static const char sql_application[] = "PRAGMA application_id";
static const char sql_version[] = "PRAGMA user_version";
static const char sql_tables[] = "SELECT count(*) FROM sqlite_schema";
static const char sql_fresh[] = "PRAGMA auto_vacuum = INCREMENTAL"; /* kept in the file */
static const char *const sql_before[] = {
    "PRAGMA page_size = 4096",     "PRAGMA locking_mode = EXCLUSIVE", "PRAGMA secure_delete = ON",
    "PRAGMA cell_size_check = ON", "PRAGMA trusted_schema = OFF",     "PRAGMA temp_store = MEMORY",
};
static const char sql_lazy[] = "PRAGMA synchronous = NORMAL"; /* the log is synced by store_sync */
static const char *const sql_after[] = {
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 16777216",
};

/* Owners of a space who are known to have no row in it: first <= owner < below. One gap a space is
 * remembered, the one that was met last: where rows are rare, most questions need no statement. */
struct gap {
    uint64_t first, below;
};

struct store {
    struct checked files;
    sqlite3 *db;
    bool in_transaction;
    bool copied; /* by a store_copy: a rollback by SQLite's own means would begin it again */
    bool lazy;
    sqlite3_stmt *held; /* a statement whose row store_view lent out */
    sqlite3_stmt *begin, *commit, *part_begin, *part_end;
    sqlite3_stmt *statements[STORE_SPACES][VERBS];
    struct gap gaps[STORE_SPACES];
};

struct status store_init(void) {
    static bool done = false;
    if (done) {
        return STATUS_OK;
    }
    TRY(sqlite_memory_install());
    TRY(sqlite_status(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0)));
    TRY(sqlite_status(sqlite3_initialize()));
    done = true;
    return STATUS_OK;
}

static struct status execute(struct store *s, const char *sql) {
    return sqlite_status(sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

static struct status execute_all(struct store *s, const char *const *sql, size_t count) {
    for (size_t i = 0; i < count; i++) {
        TRY(execute(s, sql[i]));
    }
    return STATUS_OK;
}

/* The one number that a pragma answers with. */
static struct status ask_number(struct store *s, const char *sql, int64_t *ret) {
    sqlite3_stmt *statement = NULL;
    TRY(sqlite_status(sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL)));
    int rc = sqlite3_step(statement);
    int64_t number = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    TRY(sqlite_status(rc));
    *ret = number;
    return STATUS_OK;
}

static struct status prepare(struct store *s, const char *sql, sqlite3_stmt **ret) {
    return sqlite_status(sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL));
}

static struct status prepare_rows(struct store *s, enum verb verb, enum store_space space,
                                  sqlite3_stmt **ret) {
    char sql[SQL_MAX];
    snprintf(sql, sizeof sql, "%s%d%s", verb_sql[verb][0], (int)space, verb_sql[verb][1]);
    return prepare(s, sql, ret);
}

/* The statement, made when it is first needed. */
static struct status statement_of(struct store *s, enum verb verb, enum store_space space,
                                  sqlite3_stmt **ret) {
    sqlite3_stmt **place = &s->statements[space][verb];
    if (*place == NULL) {
        TRY(prepare_rows(s, verb, space, place));
    }
    *ret = *place;
    return STATUS_OK;
}

static void release_view(struct store *s) {
    if (s->held != NULL) {
        sqlite3_reset(s->held);
        s->held = NULL;
    }
}

/* Gaps ------------------------------------------------------------------------------------- */

static bool is_gap(const struct store *s, enum store_space space, uint64_t first, uint64_t last) {
    return s->gaps[space].first <= first && last < s->gaps[space].below;
}

static void forget_gap(struct store *s, enum store_space space, uint64_t owner) {
    if (is_gap(s, space, owner, owner)) {
        s->gaps[space] = (struct gap){.below = 0};
    }
}

/* What is undone may have deleted. */
static void forget_gaps(struct store *s) {
    memset(s->gaps, 0, sizeof s->gaps);
}

/* Statements ------------------------------------------------------------------------------- */

static struct status statement_for(struct store *s, enum verb verb, enum store_space space,
                                   uint64_t owner, uint64_t id, sqlite3_stmt **ret) {
    release_view(s);
    if ((owner | id) > INT64_MAX) {
        return FAIL(E_NUMBER);
    }
    sqlite3_stmt *statement = NULL;
    TRY(statement_of(s, verb, space, &statement));
    sqlite3_bind_int64(statement, 1, (int64_t)owner);
    if (sqlite3_bind_parameter_count(statement) > 1) {
        sqlite3_bind_int64(statement, 2, (int64_t)id);
    }
    *ret = statement;
    return STATUS_OK;
}

/* Runs a statement that answers with no rows. */
static struct status run(sqlite3_stmt *statement) {
    int rc = sqlite3_step(statement);
    int reset = sqlite3_reset(statement);
    return sqlite_status(rc == SQLITE_DONE ? reset : rc);
}

/* A fresh file has no tables yet; any other must say that it is ours, in this version. Spaces that
 * came later than the file are made. */
static struct status check_identity(struct store *s, bool *ret_fresh, bool *ret_lacks_tables) {
    int64_t application = 0;
    int64_t version = 0;
    int64_t tables = 0;
    TRY(ask_number(s, sql_application, &application));
    TRY(ask_number(s, sql_version, &version));
    TRY(ask_number(s, sql_tables, &tables));
    bool fresh = tables == 0 && application == 0 && version == 0;
    bool ours = application == APPLICATION_ID && version == FORMAT_VERSION;
    *ret_fresh = fresh;
    *ret_lacks_tables = tables < STORE_SPACES - 1;
    return fresh || ours ? STATUS_OK : FAIL(E_STORE_FOREIGN);
}

static struct status make_tables(struct store *s) {
    TRY(execute(s, sql_begin));
    char sql[SQL_MAX];
    for (int space = 1; space < STORE_SPACES; space++) {
        snprintf(sql, sizeof sql, SQL_CREATE, space);
        TRY(execute(s, sql));
    }
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d", APPLICATION_ID);
    TRY(execute(s, sql));
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", FORMAT_VERSION);
    TRY(execute(s, sql));
    return execute(s, sql_commit);
}

/* What a file is made with. */
static struct status prepare_file(struct store *s) {
    int sum_bytes = PAGE_SUM_BYTES;
    TRY(sqlite_status(sqlite3_file_control(s->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &sum_bytes)));
    return execute_all(s, sql_before, ARRAY_LEN(sql_before));
}

static struct status harden(struct store *s) {
    sqlite3_busy_timeout(s->db, BUSY_MS);
    sqlite3_extended_result_codes(s->db, 1);
    TRY(sqlite_status(
        sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, (int *)NULL)));
    TRY(sqlite_status(sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL)));
    sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, STORE_VALUE_MAX + PAGE_BYTES);
    sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
    return prepare_file(s);
}

static struct status set_cache(struct store *s, size_t cache_bytes) {
    size_t bytes = cache_bytes == 0 ? STORE_CACHE_BYTES : cache_bytes;
    char sql[SQL_MAX];
    snprintf(sql, sizeof sql, "PRAGMA cache_size = -%zu", bytes / 1024);
    return execute(s, sql);
}

static struct status open_into(struct store *s, const struct store_options *options) {
    int how = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    how |= options->must_exist ? 0 : SQLITE_OPEN_CREATE;
    TRY(checked_init(&s->files, options->vfs));
    TRY(sqlite_status(sqlite3_open_v2(options->path, &s->db, how, s->files.name)));
    TRY(harden(s));
    TRY(set_cache(s, options->cache_bytes));
    bool fresh = false;
    bool lacks_tables = false;
    TRY(check_identity(s, &fresh, &lacks_tables));
    TRY(fresh ? execute(s, sql_fresh) : STATUS_OK);
    TRY(execute_all(s, sql_after, ARRAY_LEN(sql_after)));
    TRY(options->lazy ? execute(s, sql_lazy) : STATUS_OK);
    s->lazy = options->lazy;
    if (lacks_tables) {
        TRY(make_tables(s));
    }
    TRY(prepare(s, sql_begin, &s->begin));
    TRY(prepare(s, sql_commit, &s->commit));
    TRY(prepare(s, sql_part_begin, &s->part_begin));
    return prepare(s, sql_part_end, &s->part_end);
}

struct status store_open(const struct store_options *options, struct store **ret_store) {
    struct store *s = mem_alloc(sizeof *s);
    if (s == NULL) {
        return FAIL(E_MEMORY);
    }
    struct status status = open_into(s, options);
    if (failed(status)) {
        store_close(&s);
        return status;
    }
    *ret_store = s;
    return STATUS_OK;
}

void store_close(struct store **store) {
    struct store *s = *store;
    if (s == NULL) {
        return;
    }
    if (s->in_transaction) {
        store_rollback(s);
    }
    release_view(s);
    for (int space = 0; space < STORE_SPACES; space++) {
        for (int verb = 0; verb < VERBS; verb++) {
            sqlite3_finalize(s->statements[space][verb]);
        }
    }
    sqlite3_finalize(s->begin);
    sqlite3_finalize(s->commit);
    sqlite3_finalize(s->part_begin);
    sqlite3_finalize(s->part_end);
    sqlite3_close(s->db);
    checked_done(&s->files);
    mem_free(s);
    *store = NULL;
}

struct status store_begin(struct store *s) {
    release_view(s);
    TRY(run(s->begin));
    s->in_transaction = true;
    struct status status = s->copied ? execute(s, sql_whole_begin) : STATUS_OK;
    if (failed(status)) {
        store_rollback(s);
    }
    return status;
}

/* SQLite may have rolled back by itself after the error; then there is nothing to do. */
static void roll_back(struct store *s) {
    if (sqlite3_get_autocommit(s->db) == 0) {
        sqlite3_exec(s->db, sql_rollback, NULL, NULL, NULL);
    }
    s->in_transaction = false;
    forget_gaps(s);
}

struct status store_commit(struct store *s) {
    release_view(s);
    struct status status = run(s->commit);
    if (failed(status)) {
        roll_back(s);
        return status;
    }
    s->in_transaction = false;
    return STATUS_OK;
}

struct status store_sync(struct store *s) {
    sqlite3_file *log = NULL;
    if (!s->lazy) {
        return STATUS_OK;
    }
    TRY(sqlite_status(
        sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, (void *)&log)));
    bool open = log != NULL && log->pMethods != NULL;
    return open ? sqlite_status(log->pMethods->xSync(log, SQLITE_SYNC_NORMAL)) : FAIL(E_STORE);
}

void store_rollback(struct store *s) {
    release_view(s);
    if (s->copied) {
        sqlite3_exec(s->db, sql_whole_undo, NULL, NULL, NULL);
    }
    roll_back(s);
}

struct status store_part_begin(struct store *s) {
    release_view(s);
    return run(s->part_begin);
}

struct status store_part_end(struct store *s) {
    release_view(s);
    return run(s->part_end);
}

struct status store_part_undo(struct store *s) {
    release_view(s);
    forget_gaps(s);
    return execute(s, sql_part_undo);
}

struct status store_put(struct store *s, enum store_space space, uint64_t owner, uint64_t id,
                        struct slice bytes) {
    if (bytes.len > STORE_VALUE_MAX) {
        return FAIL(E_TOO_LARGE);
    }
    sqlite3_stmt *statement = NULL;
    TRY(statement_for(s, PUT, space, owner, id, &statement));
    forget_gap(s, space, owner);
    const void *start = bytes.len == 0 ? (const void *)"" : bytes.ptr;
    sqlite3_bind_blob(statement, 3, start, (int)bytes.len, SQLITE_STATIC);
    struct status status = run(statement);
    sqlite3_bind_null(statement, 3);
    return status;
}

struct status store_view(struct store *s, enum store_space space, uint64_t owner, uint64_t id,
                         struct slice *ret_bytes) {
    release_view(s);
    if (is_gap(s, space, owner, owner)) {
        return FAIL(E_STORE_MISSING);
    }
    sqlite3_stmt *statement = NULL;
    TRY(statement_for(s, GET, space, owner, id, &statement));
    int rc = sqlite3_step(statement);
    if (rc != SQLITE_ROW) {
        sqlite3_reset(statement);
        return rc == SQLITE_DONE ? FAIL(E_STORE_MISSING) : sqlite_status(rc);
    }
    const void *bytes = sqlite3_column_blob(statement, 0);
    int len = sqlite3_column_bytes(statement, 0);
    if (bytes == NULL && len > 0) {
        sqlite3_reset(statement);
        return FAIL(E_MEMORY);
    }
    s->held = statement;
    *ret_bytes = slice_of(bytes, (size_t)len);
    return STATUS_OK;
}

struct status store_get(struct store *s, enum store_space space, uint64_t owner, uint64_t id,
                        struct buf *out) {
    struct slice bytes;
    TRY(store_view(s, space, owner, id, &bytes));
    struct status status = buf_add(out, bytes);
    release_view(s);
    return status;
}

struct status store_last(struct store *s, enum store_space space, uint64_t owner, uint64_t below,
                         uint64_t *ret_id) {
    sqlite3_stmt *statement = NULL;
    TRY(statement_for(s, LAST, space, owner, below, &statement));
    int rc = sqlite3_step(statement);
    uint64_t id = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    sqlite3_reset(statement);
    if (rc != SQLITE_ROW) {
        return rc == SQLITE_DONE ? FAIL(E_STORE_MISSING) : sqlite_status(rc);
    }
    *ret_id = id;
    return STATUS_OK;
}

struct status store_delete(struct store *s, enum store_space space, uint64_t owner, uint64_t id) {
    release_view(s);
    if (is_gap(s, space, owner, owner)) {
        return STATUS_OK;
    }
    sqlite3_stmt *statement = NULL;
    TRY(statement_for(s, DELETE, space, owner, id, &statement));
    return run(statement);
}

static uint64_t last_below(uint64_t below) {
    return below > INT64_MAX ? INT64_MAX : below - 1;
}

struct status store_delete_range(struct store *s, enum store_space space, uint64_t owner,
                                 uint64_t from, uint64_t below) {
    if (from >= below) {
        return STATUS_OK;
    }
    sqlite3_stmt *statement = NULL;
    TRY(statement_for(s, DELETE_RANGE, space, owner, from, &statement));
    sqlite3_bind_int64(statement, 3, (int64_t)last_below(below));
    return run(statement);
}

static struct status hand_row(sqlite3_stmt *statement, store_each_fn *each, void *arg) {
    const void *bytes = sqlite3_column_blob(statement, 2);
    int len = sqlite3_column_bytes(statement, 2);
    if (bytes == NULL && len > 0) {
        return FAIL(E_MEMORY);
    }
    return each(arg, (uint64_t)sqlite3_column_int64(statement, 0),
                (uint64_t)sqlite3_column_int64(statement, 1), slice_of(bytes, (size_t)len));
}

/* Hands the rows up to those of last_owner on. *ret_next: whose row stands behind them. */
static struct status hand_rows(sqlite3_stmt *statement, uint64_t last_owner, store_each_fn *each,
                               void *arg, uint64_t *ret_next) {
    for (;;) {
        int rc = sqlite3_step(statement);
        uint64_t owner = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(statement, 0)
                                          : (uint64_t)INT64_MAX + 1;
        if (rc != SQLITE_ROW || owner > last_owner) {
            *ret_next = owner;
            return sqlite_status(rc == SQLITE_ROW ? SQLITE_OK : rc);
        }
        TRY(hand_row(statement, each, arg));
    }
}

/* The statement is made for the walk alone, so that walks may nest. */
static struct status walk(struct store *s, enum store_space space, uint64_t owner, uint64_t id,
                          uint64_t last_owner, store_each_fn *each, void *arg, uint64_t *ret_next) {
    release_view(s);
    if ((owner | id) > INT64_MAX) {
        return FAIL(E_NUMBER);
    }
    sqlite3_stmt *statement = s->statements[space][WALK];
    s->statements[space][WALK] = NULL;
    if (statement == NULL) {
        TRY(prepare_rows(s, WALK, space, &statement));
    }
    sqlite3_bind_int64(statement, 1, (int64_t)owner);
    sqlite3_bind_int64(statement, 2, (int64_t)id);
    struct status status = hand_rows(statement, last_owner, each, arg, ret_next);
    sqlite3_reset(statement);
    if (s->statements[space][WALK] == NULL) {
        s->statements[space][WALK] = statement;
    } else {
        sqlite3_finalize(statement);
    }
    return status;
}

struct first_row {
    store_each_fn *each;
    void *arg;
    bool found;
};

static struct status hand_noted(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    struct first_row *first = arg;
    first->found = true;
    return first->each(first->arg, owner, id, bytes);
}

struct status store_each(struct store *s, enum store_space space, uint64_t owner, uint64_t from,
                         store_each_fn *each, void *arg) {
    struct first_row first = {.each = each, .arg = arg};
    uint64_t next = 0;
    if (is_gap(s, space, owner, owner)) {
        release_view(s);
        return STATUS_OK;
    }
    TRY(walk(s, space, owner, from, owner, hand_noted, &first, &next));
    if (from == 0 && !first.found) {
        s->gaps[space] = (struct gap){.first = owner, .below = next};
    }
    return STATUS_OK;
}

struct status store_scan(struct store *s, enum store_space space, uint64_t from_owner,
                         store_each_fn *each, void *arg) {
    uint64_t next = 0;
    return walk(s, space, from_owner, 0, INT64_MAX, each, arg, &next);
}

static struct status find_none(void *arg, uint64_t owner, uint64_t id, struct slice bytes) {
    (void)arg;
    (void)owner;
    (void)id;
    (void)bytes;
    return FAIL(E_STORE_CORRUPT);
}

struct status store_delete_owners(struct store *s, enum store_space space, uint64_t from,
                                  uint64_t below) {
    release_view(s);
    if (from >= below || is_gap(s, space, from, last_below(below))) {
        return STATUS_OK;
    }
    sqlite3_stmt *statement = NULL;
    TRY(statement_for(s, DELETE_OWNERS, space, from, last_below(below), &statement));
    TRY(run(statement));
    if (sqlite3_changes(s->db) > 0) {
        return STATUS_OK;
    }
    uint64_t next = 0;
    TRY(walk(s, space, from, 0, last_below(below), find_none, NULL, &next));
    s->gaps[space] = (struct gap){.first = from, .below = next};
    return STATUS_OK;
}

/* Says of a page that it could not get, too, that it is wrong, but with the code: for want of
 * memory nothing is damaged. */
static struct status judge_check(const char *text) {
    static const char mark[] = "error code=";
    if (text == NULL) {
        return FAIL(E_MEMORY);
    }
    if (strcmp(text, "ok") == 0) {
        return STATUS_OK;
    }
    const char *at = strstr(text, mark);
    const char *digits = at == NULL ? "" : at + sizeof mark - 1;
    uint64_t code = 0;
    if (failed(parse_u64(slice_of(digits, strspn(digits, "0123456789")), INT_MAX, &code))) {
        return FAIL(E_STORE_CORRUPT);
    }
    struct status status = sqlite_status((int)code);
    return failed(status) ? status : FAIL(E_STORE_CORRUPT);
}

struct status store_check(struct store *s) {
    release_view(s);
    sqlite3_stmt *statement = NULL;
    TRY(sqlite_status(sqlite3_prepare_v2(s->db, sql_check, -1, &statement, NULL)));
    struct status status = sqlite_status(sqlite3_step(statement));
    if (!failed(status)) {
        status = judge_check((const char *)sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return status;
}

struct status store_settle(struct store *s) {
    release_view(s);
    return execute(s, sql_settle);
}

struct status store_trim(struct store *s, unsigned most_pages) {
    release_view(s);
    int64_t unused = 0;
    int64_t pages = 0;
    TRY(ask_number(s, sql_free, &unused));
    TRY(ask_number(s, sql_pages, &pages));
    if (unused <= FREE_MIN || unused <= pages / FREE_PART) {
        return STATUS_OK;
    }
    char sql[SQL_MAX];
    snprintf(sql, sizeof sql, SQL_GIVE_BACK, most_pages);
    return execute(s, sql);
}

/* Copies ------------------------------------------------------------------------------------- */

/* SQLite hands every page that the store writes on to the copy, once it has copied that page. */
struct store_copy {
    struct store *from;
    struct store to; /* its connection alone is used */
    sqlite3_file *file;
    sqlite3_backup *backup; /* NULL: of the moment at which it ended */
    uint64_t copied;        /* pages */
    uint64_t unsynced;      /* pages */
    int space;              /* that is being read back; 0: none yet */
    sqlite3_stmt *rows;
    int64_t owner, id; /* of the row that was read last */
};

static struct status copy_open(struct store_copy *c, const char *to_path) {
    int how = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    TRY(sqlite_status(sqlite3_open_v2(to_path, &c->to.db, how, c->from->files.name)));
    sqlite3_extended_result_codes(c->to.db, 1);
    TRY(prepare_file(&c->to));
    TRY(execute(&c->to, "PRAGMA journal_mode = OFF"));
    TRY(execute(&c->to, "PRAGMA synchronous = OFF")); /* it is synced in between, by copy_sync */
    TRY(sqlite_status(
        sqlite3_file_control(c->to.db, "main", SQLITE_FCNTL_FILE_POINTER, (void *)&c->file)));
    c->backup = sqlite3_backup_init(c->to.db, "main", c->from->db, "main");
    return c->backup == NULL ? sqlite_status(sqlite3_errcode(c->to.db)) : STATUS_OK;
}

struct status store_copy_begin(struct store *s, const char *to_path, struct store_copy **ret_copy) {
    release_view(s);
    struct store_copy *c = mem_alloc(sizeof *c);
    if (c == NULL) {
        return FAIL(E_MEMORY);
    }
    c->from = s;
    struct status status = copy_open(c, to_path);
    if (failed(status)) {
        store_copy_end(&c);
        return status;
    }
    s->copied = true;
    *ret_copy = c;
    return STATUS_OK;
}

void store_copy_end(struct store_copy **copy) {
    struct store_copy *c = *copy;
    if (c == NULL) {
        return;
    }
    c->from->copied = false;
    sqlite3_backup_finish(c->backup);
    sqlite3_finalize(c->rows);
    sqlite3_close(c->to.db);
    mem_free(c);
    *copy = NULL;
}

static struct status copy_sync(struct store_copy *c) {
    c->unsynced = 0;
    return sqlite_status(c->file->pMethods->xSync(c->file, SQLITE_SYNC_NORMAL));
}

/* Should SQLite itself undo a transaction that had written, it begins again from the first page. */
static struct status copy_pages(struct store_copy *c, int pages, bool *ret_all) {
    int rc = sqlite3_backup_step(c->backup, pages);
    if (rc != SQLITE_OK && rc != SQLITE_DONE) {
        return sqlite_status(rc);
    }
    c->copied =
        (uint64_t)(sqlite3_backup_pagecount(c->backup) - sqlite3_backup_remaining(c->backup));
    c->unsynced += (uint64_t)pages;
    *ret_all = rc == SQLITE_DONE;
    return STATUS_OK;
}

/* Never the last pages: with them SQLite would end the copy. */
struct status store_copy_step(struct store_copy *c, uint64_t *ret_copied_bytes, bool *ret_near) {
    int64_t pages = 0;
    bool all = false;
    release_view(c->from);
    TRY(ask_number(c->from, sql_pages, &pages));
    *ret_near = (uint64_t)pages <= c->copied + COPY_PAGES;
    if (c->unsynced >= COPY_SYNC_PAGES) {
        TRY(copy_sync(c));
    } else if (!*ret_near) {
        TRY(copy_pages(c, COPY_PAGES, &all));
    }
    *ret_copied_bytes = c->copied * PAGE_BYTES;
    return STATUS_OK;
}

struct status store_copy_finish(struct store_copy *c, bool *ret_finished) {
    release_view(c->from);
    bool all = false;
    TRY(copy_pages(c, COPY_END_PAGES, &all));
    if (all) {
        sqlite3_backup *backup = c->backup;
        c->backup = NULL;
        c->from->copied = false;
        TRY(sqlite_status(sqlite3_backup_finish(backup)));
    }
    *ret_finished = all;
    return STATUS_OK;
}

/* What the disk has, not what is still in memory. */
static struct status begin_check(struct store_copy *c) {
    TRY(copy_sync(c));
    c->space = 1;
    return execute(&c->to, "PRAGMA shrink_memory");
}

static struct status begin_space(struct store_copy *c) {
    TRY(prepare_rows(&c->to, WALK, (enum store_space)c->space, &c->rows));
    sqlite3_bind_int64(c->rows, 1, 0);
    sqlite3_bind_int64(c->rows, 2, 0);
    c->owner = c->id = -1;
    return STATUS_OK;
}

static struct status check_row(struct store_copy *c, size_t *io_read) {
    int64_t owner = sqlite3_column_int64(c->rows, 0);
    int64_t id = sqlite3_column_int64(c->rows, 1);
    bool follows = owner > c->owner || (owner == c->owner && id > c->id);
    c->owner = owner;
    c->id = id;
    *io_read += (size_t)sqlite3_column_bytes(c->rows, 2) + 2 * sizeof id;
    return follows ? STATUS_OK : FAIL(E_STORE_CORRUPT);
}

static struct status check_some(struct store_copy *c) {
    TRY(c->rows == NULL ? begin_space(c) : STATUS_OK);
    size_t read = 0;
    while (read < COPY_CHECKED) {
        int rc = sqlite3_step(c->rows);
        if (rc == SQLITE_DONE) {
            sqlite3_finalize(c->rows);
            c->rows = NULL;
            c->space++;
            return STATUS_OK;
        }
        TRY(sqlite_status(rc));
        TRY(check_row(c, &read));
    }
    return STATUS_OK;
}

struct status store_copy_check(struct store_copy *c, bool *ret_sound) {
    TRY(c->space == 0 ? begin_check(c) : check_some(c));
    *ret_sound = c->space == STORE_SPACES;
    return STATUS_OK;
}
