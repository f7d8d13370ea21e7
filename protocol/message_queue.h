// Messages that a client received while it waited for a reply, oldest first. Thread: the
// owner's.
//
// Bound: PROTOCOL_MESSAGE_QUEUE_MAX messages. When it is full, the oldest record that a later one
// of its stream follows is dropped, and that one counts it as missed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "protocol/policy.h"
#include "protocol/record.h"

enum { PROTOCOL_MESSAGE_QUEUE_MAX = 1024 };

struct protocol_queued_message {
    struct protocol_queued_message *next;
    bool is_record;
    char stream[PROTOCOL_NAME_BYTES]; // of a record, or of a subscription that was refused; or ""
    uint64_t missed;                  // of a record: those before it, dropped ones included
    enum protocol_encoding encoding;
    size_t length;
    char bytes[]; // and a NUL
};

struct protocol_message_queue { // zeroed: empty
    struct protocol_queued_message *first, *last;
    int count;
};

// Copies the message: its header, all but next, and header->length bytes. Fails when out of memory,
// or when the queue is full and holds nothing that may be dropped.
bool protocol_message_queue_push(struct protocol_message_queue *queue,
                                 const struct protocol_queued_message *header, const char *bytes,
                                 struct mc_error *err);

// Removes the oldest message, to be freed by the caller; NULL when the queue is empty.
struct protocol_queued_message *protocol_message_queue_pop(struct protocol_message_queue *queue);

void protocol_message_queue_clear(struct protocol_message_queue *queue);
