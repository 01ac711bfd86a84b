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
