#include "protocol/message_queue.h"

#include <stdlib.h>
#include <string.h>

enum { COUNT_MAX = 1024 }; // messages before a reply

bool protocol_message_queue_push(struct protocol_message_queue *queue, const char *bytes,
                                 size_t length, enum protocol_encoding encoding,
                                 struct mc_error *err)
{
    if (queue->count == COUNT_MAX) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "no reply within %d messages", COUNT_MAX);
    }
    struct protocol_queued_message *message = malloc(sizeof *message + length + 1);
    if (message == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a message");
    }
    message->next = NULL;
    message->encoding = encoding;
    message->length = length;
    memcpy(message->bytes, bytes, length);
    message->bytes[length] = '\0';
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
