#include "server/send_queue.h"

#include <assert.h>
#include <stdlib.h>

enum {
    CAPACITY_FIRST = 8,
    STATES = 1u << SERVER_SEND_STATE, // kinds of messages, as bits
    ENDS = 1u << SERVER_SEND_END,
    RECORDS = 1u << SERVER_SEND_RECORD,
};

static struct server_send_entry *at(const struct server_send_queue *queue, int index)
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
    uint64_t none = 0;
    const unsigned superseded = kind == SERVER_SEND_STATE ? STATES | ENDS : ENDS;
    assert(kind == SERVER_SEND_STATE || kind == SERVER_SEND_END);
    return remove_entries(queue, find_tail(queue, stream), stream, superseded, &none);
}

// ---- lists of streams

// The index of the first list, or the number of entries.
static int find_list(const struct server_send_queue *queue)
{
    int index = 0;
    while (index < queue->count && at(queue, index)->kind != SERVER_SEND_STREAMS) {
        index++;
    }
    return index;
}

bool server_send_queue_has_list(const struct server_send_queue *queue)
{
    return find_list(queue) < queue->count;
}

bool server_send_queue_renew_lists(struct server_send_queue *queue,
                                   struct server_shared_message *streams)
{
    for (int i = find_list(queue); i < queue->count; i++) {
        struct server_send_entry *queued = at(queue, i);
        if (queued->kind != SERVER_SEND_STREAMS) {
            continue;
        }
        struct server_message *newer =
            server_shared_message_get(streams, queued->message->encoding);
        if (newer == NULL) {
            return false;
        }
        server_message_release(queued->message);
        queued->message = server_message_retain(newer);
    }
    return true;
}

// The index of the list that announces the streams, or -1: none has to.
static int find_announcement(const struct server_send_queue *queue, uint64_t unannounced)
{
    int list = -1;
    for (int i = 0; i < queue->count; i++) {
        const struct server_send_entry *queued = at(queue, i);
        if (queued->kind == SERVER_SEND_STREAMS) {
            list = i;
        } else if (queued->stream >= 0 && (unannounced & UINT64_C(1) << queued->stream) != 0) {
            return list;
        }
    }
    return -1;
}

int server_send_queue_supersede_lists(struct server_send_queue *queue, uint64_t unannounced)
{
    const int announcement = find_announcement(queue, unannounced);
    int kept = 0;
    for (int i = 0; i < queue->count; i++) {
        const struct server_send_entry queued = *at(queue, i);
        if (queued.kind == SERVER_SEND_STREAMS && i != announcement) {
            server_message_release(queued.message);
        } else {
            *at(queue, kept++) = queued;
        }
    }
    const int removed = queue->count - kept;
    queue->count = kept;
    return removed;
}

int server_send_queue_keep_records(struct server_send_queue *queue, int stream,
                                   struct server_message *newest, uint64_t newest_missed,
                                   int *lists)
{
    const int tail = find_tail(queue, stream);
    int records = 0;
    *lists = 0;
    for (int i = 0; i < tail; i++) {
        struct server_send_entry *queued = at(queue, i);
        if (queued->kind == SERVER_SEND_STREAMS) {
            queued->kind = SERVER_SEND_PAST_STREAMS;
            ++*lists;
        } else if (queued->kind == SERVER_SEND_RECORD && queued->stream == stream) {
            if (queued->message == NULL) {
                queued->message = newest;
                queued->missed = newest_missed;
            }
            queued->stream = -1;
            records++;
        }
    }
    return records;
}

int server_send_queue_drop_states(struct server_send_queue *queue, int stream)
{
    uint64_t none = 0;
    return remove_entries(queue, find_list(queue), stream, STATES, &none);
}

int server_send_queue_purge(struct server_send_queue *queue, int stream, uint64_t *missed)
{
    return remove_entries(queue, 0, stream, RECORDS, missed);
}

int server_send_queue_drop(struct server_send_queue *queue, int stream)
{
    uint64_t none = 0;
    return remove_entries(queue, 0, stream, STATES | ENDS, &none);
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
