// The messages queued for one connection, oldest first. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "server/message.h"

enum server_send_kind {
    SERVER_SEND_REPLY,
    SERVER_SEND_STATE,
    SERVER_SEND_RECORD,
    SERVER_SEND_END,
    SERVER_SEND_STREAMS,
    SERVER_SEND_PAST_STREAMS, // true of the messages behind it: neither renewed nor superseded
};

struct server_send_entry {
    struct server_message *message; // NULL: the subscription holds it (its newest record)
    enum server_send_kind kind;
    int stream;      // -1 for what belongs to none, and once the stream is gone
    uint64_t missed; // of a record: the number left out before it
};

struct server_send_queue { // zeroed: empty
    struct server_send_entry *ring;
    int capacity, first, count;
};

// Takes over the message's reference, unless it returns false: out of memory.
bool server_send_queue_push(struct server_send_queue *queue, const struct server_send_entry *entry);

// Removes the oldest entry of a queue that is not empty. The caller owns its reference.
struct server_send_entry server_send_queue_pop(struct server_send_queue *queue);

// Removes the messages that a state or end, which is about to be pushed, supersedes; returns how
// many. A state supersedes the stream's states and ends, and an end its ends, back to its last
// record.
int server_send_queue_supersede(struct server_send_queue *queue, enum server_send_kind kind,
                                int stream);

// True when there is a list of streams.
bool server_send_queue_has_list(const struct server_send_queue *queue);

// Gives every list of streams the content of a newer one, in the encoding it had. Returns false
// when out of memory.
bool server_send_queue_renew_lists(struct server_send_queue *queue,
                                   struct server_shared_message *streams);

// Removes the lists of streams, of which a newer one is about to be pushed, and returns how many.
// One stays: the last before the first message of a stream in `unannounced`, a bit each, which the
// client must know before.
int server_send_queue_supersede_lists(struct server_send_queue *queue, uint64_t unannounced);

// The stream is gone, and its records are sent nevertheless: one whose message the subscription
// holds gets that, `newest`, which is taken over. The lists of streams before the last of them,
// which name it, stay as they are: *lists is how many. Returns how many records there are.
int server_send_queue_keep_records(struct server_send_queue *queue, int stream,
                                   struct server_message *newest, uint64_t newest_missed,
                                   int *lists);

// The stream is gone: removes its states behind the first list of streams, as that will not name
// it; returns how many there were.
int server_send_queue_drop_states(struct server_send_queue *queue, int stream);

// Removes the stream's records and returns how many there were; adds the `missed` of each
// to *missed.
int server_send_queue_purge(struct server_send_queue *queue, int stream, uint64_t *missed);

// The stream is gone: its messages are sent, but never superseded by those of a later stream with
// the same number.
void server_send_queue_detach(struct server_send_queue *queue, int stream);

// The stream is gone, and nobody knew of it: removes its messages, of which none is a record, and
// returns how many there were.
int server_send_queue_drop(struct server_send_queue *queue, int stream);

// Releases all messages and the memory.
void server_send_queue_finish(struct server_send_queue *queue);
