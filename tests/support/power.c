/* Files in memory that lose power. Single-threaded. Uses the C library's memory, so that a test
 * that lets allocations fail counts only those of what it tests. */
#include "power.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512 };

struct bytes {
    uint8_t *ptr;
    size_t len;
    size_t room;
};

struct change {
    bool is_truncate;
    uint64_t offset; /* or the new size */
    uint8_t *ptr;
    size_t len;
};

struct inode {
    bool is_dir;
    bool locked;
    unsigned number;
    struct bytes now;
    struct bytes disk;
    struct change *changes;
    size_t change_count;
};

struct name {
    char *path;
    struct inode *inode;
};

struct names {
    struct name *list;
    size_t count;
};

/* A name that changed: `from` NULL is a birth, `to` NULL a removal, else a renaming. */
struct name_change {
    char *from;
    char *to;
    struct inode *inode;
};

struct power {
    struct os_fs fs;
    uint64_t random;
    uint64_t syncs;
    uint64_t changes_made;
    uint64_t cut_at_sync;
    uint64_t cut_at_change;
    uint64_t fail_at_sync;
    bool has_failed;
    bool cut;
    struct inode **inodes;
    size_t inode_count;
    struct names now;
    struct names disk;
    struct name_change *name_changes;
    size_t name_change_count;
};

struct os_file {
    struct inode *inode;
    unsigned how;
};

static void *must(void *ptr) {
    if (ptr == NULL) {
        panic("a test ran out of memory");
    }
    return ptr;
}

static void *grow(void *list, size_t count, size_t size) {
    /* Powers of two, so that long stories stay fast. */
    bool full = count == 0 || (count & (count - 1)) == 0;
    return full ? must(realloc(list, (count == 0 ? 1 : count * 2) * size)) : list;
}

static uint64_t next_random(struct power *p) {
    p->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = p->random;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void bytes_resize(struct bytes *b, size_t len) {
    if (len > b->room) {
        b->room = len + len / 2 + 64;
        b->ptr = must(realloc(b->ptr, b->room));
    }
    if (len > b->len) {
        memset(b->ptr + b->len, 0, len - b->len);
    }
    b->len = len;
}

static void bytes_write(struct bytes *b, uint64_t offset, const uint8_t *from, size_t len) {
    if (offset + len > b->len) {
        bytes_resize(b, (size_t)offset + len);
    }
    if (len > 0) {
        memcpy(b->ptr + offset, from, len);
    }
}

static void bytes_copy(struct bytes *to, const struct bytes *from) {
    to->len = 0;
    bytes_resize(to, from->len);
    if (from->len > 0) {
        memcpy(to->ptr, from->ptr, from->len);
    }
}

static struct inode *names_find(const struct names *n, const char *path, size_t *ret_at) {
    for (size_t i = 0; i < n->count; i++) {
        if (strcmp(n->list[i].path, path) == 0) {
            if (ret_at != NULL) {
                *ret_at = i;
            }
            return n->list[i].inode;
        }
    }
    return NULL;
}

static void names_remove(struct names *n, const char *path) {
    size_t at = 0;
    if (names_find(n, path, &at) != NULL) {
        free(n->list[at].path);
        n->list[at] = n->list[--n->count];
    }
}

static void names_set(struct names *n, const char *path, struct inode *inode) {
    names_remove(n, path);
    n->list = grow(n->list, n->count, sizeof *n->list);
    n->list[n->count++] = (struct name){.path = must(strdup(path)), .inode = inode};
}

static void names_clear(struct names *n) {
    for (size_t i = 0; i < n->count; i++) {
        free(n->list[i].path);
    }
    free(n->list);
    *n = (struct names){0};
}

static void names_copy(struct names *to, const struct names *from) {
    names_clear(to);
    for (size_t i = 0; i < from->count; i++) {
        names_set(to, from->list[i].path, from->list[i].inode);
    }
}

/* The length of the directory's part of a path. */
static size_t dir_len(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path);
}

static bool is_in(const char *path, const char *dir) {
    size_t n = dir_len(path);
    return strlen(dir) == n && memcmp(path, dir, n) == 0;
}

static bool has_directory(const struct names *n, const char *path) {
    char dir[OS_PATH_MAX];
    size_t len = dir_len(path);
    if (len == 0) {
        return true;
    }
    memcpy(dir, path, len);
    dir[len] = 0;
    const struct inode *found = names_find(n, dir, NULL);
    return found != NULL && found->is_dir;
}

