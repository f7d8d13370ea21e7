// Puts the fence of a lease into a record that mocapd has encoded: mocapd knows of no fleet.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/buffer.h"

// Writes the record, a CBOR map of indefinite length, with "fence" as its last field. Returns false
// when it is none, or out of memory.
bool fleet_fenced_record(struct protocol_buffer *buffer, const char *record, size_t length,
                         uint64_t fence);
