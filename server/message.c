#include "server/message.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "protocol/message.h"

enum { FREE_MAX = 64 }; // messages kept; more are freed

struct server_message *server_message_acquire(struct server_message_pool *pool,
                                              enum protocol_encoding encoding)
{
    struct server_message *message = pool->free;
    if (message != NULL) {
        pool->free = message->next;
        pool->free_count--;
    } else {
        message = calloc(1, sizeof *message);
        if (message == NULL) {
            mc_log(MC_LOG_ERROR, "out of memory for a message");
            return NULL;
        }
        protocol_buffer_init(&message->buffer, PROTOCOL_MESSAGE_BYTES);
        message->pool = pool;
    }
    protocol_buffer_clear(&message->buffer);
    message->encoding = encoding;
    message->references = 1;
    message->counted_bytes = 0;
    pool->used_count++;
    return message;
}

bool server_message_seal(struct server_message *message)
{
    struct mc_error err = { 0 };
    if (!protocol_buffer_check(&message->buffer, "a message", &err)) {
        mc_log(MC_LOG_ERROR, "%s", err.message);
        return false;
    }
    message->counted_bytes = message->buffer.capacity;
    message->pool->bytes += message->counted_bytes;
    return true;
}

struct server_message *server_message_retain(struct server_message *message)
{
    message->references++;
    return message;
}

static void destroy(struct server_message *message)
{
    protocol_buffer_finish(&message->buffer);
    free(message);
}

void server_message_release(struct server_message *message)
{
    if (message == NULL || --message->references > 0) {
        return;
    }
    struct server_message_pool *pool = message->pool;
    pool->used_count--;
    pool->bytes -= message->counted_bytes;
    if (pool->free_count >= FREE_MAX || message->buffer.capacity > SERVER_LARGE_BYTES) {
        destroy(message);
        return;
    }
    message->next = pool->free;
    pool->free = message;
    pool->free_count++;
}

struct server_message *server_shared_message_get(struct server_shared_message *shared,
                                                 enum protocol_encoding encoding)
{
    if (shared->messages[encoding] != NULL) {
        return shared->messages[encoding];
    }
    struct server_message *message = server_message_acquire(shared->pool, encoding);
    if (message != NULL) {
        shared->encode(&message->buffer, encoding, shared->content);
        if (!server_message_seal(message)) {
            server_message_release(message);
            message = NULL;
        }
    }
    shared->messages[encoding] = message;
    return message;
}

void server_shared_message_release(struct server_shared_message *shared)
{
    for (int i = 0; i < PROTOCOL_ENCODING_COUNT; i++) {
        server_message_release(shared->messages[i]);
        shared->messages[i] = NULL;
    }
}

void server_message_pool_finish(struct server_message_pool *pool)
{
    assert(pool->used_count == 0);
    while (pool->free != NULL) {
        struct server_message *message = pool->free;
        pool->free = message->next;
        destroy(message);
    }
    *pool = (struct server_message_pool){ 0 };
}
