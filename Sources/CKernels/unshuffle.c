#include "ckernels.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

// Why intrinsics: clang, which SwiftPM uses, leaves the plain element loop scalar for four-byte elements (2.5-3.0
// GB/s); unpack instructions, which every x86-64 and every arm64 has, reach 22-33 GB/s. So there is no run-time
// dispatch.
//
// Why ordinary stores: the destination is often cold, but it is copied into a reply next; streaming stores would send
// it to memory and fetch it back.

/// One vector holds this many bytes of one plane, hence this many elements are finished in each step.
enum { step = 16 };

/// Elements from `first` on, one byte at a time: the tail after the vectors, and the whole of the odd element sizes.
/// Goes over the planes in blocks so that the part of the destination written repeatedly stays in the L1 cache.
static void unshuffle_scalar(const uint8_t *source, uint8_t *destination, size_t first, size_t count, size_t size) {
    const size_t block = size < 4096 ? 8192 / size : 2;
    while (first < count) {
        const size_t end = count - first < block ? count : first + block;
        for (size_t plane = 0; plane < size; plane++) {
            const uint8_t *from = source + plane * count;
            for (size_t i = first; i < end; i++) {
                destination[i * size + plane] = from[i];
            }
        }
        first = end;
    }
}

#if defined(__SSE2__)

static inline __m128i load(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }

static inline void store(uint8_t *p, __m128i v) { _mm_storeu_si128((__m128i *)p, v); }

/// Two-byte elements: interleave two planes. Returns the number of elements done.
static size_t unshuffle2(const uint8_t *s, uint8_t *d, size_t count) {
    size_t i = 0;
    for (; count - i >= step; i += step, d += 2 * step) {
        const __m128i a = load(s + i), b = load(s + count + i);
        store(d, _mm_unpacklo_epi8(a, b));
        store(d + 16, _mm_unpackhi_epi8(a, b));
    }
    return i;
}

/// Four-byte elements: interleave bytes, then pairs. Returns the number of elements done.
static size_t unshuffle4(const uint8_t *s, uint8_t *d, size_t count) {
    size_t i = 0;
    for (; count - i >= step; i += step, d += 4 * step) {
        const __m128i p0 = load(s + i), p1 = load(s + count + i);
        const __m128i p2 = load(s + 2 * count + i), p3 = load(s + 3 * count + i);
        const __m128i lo01 = _mm_unpacklo_epi8(p0, p1), hi01 = _mm_unpackhi_epi8(p0, p1);
        const __m128i lo23 = _mm_unpacklo_epi8(p2, p3), hi23 = _mm_unpackhi_epi8(p2, p3);
        store(d, _mm_unpacklo_epi16(lo01, lo23));
        store(d + 16, _mm_unpackhi_epi16(lo01, lo23));
        store(d + 32, _mm_unpacklo_epi16(hi01, hi23));
        store(d + 48, _mm_unpackhi_epi16(hi01, hi23));
    }
    return i;
}

/// Eight-byte elements: interleave bytes, pairs, then quadruples. Returns the number of elements done.
static size_t unshuffle8(const uint8_t *s, uint8_t *d, size_t count) {
    size_t i = 0;
    for (; count - i >= step; i += step, d += 8 * step) {
        __m128i pair[8], quad[8];
        for (int k = 0; k < 4; k++) {
            const __m128i a = load(s + (size_t)(2 * k) * count + i), b = load(s + (size_t)(2 * k + 1) * count + i);
            pair[2 * k] = _mm_unpacklo_epi8(a, b);
            pair[2 * k + 1] = _mm_unpackhi_epi8(a, b);
        }
        // quad[0...3]: bytes 0-3 of four elements each; quad[4...7]: their bytes 4-7.
        for (int half = 0; half < 2; half++) {
            const __m128i *p = pair + 4 * half;
            __m128i *q = quad + 4 * half;
            q[0] = _mm_unpacklo_epi16(p[0], p[2]);
            q[1] = _mm_unpackhi_epi16(p[0], p[2]);
            q[2] = _mm_unpacklo_epi16(p[1], p[3]);
            q[3] = _mm_unpackhi_epi16(p[1], p[3]);
        }
        for (int k = 0; k < 4; k++) {
            store(d + 32 * k, _mm_unpacklo_epi32(quad[k], quad[k + 4]));
            store(d + 32 * k + 16, _mm_unpackhi_epi32(quad[k], quad[k + 4]));
        }
    }
    return i;
}

