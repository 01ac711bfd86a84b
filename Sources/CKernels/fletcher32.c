#include "ckernels.h"

/// Adds the carries back in: keeps a sum modulo 65535, zero only if all words were zero.
static inline uint32_t fold(uint32_t sum) { return (sum & 0xffff) + (sum >> 16); }

uint32_t ckernels_fletcher32(const uint8_t *data, size_t length) {
    uint32_t sum1 = 0, sum2 = 0;
    size_t words = length / 2;
    while (words > 0) {
        // 360 words are the most after which neither sum can have overflowed 32 bits.
        size_t block = words < 360 ? words : 360;
        words -= block;
        for (; block > 0; block--, data += 2) {
            sum1 += (uint32_t)data[0] << 8 | data[1];
            sum2 += sum1;
        }
        sum1 = fold(sum1);
        sum2 = fold(sum2);
    }
    if (length % 2 != 0) {
        sum1 += (uint32_t)data[0] << 8;
        sum2 += sum1;
        sum1 = fold(sum1);
        sum2 = fold(sum2);
    }
    return fold(sum2) << 16 | fold(sum1);
}
