// Encodes the server's messages, as JSON or CBOR. Each function appends one message to the
// buffer; check its `failed` afterwards. Only the buffer allocates.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "protocol/buffer.h"
#include "protocol/message.h"

struct protocol_writer;

// The field `id` of an open map: that of the request, or null.
void protocol_encode_id(struct protocol_writer *writer, struct protocol_id id);

// A field of an open map: an array of names.
void protocol_encode_names(struct protocol_writer *writer, const char *name,
                           const char names[][PROTOCOL_NAME_BYTES], int count);

// A field of an open map; nothing if the set has no points.
void protocol_encode_point_set(struct protocol_writer *writer, const char *name,
                               const struct protocol_point_set *set);

// Always JSON: the client has not chosen an encoding yet.
void protocol_encode_hello(struct protocol_buffer *buffer, const struct protocol_hello *hello);

void protocol_encode_subscribed(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                                const struct protocol_subscribed *subscribed);
void protocol_encode_unsubscribed(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                                  const struct protocol_subscribed *unsubscribed);
void protocol_encode_status(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                            const struct protocol_status *status);
// text is NUL-terminated.
void protocol_encode_metrics(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                             struct protocol_id id, const char *text);
void protocol_encode_pong(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                          struct protocol_id id);
void protocol_encode_calibrated(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                                const struct protocol_calibrated *calibrated);
void protocol_encode_calibration(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                                 const struct protocol_calibration *calibration);
void protocol_encode_settings(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                              const struct protocol_settings *settings);
void protocol_encode_stream_changed(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                                    const struct protocol_stream_changed *changed);
void protocol_encode_streams(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                             const struct protocol_streams *streams);
void protocol_encode_reloaded(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                              const struct protocol_reloaded *reloaded);
void protocol_encode_error(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                           const struct protocol_error *error);
void protocol_encode_state(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                           const struct protocol_state *state);
void protocol_encode_end(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                         const struct protocol_end *end);

// A record is encoded in two parts: a body shared by all subscribers with the same options,
// and a tail with the number of records that one of them missed. include selects the parts
// to write, of those that the record has. A keypoint that is not finite is written as
// [0,0,0]: position unknown, confidence 0.
void protocol_encode_record(struct protocol_buffer *buffer, enum protocol_encoding encoding,
                            const struct protocol_record *record, unsigned include);

enum { PROTOCOL_TAIL_BYTES = 40 };
size_t protocol_encode_tail(char tail[PROTOCOL_TAIL_BYTES], enum protocol_encoding encoding,
                            uint64_t missed);
