#include "server/send_queue.h"

#include <stdlib.h>

enum { CAPACITY_FIRST = 8 };

static struct server_send_entry *at(struct server_send_queue *queue, int index)
{
    return &queue->ring[(queue->first + index) % queue->capacity];
}

static bool grow(struct server_send_queue *queue)
{
    int capacity = queue->capacity == 0 ? CAPACITY_FIRST : 2 * queue->capacity;
    struct server_send_entry *ring = malloc((size_t)capacity * sizeof *ring);
    if (ring == NULL) {
        return false;
    }
    for (int i = 0; i < queue->count; i++) {
        ring[i] = *at(queue, i);
    }
    free(queue->ring);
    queue->ring = ring;
    queue->capacity = capacity;
    queue->first = 0;
    return true;
}

bool server_send_queue_push(struct server_send_queue *queue, const struct server_send_entry *entry)
{
    if (queue->count == queue->capacity && !grow(queue)) {
        return false;
    }
    *at(queue, queue->count++) = *entry;
    return true;
}

struct server_send_entry server_send_queue_pop(struct server_send_queue *queue)
{
    struct server_send_entry entry = *at(queue, 0);
    queue->first = (queue->first + 1) % queue->capacity;
    queue->count--;
    return entry;
}

bool server_send_queue_replace(struct server_send_queue *queue, enum server_send_kind kind,
                               int stream, struct server_message *message)
{
    for (int i = 0; i < queue->count; i++) {
        struct server_send_entry *queued = at(queue, i);
        if (queued->kind == kind && queued->stream == stream &&
            queued->message->encoding == message->encoding) {
            server_message_release(queued->message);
            queued->message = server_message_retain(message);
            return true;
        }
    }
    return false;
}

int server_send_queue_purge(struct server_send_queue *queue, int stream, uint64_t *missed)
{
    int kept = 0;
    for (int i = 0; i < queue->count; i++) {
        struct server_send_entry *queued = at(queue, i);
        if (queued->kind == SERVER_SEND_RECORD && queued->stream == stream) {
            *missed += queued->missed;
            server_message_release(queued->message);
        } else {
            *at(queue, kept++) = *queued;
        }
    }
    int purged = queue->count - kept;
    queue->count = kept;
    return purged;
}

void server_send_queue_detach(struct server_send_queue *queue, int stream)
{
    for (int i = 0; i < queue->count; i++) {
        struct server_send_entry *queued = at(queue, i);
        queued->stream = queued->stream == stream ? -1 : queued->stream;
    }
}

void server_send_queue_finish(struct server_send_queue *queue)
{
    while (queue->count > 0) {
        server_message_release(server_send_queue_pop(queue).message);
    }
    free(queue->ring);
    *queue = (struct server_send_queue){ 0 };
}
