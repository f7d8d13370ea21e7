// A Unix socket that a test listens on, to play a server: in a directory of its own.
#pragma once

#include "protocol/endpoint.h"

struct listening {
    char directory[64];
    char path[PROTOCOL_ENDPOINT_BYTES];
    int fd; // takes connections
};

// Both return 0, or -1 on failure, as cmocka's set-up and tear-down do.
int listening_begin(struct listening *listening);
int listening_end(struct listening *listening);
