// Bytes in pieces of any size: however they are cut, the same messages come out. The
// first byte chooses encoding and pieces.
#include <stdlib.h>
#include <string.h>

#include "protocol/framing.h"

enum { LIMIT = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A sum over all that comes out.
static unsigned long read_all(const uint8_t *data, size_t size, enum protocol_encoding encoding,
                              size_t piece)
{
    struct protocol_framing framing;
    unsigned long sum = 5381;
    if (!protocol_framing_init(&framing, LIMIT, NULL)) {
        abort();
    }
    framing.encoding = encoding;
    while (size > 0) {
        size_t room_size, length, count = piece < size ? piece : size;
        char *room = protocol_framing_room(&framing, &room_size), *message;
        if (room_size == 0) {
            abort(); // it would never go on
        }
        count = count < room_size ? count : room_size;
        memcpy(room, data, count);
        protocol_framing_add(&framing, count);
        data += count;
        size -= count;
        enum protocol_framing_result result;
        while ((result = protocol_framing_next(&framing, &message, &length)) !=
               PROTOCOL_FRAMING_MORE) {
            sum = sum * 33 + (unsigned long)result;
            for (size_t i = 0; result == PROTOCOL_FRAMING_MESSAGE && i < length; i++) {
                sum = sum * 33 + (unsigned char)message[i];
            }
        }
    }
    protocol_framing_finish(&framing);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    const enum protocol_encoding encoding = data[0] & 1 ? PROTOCOL_CBOR : PROTOCOL_JSON;
    size_t piece = 1 + (data[0] >> 1);
    if (read_all(data + 1, size - 1, encoding, piece) !=
        read_all(data + 1, size - 1, encoding, 1)) {
        abort();
    }
    return 0;
}
