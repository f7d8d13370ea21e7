// Frames on their way from a capture thread to the workers, in order.
//
// It is bounded. When it is full, the oldest frame is dropped and counted (a late pose is
// worth less than a fresh one); or, with every_frame, the capture thread waits.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct pipeline_frame;
struct pipeline_mailbox;

// Returns NULL and sets err when out of memory.
struct pipeline_mailbox *pipeline_mailbox_create(int capacity, bool every_frame,
                                                 struct mc_error *err) MC_MUST_USE;

// The mailbox must be empty. NULL does nothing.
void pipeline_mailbox_destroy(struct pipeline_mailbox *mailbox);

// Takes the frame. Returns a frame that the caller has to release: the oldest if it had
// to make room, the given one if the mailbox is closed, else NULL. Waits for room only
// with every_frame. Thread: capture.
struct pipeline_frame *pipeline_mailbox_push(struct pipeline_mailbox *mailbox,
                                             struct pipeline_frame *frame) MC_MUST_USE;

// The oldest frame, or NULL. Works on a closed mailbox, too. Any thread.
struct pipeline_frame *pipeline_mailbox_pop(struct pipeline_mailbox *mailbox) MC_MUST_USE;

bool pipeline_mailbox_is_empty(struct pipeline_mailbox *mailbox);

// Refuses frames from now on; a waiting push returns. Any thread.
void pipeline_mailbox_close(struct pipeline_mailbox *mailbox);

// Frames dropped so far to make room. Any thread.
uint64_t pipeline_mailbox_dropped(struct pipeline_mailbox *mailbox);
