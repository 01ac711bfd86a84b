#include "cfiledriver.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h> // from 1.13 on drivers have a header of their own
#endif

/// An open file. libhdf5 requires its own part first.
typedef struct {
    H5FD_t base;
    bool for_notes;
    bool for_writing;
    uint64_t device;
    uint64_t inode;
    haddr_t end_of_allocation;
    haddr_t end_of_file;
    cfiledriver_note note;
} driver_file;

/// Addresses are file offsets, which are signed.
static const haddr_t highest_address = ((haddr_t)1 << 63) - 1;

static cfiledriver_opener opener = NULL;
static bool opens_for_notes = false;
static int32_t first_errno = 0;

const char cfiledriver_output[] = "xfelfs:output";

void cfiledriver_set_opener(cfiledriver_opener new_opener) { opener = new_opener; }

void cfiledriver_open_for_notes(bool for_notes) { opens_for_notes = for_notes; }

int32_t cfiledriver_take_errno(void) {
    const int32_t taken = first_errno;
    first_errno = 0;
    return taken;
}

static void keep_errno(int number) {
    if (first_errno == 0) {
        first_errno = number;
    }
}

static H5FD_t *driver_open(const char *name, unsigned flags, hid_t access_list, haddr_t max_address) {
    (void)access_list;
    if (name == NULL || max_address == 0 || opener == NULL) {
        return NULL;
    }
    const bool for_writing = (flags & (H5F_ACC_RDWR | H5F_ACC_TRUNC | H5F_ACC_CREAT)) != 0;
    if (for_writing != (strcmp(name, cfiledriver_output) == 0)) {
        return NULL;
    }
    cfiledriver_opened opened = {.descriptor = -1};
    const int32_t failure = opener(name, &opened);
    if (failure != 0) {
        // libhdf5 looks for a linked file in several places: one that is not there is no failure.
        if (failure != ENOENT && failure != ENOTDIR) {
            keep_errno(failure);
        }
        return NULL;
    }
    driver_file *file = calloc(1, sizeof *file); // libhdf5 counts on zeroed fields
    if (file == NULL) {
        keep_errno(ENOMEM);
        close(opened.descriptor);
        return NULL;
    }
    file->note.descriptor = opened.descriptor;
    file->note.size_of_file = opened.size;
    file->for_notes = opens_for_notes;
    file->for_writing = for_writing;
    file->device = opened.device;
    file->inode = opened.inode;
    file->end_of_file = opened.size;
    if ((flags & H5F_ACC_TRUNC) != 0) {
        if (ftruncate(opened.descriptor, 0) != 0) {
            keep_errno(errno);
            close(opened.descriptor);
            free(file);
            return NULL;
        }
        file->end_of_file = 0;
    }
    return &file->base;
}

static herr_t driver_close(H5FD_t *base) {
    driver_file *file = (driver_file *)base;
    const int result = close(file->note.descriptor);
    free(file);
    return result == 0 ? 0 : -1;
}

/// Two opens of one file are one file to libhdf5, unless one of them is for notes.
static int driver_compare(const H5FD_t *left, const H5FD_t *right) {
    const driver_file *a = (const driver_file *)left, *b = (const driver_file *)right;
    if (a->for_notes != b->for_notes) {
        return a->for_notes ? 1 : -1;
    }
    if (a->device != b->device) {
        return a->device < b->device ? -1 : 1;
    }
    return a->inode == b->inode ? 0 : a->inode < b->inode ? -1 : 1;
}

/// What the default driver wrote, this one reads. Where notes are taken there is no sieve buffer and no aggregation: each read of raw
/// data must arrive here as it is.
static herr_t driver_query(const H5FD_t *base, unsigned long *flags) {
    if (flags != NULL) {
        *flags = H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
        if (base != NULL && !((const driver_file *)base)->for_notes) {
            *flags |= H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE;
            if (((const driver_file *)base)->for_writing) {
                *flags |= H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_AGGREGATE_SMALLDATA;
            }
        }
    }
    return 0;
}

static haddr_t driver_get_eoa(const H5FD_t *base, H5FD_mem_t type) {
    (void)type;
    return ((const driver_file *)base)->end_of_allocation;
}