#elif defined(__ARM_NEON)

/// Two-byte elements: NEON's interleaving store does it. Returns the number of elements done.
static size_t unshuffle2(const uint8_t *s, uint8_t *d, size_t count) {
    size_t i = 0;
    for (; count - i >= step; i += step, d += 2 * step) {
        const uint8x16x2_t v = {{vld1q_u8(s + i), vld1q_u8(s + count + i)}};
        vst2q_u8(d, v);
    }
    return i;
}

/// Four-byte elements: the same with four planes. Returns the number of elements done.
static size_t unshuffle4(const uint8_t *s, uint8_t *d, size_t count) {
    size_t i = 0;
    for (; count - i >= step; i += step, d += 4 * step) {
        const uint8x16x4_t v = {{vld1q_u8(s + i), vld1q_u8(s + count + i), vld1q_u8(s + 2 * count + i),
                                 vld1q_u8(s + 3 * count + i)}};
        vst4q_u8(d, v);
    }
    return i;
}

/// Eight-byte elements: zip planes k and k + 4 so that the four-way store sees pairs of bytes in their final order.
/// Returns the number of elements done.
static size_t unshuffle8(const uint8_t *s, uint8_t *d, size_t count) {
    size_t i = 0;
    for (; count - i >= step; i += step, d += 8 * step) {
        uint8x16x2_t z[4];
        for (int k = 0; k < 4; k++) {
            z[k] = vzipq_u8(vld1q_u8(s + (size_t)k * count + i), vld1q_u8(s + (size_t)(k + 4) * count + i));
        }
        // z[k] holds byte k, byte k + 4 of each element in turn; storing z[0...3] interleaved gives 0 1 2 3 4 5 6 7.
        const uint8x16x4_t low = {{z[0].val[0], z[1].val[0], z[2].val[0], z[3].val[0]}};
        const uint8x16x4_t high = {{z[0].val[1], z[1].val[1], z[2].val[1], z[3].val[1]}};
        vst4q_u8(d, low);
        vst4q_u8(d + 64, high);
    }
    return i;
}

#else

// Other architectures: all elements are "tail".
static size_t unshuffle2(const uint8_t *s, uint8_t *d, size_t count) { (void)s, (void)d, (void)count; return 0; }
static size_t unshuffle4(const uint8_t *s, uint8_t *d, size_t count) { (void)s, (void)d, (void)count; return 0; }
static size_t unshuffle8(const uint8_t *s, uint8_t *d, size_t count) { (void)s, (void)d, (void)count; return 0; }

#endif

void ckernels_unshuffle(const uint8_t *source, uint8_t *destination, size_t length, size_t element_size) {
    if (length == 0) {
        return; // memcpy may not be given the null pointer of an empty buffer
    }
    if (element_size < 2 || length < element_size) {
        memcpy(destination, source, length);
        return;
    }
    const size_t count = length / element_size;
    size_t done = 0;
    switch (element_size) {
    case 2: done = unshuffle2(source, destination, count); break;
    case 4: done = unshuffle4(source, destination, count); break;
    case 8: done = unshuffle8(source, destination, count); break;
    default: break;
    }
    unshuffle_scalar(source, destination, done, count, element_size);

    const size_t whole = count * element_size;
    memcpy(destination + whole, source + whole, length - whole);
}
