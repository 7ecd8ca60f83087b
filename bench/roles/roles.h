/* bench/gdpr: the workloads of GDPRbench with an oracle, on Ward and on two retrofitted stores.
 *
 * An engine answers questions; the oracle (oracle.c) keeps a model of what the store must hold and
 * judges every answer by it; the workloads (work.c) say what is asked. All of them get the same
 * records, the same operations from the same seed, and the same promise of durability. */
#ifndef WARD_BENCH_ROLES_H
#define WARD_BENCH_ROLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PURPOSES = 25,
    OBJECTIONS = 32, /* GDPRbench: 100. In Ward one objects to a purpose, of which there are 64 */
    TENS = 10,       /* access lists, shares, sources, categories */
    TTLS = 10,
    DATA_BYTES = 100,
    LOG_LINES_MAX = 1000,
};

/* Key and the nine attributes of metadata. Attribute i of record k is value k % n_i, as in
 * GDPRbench; a purpose, objection or share is one value at first, and a set where it changes. */
struct record {
    uint32_t key;
    uint32_t user;
    int64_t expires_s;
    uint32_t objections; /* a bit each */
    uint16_t shares;     /* a bit each */
    uint8_t purpose;
    uint8_t decision;
    uint8_t access_list;
    uint8_t source;
    uint8_t category;
};

enum change_kind { CHANGE_ACCESS_LIST, CHANGE_SHARE_ADD, CHANGE_SHARE_REMOVE, CHANGE_DECISION };
struct change {
    enum change_kind kind;
    uint8_t value;
};

/* What a log is promised to say. The retrofits' is a text: each operation, in order, whoever it was
 * about. Ward's is about one person: that they came, and how often their records were used and
 * collected, within two minutes. */
enum log_promise { LOG_LINES, LOG_OPERATIONS, LOG_PERSON };
enum logged_kind { LOGGED_CAME, LOGGED_USED, LOGGED_COLLECTED, LOGGED_OTHER };
struct logged {
    uint8_t kind;   /* enum op_kind, of a person enum logged_kind */
    uint32_t value; /* the key, purpose or person that the operation named */
    uint64_t index; /* of a person's: falling */
    uint64_t times;
    bool counted; /* `times` was told */
};
enum { LOGGED_MAX = 4 * LOG_LINES_MAX };

struct answer {
    struct record *records;
    size_t count, cap;
    size_t changed;     /* records changed, or lines of the log */
    struct logged *log; /* newest first, LOGGED_MAX at most */
    size_t logged;
    char data[DATA_BYTES];
};

struct config {
    const char *dir;    /* a directory of the engine's own */
    const char *source; /* of the project, for the laws */
    uint32_t records, users;
    bool each; /* durable before each answer; else within a second */
    bool paper_indexes;
    bool monitor; /* Redis: MONITOR to a file instead of lines of the client's own */
};

enum found { FOUND, NONE, DENIED };

/* The engine's functions end the program when the store fails: then there is nothing to compare. */
struct engine {
    const char *name;
    void *(*open)(const struct config *config);
    void (*load)(void *self, const struct record *records, size_t count); /* data: data_of */
    void (*settle)(void *self); /* after loading, and before its bytes are counted */
    void (*insert)(void *self, const struct record *r, const char *data);
    enum found (*delete)(void *self, uint32_t key);
    enum found (*read)(void *self, const struct record *r, char *ret_data);
    enum found (*rewrite)(void *self, uint32_t key, const char *data);
    void (*meta_by_purpose)(void *self, uint8_t purpose, struct answer *ret);
    void (*meta_by_user)(void *self, uint32_t user, struct answer *ret);
    void (*change_by_purpose)(void *self, uint8_t purpose, struct change c, struct answer *ret);
    void (*change_by_user)(void *self, uint32_t user, struct change c, struct answer *ret);
    enum log_promise (*promise)(void *self);
    bool logs_log; /* reading the log is an operation that stands in it */
    /* Brings the newest lines, which is what is timed; then what they say goes to `log`. With
     * `exact`, how often as well, whatever it costs. */
    void (*log)(void *self, uint32_t user, size_t lines, struct answer *ret);
    void (*logged)(void *self, uint32_t user, bool exact, struct answer *io);
    bool (*is_there)(void *self, uint32_t key); /* also what has expired and was not swept */
    uint64_t (*count)(void *self);              /* of all, as is_there */
    void (*tick)(void *self); /* between operations; sweeps and syncs when it is time */
    uint64_t (*bytes)(void *self);
    void (*close)(void **self);
};

extern const struct engine engine_ward, engine_socket;
#ifdef HAVE_LIBPQ
extern const struct engine engine_postgres;
#endif
#ifdef HAVE_HIREDIS
extern const struct engine engine_redis;
#endif

/* support.c */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
double now_s(void);
int64_t unix_s(void);
void *need(size_t count, size_t size);
struct record *answer_add(struct answer *a);
uint64_t tree_bytes(const char *dir, const char *without); /* what du says */
/* The newest lines of a text file, good until the next call; how many there were. */
size_t tail_lines(const char *path, size_t lines, const char **ret_text);
void answer_log(struct answer *a, struct logged entry);
/* Oldest first becomes newest first. */
void answer_log_turn(struct answer *a);
int spawn(char *const argv[], const char *log_file, const char *user);
void stop(int pid, int signal);

