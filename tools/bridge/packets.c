#include "tools/bridge/packets.h"

#include <assert.h>

void bridge_packets_clear(struct bridge_packets *packets)
{
    packets->count = 0;
    packets->used = 0;
}

unsigned char *bridge_packets_add(struct bridge_packets *packets, size_t size)
{
    assert(packets->count < BRIDGE_PACKETS_MAX && size <= BRIDGE_PACKETS_BYTES - packets->used);
    unsigned char *at = packets->bytes + packets->used;
    packets->sizes[packets->count++] = size;
    packets->used += size;
    return at;
}
