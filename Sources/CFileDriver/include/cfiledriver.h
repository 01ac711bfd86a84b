#pragma once

// The file driver that every file is opened with: for reading, but for the one that is being made. It does what libhdf5's own drivers cannot:
//
// - It opens nothing by itself. It asks `opener` for a descriptor, for the file that is wanted and for whatever that file's external
//   links and virtual datasets lead to, so there is one place that says which files may be read.
// - It keeps the errno of a system call that failed, which libhdf5 turns into words: an I/O error that may pass is then told apart from
//   a file that is damaged.
// - It can note where raw data lies instead of reading it. That turns libhdf5 into a decoder of every chunk index there is (B-tree v1 and
//   v2, extensible and fixed array, implicit, single chunk) with public calls only: H5Dread_chunk looks the chunk up, and the
//   driver notes what it would have read.
//
// In C because libhdf5 wants a table of function pointers over structures of its own. This header names no HDF5 type, so that the
// Swift module sees those of CHDF5 only; an `hid_t` is an `int64_t`. libhdf5 calls all of it from the thread that holds its lock.

#include <stdbool.h>
#include <stdint.h>

/// What an opener of the driver knows of a file. H5Fget_vfd_handle gives its address, valid until the file is closed. Whoever
/// holds the library lock may read and write it.
typedef struct {
    /// Open for reading; the driver closes it.
    int32_t descriptor;
    /// In bytes, when it was opened.
    uint64_t size_of_file;
    /// While true, raw data is not read: the buffer is left alone, `address`, `size` are set, and `count` goes up.
    bool armed;
    /// Number of reads noted since the caller set it to 0.
    uint32_t count;
    /// Offset in bytes of the last read noted from the beginning of the file, the user block included.
    uint64_t address;
    /// Bytes of the last read noted.
    uint64_t size;
} cfiledriver_note;

/// What the driver has to know of a file. It does not ask the system: the process that opened the file may be allowed to, and this one not
/// (fstat on a FUSE mount without allow_other).
typedef struct {
    /// Open for reading; it then belongs to the driver.
    int32_t descriptor;
    uint64_t device;
    uint64_t inode;
    /// In bytes.
    uint64_t size;
} cfiledriver_opened;

/// Opens a file. Returns 0, or an errno.
typedef int32_t (*cfiledriver_opener)(const char *path, cfiledriver_opened *opened);

/// The name by which the file is opened that is being made, and no other: the opener has the descriptor.
extern const char cfiledriver_output[14];

/// Sets what files are opened by.
void cfiledriver_set_opener(cfiledriver_opener opener);

/// Says whether files opened from now on are for taking notes: libhdf5 then reads raw data of such a file in the very pieces that are
/// asked for.
void cfiledriver_open_for_notes(bool for_notes);

/// The errno of the first system call that failed since this was last called; 0 where none has.
int32_t cfiledriver_take_errno(void);

/// Registers the driver with libhdf5. Returns its identifier for H5Pset_driver, or a negative number.
int64_t cfiledriver_register(void);
