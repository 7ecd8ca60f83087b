/* What the tests of the ledger share. */
#include "story.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

static const uint8_t content[] = {FIELD_PURPOSE, 0, 3, 'a', 'd', 's'};

void story_begin(struct story *story, const struct os_fs *fs) {
    struct seal_key seed = {{42}};
    *story = (struct story){.key = seal_signing_key_from_seed(&seed)};
    story->options = (struct ledger_options){
        .fs = fs, .dir = "log", .origin = SLICE("ward.example/log"), .key = &story->key};
    if (failed(note_vkey_make(story->options.origin, NOTE_ED25519, story->key.public_key,
                              &story->vkey))) {
        panic("no key for the story");
    }
}

struct opening_item story_item(uint64_t i) {
    struct opening_item item = {.content = slice_of(content, sizeof content)};
    bytes_put_be64(item.salt.bytes, i);
    return item;
}

void story_leaf(uint64_t i, uint8_t ret_entry[LEAF_LEN]) {
    struct opening_item item = story_item(i);
    struct leaf leaf = {.kind = i % 3 == 0 ? LEAF_CONSENT : LEAF_READ_BATCH,
                        .hour = (uint32_t)(498000 + i / 100)};
    leaf.person = leaf_commit(&item);
    bytes_put_be64(leaf.auditor.bytes, ~i);
    leaf_put(&leaf, ret_entry);
}

struct status story_append(struct ledger *ledger, uint64_t first, uint64_t count) {
    uint8_t *entries = malloc(count * LEAF_LEN + 1);
    for (uint64_t i = 0; i < count; i++) {
        story_leaf(first + i, entries + i * LEAF_LEN);
    }
    struct status s = ledger_append_at(ledger, first, entries, (size_t)count);
    free(entries);
    return s;
}

struct status story_verify(const struct story *story, const struct os_fs *fs, struct slice since,
                           struct verify_log_report *ret_report) {
    struct verify_log_options options = {
        .fs = fs, .dir = "log", .log = &story->vkey, .since = since};
    return verify_log(&options, ret_report);
}
