// Replies to one connection's requests, in its encoding. Thread: loop.
#pragma once

#include "protocol/buffer.h"
#include "protocol/message.h"

struct server_message;
struct server_message_pool;
struct server_subscriber;

// A reply being encoded. Nobody waits for one that cannot be: its connection is closed instead.
struct server_reply {
    struct protocol_buffer *buffer; // encode into this
    enum protocol_encoding encoding;
    struct server_subscriber *subscriber;
    struct server_message *message; // NULL: out of memory
    struct protocol_buffer none;    // has room for nothing: then it is encoded into
};

// Begins a reply, which must be ended or dropped.
void server_reply_begin(struct server_reply *reply, struct server_message_pool *pool,
                        struct server_subscriber *subscriber);

// The same in another encoding than the connection's.
void server_reply_begin_as(struct server_reply *reply, struct server_message_pool *pool,
                           struct server_subscriber *subscriber, enum protocol_encoding encoding);

// Sends the reply. Closes the connection where it could not be encoded.
void server_reply_end(struct server_reply *reply);

// Sends nothing.
void server_reply_drop(struct server_reply *reply);

// Sends an error message.
void server_reply_refuse(struct server_message_pool *pool, struct server_subscriber *subscriber,
                         const struct protocol_error *error);