static struct inode *new_inode(struct power *p, bool is_dir) {
    struct inode *inode = must(calloc(1, sizeof *inode));
    inode->is_dir = is_dir;
    inode->number = (unsigned)p->inode_count;
    p->inodes = grow(p->inodes, p->inode_count, sizeof(struct inode *));
    p->inodes[p->inode_count++] = inode;
    return inode;
}

static void note_name(struct power *p, const char *from, const char *to, struct inode *inode) {
    p->name_changes = grow(p->name_changes, p->name_change_count, sizeof *p->name_changes);
    p->name_changes[p->name_change_count++] = (struct name_change){
        .from = from == NULL ? NULL : must(strdup(from)),
        .to = to == NULL ? NULL : must(strdup(to)),
        .inode = inode,
    };
}

static void apply_name(struct names *disk, const struct name_change *c) {
    if (c->from != NULL) {
        names_remove(disk, c->from);
    }
    if (c->to != NULL) {
        names_set(disk, c->to, c->inode);
    }
}

static void drop_name_change(struct name_change *c) {
    free(c->from);
    free(c->to);
}

static const char *changed_path(const struct name_change *c) {
    return c->to != NULL ? c->to : c->from;
}

/* Applies or forgets what concerns a directory; NULL: everything. */
static void settle_names(struct power *p, const char *dir) {
    size_t kept = 0;
    for (size_t i = 0; i < p->name_change_count; i++) {
        struct name_change *c = &p->name_changes[i];
        if (dir == NULL || is_in(changed_path(c), dir)) {
            apply_name(&p->disk, c);
            drop_name_change(c);
        } else {
            p->name_changes[kept++] = *c;
        }
    }
    p->name_change_count = kept;
}

static void clear_changes(struct inode *inode) {
    for (size_t i = 0; i < inode->change_count; i++) {
        free(inode->changes[i].ptr);
    }
    free(inode->changes);
    inode->changes = NULL;
    inode->change_count = 0;
}

static void apply_change(struct bytes *disk, const struct change *c) {
    if (c->is_truncate) {
        bytes_resize(disk, (size_t)c->offset);
    } else {
        bytes_write(disk, c->offset, c->ptr, c->len);
    }
}

static void settle_inode(struct inode *inode) {
    for (size_t i = 0; i < inode->change_count; i++) {
        apply_change(&inode->disk, &inode->changes[i]);
    }
    clear_changes(inode);
}

static bool no_power(struct power *p, bool is_sync) {
    if (p->cut) {
        return true;
    }
    p->changes_made++;
    p->syncs += is_sync;
    if (is_sync && p->cut_at_sync > 0 && --p->cut_at_sync == 0) {
        p->cut = true;
    }
    if (p->cut_at_change > 0 && --p->cut_at_change == 0) {
        p->cut = true;
    }
    return p->cut;
}

static struct status power_open(void *self, const char *path, unsigned how,
                                struct os_file **ret_file) {
    struct power *p = self;
    if (p->cut) {
        return FAIL(E_IO);
    }
    struct inode *inode = names_find(&p->now, path, NULL);
    if (inode == NULL && (how & OS_CREATE) == 0) {
        return FAIL(E_FILE_MISSING);
    }
    if (inode != NULL && (how & OS_NEW) != 0) {
        return FAIL(E_FILE_EXISTS);
    }
    if (inode == NULL) {
        if (!has_directory(&p->now, path)) {
            return FAIL(E_FILE_MISSING);
        }
        if (no_power(p, false)) {
            return FAIL(E_IO);
        }
        inode = new_inode(p, false);
        names_set(&p->now, path, inode);
        note_name(p, NULL, path, inode);
    }
    if ((how & OS_LOCK) != 0 && inode->locked) {
        return FAIL(E_FILE_BUSY);
    }
    if ((how & OS_FRESH) != 0) {
        if (no_power(p, true)) {
            return FAIL(E_IO);
        }
        settle_inode(inode);
        bytes_copy(&inode->now, &inode->disk);
    }
    inode->locked = inode->locked || (how & OS_LOCK) != 0;
    struct os_file *f = must(calloc(1, sizeof *f));
    *f = (struct os_file){.inode = inode, .how = how};
    if ((how & OS_EMPTY) != 0 && inode->now.len > 0) {
        struct status s = p->fs.truncate(p, f, 0);
        if (failed(s)) {
            free(f);
            return s;
        }
    }
    *ret_file = f;
    return STATUS_OK;
}

