#include "server/channel.h"

#include <stdlib.h>

enum { CAPACITY_FIRST = 8 };

bool server_channel_add(struct server_channel *channel, struct server_subscription *reader)
{
    if (channel->reader_count == channel->reader_capacity) {
        int capacity =
            channel->reader_capacity == 0 ? CAPACITY_FIRST : 2 * channel->reader_capacity;
        struct server_subscription **readers =
            realloc(channel->readers, (size_t)capacity * sizeof *readers);
        if (readers == NULL) {
            return false;
        }
        channel->readers = readers;
        channel->reader_capacity = capacity;
    }
    channel->readers[channel->reader_count++] = reader;
    return true;
}

void server_channel_remove(struct server_channel *channel, const struct server_subscription *reader)
{
    int kept = 0;
    for (int i = 0; i < channel->reader_count; i++) {
        if (channel->readers[i] != reader) {
            channel->readers[kept++] = channel->readers[i];
        }
    }
    channel->reader_count = kept;
}

void server_channel_finish(struct server_channel *channel)
{
    free(channel->readers);
}
