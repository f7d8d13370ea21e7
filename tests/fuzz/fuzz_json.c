// Lines of JSON: requests as the server reads them, messages as a client does.
#include <stdlib.h>
#include <string.h>

#include "protocol/decode.h"
#include "protocol/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct protocol_message message;
    struct protocol_request request;
    struct protocol_error error;
    struct mc_error err = { 0 };
    if (protocol_request_parse((const char *)data, size, &request, &error)) {
        // What was read can be written, and is read again.
        struct protocol_buffer line;
        protocol_buffer_init(&line, PROTOCOL_REQUEST_BYTES);
        protocol_request_write(&line, &request);
        if (!line.failed && !protocol_request_parse(line.data, line.length - 1, &request, &error)) {
            abort();
        }
        protocol_buffer_finish(&line);
    } else if (error.message[0] == '\0') {
        abort(); // a refusal says why
    }
    if (!protocol_decode_message(PROTOCOL_JSON, (const char *)data, size, &message, &err) &&
        err.message[0] == '\0') {
        abort();
    }
    return 0;
}
