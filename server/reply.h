// Replies to one connection's requests, in its encoding. Thread: loop.
#pragma once

#include "protocol/message.h"

struct server_message;
struct server_message_pool;
struct server_subscriber;

// Returns an empty reply, to be encoded and ended. Returns NULL, and logs it, when out of memory.
struct server_message *server_reply_begin(struct server_message_pool *pool,
                                          const struct server_subscriber *subscriber);

// Sends the reply and releases it.
void server_reply_end(struct server_subscriber *subscriber, struct server_message *message);

// Sends an error message.
void server_reply_refuse(struct server_message_pool *pool, struct server_subscriber *subscriber,
                         const struct protocol_error *error);
