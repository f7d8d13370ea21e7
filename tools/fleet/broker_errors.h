// What is wrong while the connection stays: above all, that the broker does not let this client
// publish or subscribe to a subject. Nothing else says so, since publishing succeeds once the bytes
// are sent. The library tells in the same way what it finds itself, such as a slow consumer.
//
// Thread: one, always the same.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <nats/nats.h>

#include "base/log.h"

enum {
    FLEET_BROKER_ERRORS_TOLD = 8, // distinct errors that are logged at once
    FLEET_BROKER_ERROR_BYTES = 256,
};

struct fleet_broker_errors {
    char told[FLEET_BROKER_ERRORS_TOLD][FLEET_BROKER_ERROR_BYTES];
    int told_count;
    struct mc_log_limit limit; // of the others: one line a minute
};

// Logs a warning, once for each distinct text, which says whether the broker is its origin.
//   errors  zeroed at first, and when the connection is new
void fleet_broker_errors_tell(struct fleet_broker_errors *errors, const char *url,
                              natsStatus status, const char *text);

// Reads the subject of a publication that was refused for lack of permission. Returns false when
// the text says something else, or the subject was cut.
bool fleet_broker_error_subject(char *subject, size_t size, const char *text);
