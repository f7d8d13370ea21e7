// The messages that wait for one connection, in the order in which they came. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/message.h"

enum server_send_queue_kind {
    SERVER_OUTGOING_REPLY,
    SERVER_OUTGOING_STATE,
    SERVER_OUTGOING_RECORD,
    SERVER_OUTGOING_END,
};

struct server_send_queue {
    struct server_message *message; // NULL: its subscription has it, the newest record
    enum server_send_queue_kind kind;
    int stream;      // -1 for a reply
    uint64_t missed; // of a record: those left out before it
};

struct server_send_queue_queue { // zeroed: empty
    struct server_send_queue *ring;
    int capacity, first, count;
};

// Takes over the message's reference unless it returns false: there is no memory.
bool server_send_queue_push(struct server_send_queue_queue *queue,
                            const struct server_send_queue *outgoing);

// Takes the oldest out of a queue that is not empty. Its reference goes to the caller.
struct server_send_queue server_send_queue_pop(struct server_send_queue_queue *queue);

// Puts the message in the place of one of its kind and stream that still waits, and
// returns that place; NULL when there is none. One in another encoding stays: the reply
// that tells the change comes after it.
struct server_send_queue *server_send_queue_replace(struct server_send_queue_queue *queue,
                                                    enum server_send_queue_kind kind, int stream,
                                                    struct server_message *message);

// Takes the stream's records out and returns how many those are. missed: what they have of
// it is added.
int server_send_queue_purge(struct server_send_queue_queue *queue, int stream, uint64_t *missed);

// Lets go of all that waits, and of the memory.
void server_send_queue_finish(struct server_send_queue_queue *queue);
