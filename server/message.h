// An encoded message, shared by all subscribers it is sent to.
//
// Messages are reference-counted and come from a pool that keeps their memory, so that a
// daemon in steady use allocates none; what a large one held is freed. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "protocol/buffer.h"
#include "protocol/policy.h"

enum {
    SERVER_LARGE_BYTES = 64 * 1024
}; // a message that takes more is large: it needs room of its own

struct server_message {
    struct protocol_buffer buffer; // written only before the message is sealed
    enum protocol_encoding encoding;
    int references;
    size_t counted_bytes; // its share of the pool's bytes
    struct server_message_pool *pool;
    struct server_message *next; // in the pool's free list
};

struct server_message_pool {
    struct server_message *free;
    int free_count;
    int used_count;
    size_t bytes; // of memory held by the sealed messages in use
};

// Returns an empty message with one reference, the caller's. Returns NULL, and logs it, when
// out of memory.
struct server_message *server_message_acquire(struct server_message_pool *pool,
                                              enum protocol_encoding encoding);

// Ends writing and counts the memory. Returns false, and logs why, when the message did not
// fit into PROTOCOL_MESSAGE_BYTES or memory ran out.
bool server_message_seal(struct server_message *message);

struct server_message *server_message_retain(struct server_message *message);
void server_message_release(struct server_message *message); // NULL does nothing

// One message for many connections: encoded once in each of their encodings.
struct server_shared_message {
    struct server_message_pool *pool;
    void (*encode)(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                   const void *content);
    const void *content;                                      // borrowed
    struct server_message *messages[PROTOCOL_ENCODING_COUNT]; // NULL: not encoded yet
};

// Returns the message, encoding it on first use; borrowed. Returns NULL, and logs why, when it
// cannot be encoded.
struct server_message *server_shared_message_get(struct server_shared_message *shared,
                                                 enum protocol_encoding encoding);
void server_shared_message_release(struct server_shared_message *shared);

// Frees the pool's memory. Every message must have been released.
void server_message_pool_finish(struct server_message_pool *pool);
