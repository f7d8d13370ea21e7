// The daemon's side of the memory that it shares with one decoder process: a memfd of fixed size,
// mapped for reading, and which frames in it are lent to the daemon. It lives until the session
// has ended and the last of these frames is released.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "pipeline/isolate/message.h"

struct pipeline_frame;
struct pipeline_shared_frames;

// Makes room for loan_count frames of max_pixels, and as many as a decoder refers to; pages are
// taken when they are written. Sealed: it can neither shrink nor grow. Returns NULL and sets err
// on failure.
struct pipeline_shared_frames *pipeline_shared_frames_create(int loan_count, int64_t max_pixels,
                                                             struct mc_error *err) MC_MUST_USE;

// Ends the session: frames that are out stay readable. NULL does nothing.
void pipeline_shared_frames_close(struct pipeline_shared_frames *shared);

size_t pipeline_shared_frames_bytes(const struct pipeline_shared_frames *shared);

// The memfd, for the decoder; owned by shared.
int pipeline_shared_frames_fd(const struct pipeline_shared_frames *shared);

// Sends a RELEASE to this socket, which is borrowed until the session is closed, for each frame
// that is released. Before the first is lent.
void pipeline_shared_frames_set_socket(struct pipeline_shared_frames *shared, int socket);

// Fills the empty frame from a message that pipeline_isolate_message_check accepted. Returns false
// and sets err when its number is lent already, or without memory. Thread: capture; the frame may
// be released on any.
bool pipeline_shared_frames_lend(struct pipeline_shared_frames *shared,
                                 const struct pipeline_isolate_frame *message,
                                 struct pipeline_frame *frame, struct mc_error *err) MC_MUST_USE;
