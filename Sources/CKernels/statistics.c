#include "ckernels.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

// Why C: the loops over columns become SIMD here for every type; AVX2, chosen at run time, has twice SSE2's width.

#if defined(__x86_64__) && defined(__linux__) && defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif
#define INLINE static inline __attribute__((always_inline))

/// Columns that are worked on together: what is kept of them stays in the L1 cache while the rows go by.
enum { tile = 512 };

INLINE bool counts(const struct ckernels_table *t, size_t row) {
    return !t->present || t->present[row * t->present_stride];
}

// SUM is the type in which at most 256 numbers can be summed without rounding; for wide ones that is not to be had.
#define KERNELS(T, SUM, IS_FLOAT)                                                                                      \
    INLINE const T *T##_row(const struct ckernels_table *t, size_t row, size_t first) {                                \
        return (const T *)t->data + row * t->stride + first;                                                           \
    }                                                                                                                  \
    /* The sums of a tile. The first attempt takes all for numbers: a NaN shows in the sum. */                         \
    INLINE void T##_sums(                                                                                              \
        const struct ckernels_table *t, size_t first, size_t width, double *restrict count, double *restrict sum) {    \
        SUM sums[tile];                                                                                                \
        memset(sums, 0, sizeof sums);                                                                                  \
        size_t rows = 0;                                                                                               \
        for (size_t r = 0; r < t->rows; r++) {                                                                         \
            if (!counts(t, r)) continue;                                                                               \
            rows++;                                                                                                    \
            const T *x = T##_row(t, r, first);                                                                         \
            for (size_t c = 0; c < width; c++) sums[c] += (SUM)x[c];                                                   \
        }                                                                                                              \
        int lacks = 0;                                                                                                 \
        for (size_t c = 0; c < width; c++) {                                                                           \
            sum[c] = (double)sums[c];                                                                                  \
            count[c] = (double)rows;                                                                                   \
            lacks |= sum[c] != sum[c];                                                                                 \
        }                                                                                                              \
        if (!IS_FLOAT || !lacks) return;                                                                               \
        for (size_t c = 0; c < width; c++) sum[c] = count[c] = 0;                                                      \
        for (size_t r = 0; r < t->rows; r++) {                                                                         \
            if (!counts(t, r)) continue;                                                                               \
            const T *x = T##_row(t, r, first);                                                                         \
            for (size_t c = 0; c < width; c++) {                                                                       \
                const double v = (double)x[c];                                                                         \
                sum[c] += v == v ? v : 0;                                                                              \
                count[c] += v == v ? 1 : 0;                                                                            \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    /* Deviations from `mean`, which is nearly the mean: their sum, and that of their squares. */                      \
    INLINE void T##_deviations(const struct ckernels_table *t, size_t first, size_t width, const double *restrict mean,\
        double *restrict sum, double *restrict squares) {                                                              \
        for (int attempt = 0; attempt < 2; attempt++) {                                                                \
            for (size_t c = 0; c < width; c++) sum[c] = squares[c] = 0;                                                \
            for (size_t r = 0; r < t->rows; r++) {                                                                     \
                if (!counts(t, r)) continue;                                                                           \
                const T *x = T##_row(t, r, first);                                                                     \
                if (attempt == 0) {                                                                                    \
                    for (size_t c = 0; c < width; c++) {                                                               \
                        const double d = (double)x[c] - mean[c];                                                       \
                        sum[c] += d;                                                                                   \
                        squares[c] += d * d;                                                                           \
                    }                                                                                                  \
                } else {                                                                                               \
                    for (size_t c = 0; c < width; c++) {                                                               \
                        const double d = x[c] == x[c] ? (double)x[c] - mean[c] : 0;                                    \
                        sum[c] += d;                                                                                   \
                        squares[c] += d * d;                                                                           \
                    }                                                                                                  \
                }                                                                                                      \
            }                                                                                                          \
            int lacks = 0;                                                                                             \
            for (size_t c = 0; c < width; c++) lacks |= squares[c] != squares[c];                                      \
            if (!IS_FLOAT || !lacks) return;                                                                           \
        }                                                                                                              \
    }                                                                                                                  \
    INLINE void T##_least(const struct ckernels_table *t, size_t first, size_t width, T *restrict least) {             \
        for (size_t r = 0; r < t->rows; r++) {                                                                         \
            if (!counts(t, r)) continue;                                                                               \
            const T *restrict x = T##_row(t, r, first);                                                                \
            for (size_t c = 0; c < width; c++) least[c] = x[c] < least[c] || least[c] != least[c] ? x[c] : least[c];   \
        }                                                                                                              \
    }                                                                                                                  \
    INLINE void T##_greatest(const struct ckernels_table *t, size_t first, size_t width, T *restrict greatest) {       \
        for (size_t r = 0; r < t->rows; r++) {                                                                         \
            if (!counts(t, r)) continue;                                                                               \
            const T *restrict x = T##_row(t, r, first);                                                                \
            for (size_t c = 0; c < width; c++)                                                                         \
                greatest[c] = x[c] > greatest[c] || greatest[c] != greatest[c] ? x[c] : greatest[c];                   \
        }                                                                                                              \
    }                                                                                                                  \
    WIDE static void T##_add_sums(const struct ckernels_table *t, double *count, double *sum) {                        \
        double n[tile], s[tile];                                                                                       \
        for (size_t first = 0; first < t->columns; first += tile) {                                                    \
            const size_t width = t->columns - first < tile ? t->columns - first : tile;                                \
            T##_sums(t, first, width, n, s);                                                                           \
            for (size_t c = 0; c < width; c++) {                                                                       \
                count[first + c] += n[c];                                                                              \
                sum[first + c] += s[c];                                                                                \
            }                                                                                                          \
        }                                                                                                              \
    }                                                                                                                  \
    WIDE static void T##_add_moments(                                                                                  \
        const struct ckernels_table *t, double *count, double *shift, double *mean, double *squares) {                 \
        double n[tile], m[tile], s[tile], q[tile];                                                                     \
        for (size_t first = 0; first < t->columns; first += tile) {                                                    \
            const size_t width = t->columns - first < tile ? t->columns - first : tile;                                \
            T##_sums(t, first, width, n, m);                                                                           \
            for (size_t c = 0; c < width; c++) m[c] /= n[c] > 0 ? n[c] : 1;                                            \
            T##_deviations(t, first, width, m, s, q);                                                                  \
            merge(width, n, m, s, q, count + first, shift + first, mean + first, squares + first);                     \
        }                                                                                                              \
    }                                                                                                                  \
    WIDE static void T##_add_extremes(const struct ckernels_table *t, T *least, T *greatest) {                         \
        for (size_t first = 0; first < t->columns; first += tile) {                                                    \
            const size_t width = t->columns - first < tile ? t->columns - first : tile;                                \
            if (least) T##_least(t, first, width, least + first);                                                      \
            if (greatest) T##_greatest(t, first, width, greatest + first);                                             \
        }                                                                                                              \
    }

