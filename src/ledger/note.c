/* Signed notes and verifier keys of C2SP. Pure. Must never tell that a note is signed when the
 * bytes that were signed are not exactly its text. */
#include "ledger/note.h"

#include <string.h>

#include "base/bytes.h"
#include "note_lines.h"

enum { SIGNATURE_MAX = 512, KEY_ID_LEN = 4, TIME_LEN = 8 };

static const struct slice dash = SLICE_INIT("\xe2\x80\x94 ");

/* White space of Unicode beyond ASCII, as UTF-8. */
static const char *const unicode_spaces[] = {
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
    "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
    "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
    "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
};

static bool has_unicode_space(struct slice s) {
    for (size_t i = 0; i < ARRAY_LEN(unicode_spaces); i++) {
        if (s.len > 0 && memmem(s.ptr, s.len, unicode_spaces[i], strlen(unicode_spaces[i]))) {
            return true;
        }
    }
    return false;
}

static bool has_control(struct slice s) {
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < 0x20 && s.ptr[i] != '\n') {
            return true;
        }
    }
    return false;
}

bool note_name_ok(struct slice name) {
    if (name.len == 0 || name.len > NOTE_NAME_MAX || !slice_is_utf8(name)) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] <= 0x20 || name.ptr[i] == '+') {
            return false;
        }
    }
    return !has_unicode_space(name);
}

static uint32_t key_id(struct slice name, uint8_t type, const uint8_t *public_key) {
    const uint8_t between[2] = {'\n', type};
    struct seal_sha256_state h;
    seal_sha256_begin(&h);
    seal_sha256_add(&h, name);
    seal_sha256_add(&h, slice_of(between, sizeof between));
    seal_sha256_add(&h, slice_of(public_key, SEAL_PUBLIC_LEN));
    struct seal_hash sum = seal_sha256_end(&h);
    return bytes_be32(sum.bytes);
}

struct status note_vkey_make(struct slice name, uint8_t type,
                             const uint8_t public_key[SEAL_PUBLIC_LEN], struct note_vkey *ret_key) {
    if (!note_name_ok(name) || (type != NOTE_ED25519 && type != NOTE_COSIGNATURE)) {
        return FAIL(E_VKEY);
    }
    memcpy(ret_key->name, name.ptr, name.len);
    ret_key->name_len = name.len;
    ret_key->type = type;
    ret_key->id = key_id(name, type, public_key);
    memcpy(ret_key->public_key, public_key, SEAL_PUBLIC_LEN);
    return STATUS_OK;
}

struct slice note_vkey_name(const struct note_vkey *key) {
    return slice_of(key->name, key->name_len);
}

static struct status parse_parts(struct slice name, struct slice hash, struct slice base64,
                                 struct note_vkey *ret_key) {
    uint8_t id[KEY_ID_LEN];
    struct note_vkey key;
    struct buf raw CLEANUP(buf_done);
    buf_init(&raw, 64);
    if (failed(hex_decode(hash, id, sizeof id)) || failed(base64_decode(base64, &raw)) ||
        raw.len != 1 + SEAL_PUBLIC_LEN) {
        return FAIL(E_VKEY);
    }
    TRY(note_vkey_make(name, raw.ptr[0], raw.ptr + 1, &key));
    if (key.id != bytes_be32(id)) {
        return FAIL(E_VKEY);
    }
    *ret_key = key;
    return STATUS_OK;
}

struct status note_vkey_parse(struct slice text, struct note_vkey *ret_key) {
    struct slice rest = slice_trim(text);
    struct slice name = {0};
    struct slice hash = {0};
    slice_next(&rest, '+', &name);
    slice_next(&rest, '+', &hash);
    /* What is left is base64, which may hold plus signs of its own. */
    return rest.ptr == NULL ? FAIL(E_VKEY) : parse_parts(name, hash, rest, ret_key);
}

struct status note_vkey_print(const struct note_vkey *key, struct buf *out) {
    uint8_t raw[1 + SEAL_PUBLIC_LEN];
    uint8_t id[KEY_ID_LEN];
    raw[0] = key->type;
    memcpy(raw + 1, key->public_key, SEAL_PUBLIC_LEN);
    bytes_put_be32(id, key->id);
    TRY(buf_add(out, note_vkey_name(key)));
    TRY(buf_add_byte(out, '+'));
    TRY(hex_encode(slice_of(id, sizeof id), out));
    TRY(buf_add_byte(out, '+'));
    return base64_encode(slice_of(raw, sizeof raw), out);
}