static void power_close(void *self, struct os_file *file) {
    (void)self;
    if ((file->how & OS_LOCK) != 0) {
        file->inode->locked = false;
    }
    free(file);
}

static struct status power_read_at(void *self, struct os_file *file, uint64_t offset, void *to,
                                   size_t len, size_t *ret_len) {
    const struct power *p = self;
    const struct bytes *b = &file->inode->now;
    if (p->cut) {
        return FAIL(E_IO);
    }
    size_t n = offset >= b->len ? 0 : b->len - (size_t)offset;
    n = n < len ? n : len;
    if (n > 0) {
        memcpy(to, b->ptr + offset, n);
    }
    *ret_len = n;
    return STATUS_OK;
}

static void note_change(struct inode *inode, struct change c) {
    inode->changes = grow(inode->changes, inode->change_count, sizeof *inode->changes);
    inode->changes[inode->change_count++] = c;
}

static struct status power_write_at(void *self, struct os_file *file, uint64_t offset,
                                    struct slice bytes) {
    struct power *p = self;
    if (no_power(p, false)) {
        return FAIL(E_IO);
    }
    bytes_write(&file->inode->now, offset, bytes.ptr, bytes.len);
    struct change c = {.offset = offset, .ptr = must(malloc(bytes.len + 1)), .len = bytes.len};
    if (bytes.len > 0) {
        memcpy(c.ptr, bytes.ptr, bytes.len);
    }
    note_change(file->inode, c);
    return STATUS_OK;
}

static struct status power_truncate(void *self, struct os_file *file, uint64_t size_bytes) {
    struct power *p = self;
    if (no_power(p, false)) {
        return FAIL(E_IO);
    }
    bytes_resize(&file->inode->now, (size_t)size_bytes);
    note_change(file->inode, (struct change){.is_truncate = true, .offset = size_bytes});
    return STATUS_OK;
}

static struct status power_sync(void *self, struct os_file *file) {
    struct power *p = self;
    if (no_power(p, true)) {
        return FAIL(E_IO);
    }
    if (p->fail_at_sync > 0 && --p->fail_at_sync == 0) {
        p->has_failed = true;
        clear_changes(file->inode);
        return FAIL(E_IO);
    }
    settle_inode(file->inode);
    return STATUS_OK;
}

static struct status power_size(void *self, struct os_file *file, uint64_t *ret_size_bytes) {
    const struct power *p = self;
    *ret_size_bytes = file->inode->now.len;
    return p->cut ? FAIL(E_IO) : STATUS_OK;
}

static struct status power_rename(void *self, const char *from, const char *to) {
    struct power *p = self;
    if (no_power(p, false)) {
        return FAIL(E_IO);
    }
    struct inode *inode = names_find(&p->now, from, NULL);
    if (inode == NULL || !has_directory(&p->now, to)) {
        return FAIL(E_FILE_MISSING);
    }
    names_remove(&p->now, from);
    names_set(&p->now, to, inode);
    note_name(p, from, to, inode);
    return STATUS_OK;
}

static bool is_empty_dir(const struct power *p, const char *path) {
    for (size_t i = 0; i < p->now.count; i++) {
        if (is_in(p->now.list[i].path, path)) {
            return false;
        }
    }
    return true;
}

static struct status power_remove(void *self, const char *path) {
    struct power *p = self;
    if (no_power(p, false)) {
        return FAIL(E_IO);
    }
    const struct inode *inode = names_find(&p->now, path, NULL);
    if (inode == NULL) {
        return FAIL(E_FILE_MISSING);
    }
    if (inode->is_dir && !is_empty_dir(p, path)) {
        return FAIL(E_FILE_EXISTS);
    }
    names_remove(&p->now, path);
    note_name(p, path, NULL, NULL);
    return STATUS_OK;
}

static struct status power_mkdir(void *self, const char *path, bool is_public) {
    struct power *p = self;
    (void)is_public;
    if (no_power(p, false)) {
        return FAIL(E_IO);
    }
    if (names_find(&p->now, path, NULL) != NULL) {
        return FAIL(E_FILE_EXISTS);
    }
    if (!has_directory(&p->now, path)) {
        return FAIL(E_FILE_MISSING);
    }
    struct inode *inode = new_inode(p, true);
    names_set(&p->now, path, inode);
    note_name(p, NULL, path, inode);
    return STATUS_OK;
}

