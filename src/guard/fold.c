/* Folding of words, with the tables of utf8proc. Nothing else includes that library, and of it only
 * what needs no memory of its own. */
#include "fold.h"

#include <utf8proc.h>

enum {
    ACCENT_CLASS = 10, /* combining classes from here on: accents, points, tones. Below stand marks
                          that make another letter: voicing of kana, nuktas, viramas, vowel signs */
    PARTS_MOST = 32,   /* of one character; Unicode's longest has 18 */
};

/* Written without spaces. */
static const struct {
    int32_t first, last;
} unspaced[] = {
    {0x0e01, 0x0eff},   /* Thai, Lao */
    {0x1000, 0x109f},   /* Myanmar */
    {0x1780, 0x17ff},   /* Khmer */
    {0x2e80, 0x2fdf},   /* radicals */
    {0x3005, 0x30ff},   /* kana, with the signs of repetition */
    {0x31f0, 0x31ff},   /* more kana */
    {0x3400, 0x9fff},   /* Han */
    {0xf900, 0xfaff},   /* Han, for compatibility */
    {0x20000, 0x3ffff}, /* Han, the rest */
};

/* Letters that people leave the stroke of, and that Unicode does not take apart. */
static const struct {
    int32_t letter;
    const char *as;
} plain[] = {
    {0xe6, "ae"}, {0xf0, "d"},  {0xf8, "o"},   {0x111, "d"}, {0x127, "h"},
    {0x131, "i"}, {0x142, "l"}, {0x153, "oe"}, {0x167, "t"},
};

enum part { PART_NONE, PART_MARK, PART_LETTER, PART_ALONE };

static bool is_unspaced(int32_t c) {
    for (size_t i = 0; i < ARRAY_LEN(unspaced); i++) {
        if (c >= unspaced[i].first && c <= unspaced[i].last) {
            return true;
        }
    }
    return false;
}

static enum part part_of(int32_t c) {
    static const uint8_t parts[] = {
        [UTF8PROC_CATEGORY_LU] = PART_LETTER, [UTF8PROC_CATEGORY_LL] = PART_LETTER,
        [UTF8PROC_CATEGORY_LT] = PART_LETTER, [UTF8PROC_CATEGORY_LM] = PART_LETTER,
        [UTF8PROC_CATEGORY_LO] = PART_LETTER, [UTF8PROC_CATEGORY_ND] = PART_LETTER,
        [UTF8PROC_CATEGORY_NL] = PART_LETTER, [UTF8PROC_CATEGORY_NO] = PART_LETTER,
        [UTF8PROC_CATEGORY_MN] = PART_MARK,   [UTF8PROC_CATEGORY_MC] = PART_MARK,
        [UTF8PROC_CATEGORY_SO] = PART_ALONE,  [UTF8PROC_CATEGORY_CO] = PART_NONE,
    };
    enum part part = (enum part)parts[utf8proc_category(c)];
    return part == PART_LETTER && is_unspaced(c) ? PART_ALONE : part;
}

static struct status add_letter(int32_t c, struct buf *out) {
    uint8_t bytes[4];
    for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
        if (plain[i].letter == c) {
            return buf_add_str(out, plain[i].as);
        }
    }
    return buf_add(out, slice_of(bytes, (size_t)utf8proc_encode_char(c, bytes)));
}

/* io_last: what came before. */
static struct status add_part(int32_t c, enum part *io_last, struct buf *out) {
    enum part now = part_of(c);
    enum part last = *io_last;
    if (now == PART_MARK) {
        bool accent = utf8proc_get_property(c)->combining_class >= ACCENT_CLASS;
        return accent || last == PART_NONE ? STATUS_OK : add_letter(c, out);
    }
    *io_last = now;
    if (now == PART_NONE) {
        return STATUS_OK;
    }
    if (now == PART_ALONE || last != PART_LETTER) {
        bool next = now == PART_ALONE && last == PART_ALONE;
        TRY(buf_add_byte(out, next ? FOLD_NEXT : FOLD_WORD));
    }
    return add_letter(c, out);
}

static struct status add_character(int32_t c, enum part *io_last, struct buf *out) {
    int32_t parts[PARTS_MOST];
    int boundary = 0;
    utf8proc_option_t how =
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    utf8proc_ssize_t count = utf8proc_decompose_char(c, parts, PARTS_MOST, how, &boundary);
    for (utf8proc_ssize_t i = 0; i < count && i < PARTS_MOST; i++) {
        TRY(add_part(parts[i], io_last, out));
    }
    return STATUS_OK;
}

struct status fold_words(struct slice text, struct buf *out) {
    enum part last = PART_NONE;
    while (text.len > 0) {
        int32_t c = -1;
        utf8proc_ssize_t size = utf8proc_iterate(text.ptr, (utf8proc_ssize_t)text.len, &c);
        if (size <= 0) {
            last = PART_NONE;
        } else {
            TRY(add_character(c, &last, out));
        }
        text = slice_from(text, size <= 0 ? 1 : (size_t)size);
    }
    return STATUS_OK;
}

bool fold_is_alone(struct slice word) {
    int32_t c = -1;
    return utf8proc_iterate(word.ptr, (utf8proc_ssize_t)word.len, &c) > 0 &&
           part_of(c) == PART_ALONE;
}
