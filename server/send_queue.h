// The messages queued for one connection, oldest first. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/message.h"

enum server_send_kind {
    SERVER_SEND_REPLY,
    SERVER_SEND_STATE,
    SERVER_SEND_RECORD,
    SERVER_SEND_END,
};

struct server_send_entry {
    struct server_message *message; // NULL: the subscription holds it (its newest record)
    enum server_send_kind kind;
    int stream;      // -1 for a reply, and once the stream is gone
    uint64_t missed; // of a record: the number left out before it
};

struct server_send_queue { // zeroed: empty
    struct server_send_entry *ring;
    int capacity, first, count;
};

// Takes over the message's reference, unless it returns false: out of memory.
bool server_send_queue_push(struct server_send_queue *queue, const struct server_send_entry *entry);

// Removes the oldest entry of a queue that is not empty. The caller owns its reference.
struct server_send_entry server_send_queue_pop(struct server_send_queue *queue);

// Replaces the queued message of the same kind and stream by this one and retains it;
// returns false when there is none. A message in another encoding stays: the reply that
// announces the change is queued behind it.
bool server_send_queue_replace(struct server_send_queue *queue, enum server_send_kind kind,
                               int stream, struct server_message *message);

// Removes the stream's records and returns how many there were; adds the `missed` of each
// to *missed.
int server_send_queue_purge(struct server_send_queue *queue, int stream, uint64_t *missed);

// The stream is gone: its messages are sent, but never replaced by those of a later stream with the
// same number.
void server_send_queue_detach(struct server_send_queue *queue, int stream);

// Releases all messages and the memory.
void server_send_queue_finish(struct server_send_queue *queue);
