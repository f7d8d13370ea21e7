#include "protocol/message_queue.h"

#include <stdlib.h>
#include <string.h>

static bool is_record_of(const struct protocol_queued_message *message, const char *stream)
{
    return message->is_record && strcmp(message->stream, stream) == 0;
}

// Returns the record of the stream that comes first after a message; NULL: there is none.
static struct protocol_queued_message *find_successor(const struct protocol_queued_message *message,
                                                      struct protocol_queued_message *newest)
{
    for (struct protocol_queued_message *next = message->next; next != NULL; next = next->next) {
        if (is_record_of(next, message->stream)) {
            return next;
        }
    }
    return is_record_of(newest, message->stream) ? newest : NULL;
}

// Drops the oldest record that another one of its stream follows, in the queue or as the newest
// message. Returns false when there is none.
static bool drop_record(struct protocol_message_queue *queue,
                        struct protocol_queued_message *newest)
{
    struct protocol_queued_message *before = NULL, *oldest = queue->first, *successor = NULL;
    while (oldest != NULL) {
        successor = oldest->is_record ? find_successor(oldest, newest) : NULL;
        if (successor != NULL) {
            break;
        }
        before = oldest;
        oldest = oldest->next;
    }
    if (oldest == NULL) {
        return false;
    }
    successor->missed += oldest->missed + 1;
    *(before == NULL ? &queue->first : &before->next) = oldest->next;
    queue->last = oldest == queue->last ? before : queue->last;
    queue->count--;
    free(oldest);
    return true;
}

bool protocol_message_queue_push(struct protocol_message_queue *queue,
                                 const struct protocol_queued_message *header, const char *bytes,
                                 struct mc_error *err)
{
    struct protocol_queued_message *message = malloc(sizeof *message + header->length + 1);
    if (message == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a message");
    }
    *message = *header;
    message->next = NULL;
    memcpy(message->bytes, bytes, header->length);
    message->bytes[header->length] = '\0';
    if (queue->count == PROTOCOL_MESSAGE_QUEUE_MAX && !drop_record(queue, message)) {
        free(message);
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "no reply within %d messages that cannot be dropped",
                            PROTOCOL_MESSAGE_QUEUE_MAX);
    }
    *(queue->last == NULL ? &queue->first : &queue->last->next) = message;
    queue->last = message;
    queue->count++;
    return true;
}

struct protocol_queued_message *protocol_message_queue_pop(struct protocol_message_queue *queue)
{
    struct protocol_queued_message *message = queue->first;
    if (message != NULL) {
        queue->first = message->next;
        queue->last = queue->first == NULL ? NULL : queue->last;
        queue->count--;
    }
    return message;
}

void protocol_message_queue_clear(struct protocol_message_queue *queue)
{
    for (struct protocol_queued_message *message;
         (message = protocol_message_queue_pop(queue)) != NULL;) {
        free(message);
    }
}
