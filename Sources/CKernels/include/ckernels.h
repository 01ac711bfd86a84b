#pragma once

// Byte kernels that Swift 6.3 does not compile to SIMD by itself. No allocation, no errors, no decisions: the caller
// has checked every length.

#include <stddef.h>
#include <stdint.h>

/// Undoes HDF5's shuffle filter ("HDF5 File Format Specification", IV.A.2.l, filter 2): `source` holds all first bytes
/// of the elements, then all second bytes, ...; `destination` receives whole elements. The last `length % element_size`
/// bytes are not part of any element and stay where they are.
///
/// Both buffers have `length` bytes, need no alignment and must not overlap. An element size of 0 or 1 copies.
void ckernels_unshuffle(const uint8_t *source, uint8_t *destination, size_t length, size_t element_size);

/// HDF5's Fletcher32 of `length` bytes: big-endian 16-bit words, an odd last byte counting as the high half of a word
/// (H5_checksum_fletcher32 in libhdf5's H5checksum.c).
uint32_t ckernels_fletcher32(const uint8_t *data, size_t length);

/// What numbers are, in the machine's byte order.
enum ckernels_number {
    ckernels_u1,
    ckernels_i1,
    ckernels_u2,
    ckernels_i2,
    ckernels_u4,
    ckernels_i4,
    ckernels_u8,
    ckernels_i8,
    ckernels_f4,
    ckernels_f8
};

/// Some columns of a table of numbers, aligned to themselves.
struct ckernels_table {
    const void *data;
    enum ckernels_number number;
    /// Numbers from one row to the next.
    size_t stride;
    /// At most 256, so that sums of 16 bits fit 32.
    size_t rows;
    size_t columns;
    /// For each row whether it counts, `present_stride` bytes apart; NULL where all do.
    const uint8_t *present;
    size_t present_stride;
};

/// Adds how many numbers there are in each column, and their sum. A NaN does not count.
void ckernels_add_sums(const struct ckernels_table *table, double *count, double *sum);

/// Merges each column's count, mean and sum of squared deviations from the mean. `shift` is the mean of the first rows that
/// count; `mean` is kept less it. A NaN does not count.
void ckernels_add_moments(
    const struct ckernels_table *table, double *count, double *shift, double *mean, double *squares);

/// Merges each column's least and greatest number, of the table's type; either may be NULL. A NaN takes the place of nothing,
/// and anything that of a NaN.
void ckernels_add_extremes(const struct ckernels_table *table, void *least, void *greatest);

/// IEEE half precision to single, exactly.
void ckernels_halves_to_singles(const uint16_t *halves, float *singles, size_t count);

/// Turns the bytes of each number round; a number has 2, 4 or 8 of them.
void ckernels_swap(void *numbers, size_t size, size_t count);