static struct status power_sync_dir(void *self, const char *path) {
    struct power *p = self;
    if (no_power(p, true)) {
        return FAIL(E_IO);
    }
    settle_names(p, strcmp(path, ".") == 0 ? "" : path);
    return STATUS_OK;
}

static struct status power_sync_all(void *self, const char *path) {
    struct power *p = self;
    (void)path;
    if (no_power(p, true)) {
        return FAIL(E_IO);
    }
    settle_names(p, NULL);
    for (size_t i = 0; i < p->inode_count; i++) {
        settle_inode(p->inodes[i]);
    }
    return STATUS_OK;
}

static struct status power_list(void *self, const char *path, os_list_fn *each, void *arg) {
    struct power *p = self;
    struct names copy = {0};
    if (p->cut) {
        return FAIL(E_IO);
    }
    const struct inode *dir = names_find(&p->now, path, NULL);
    if (dir == NULL || !dir->is_dir) {
        return FAIL(E_FILE_MISSING);
    }
    names_copy(&copy, &p->now);
    struct status s = STATUS_OK;
    for (size_t i = 0; i < copy.count && !failed(s); i++) {
        if (is_in(copy.list[i].path, path)) {
            s = each(arg, copy.list[i].path + dir_len(copy.list[i].path) + 1,
                     copy.list[i].inode->is_dir);
        }
    }
    names_clear(&copy);
    return s;
}

struct power *power_new(uint64_t seed) {
    struct power *p = must(calloc(1, sizeof *p));
    p->random = seed;
    p->fs = (struct os_fs){
        .self = p,
        .open = power_open,
        .close = power_close,
        .read_at = power_read_at,
        .write_at = power_write_at,
        .sync = power_sync,
        .truncate = power_truncate,
        .size = power_size,
        .rename = power_rename,
        .remove = power_remove,
        .mkdir = power_mkdir,
        .sync_dir = power_sync_dir,
        .sync_all = power_sync_all,
        .list = power_list,
    };
    return p;
}

static void free_inode(struct inode *inode) {
    clear_changes(inode);
    free(inode->now.ptr);
    free(inode->disk.ptr);
    free(inode);
}

void power_free(struct power **power) {
    struct power *p = *power;
    if (p == NULL) {
        return;
    }
    for (size_t i = 0; i < p->inode_count; i++) {
        free_inode(p->inodes[i]);
    }
    for (size_t i = 0; i < p->name_change_count; i++) {
        drop_name_change(&p->name_changes[i]);
    }
    free(p->name_changes);
    free(p->inodes);
    names_clear(&p->now);
    names_clear(&p->disk);
    free(p);
    *power = NULL;
}

const struct os_fs *power_fs(struct power *power) {
    return &power->fs;
}

void power_cut_at(struct power *power, uint64_t n) {
    power->cut_at_sync = n;
}

void power_cut_at_change(struct power *power, uint64_t n) {
    power->cut_at_change = n;
}

void power_cut_now(struct power *power) {
    power->cut = true;
}

void power_fail_sync_at(struct power *power, uint64_t n) {
    power->fail_at_sync = n;
    power->has_failed = false;
}

bool power_has_failed(const struct power *power) {
    return power->has_failed;
}

bool power_is_cut(const struct power *power) {
    return power->cut;
}

uint64_t power_syncs(const struct power *power) {
    return power->syncs;
}

uint64_t power_changes(const struct power *power) {
    return power->changes_made;
}

/* Some sectors of a write reach the disk, others do not. */
static void tear(struct power *p, struct bytes *disk, const struct change *c) {
    uint64_t at = c->offset;
    uint64_t end = c->offset + c->len;
    while (at < end) {
        uint64_t border = (at / SECTOR + 1) * SECTOR;
        uint64_t stop = border < end ? border : end;
        if (next_random(p) % 2 == 0) {
            bytes_write(disk, at, c->ptr + (at - c->offset), (size_t)(stop - at));
        }
        at = stop;
    }
}

static void lose_change(struct power *p, struct bytes *disk, const struct change *c) {
    uint64_t fate = next_random(p) % 4;
    if (fate == 0) {
        return;
    }
    if (fate == 1 && !c->is_truncate) {
        tear(p, disk, c);
    } else {
        apply_change(disk, c);
    }
}

