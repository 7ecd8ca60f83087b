/* A vault of the tests: the real laws, a small data map, a clock that stands still, a directory
 * of its own. */
#ifndef WARD_TESTS_VAULT_WORLD_H
#define WARD_TESTS_VAULT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "law/map.h"
#include "vault/backup.h"
#include "vault/blobs.h"
#include "vault/erase.h"
#include "vault/follow.h"
#include "vault/people.h"

#define ASSERT_OK(expr)      assert_int_equal((expr).code, OK)
#define ASSERT_IS(expr, err) assert_int_equal((expr).code, (err))

enum { WORLD_START_S = 1795262400 }; /* 2026-11-21T12:00:00Z */

struct world {
    char dir[64];
    char data[96], keys[96], ledger[96];
    const struct os_fs *fs;
    const char *vfs;
    struct os_fake_clock fake;
    struct os_clock clock;
    struct seal_key root;
    struct vault *v;
    /* numbers of the data map's names */
    uint8_t keep_account, keep_history, recommend, share, rights, messages, support;
    uint8_t account, history, clip, message;
    uint8_t relay;
};

/* Laws and data map, loaded once per process. */
const struct law_set *world_laws(void);
const struct law_map *world_map(void);

/* In a new directory of the machine, or (fs, vfs) in that of a test layer. */
void world_begin(struct world *w);
void world_begin_at(struct world *w, const struct os_fs *fs, const char *vfs, const char *dir);
struct vault_options world_options(const struct world *w);
struct status world_try_open(struct world *w);
void world_open(struct world *w);
void world_reopen(struct world *w);
/* Closes and removes the directory. */
void world_end(struct world *w);
void world_names(struct world *w);
int world_setup(void **state);
int world_teardown(void **state);

/* In the world's directory: a backup, something lost of it, and the backup put back. Returns how
 * many tightenings were done again. */
enum { WORLD_PATH = 160 };
void world_backup_path(const struct world *w, char to[WORLD_PATH]);
void world_back_up(struct world *w);
void world_lose(const struct world *w, const char *what);
uint64_t world_restore(struct world *w);

/* People. */
uint64_t world_adult(struct world *w, const char *mail);
uint64_t world_child(struct world *w, const char *birth);
struct status world_consent(struct world *w, uint64_t subject, uint8_t purpose, uint8_t state);
/* Records. */
struct status world_put(struct world *w, uint64_t owner, uint8_t purpose, uint8_t category,
                        const char *text, uint64_t *ret_id);
struct status world_read(struct world *w, uint8_t purpose, uint64_t id, char *to, size_t size);
void assert_reads(struct world *w, uint8_t purpose, uint64_t id, const char *text);
void assert_refused(struct world *w, uint8_t purpose, uint64_t id, const char *article);
uint64_t world_count(struct world *w, struct vault_query query);
/* The published ledger verifies from the first leaf, and is as long as the vault says. */
void assert_ledger(struct world *w);
/* How many leaves of a kind (enum leaf_kind) the published ledger has; it verifies. */
uint64_t world_leaves(struct world *w, uint8_t kind);

#endif