/* work.c */
void data_of(uint32_t key, uint32_t version, char ret[DATA_BYTES]);
struct record record_of(uint32_t key, uint32_t users, int64_t start_s, int64_t short_ttl_s);
struct dice {
    uint64_t state;
};
uint64_t dice_next(struct dice *d);
uint32_t dice_below(struct dice *d, uint32_t n);
struct zipf {
    double theta, zetan, alpha, eta;
    uint32_t n;
};
void zipf_init(struct zipf *z, uint32_t n);
uint32_t zipf_next(const struct zipf *z, struct dice *d);

enum op_kind {
    OP_READ,
    OP_META_PURPOSE,
    OP_META_USER,
    OP_REWRITE,
    OP_CHANGE_PURPOSE,
    OP_CHANGE_USER,
    OP_DELETE,
    OP_INSERT,
    OP_LOG,
    OP_VERIFY,
    OP_KINDS,
};
extern const char *const op_names[OP_KINDS];
struct role {
    const char *name;
    bool zipfian;
    uint8_t percent[OP_KINDS];
};
enum { ROLES = 4 };
extern const struct role roles[ROLES];
enum op_kind role_pick(const struct role *role, struct dice *d);

/* oracle.c */
struct oracle;
struct oracle *oracle_new(uint32_t records, uint32_t users, uint32_t inserts_max);
void oracle_free(struct oracle *o);
void oracle_put(struct oracle *o, const struct record *r);
void oracle_expire(struct oracle *o, int64_t now_s);
bool oracle_alive(const struct oracle *o, uint32_t key);
uint64_t oracle_count(const struct oracle *o);
uint32_t oracle_next_key(const struct oracle *o);
const struct record *oracle_record(const struct oracle *o, uint32_t key);
uint32_t oracle_rewritten(struct oracle *o, uint32_t key);    /* the version to write */
uint32_t oracle_dead(const struct oracle *o, struct dice *d); /* a key that must not be there */
bool oracle_judge_read(const struct oracle *o, uint32_t key, enum found found, const char *data);
bool oracle_judge_found(const struct oracle *o, uint32_t key, enum found found);
void oracle_delete(struct oracle *o, uint32_t key);
bool oracle_judge_purpose(struct oracle *o, uint8_t purpose, const struct answer *a);
bool oracle_judge_user(struct oracle *o, uint32_t user, const struct answer *a);
bool oracle_change_purpose(struct oracle *o, uint8_t purpose, struct change c, size_t changed);
bool oracle_change_user(struct oracle *o, uint32_t user, struct change c, size_t changed);
/* Of each operation before it is asked. */
void oracle_asked(struct oracle *o, enum op_kind kind, uint32_t value);
/* Whatever was asked before can be read in the log from now on. */
void oracle_settled(struct oracle *o);
/* `settled`: everything is in it that was asked. */
bool oracle_judge_log(const struct oracle *o, enum log_promise promise, bool logs_log,
                      uint32_t user, size_t asked, bool settled, const struct answer *a);

/* unlawful.c: the fifth mix, on a store of its own. */
enum unlawful_purpose {
    UNLAWFUL_PROFILE,
    UNLAWFUL_CARE,
    UNLAWFUL_CONTRACT,
    UNLAWFUL_UNDECLARED,
    UNLAWFUL_PURPOSES
};
extern const char *const unlawful_purposes[UNLAWFUL_PURPOSES];
struct said {
    uint16_t code;
    bool cited; /* the article was among those named; true where none is expected */
    bool got;   /* a permit, or a byte of plaintext */
};
struct unlawful_engine {
    const char *name;
    uint16_t gone; /* the code for what is not there */
    void *(*open)(const struct config *config);
    void (*ready)(void *self); /* everything is set up */
    uint64_t (*person)(void *self, bool child);
    void (*consent)(void *self, uint64_t who, bool given); /* to the profile, given or withdrawn */
    void (*object)(void *self, uint64_t who);              /* to the care */
    void (*restrict_use)(void *self, uint64_t who);        /* for the care */
    struct said (*put)(void *self, uint64_t who, enum unlawful_purpose purpose, int64_t expires_s,
                       const char *article, uint64_t *ret_id);
    struct said (*read)(void *self, uint64_t record, enum unlawful_purpose purpose, bool far,
                        const char *article);
    void (*close)(void **self);
};
extern const struct unlawful_engine unlawful_ward, unlawful_socket;
struct unlawful_result {
    uint64_t asked, right;
    double seconds;
};
struct unlawful_result unlawful_run(const struct unlawful_engine *engine,
                                    const struct config *config, uint32_t operations);

/* ward.c, for unlawful.c and ../erase.c */
struct vault;
struct vault_facts;
struct law_set;
struct ward_vault {
    struct vault *v;
    const struct law_set *laws;
};
struct ward_vault ward_vault_open(const struct config *config);
/* Somebody of whom all is known, and who was told everything. */
const struct vault_facts *ward_adult(void);

/* plot.c */
enum { PLOT_SIZES = 4, PLOT_ENGINES = 4 };
struct plot_point {
    const char *engine;
    uint32_t records;
    double us[OP_KINDS]; /* 0: not measured */
};
void plot_write(const char *path, const struct plot_point *points, size_t count);

#endif
