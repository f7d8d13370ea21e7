// Which streams of a publisher the fleet wants, by the messages on their FLEET_WANT, and how many
// of their records the broker refused. Thread: any, but for init and finish.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/message.h"

struct fleet_want {
    char stream[PROTOCOL_NAME_BYTES];
    int64_t until_ns, json_until_ns;
    uint64_t refused; // records
    bool is_met;
};

struct fleet_wants {
    pthread_mutex_t lock; // guards the rest
    struct fleet_want streams[PROTOCOL_STREAMS_MAX];
    int count;
};

bool fleet_wants_init(struct fleet_wants *wants);
void fleet_wants_finish(struct fleet_wants *wants);

// Streams that were not added are other machines': all about them is ignored. No more than
// PROTOCOL_STREAMS_MAX are.
void fleet_wants_add(struct fleet_wants *wants, const char *stream);
void fleet_wants_remove(struct fleet_wants *wants, const char *stream);

// Takes a message on a subject. Returns true when a stream is wanted that is not met.
bool fleet_wants_take(struct fleet_wants *wants, const char *subject, const char *data,
                      size_t length);

// Counts what the broker refused on a subject, if it is a record.
void fleet_wants_take_refusal(struct fleet_wants *wants, const char *subject);
uint64_t fleet_wants_refused(struct fleet_wants *wants, const char *stream);

bool fleet_wants_record(struct fleet_wants *wants, const char *stream, int64_t now_ns);
bool fleet_wants_json(struct fleet_wants *wants, const char *stream, int64_t now_ns);

// Whether the stream is published from now on, so that a message that wants it is no news.
void fleet_wants_set_met(struct fleet_wants *wants, const char *stream, bool is_met);
