#pragma once

// A read-only file driver for libhdf5 that can note where raw data lies instead of reading it. It turns libhdf5 into a
// decoder of every chunk index there is (B-tree v1 and v2, extensible and fixed array, implicit, single chunk) with
// public calls only: H5Dread_chunk looks the chunk up, the driver notes what it would have read.
//
// In C because libhdf5 wants a table of function pointers over structures of its own. This header names no HDF5 type,
// so that the Swift module sees those of CHDF5 only; an `hid_t` is an `int64_t`.

#include <stdbool.h>
#include <stdint.h>

/// Where a file opened by the driver notes reads of raw data. H5Fget_vfd_handle gives its address, valid until the file
/// is closed. libhdf5 writes it inside its calls only; whoever holds the library lock may read and write it.
typedef struct {
    /// While true, raw data is not read: the buffer is left alone, `address`, `size` are set, and `count` goes up.
    /// While false the driver reads everything, as an ordinary driver.
    bool armed;
    /// Number of reads noted since the caller set it to 0.
    uint32_t count;
    /// Offset in bytes of the last read noted from the beginning of the file, the user block included.
    uint64_t address;
    /// Bytes of the last read noted.
    uint64_t size;
} crecording_note;

/// Registers the driver with libhdf5. Returns its identifier for H5Pset_driver, or a negative number.
int64_t crecording_register(void);
