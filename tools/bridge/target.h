// Where packets go: UDP sockets that never block. A packet that can't be sent is
// lost, as UDP packets may be.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/log.h"

enum { BRIDGE_TARGET_NAME_BYTES = 256 };

struct bridge_target {
    char name[BRIDGE_TARGET_NAME_BYTES]; // as it was given
    int fd;
    bool loopback; // the receiver is on this machine: packets are not limited by a network's
    struct mc_log_limit limit;
};

// Opens HOST, HOST:PORT or [IPv6]:PORT; names are looked up now. Returns false and
// sets err when that fails.
bool bridge_target_open(struct bridge_target *target, const char *text, const char *default_port,
                        struct mc_error *err) MC_MUST_USE;
void bridge_target_close(struct bridge_target *target);

// Failures are logged at most once in 10 s. A receiver that is not running is no failure.
void bridge_target_send(struct bridge_target *target, const void *bytes, size_t size);
