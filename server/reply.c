#include "server/reply.h"

#include "protocol/encode.h"
#include "server/message.h"
#include "server/subscriber.h"

struct server_message *server_reply_begin(struct server_message_pool *pool,
                                          const struct server_subscriber *subscriber)
{
    return server_message_acquire(pool, subscriber->encoding);
}

void server_reply_end(struct server_subscriber *subscriber, struct server_message *message)
{
    if (server_message_seal(message)) {
        server_subscriber_reply(subscriber, message);
    }
    server_message_release(message);
}

void server_reply_refuse(struct server_message_pool *pool, struct server_subscriber *subscriber,
                         const struct protocol_error *error)
{
    struct server_message *message = server_reply_begin(pool, subscriber);
    if (message != NULL) {
        protocol_encode_error(&message->buffer, message->encoding, error);
        server_reply_end(subscriber, message);
    }
}
