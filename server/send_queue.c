#include "server/send_queue.h"

#include <assert.h>
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

// Removes the entries from first on that are of the stream and of one of the kinds, a bit each.
// Adds the `missed` of each to *missed, and returns how many there were.
static int remove_entries(struct server_send_queue *queue, int first, int stream, unsigned kinds,
                          uint64_t *missed)
{
    int kept = first;
    for (int i = first; i < queue->count; i++) {
        struct server_send_entry *queued = at(queue, i);
        if (queued->stream == stream && (kinds & 1u << queued->kind) != 0) {
            *missed += queued->missed;
            server_message_release(queued->message);
        } else {
            *at(queue, kept++) = *queued;
        }
    }
    int removed = queue->count - kept;
    queue->count = kept;
    return removed;
}

// The index after the stream's last record.
static int find_tail(struct server_send_queue *queue, int stream)
{
    int tail = queue->count;
    while (tail > 0 && (at(queue, tail - 1)->kind != SERVER_SEND_RECORD ||
                        at(queue, tail - 1)->stream != stream)) {
        tail--;
    }
    return tail;
}

int server_send_queue_supersede(struct server_send_queue *queue, enum server_send_kind kind,
                                int stream)
{
    static const unsigned superseded[] = {
        [SERVER_SEND_STATE] = 1u << SERVER_SEND_STATE | 1u << SERVER_SEND_END,
        [SERVER_SEND_END] = 1u << SERVER_SEND_END,
        [SERVER_SEND_STREAMS] = 1u << SERVER_SEND_STREAMS,
    };
    uint64_t none = 0;
    assert(kind < sizeof superseded / sizeof superseded[0]);
    return superseded[kind] == 0
               ? 0
               : remove_entries(queue, find_tail(queue, stream), stream, superseded[kind], &none);
}

int server_send_queue_purge(struct server_send_queue *queue, int stream, uint64_t *missed)
{
    return remove_entries(queue, 0, stream, 1u << SERVER_SEND_RECORD, missed);
}

int server_send_queue_drop(struct server_send_queue *queue, int stream)
{
    uint64_t none = 0;
    return remove_entries(queue, 0, stream, 1u << SERVER_SEND_STATE | 1u << SERVER_SEND_END, &none);
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