static herr_t driver_set_eoa(H5FD_t *base, H5FD_mem_t type, haddr_t address) {
    (void)type;
    ((driver_file *)base)->end_of_allocation = address;
    return 0;
}

static haddr_t driver_get_eof(const H5FD_t *base, H5FD_mem_t type) {
    (void)type;
    return ((const driver_file *)base)->end_of_file;
}

/// Hands out the note: the one thing about this file its opener wants to get at.
static herr_t driver_get_handle(H5FD_t *base, hid_t access_list, void **handle) {
    (void)access_list;
    if (handle == NULL) {
        return -1;
    }
    *handle = &((driver_file *)base)->note;
    return 0;
}

/// Notes raw data while armed, reads everything else. Bytes behind the end of the file are zero, as in libhdf5's own
/// drivers (a file may end inside its last allocation); a note must lie inside it.
static herr_t driver_read(H5FD_t *base, H5FD_mem_t type, hid_t transfer_list, haddr_t address, size_t size,
                          void *buffer) {
    (void)transfer_list;
    driver_file *file = (driver_file *)base;
    if (address > highest_address || size > highest_address - address) {
        return -1;
    }
    if (type == H5FD_MEM_DRAW && file->note.armed) {
        if (address + size > file->end_of_file) {
            return -1;
        }
        file->note.address = address;
        file->note.size = size;
        file->note.count += 1;
        return 0;
    }
    char *to = buffer;
    while (size > 0) {
        const ssize_t count = pread(file->note.descriptor, to, size, (off_t)address);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            keep_errno(errno);
            return -1;
        }
        if (count == 0 && address < file->end_of_file) {
            // The file was longer when it was opened.
            keep_errno(EIO);
            return -1;
        }
        if (count == 0) {
            for (; size > 0; size--) {
                *to++ = 0;
            }
            break;
        }
        to += count;
        address += (haddr_t)count;
        size -= (size_t)count;
    }
    return 0;
}

/// What cannot be written, for want of room for instance, ends the making of the file: its errno is kept.
static herr_t driver_write(H5FD_t *base, H5FD_mem_t type, hid_t transfer_list, haddr_t address, size_t size,
                           const void *buffer) {
    (void)type, (void)transfer_list;
    driver_file *file = (driver_file *)base;
    if (!file->for_writing || address > highest_address || size > highest_address - address) {
        return -1;
    }
    const char *from = buffer;
    while (size > 0) {
        const ssize_t count = pwrite(file->note.descriptor, from, size, (off_t)address);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            keep_errno(count < 0 ? errno : EIO);
            return -1;
        }
        from += count;
        address += (haddr_t)count;
        size -= (size_t)count;
    }
    if (address > file->end_of_file) {
        file->end_of_file = address;
    }
    return 0;
}

/// The file ends where its last allocation does.
static herr_t driver_truncate(H5FD_t *base, hid_t transfer_list, hbool_t closing) {
    (void)transfer_list, (void)closing;
    driver_file *file = (driver_file *)base;
    if (!file->for_writing || file->end_of_allocation == file->end_of_file) {
        return 0;
    }
    if (ftruncate(file->note.descriptor, (off_t)file->end_of_allocation) != 0) {
        keep_errno(errno);
        return -1;
    }
    file->end_of_file = file->end_of_allocation;
    return 0;
}

int64_t cfiledriver_register(void) {
    static const H5FD_class_t driver = {
#if H5_VERSION_GE(1, 13, 0)
        .version = H5FD_CLASS_VERSION,
        .value = (H5FD_class_value_t)513, // 512 and above are free for private drivers
#endif
        .name = "xfelfs",
        .maxaddr = ((haddr_t)1 << 63) - 1,
        .fc_degree = H5F_CLOSE_WEAK,
        .open = driver_open,
        .close = driver_close,
        .cmp = driver_compare,
        .query = driver_query,
        .get_eoa = driver_get_eoa,
        .set_eoa = driver_set_eoa,
        .get_eof = driver_get_eof,
        .get_handle = driver_get_handle,
        .read = driver_read,
        .write = driver_write,
        .truncate = driver_truncate,
        .fl_map = H5FD_FLMAP_DICHOTOMY,
    };
    return H5FDregister(&driver);
}
