#include "server/stream_feed.h"

#include <stdlib.h>

enum { CAPACITY_FIRST = 8 };

bool server_stream_feed_add(struct server_stream_feed *channel, struct server_subscription *reader)
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

void server_stream_feed_remove(struct server_stream_feed *channel,
                               const struct server_subscription *reader)
{
    int kept = 0;
    for (int i = 0; i < channel->reader_count; i++) {
        if (channel->readers[i] != reader) {
            channel->readers[kept++] = channel->readers[i];
        }
    }
    channel->reader_count = kept;
}

void server_stream_feed_finish(struct server_stream_feed *channel)
{
    free(channel->readers);
}