/// Joins what is known of two sets of rows: T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for
/// computing sample variances", 1979. `m` is nearly the mean of the new rows, and `s` what their deviations from it sum to.
INLINE void merge(
    size_t width, const double *restrict n, const double *restrict m, const double *restrict s,
    const double *restrict q, double *restrict count, double *restrict shift, double *restrict mean,
    double *restrict squares) {
    for (size_t c = 0; c < width; c++) {
        const double known = count[c], fresh = n[c], total = known + fresh;
        const double whole = total > 0 ? total : 1, rest = s[c] / (fresh > 0 ? fresh : 1);
        const double base = known > 0 ? shift[c] : m[c];
        // Less the shift, which is close, so that nothing is rounded off.
        const double delta = (m[c] - base) + rest - mean[c];
        const double own = q[c] - s[c] * rest;
        const bool is_any = fresh > 0;
        count[c] = total;
        shift[c] = is_any ? base : shift[c];
        squares[c] = is_any ? squares[c] + own + delta * delta * (known * fresh / whole) : squares[c];
        mean[c] = is_any ? mean[c] + delta * (fresh / whole) : mean[c];
    }
}

KERNELS(uint8_t, uint32_t, 0)
KERNELS(int8_t, int32_t, 0)
KERNELS(uint16_t, uint32_t, 0)
KERNELS(int16_t, int32_t, 0)
KERNELS(uint32_t, double, 0)
KERNELS(int32_t, double, 0)
KERNELS(uint64_t, double, 0)
KERNELS(int64_t, double, 0)
KERNELS(float, double, 1)
KERNELS(double, double, 1)

#define FOR_EACH_TYPE(CALL)                                                                                            \
    switch (table->number) {                                                                                           \
    case ckernels_u1: CALL(uint8_t); break;                                                                            \
    case ckernels_i1: CALL(int8_t); break;                                                                             \
    case ckernels_u2: CALL(uint16_t); break;                                                                           \
    case ckernels_i2: CALL(int16_t); break;                                                                            \
    case ckernels_u4: CALL(uint32_t); break;                                                                           \
    case ckernels_i4: CALL(int32_t); break;                                                                            \
    case ckernels_u8: CALL(uint64_t); break;                                                                           \
    case ckernels_i8: CALL(int64_t); break;                                                                            \
    case ckernels_f4: CALL(float); break;                                                                              \
    case ckernels_f8: CALL(double); break;                                                                             \
    }

void ckernels_add_sums(const struct ckernels_table *table, double *count, double *sum) {
#define CALL(T) T##_add_sums(table, count, sum)
    FOR_EACH_TYPE(CALL)
#undef CALL
}

void ckernels_add_moments(
    const struct ckernels_table *table, double *count, double *shift, double *mean, double *squares) {
#define CALL(T) T##_add_moments(table, count, shift, mean, squares)
    FOR_EACH_TYPE(CALL)
#undef CALL
}

void ckernels_add_extremes(const struct ckernels_table *table, void *least, void *greatest) {
#define CALL(T) T##_add_extremes(table, (T *)least, (T *)greatest)
    FOR_EACH_TYPE(CALL)
#undef CALL
}

WIDE void ckernels_halves_to_singles(const uint16_t *halves, float *singles, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t h = halves[i], magnitude = (h & 0x7FFF) << 13;
        // Shifted into place the exponent is 112 too small; multiplying is right for subnormal numbers too.
        float scaled;
        memcpy(&scaled, &magnitude, sizeof scaled);
        scaled *= 0x1p112f;
        uint32_t bits;
        memcpy(&bits, &scaled, sizeof bits);
        bits |= (h & 0x7C00) == 0x7C00 ? 0x7F800000 : 0;
        bits |= (h & 0x8000) << 16;
        memcpy(singles + i, &bits, sizeof bits);
    }
}

void ckernels_swap(void *numbers, size_t size, size_t count) {
    if (size == 2) {
        uint16_t *x = numbers;
        for (size_t i = 0; i < count; i++) x[i] = __builtin_bswap16(x[i]);
    } else if (size == 4) {
        uint32_t *x = numbers;
        for (size_t i = 0; i < count; i++) x[i] = __builtin_bswap32(x[i]);
    } else if (size == 8) {
        uint64_t *x = numbers;
        for (size_t i = 0; i < count; i++) x[i] = __builtin_bswap64(x[i]);
    }
}