static void lose_inode(struct power *p, struct inode *inode) {
    for (size_t i = 0; i < inode->change_count; i++) {
        lose_change(p, &inode->disk, &inode->changes[i]);
    }
    clear_changes(inode);
    bytes_copy(&inode->now, &inode->disk);
    inode->locked = false;
}

/* Of each directory's changes, some of the first; the rest are lost. */
static void lose_names(struct power *p) {
    while (p->name_change_count > 0) {
        char dir[OS_PATH_MAX];
        const char *path = changed_path(&p->name_changes[0]);
        size_t n = dir_len(path);
        memcpy(dir, path, n);
        dir[n] = 0;
        bool lost = false;
        size_t kept = 0;
        for (size_t i = 0; i < p->name_change_count; i++) {
            struct name_change *c = &p->name_changes[i];
            if (!is_in(changed_path(c), dir)) {
                p->name_changes[kept++] = *c;
                continue;
            }
            lost = lost || next_random(p) % 3 == 0;
            if (!lost) {
                apply_name(&p->disk, c);
            }
            drop_name_change(c);
        }
        p->name_change_count = kept;
    }
}

static void drop_orphans(struct names *disk) {
    bool again = true;
    while (again) {
        again = false;
        for (size_t i = 0; i < disk->count; i++) {
            if (!has_directory(disk, disk->list[i].path)) {
                names_remove(disk, disk->list[i].path);
                again = true;
                break;
            }
        }
    }
}

void power_restart(struct power *power) {
    struct power *p = power;
    for (size_t i = 0; i < p->inode_count; i++) {
        lose_inode(p, p->inodes[i]);
    }
    lose_names(p);
    drop_orphans(&p->disk);
    names_copy(&p->now, &p->disk);
    p->cut = false;
    p->cut_at_sync = 0;
    p->cut_at_change = 0;
    p->syncs = 0;
    p->changes_made = 0;
}

bool power_flip(struct power *power, const char *path, uint64_t byte, unsigned bit) {
    struct inode *inode = names_find(&power->now, path, NULL);
    if (inode == NULL || byte >= inode->now.len) {
        return false;
    }
    settle_inode(inode);
    inode->now.ptr[byte] ^= (uint8_t)(1u << bit);
    bytes_copy(&inode->disk, &inode->now);
    return true;
}

bool power_holds(const struct power *power, struct slice needle) {
    for (size_t i = 0; i < power->inode_count; i++) {
        const struct inode *f = power->inodes[i];
        if ((f->now.len > 0 && memmem(f->now.ptr, f->now.len, needle.ptr, needle.len) != NULL) ||
            (f->disk.len > 0 && memmem(f->disk.ptr, f->disk.len, needle.ptr, needle.len) != NULL)) {
            return true;
        }
    }
    return false;
}

static struct inode *twin(const struct power *to, const struct inode *inode) {
    return inode == NULL ? NULL : to->inodes[inode->number];
}

static void clone_inode(struct power *to, const struct inode *from) {
    struct inode *inode = new_inode(to, from->is_dir);
    bytes_copy(&inode->now, &from->now);
    bytes_copy(&inode->disk, &from->disk);
    for (size_t i = 0; i < from->change_count; i++) {
        struct change c = from->changes[i];
        c.ptr = must(malloc(c.len + 1));
        if (c.len > 0) {
            memcpy(c.ptr, from->changes[i].ptr, c.len);
        }
        note_change(inode, c);
    }
}

static void clone_names(struct power *to, struct names *list, const struct names *from) {
    for (size_t i = 0; i < from->count; i++) {
        names_set(list, from->list[i].path, twin(to, from->list[i].inode));
    }
}

struct power *power_clone(const struct power *power, uint64_t seed) {
    struct power *p = power_new(seed);
    for (size_t i = 0; i < power->inode_count; i++) {
        clone_inode(p, power->inodes[i]);
    }
    clone_names(p, &p->now, &power->now);
    clone_names(p, &p->disk, &power->disk);
    for (size_t i = 0; i < power->name_change_count; i++) {
        const struct name_change *c = &power->name_changes[i];
        note_name(p, c->from, c->to, twin(p, c->inode));
    }
    p->cut = power->cut;
    return p;
}
