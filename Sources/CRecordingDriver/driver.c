#include "crecordingdriver.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#if H5_VERSION_GE(1, 13, 0)
#include <H5FDdevelop.h> // from 1.13 on drivers have a header of their own
#endif

/// An open file. libhdf5 requires its own part first.
typedef struct {
    H5FD_t base;
    int descriptor;
    dev_t device;
    ino_t inode;
    haddr_t end_of_allocation;
    haddr_t end_of_file;
    crecording_note note;
} recording_file;

/// Addresses are file offsets, which are signed.
static const haddr_t highest_address = ((haddr_t)1 << 63) - 1;

static H5FD_t *recording_open(const char *name, unsigned flags, hid_t access_list, haddr_t max_address) {
    (void)access_list;
    if (name == NULL || max_address == 0 || (flags & (H5F_ACC_RDWR | H5F_ACC_TRUNC | H5F_ACC_CREAT)) != 0) {
        return NULL;
    }
    const int descriptor = open(name, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return NULL;
    }
    struct stat status;
    recording_file *file = calloc(1, sizeof *file); // libhdf5 counts on zeroed fields
    if (file == NULL || fstat(descriptor, &status) != 0) {
        free(file);
        close(descriptor);
        return NULL;
    }
    file->descriptor = descriptor;
    file->device = status.st_dev;
    file->inode = status.st_ino;
    file->end_of_file = (haddr_t)status.st_size;
    return &file->base;
}

static herr_t recording_close(H5FD_t *base) {
    recording_file *file = (recording_file *)base;
    const int result = close(file->descriptor);
    free(file);
    return result == 0 ? 0 : -1;
}

/// Two opens of one file are one file to libhdf5.
static int recording_compare(const H5FD_t *left, const H5FD_t *right) {
    const recording_file *a = (const recording_file *)left, *b = (const recording_file *)right;
    if (a->device != b->device) {
        return a->device < b->device ? -1 : 1;
    }
    return a->inode == b->inode ? 0 : a->inode < b->inode ? -1 : 1;
}

/// No sieve buffer, no aggregation: each read of raw data must arrive here as it is. What the default driver wrote,
/// this one reads.
static herr_t recording_query(const H5FD_t *base, unsigned long *flags) {
    (void)base;
    if (flags != NULL) {
        *flags = H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    }
    return 0;
}

static haddr_t recording_get_eoa(const H5FD_t *base, H5FD_mem_t type) {
    (void)type;
    return ((const recording_file *)base)->end_of_allocation;
}

static herr_t recording_set_eoa(H5FD_t *base, H5FD_mem_t type, haddr_t address) {
    (void)type;
    ((recording_file *)base)->end_of_allocation = address;
    return 0;
}

static haddr_t recording_get_eof(const H5FD_t *base, H5FD_mem_t type) {
    (void)type;
    return ((const recording_file *)base)->end_of_file;
}

/// Hands out the note: the one thing about this file its opener wants to get at.
static herr_t recording_get_handle(H5FD_t *base, hid_t access_list, void **handle) {
    (void)access_list;
    if (handle == NULL) {
        return -1;
    }
    *handle = &((recording_file *)base)->note;
    return 0;
}

/// Notes raw data while armed, reads everything else. Bytes behind the end of the file are zero, as in libhdf5's own
/// drivers (a file may end inside its last allocation); a note must lie inside it.
static herr_t recording_read(H5FD_t *base, H5FD_mem_t type, hid_t transfer_list, haddr_t address, size_t size,
                             void *buffer) {
    (void)transfer_list;
    recording_file *file = (recording_file *)base;
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
        const ssize_t count = pread(file->descriptor, to, size, (off_t)address);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
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

/// Never reached, as no file is opened for writing; libhdf5 does not register a driver without it.
static herr_t recording_write(H5FD_t *base, H5FD_mem_t type, hid_t transfer_list, haddr_t address, size_t size,
                              const void *buffer) {
    (void)base, (void)type, (void)transfer_list, (void)address, (void)size, (void)buffer;
    return -1;
}

int64_t crecording_register(void) {
    static const H5FD_class_t driver = {
#if H5_VERSION_GE(1, 13, 0)
        .version = H5FD_CLASS_VERSION,
        .value = (H5FD_class_value_t)513, // 512 and above are free for private drivers
#endif
        .name = "xfelfs recording",
        .maxaddr = ((haddr_t)1 << 63) - 1,
        .fc_degree = H5F_CLOSE_WEAK,
        .open = recording_open,
        .close = recording_close,
        .cmp = recording_compare,
        .query = recording_query,
        .get_eoa = recording_get_eoa,
        .set_eoa = recording_set_eoa,
        .get_eof = recording_get_eof,
        .get_handle = recording_get_handle,
        .read = recording_read,
        .write = recording_write,
        .fl_map = H5FD_FLMAP_DICHOTOMY,
    };
    return H5FDregister(&driver);
}
