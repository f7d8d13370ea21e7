// The messages that one frame becomes for one target: datagrams, or texts of a WebSocket.
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
    BRIDGE_PACKETS_MAX = 16,
    BRIDGE_PACKETS_BYTES = 16384,   // of all; the longest format takes some 8,000
    BRIDGE_PACKETS_NETWORK = 1400,  // a datagram that fits an Ethernet frame, with room for tunnels
    BRIDGE_PACKETS_LOOPBACK = 8192, // on this machine nothing is fragmented
};

struct bridge_packets {
    size_t limit; // bytes of one datagram, for formats that can be split; set by the sender
    int count;
    size_t used;
    size_t sizes[BRIDGE_PACKETS_MAX];
    unsigned char bytes[BRIDGE_PACKETS_BYTES]; // one after the other
};

void bridge_packets_clear(struct bridge_packets *packets);

// Makes room for a packet of size bytes at the end, and returns where to write it. There is room:
// formats have bounds.
unsigned char *bridge_packets_add(struct bridge_packets *packets, size_t size);
