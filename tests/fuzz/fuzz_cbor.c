// CBOR data items: messages as a client reads them. What is read as a record can be
// written, and is read again as the same.
#include <stdlib.h>
#include <string.h>

#include "protocol/decode.h"
#include "protocol/encode.h"
#include "protocol/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct protocol_message *message)
{
    static struct protocol_message again;
    struct protocol_buffer buffer;
    char tail[PROTOCOL_TAIL_BYTES];
    protocol_buffer_init(&buffer, PROTOCOL_MESSAGE_BYTES);
    protocol_encode_record(&buffer, PROTOCOL_CBOR, &message->record, PROTOCOL_INCLUDE_ALL);
    protocol_buffer_bytes(&buffer, tail,
                          protocol_encode_tail(tail, PROTOCOL_CBOR, message->missed));
    if (buffer.failed ||
        !protocol_decode_message(PROTOCOL_CBOR, buffer.data + PROTOCOL_LENGTH_BYTES,
                                 buffer.length - PROTOCOL_LENGTH_BYTES, &again, NULL) ||
        again.record.seq != message->record.seq ||
        again.record.face_count != message->record.face_count) {
        abort();
    }
    protocol_buffer_finish(&buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct protocol_message message;
    struct mc_error err = { 0 };
    bool ok = protocol_decode_message(PROTOCOL_CBOR, (const char *)data, size, &message, &err);
    if (ok && message.type == PROTOCOL_MESSAGE_MOTION) {
        write_again(&message);
    } else if (!ok && err.message[0] == '\0') {
        abort();
    }
    return 0;
}
