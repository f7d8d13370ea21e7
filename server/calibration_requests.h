// Requests to calibrate, and the replies to those to measure, which come later. Thread: loop.
#pragma once

#include "protocol/message.h"
#include "protocol/request.h"

struct server_request_handlers;
struct server_subscriber;

void server_calibration_request(const struct server_request_handlers *handlers,
                                struct server_subscriber *subscriber,
                                const struct protocol_request *request);

// Reply to the subscriber's request to measure, if it has sent one. The id and the stream are
// filled in.
void server_calibration_done(const struct server_request_handlers *handlers,
                             struct server_subscriber *subscriber, int stream,
                             const struct protocol_calibrated *calibrated);
void server_calibration_failed(const struct server_request_handlers *handlers,
                               struct server_subscriber *subscriber, int stream,
                               const struct protocol_error *error);
