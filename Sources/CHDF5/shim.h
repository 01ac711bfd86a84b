#pragma once
#include <hdf5.h>

// Swift imports neither comma macros ("(H5OPEN H5T_NATIVE_INT_g)"), nor macros with casts, nor the mutable globals behind
// them (an error in Swift 6). Each getter below stands for one such macro and does nothing else.

static inline hid_t chdf5_H5P_FILE_ACCESS(void) { return H5P_FILE_ACCESS; }
static inline hid_t chdf5_H5P_DATASET_ACCESS(void) { return H5P_DATASET_ACCESS; }
static inline hid_t chdf5_H5T_C_S1(void) { return H5T_C_S1; }
static inline hid_t chdf5_H5T_NATIVE_INT8(void) { return H5T_NATIVE_INT8; }
static inline hid_t chdf5_H5T_NATIVE_INT32(void) { return H5T_NATIVE_INT32; }
static inline hid_t chdf5_H5T_NATIVE_INT64(void) { return H5T_NATIVE_INT64; }
static inline hid_t chdf5_H5T_NATIVE_UINT64(void) { return H5T_NATIVE_UINT64; }
static inline hid_t chdf5_H5T_NATIVE_DOUBLE(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t chdf5_H5T_NATIVE_LDOUBLE(void) { return H5T_NATIVE_LDOUBLE; }
static inline hid_t chdf5_H5T_IEEE_F32LE(void) { return H5T_IEEE_F32LE; }
static inline hid_t chdf5_H5T_IEEE_F32BE(void) { return H5T_IEEE_F32BE; }
static inline hid_t chdf5_H5T_IEEE_F64LE(void) { return H5T_IEEE_F64LE; }
static inline hid_t chdf5_H5T_IEEE_F64BE(void) { return H5T_IEEE_F64BE; }
static inline size_t chdf5_H5T_VARIABLE(void) { return H5T_VARIABLE; }
static inline hsize_t chdf5_H5S_UNLIMITED(void) { return H5S_UNLIMITED; }
static inline haddr_t chdf5_HADDR_UNDEF(void) { return HADDR_UNDEF; }
static inline unsigned chdf5_H5F_ACC_RDONLY(void) { return H5F_ACC_RDONLY; }

/// The standard bit field of 1, 2, 4 or 8 bytes.
static inline hid_t chdf5_bitfield(size_t size) {
  return size == 1 ? H5T_STD_B8LE : size == 2 ? H5T_STD_B16LE : size == 4 ? H5T_STD_B32LE : H5T_STD_B64LE;
}

// For writing (the example run and the tests).
// Comma macros: property list classes, and the flag of H5Fcreate.
static inline hid_t chdf5_H5P_DATASET_CREATE(void) { return H5P_DATASET_CREATE; }
static inline hid_t chdf5_H5P_GROUP_CREATE(void) { return H5P_GROUP_CREATE; }
static inline hid_t chdf5_H5P_LINK_CREATE(void) { return H5P_LINK_CREATE; }
static inline unsigned chdf5_H5F_ACC_EXCL(void) { return H5F_ACC_EXCL; }
// Comma macros over mutable globals: the datatypes of a file.
static inline hid_t chdf5_H5T_STD_I8LE(void) { return H5T_STD_I8LE; }
static inline hid_t chdf5_H5T_STD_I32LE(void) { return H5T_STD_I32LE; }
static inline hid_t chdf5_H5T_STD_I64LE(void) { return H5T_STD_I64LE; }
static inline hid_t chdf5_H5T_STD_U8LE(void) { return H5T_STD_U8LE; }
static inline hid_t chdf5_H5T_STD_U16LE(void) { return H5T_STD_U16LE; }
static inline hid_t chdf5_H5T_STD_U32LE(void) { return H5T_STD_U32LE; }
static inline hid_t chdf5_H5T_STD_U64LE(void) { return H5T_STD_U64LE; }
// The macros below expand to casts or to "call H5open, then give a variable": neither is imported into Swift.

static inline unsigned chdf5_H5F_ACC_TRUNC(void) { return H5F_ACC_TRUNC; }
static inline hid_t chdf5_H5P_FILE_CREATE(void) { return H5P_FILE_CREATE; }
static inline hid_t chdf5_H5T_NATIVE_UINT8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t chdf5_H5T_NATIVE_UINT16(void) { return H5T_NATIVE_UINT16; }
static inline hid_t chdf5_H5T_NATIVE_UINT32(void) { return H5T_NATIVE_UINT32; }
