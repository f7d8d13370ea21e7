#include "server/reply.h"

#include "protocol/encode.h"
#include "server/message.h"
#include "server/subscriber.h"

void server_reply_begin_as(struct server_reply *reply, struct server_message_pool *pool,
                           struct server_subscriber *subscriber, enum protocol_encoding encoding)
{
    *reply = (struct server_reply){ .encoding = encoding, .subscriber = subscriber };
    reply->message = server_message_acquire(pool, encoding);
    reply->buffer = reply->message != NULL ? &reply->message->buffer : &reply->none;
}

void server_reply_begin(struct server_reply *reply, struct server_message_pool *pool,
                        struct server_subscriber *subscriber)
{
    server_reply_begin_as(reply, pool, subscriber, subscriber->encoding);
}

void server_reply_end(struct server_reply *reply)
{
    if (reply->message != NULL && server_message_seal(reply->message)) {
        server_subscriber_reply(reply->subscriber, reply->message);
    } else if (reply->message == NULL || reply->buffer->no_memory) {
        server_subscriber_close(reply->subscriber, "out of memory for a reply");
    } else {
        server_subscriber_close(reply->subscriber, "its reply is too long");
    }
    server_reply_drop(reply);
}

void server_reply_drop(struct server_reply *reply)
{
    server_message_release(reply->message);
    reply->message = NULL;
}

void server_reply_refuse(struct server_message_pool *pool, struct server_subscriber *subscriber,
                         const struct protocol_error *error)
{
    struct server_reply reply;
    server_reply_begin(&reply, pool, subscriber);
    protocol_encode_error(reply.buffer, reply.encoding, error);
    server_reply_end(&reply);
}