struct status note_line_parse(struct slice line, struct note_signature *ret_signature) {
    if (!slice_starts(line, dash)) {
        return FAIL(E_NOTE_FORM);
    }
    struct slice rest = slice_from(line, dash.len);
    struct slice name = {0};
    slice_next(&rest, ' ', &name);
    if (rest.ptr == NULL || rest.len == 0 || !note_name_ok(name)) {
        return FAIL(E_NOTE_FORM);
    }
    *ret_signature = (struct note_signature){.line = line, .name = name, .base64 = rest};
    return STATUS_OK;
}

/* The text ends before the last empty line. */
static struct status split_text(struct slice bytes, struct slice *ret_text,
                                struct slice *ret_lines) {
    for (size_t i = bytes.len; i >= 2; i--) {
        if (bytes.ptr[i - 1] == '\n' && bytes.ptr[i - 2] == '\n') {
            *ret_text = slice_sub(bytes, 0, i - 1);
            *ret_lines = slice_from(bytes, i);
            return STATUS_OK;
        }
    }
    return FAIL(E_NOTE_FORM);
}

struct status note_lines_parse(struct slice lines, size_t max, struct note_signature *ret,
                               size_t *ret_count) {
    size_t count = 0;
    if (lines.len == 0 || lines.ptr[lines.len - 1] != '\n') {
        return FAIL(E_NOTE_FORM);
    }
    struct slice rest = slice_sub(lines, 0, lines.len - 1);
    struct slice line;
    while (slice_next(&rest, '\n', &line)) {
        if (count == max) {
            return FAIL(E_NOTE_FORM);
        }
        TRY(note_line_parse(line, &ret[count]));
        count++;
    }
    *ret_count = count;
    return STATUS_OK;
}

struct status note_parse(struct slice bytes, struct note *ret_note) {
    struct slice lines;
    if (bytes.len > NOTE_MAX || !slice_is_utf8(bytes) || has_control(bytes)) {
        return FAIL(E_NOTE_FORM);
    }
    TRY(split_text(bytes, &ret_note->text, &lines));
    return note_lines_parse(lines, NOTE_SIGNATURES_MAX, ret_note->signatures, &ret_note->count);
}

static struct status cosigned_text(struct slice text, uint64_t time_s, struct buf *out) {
    TRY(buf_add_str(out, "cosignature/v1\ntime "));
    TRY(buf_add_u64(out, time_s));
    TRY(buf_add_byte(out, '\n'));
    return buf_add(out, text);
}

static struct status check_cosignature(struct slice text, struct slice raw,
                                       const struct note_vkey *key, uint64_t *ret_time_s) {
    struct buf message CLEANUP(buf_done);
    buf_init(&message, NOTE_MAX + 64);
    if (raw.len != TIME_LEN + SEAL_SIGNATURE_LEN || raw.ptr[0] > 0x7f) {
        return FAIL(E_SIGNATURE);
    }
    uint64_t time_s = bytes_be64(raw.ptr);
    TRY(cosigned_text(text, time_s, &message));
    TRY(seal_verify(key->public_key, buf_slice(&message), raw.ptr + TIME_LEN));
    *ret_time_s = time_s;
    return STATUS_OK;
}

/* Whether the line is one of this key's is in *ret_mine, also when it fails. */
struct status note_line_check(struct slice text, const struct note_signature *line,
                              const struct note_vkey *key, bool *ret_mine, uint64_t *ret_time_s) {
    struct buf raw CLEANUP(buf_done);
    buf_init(&raw, SIGNATURE_MAX);
    *ret_mine = false;
    *ret_time_s = 0;
    if (!slice_eq(line->name, note_vkey_name(key))) {
        return STATUS_OK;
    }
    struct status s = base64_decode(line->base64, &raw);
    if (s.code == E_MEMORY) {
        return s;
    }
    /* Another kind of key under the same name may have longer signatures; they are not ours. */
    if (failed(s) || raw.len < KEY_ID_LEN || bytes_be32(raw.ptr) != key->id) {
        return STATUS_OK;
    }
    *ret_mine = true;
    struct slice signature = slice_from(buf_slice(&raw), KEY_ID_LEN);
    if (key->type == NOTE_COSIGNATURE) {
        return check_cosignature(text, signature, key, ret_time_s);
    }
    if (signature.len != SEAL_SIGNATURE_LEN) {
        return FAIL(E_SIGNATURE);
    }
    return seal_verify(key->public_key, text, signature.ptr);
}

