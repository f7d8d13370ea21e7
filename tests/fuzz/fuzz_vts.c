// What VTube Studio answers mocap-bridge: a token that it gives can be kept in a line.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bridge/vts_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bridge_vts_reply reply;
    bridge_vts_reply_read((const char *)data, size, &reply);
    if (reply.token[0] != '\0' && !bridge_token_is_good(reply.token)) {
        abort();
    }
    if (reply.type == BRIDGE_VTS_REPLY_ERROR && strlen(reply.message) >= sizeof reply.message) {
        abort();
    }
    if (reply.type != BRIDGE_VTS_REPLY_ERROR && reply.error_id != 0) {
        abort();
    }
    return 0;
}
