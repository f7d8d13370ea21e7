// Messages that a client received while it waited for a reply, oldest first. Thread: the
// owner's.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "protocol/policy.h"

struct protocol_queued_message {
    struct protocol_queued_message *next;
    enum protocol_encoding encoding;
    size_t length;
    char bytes[]; // and a NUL
};

struct protocol_message_queue { // zeroed: empty
    struct protocol_queued_message *first, *last;
    int count;
};

// Copies the message. Fails when the queue is full or out of memory.
bool protocol_message_queue_push(struct protocol_message_queue *queue, const char *bytes,
                                 size_t length, enum protocol_encoding encoding,
                                 struct mc_error *err);

// Removes the oldest message, to be freed by the caller; NULL when the queue is empty.
struct protocol_queued_message *protocol_message_queue_pop(struct protocol_message_queue *queue);

void protocol_message_queue_clear(struct protocol_message_queue *queue);
