// An encoded message, shared by all subscribers that it goes to.
//
// Messages are counted references from a pool that keeps their memory, so that
// a daemon in steady use allocates none. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buffer.h"
#include "protocol/policy.h"

struct server_message {
    struct protocol_buffer buffer; // write to it only before it is shared
    enum protocol_encoding encoding;
    int references;
    size_t counted_bytes; // of its buffer, in the pool's sum
    struct server_message_pool *pool;
    struct server_message *next; // in the pool
};

struct server_message_pool {
    struct server_message *free; // messages at rest
    int free_count;
    int used_count; // messages lent out
    size_t bytes;   // of the buffers of messages lent out, when they were sealed
};

// An empty message with one reference, the caller's; NULL when there is no memory.
struct server_message *server_message_acquire(struct server_message_pool *pool,
                                              enum protocol_encoding encoding);

// It is written: counts its memory. False, with a log line, when it did not fit.
bool server_message_seal(struct server_message *message);

struct server_message *server_message_retain(struct server_message *message);
void server_message_release(struct server_message *message); // NULL does nothing

// Every message must be back.
void server_message_pool_finish(struct server_message_pool *pool);
