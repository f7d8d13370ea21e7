// An encoded message, shared by all subscribers that it goes to.
//
// Messages are counted references from a pool that keeps their memory, so that
// a daemon in steady use allocates none. Thread: loop.
#pragma once

#include <stddef.h>

#include "protocol/buffer.h"

struct daemon_message {
    struct protocol_buffer buffer; // write to it only before it is shared
    int references;
    struct daemon_message_pool *pool;
    struct daemon_message *next; // in the pool
};

struct daemon_message_pool {
    struct daemon_message *free; // messages at rest
    int free_count;
    int used_count; // messages lent out
};

// An empty message with one reference, the caller's; NULL when there is no memory.
struct daemon_message *daemon_message_acquire(struct daemon_message_pool *pool);

struct daemon_message *daemon_message_retain(struct daemon_message *message);
void daemon_message_release(struct daemon_message *message); // NULL does nothing

// Every message must be back.
void daemon_message_pool_finish(struct daemon_message_pool *pool);
