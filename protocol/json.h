// The messages as JSON, one line each.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "protocol/buffer.h"
#include "protocol/message.h"

// ---- encoding: each appends one line with its newline to the buffer, which has
// to be checked for `failed` afterwards. Nothing but the buffer allocates.

void protocol_json_hello(struct protocol_buffer *buffer, const struct protocol_hello *hello);
void protocol_json_subscribed(struct protocol_buffer *buffer,
                              const struct protocol_subscribed *subscribed);
void protocol_json_unsubscribed(struct protocol_buffer *buffer,
                                const struct protocol_subscribed *unsubscribed);
void protocol_json_status(struct protocol_buffer *buffer, const struct protocol_status *status);
void protocol_json_pong(struct protocol_buffer *buffer, struct protocol_id id);
void protocol_json_calibrated(struct protocol_buffer *buffer,
                              const struct protocol_calibrated *calibrated);
void protocol_json_error(struct protocol_buffer *buffer, const struct protocol_error *error);
void protocol_json_state(struct protocol_buffer *buffer, const struct protocol_state *state);
void protocol_json_end(struct protocol_buffer *buffer, const struct protocol_end *end);
void protocol_json_request(struct protocol_buffer *buffer, const struct protocol_request *request);

// A record is one line in two parts: the body, the same for all subscribers,
// and a tail that tells one of them how many it missed. A face's keypoint that
// is not finite is written as [0,0,0]: place unknown, confidence none.
void protocol_json_record(struct protocol_buffer *buffer, const struct protocol_record *record);

enum { PROTOCOL_JSON_TAIL_BYTES = 40 };
size_t protocol_json_record_tail(char tail[PROTOCOL_JSON_TAIL_BYTES], uint64_t missed);

// ---- decoding: a line without its newline. Bytes from outside: all is checked.

// On failure returns false and fills error, ready to be sent.
bool protocol_json_parse_request(const char *line, size_t length, struct protocol_request *request,
                                 struct protocol_error *error) MC_MUST_USE;

// A message of a type that this version does not know is OTHER. Fields it does
// not know are ignored; faces and keypoints beyond what a record holds are an error.
bool protocol_json_parse_message(const char *line, size_t length, struct protocol_message *message,
                                 struct mc_error *err) MC_MUST_USE;
