/* Files in memory that lose power: what was not synced is dropped, reordered or torn, by a seed.
 *
 *   struct power *power = power_new(seed);
 *   const struct os_fs *fs = power_fs(power);
 *   power_cut_at(power, 3);              -- the third sync from now does not come back
 *   ... run until calls fail with E_IO; close what was opened ...
 *   power_restart(power);                -- what a disk might hold after that; files open anew
 *
 * Model: a write reaches the disk whole, in some of its 512-byte sectors, or not, each by itself
 * and in any order, until its file is synced. Names of one directory reach the disk in order, up to
 * some point, until the directory is synced. power_sync_all does both for everything. */
#ifndef WARD_TESTS_POWER_H
#define WARD_TESTS_POWER_H

#include "os/file.h"

struct power;

struct power *power_new(uint64_t seed);
void power_free(struct power **power);
const struct os_fs *power_fs(struct power *power);
/* The n-th sync of any kind from now (1 is the next) cuts the power; 0: none does. */
void power_cut_at(struct power *power, uint64_t n);
/* As above, but counting every call that changes something, syncs included. */
void power_cut_at_change(struct power *power, uint64_t n);
/* The n-th sync of a file from now fails, once, as disks and kernels do it: what it was to write is
 * never written unless somebody writes it again, though it can still be read until the power goes.
 */
void power_fail_sync_at(struct power *power, uint64_t n);
bool power_has_failed(const struct power *power);
void power_cut_now(struct power *power);
bool power_is_cut(const struct power *power);
/* Syncs and changes since it was made or restarted. */
uint64_t power_syncs(const struct power *power);
uint64_t power_changes(const struct power *power);
/* The loss happens and the power is back. All files must have been closed. */
void power_restart(struct power *power);
/* Flips one bit of what the disk holds, for tests of rot. False if the file has no such byte. */
bool power_flip(struct power *power, const char *path, uint64_t byte, unsigned bit);
/* All bytes on the disk, files and what is unsynced, one after another: is `needle` among them? */
bool power_holds(const struct power *power, struct slice needle);
/* A copy of everything, for trying several ends of one story. */
struct power *power_clone(const struct power *power, uint64_t seed);

#endif
