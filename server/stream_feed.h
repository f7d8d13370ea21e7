// A stream as subscribers know it. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "protocol/message.h"
#include "protocol/record.h"

struct server_subscription;

struct server_stream_feed {
    struct protocol_state state;
    uint64_t records, dropped;
    uint64_t missed; // records that subscribers missed, all together
    bool ended, held;
    struct server_subscription **readers; // those active, the oldest first; owned
    int reader_count, reader_capacity;
    struct protocol_record seen; // the last record with faces, for who wants them held
};

// Who gets its records from now on, after all others. False: there is no memory.
bool server_stream_feed_add(struct server_stream_feed *channel, struct server_subscription *reader);
// The others stay in their order.
void server_stream_feed_remove(struct server_stream_feed *channel,
                               const struct server_subscription *reader);

void server_stream_feed_finish(struct server_stream_feed *channel);
