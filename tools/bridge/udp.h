// Where datagrams go: a socket that never blocks, and that is opened again when its network or its
// receiver's name was away. A datagram that can't be sent is lost, as datagrams may be.
#pragma once

#include "tools/bridge/address.h"

enum bridge_link_state {
    BRIDGE_LINK_RESOLVING, // the name is not known yet
    BRIDGE_LINK_DOWN,      // it cannot be sent to; tried again
    BRIDGE_LINK_WAITING,   // for the receiver: to start, or for its user to allow it
    BRIDGE_LINK_UP,
};

struct bridge_udp {
    struct bridge_address address;
    int fd;      // -1: not open
    int current; // which of the addresses it is open to
    int error;   // errno of the last failure; 0: none
    int64_t retry_at_ns;
    int retry_ms;
    int64_t refused_ns; // when the last datagram was refused; 0: never
    bool is_loopback;   // the receiver is on this machine
};

// As bridge_address_init. Opens at once what is no name.
bool bridge_udp_init(struct bridge_udp *udp, const char *text, const char *default_port,
                     struct mc_error *err) MC_MUST_USE;
void bridge_udp_finish(struct bridge_udp *udp);

// Looks up and opens, as far as is possible now.
void bridge_udp_update(struct bridge_udp *udp, int64_t now_ns);

// Returns whether the datagram left. A name with several addresses moves on to the next one when
// nobody listens at one: localhost is both ::1 and 127.0.0.1.
bool bridge_udp_send(struct bridge_udp *udp, const void *bytes, size_t size, int64_t now_ns);

// *reason says why it is not UP, or is "".
enum bridge_link_state bridge_udp_state(const struct bridge_udp *udp, int64_t now_ns,
                                        const char **reason);
