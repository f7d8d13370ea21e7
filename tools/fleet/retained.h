// What the MQTT broker keeps of this publisher's streams.
//
// The topics are the stream's, not the machine's: when a stream moves, two publishers write and
// remove the same retained messages for a while, in an order that neither sees in advance. Each
// subscribes to the topics before it writes to them, and so learns in the broker's order what came
// after its own messages. A publisher that loses a stream removes nothing of another's, and what is
// removed nevertheless, its owner sends again.
//
// Thread: any, but for init and finish.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tools/fleet/home_assistant.h"

enum fleet_retained_topic {
    FLEET_RETAINED_STATE,
    FLEET_RETAINED_PRESENCE,
    FLEET_RETAINED_ENTITIES, // a filter for all of them
    FLEET_RETAINED_COUNT,
};

struct fleet_retained_stream;

struct fleet_retained {
    const char *machine; // borrowed: the publisher's name in its states
    pthread_mutex_t lock;
    struct fleet_retained_stream *streams; // guarded by lock, as is their number; owned
    int stream_count;
};

struct fleet_retained_news {
    bool is_emptied[FLEET_RETAINED_COUNT]; // since the last look
    bool is_others;                        // the state is that of another machine
    bool is_live;                          // which says so
};

// Returns false when out of memory; then there is nothing to finish.
bool fleet_retained_init(struct fleet_retained *retained, const char *machine) MC_MUST_USE;
void fleet_retained_finish(struct fleet_retained *retained);

// Writes a topic, or the filter, to subscribe to: "" when there is no discovery.
void fleet_retained_topic_write(char topic[FLEET_ENTITY_TOPIC_BYTES],
                                enum fleet_retained_topic which,
                                const struct fleet_entity_place *place);

// Follows the stream from now on; nothing is known of it. Of more than PROTOCOL_STREAMS_MAX, the
// first is forgotten.
void fleet_retained_add(struct fleet_retained *retained, const struct fleet_entity_place *place);
void fleet_retained_remove(struct fleet_retained *retained, const char *stream);

// The connection is new: nothing is on its way, and nothing is known.
void fleet_retained_forget(struct fleet_retained *retained);

// Before this publisher sends a state. It is the latest until the broker shows another after it.
void fleet_retained_expect(struct fleet_retained *retained, const char *stream);
// It could not be sent.
void fleet_retained_expect_not(struct fleet_retained *retained, const char *stream);

// A message from the broker, of any topic.
void fleet_retained_take(struct fleet_retained *retained, const char *topic, const char *data,
                         size_t length);

// Says what is known, and what was emptied since the last call. Of an unknown stream: nothing.
void fleet_retained_look(struct fleet_retained *retained, const char *stream,
                         struct fleet_retained_news *news);
