/* CRC-32C by table, four bytes a step: a keyring of a million slots is checked when it is opened.
 */
#include "crc.h"

#include <pthread.h>

static uint32_t table[4][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++) {
            c = (c & 1) != 0 ? c >> 1 ^ UINT32_C(0x82f63b78) : c >> 1;
        }
        table[0][i] = c;
    }
    for (unsigned k = 1; k < 4; k++) {
        for (uint32_t i = 0; i < 256; i++) {
            table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 255];
        }
    }
}

static uint32_t step4(uint32_t c, const uint8_t *p) {
    c ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    return table[3][c & 255] ^ table[2][c >> 8 & 255] ^ table[1][c >> 16 & 255] ^ table[0][c >> 24];
}

uint32_t crc32c(uint32_t crc, struct slice s) {
    pthread_once(&once, make_table);
    uint32_t c = ~crc;
    size_t i = 0;
    for (; i + 4 <= s.len; i += 4) {
        c = step4(c, s.ptr + i);
    }
    for (; i < s.len; i++) {
        c = c >> 8 ^ table[0][(c ^ s.ptr[i]) & 255];
    }
    return ~c;
}
