// An encoded message, shared by all subscribers that it goes to.
//
// Messages are counted references from a pool that keeps their memory, so that
// a daemon in steady use allocates none. Thread: loop.
#pragma once

#include <stddef.h>

#include "protocol/buffer.h"

struct server_message {
    struct protocol_buffer buffer; // write to it only before it is shared
    int references;
    struct server_message_pool *pool;
    struct server_message *next; // in the pool
};

struct server_message_pool {
    struct server_message *free; // messages at rest
    int free_count;
    int used_count; // messages lent out
};

// An empty message with one reference, the caller's; NULL when there is no memory.
struct server_message *server_message_acquire(struct server_message_pool *pool);

struct server_message *server_message_retain(struct server_message *message);
void server_message_release(struct server_message *message); // NULL does nothing

// Every message must be back.
void server_message_pool_finish(struct server_message_pool *pool);
