#pragma once

#include <isa-l/igzip_lib.h>
#include <stdlib.h>

// Swift cannot import struct inflate_state: its tables are arrays of more elements than a tuple may have. So the state is a
// pointer to it, and its fields are set here.

/// Memory for inflating one stream at a time; to be given to free(3). Null where there is none.
static inline void *cisal_inflate_state(void) { return malloc(sizeof(struct inflate_state)); }

/// Inflates a raw deflate stream (RFC 1951) in one go: `input` and `output` as isal_inflate_stateless has them. `produced` and
/// `consumed` are in bytes; the return value is ISAL_DECOMP_OK only where the stream came to its end.
static inline int cisal_inflate(void *memory, const uint8_t *input, uint32_t input_size, uint8_t *output,
                                uint32_t output_size, uint32_t *produced, uint32_t *consumed) {
  struct inflate_state *state = (struct inflate_state *)memory;
  isal_inflate_init(state);
  state->next_in = (uint8_t *)input;
  state->avail_in = input_size;
  state->next_out = output;
  state->avail_out = output_size;
  state->crc_flag = ISAL_DEFLATE;
  int result = isal_inflate_stateless(state);
  *produced = state->total_out;
  *consumed = input_size - state->avail_in;
  return result;
}
