// The address of a target: numbers, or a name that is looked up, and looked up again with growing
// pauses until there is an answer. Nothing here blocks.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

enum {
    BRIDGE_ADDRESS_BYTES = 256,
    BRIDGE_ADDRESSES_MAX = 8, // of one name
    BRIDGE_RETRY_FIRST_MS = 500,
    BRIDGE_RETRY_LAST_MS = 30000,
};

struct mc_resolver;

struct bridge_address {
    char text[BRIDGE_ADDRESS_BYTES]; // as it was given
    char host[BRIDGE_ADDRESS_BYTES], port[8];
    bool is_name;
    struct mc_resolver *resolver; // a look-up under way
    int64_t since_ns;             // when it began
    int64_t next_ns;              // look it up then, again
    int retry_ms;
    const char *failure; // of the last look-up, or of one that takes long; NULL: none
    struct sockaddr_storage found[BRIDGE_ADDRESSES_MAX];
    socklen_t sizes[BRIDGE_ADDRESSES_MAX];
    int count; // 0: not known yet
};

// Reads HOST, HOST:PORT or [IPv6]:PORT. Returns false and sets err where it is none of these.
bool bridge_address_init(struct bridge_address *address, const char *text, const char *default_port,
                         struct mc_error *err) MC_MUST_USE;
void bridge_address_finish(struct bridge_address *address);

// Goes on looking up a name. Returns true when the addresses found have changed. One that was found
// is looked up again every minute: it may have moved.
bool bridge_address_update(struct bridge_address *address, int64_t now_ns);

// Look it up again soon: nobody is where it was.
void bridge_address_doubt(struct bridge_address *address, int64_t now_ns);

// Doubles a pause, within the bounds above.
int bridge_retry_next(int retry_ms);
