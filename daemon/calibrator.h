// The calibration of one stream: handles what subscribers ask for, and keeps the result in the
// profile in use. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/motion/motion.h"
#include "protocol/message.h"

struct daemon_profile_store;
struct pipeline_stream;
struct server_publisher;

struct daemon_calibrator {
    const struct daemon_profile_store *store;
    struct server_publisher *publisher;
    struct pipeline_stream *stream;
    const char *name; // of the stream
    int index;        // of the stream
    char profile[PROTOCOL_NAME_BYTES];
    bool is_unreadable; // its file could not be read: it is neither in use nor overwritten
    bool is_unsaved;    // it, or that it is in use, could not be kept
    bool measuring;
    uint64_t range; // what is being measured: 0, the neutral face
    // While measuring: what to go back to when nobody is seen. While closed: what is not kept.
    char previous_name[PROTOCOL_NAME_BYTES];
    bool previous_is_unreadable;
    struct pipeline_profile previous;
};

// Of a stream that is to be opened. Borrows all.
void daemon_calibrator_init(struct daemon_calibrator *calibrator,
                            const struct daemon_profile_store *store,
                            struct server_publisher *publisher, const char *name, int index);

// The stream is opened, or opened again: loads the profile in use. What cannot be read is logged,
// and the stream starts without. Borrows the stream.
void daemon_calibrator_open(struct daemon_calibrator *calibrator, struct pipeline_stream *stream);

// The stream is about to be closed. A measurement ends without a result.
void daemon_calibrator_close(struct daemon_calibrator *calibrator);

// Starts to measure, NEUTRAL or RANGE; the result goes to the publisher. The same request while
// that lasts joins it. Returns false and sets error when it cannot start.
bool daemon_calibrator_measure(struct daemon_calibrator *calibrator,
                               const struct protocol_request *request,
                               struct protocol_error *error);

// SHOW, USE and RESET. Returns false and sets error on failure.
bool daemon_calibrator_show(struct daemon_calibrator *calibrator,
                            const struct protocol_request *request,
                            struct protocol_calibration *calibration, struct protocol_error *error);
