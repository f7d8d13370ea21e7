#include "tools/fleet/fenced_record.h"

enum { CBOR_MAP = 0xbf, CBOR_BREAK = 0xff, CBOR_UINT64 = 0x1b };

bool fleet_fenced_record(struct protocol_buffer *buffer, const char *record, size_t length,
                         uint64_t fence)
{
    // "fence", then a number of 8 bytes, then the end of the map (RFC 8949).
    char field[] = "\x65"
                   "fence\x1b........\xff";
    if (length < 2 || (unsigned char)record[0] != CBOR_MAP ||
        (unsigned char)record[length - 1] != CBOR_BREAK) {
        return false;
    }
    for (int i = 0; i < 8; i++) {
        field[7 + i] = (char)(unsigned char)(fence >> (56 - 8 * i));
    }
    protocol_buffer_clear(buffer);
    protocol_buffer_bytes(buffer, record, length - 1);
    protocol_buffer_bytes(buffer, field, sizeof field - 1);
    return !buffer->failed;
}
