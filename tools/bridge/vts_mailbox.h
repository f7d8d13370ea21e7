// The requests that wait to be sent to VTube Studio: those of the newest record replace those of
// one that has not been begun. Each request that is pushed counts as sent or as lost once that is
// so.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/bridge/packets.h"

struct bridge_vts_mailbox {
    pthread_mutex_t lock; // guards the next group
    struct bridge_packets next;
    bool is_open, has_next;
    uint64_t sent, lost;

    // Of the thread that sends:
    struct bridge_packets sending;
    int sent_count; // of sending
    size_t sent_bytes;
};

// It is closed at first.
void bridge_vts_mailbox_init(struct bridge_vts_mailbox *mailbox);
void bridge_vts_mailbox_finish(struct bridge_vts_mailbox *mailbox);

// While it is closed all requests are lost, those that wait included: they are of a moment that
// will have passed. Thread: the one that sends.
void bridge_vts_mailbox_set_open(struct bridge_vts_mailbox *mailbox, bool is_open);

// Returns whether it is open. Any thread.
bool bridge_vts_mailbox_push(struct bridge_vts_mailbox *mailbox,
                             const struct bridge_packets *packets);

// The request to send next; NULL when none waits. Thread: the one that sends.
const unsigned char *bridge_vts_mailbox_peek(struct bridge_vts_mailbox *mailbox, size_t *size);

// That request was sent. Thread: the one that sends.
void bridge_vts_mailbox_pop(struct bridge_vts_mailbox *mailbox);

// Any thread.
void bridge_vts_mailbox_counts(struct bridge_vts_mailbox *mailbox, uint64_t *sent, uint64_t *lost);
