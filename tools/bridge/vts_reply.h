// What VTube Studio answers: https://github.com/DenchiSoft/VTubeStudio. It comes from the network.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/bridge/vts_token.h"

enum bridge_vts_reply_type {
    BRIDGE_VTS_REPLY_NONE,          // not JSON, or without a type
    BRIDGE_VTS_REPLY_OTHER,         // of a type that says nothing here
    BRIDGE_VTS_REPLY_TOKEN,         // to AuthenticationTokenRequest
    BRIDGE_VTS_REPLY_AUTHENTICATED, // to AuthenticationRequest
    BRIDGE_VTS_REPLY_ERROR,
};

enum {
    BRIDGE_VTS_TOKEN_DENIED = 50, // errorID: the user said no
};

struct bridge_vts_reply {
    enum bridge_vts_reply_type type;
    char token[BRIDGE_TOKEN_BYTES]; // TOKEN: "" where it gave none that is good
    bool is_authenticated;
    int64_t error_id;  // ERROR: -1 where there is none
    char message[256]; // ERROR
};

void bridge_vts_reply_read(const char *text, size_t size, struct bridge_vts_reply *reply);