/* Why none of the lines is the key's: what it signed may be as it was, and the line not. */
static struct status why_unsigned(const struct note *note, const struct note_vkey *key) {
    for (size_t i = 0; i < note->count; i++) {
        const struct note_signature *line = &note->signatures[i];
        struct buf raw CLEANUP(buf_done);
        buf_init(&raw, SIGNATURE_MAX);
        struct status decoded = base64_decode(line->base64, &raw);
        if (decoded.code == E_ENCODING && slice_eq(line->name, note_vkey_name(key))) {
            return FAIL(E_NOTE_FORM);
        }
        bool sized = !failed(decoded) && key->type == NOTE_ED25519 &&
                     raw.len == KEY_ID_LEN + SEAL_SIGNATURE_LEN;
        if (sized && !failed(seal_verify(key->public_key, note->text, raw.ptr + KEY_ID_LEN))) {
            return FAIL(E_NOTE_NAME);
        }
    }
    return FAIL(E_NOTE_UNSIGNED);
}

struct status note_check(const struct note *note, const struct note_vkey *key,
                         uint64_t *ret_time_s) {
    bool found = false;
    uint64_t time_s = 0;
    for (size_t i = 0; i < note->count; i++) {
        bool mine = false;
        uint64_t at_s = 0;
        TRY(note_line_check(note->text, &note->signatures[i], key, &mine, &at_s));
        if (mine && (!found || at_s > time_s)) {
            time_s = at_s;
        }
        found = found || mine;
    }
    if (!found) {
        return why_unsigned(note, key);
    }
    if (ret_time_s != NULL) {
        *ret_time_s = time_s;
    }
    return STATUS_OK;
}

static struct status add_line(struct slice name, uint32_t id, struct slice signature,
                              struct buf *out) {
    uint8_t raw[KEY_ID_LEN + TIME_LEN + SEAL_SIGNATURE_LEN];
    bytes_put_be32(raw, id);
    memcpy(raw + KEY_ID_LEN, signature.ptr, signature.len);
    TRY(buf_add(out, dash));
    TRY(buf_add(out, name));
    TRY(buf_add_byte(out, ' '));
    TRY(base64_encode(slice_of(raw, KEY_ID_LEN + signature.len), out));
    return buf_add_byte(out, '\n');
}

struct status note_sign(struct slice text, struct slice name, const struct seal_signing_key *key,
                        struct buf *out) {
    uint8_t signature[SEAL_SIGNATURE_LEN];
    if (!note_name_ok(name)) {
        return FAIL(E_VKEY);
    }
    if (text.len == 0 || text.ptr[text.len - 1] != '\n' || has_control(text)) {
        return FAIL(E_NOTE_FORM);
    }
    seal_sign(key, text, signature);
    TRY(buf_add(out, text));
    TRY(buf_add_byte(out, '\n'));
    return add_line(name, key_id(name, NOTE_ED25519, key->public_key),
                    slice_of(signature, sizeof signature), out);
}

struct status note_cosign(struct slice text, struct slice name, uint64_t time_s,
                          const struct seal_signing_key *key, struct buf *out) {
    uint8_t signature[TIME_LEN + SEAL_SIGNATURE_LEN];
    struct buf message CLEANUP(buf_done);
    buf_init(&message, NOTE_MAX + 64);
    if (!note_name_ok(name) || time_s > INT64_MAX) {
        return FAIL(E_VKEY);
    }
    TRY(cosigned_text(text, time_s, &message));
    bytes_put_be64(signature, time_s);
    seal_sign(key, buf_slice(&message), signature + TIME_LEN);
    return add_line(name, key_id(name, NOTE_COSIGNATURE, key->public_key),
                    slice_of(signature, sizeof signature), out);
}
