// Packets to frames. A packet that is damaged costs its own frame, no more; the
// size and format of pictures may change on the way. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct AVPacket;
struct AVStream;
struct pipeline_decoder;
struct pipeline_frame;

// low_delay gives pictures out as soon as possible: for live sources. Returns
// NULL and sets err when the codec can't be had.
struct pipeline_decoder *pipeline_decoder_open(const struct AVStream *stream, bool low_delay,
                                               struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void pipeline_decoder_close(struct pipeline_decoder *decoder);

// Takes the packet in, or NULL at the end; then receive until it says false.
// Returns false when the packet is damaged so badly that it gives no picture.
bool pipeline_decoder_send(struct pipeline_decoder *decoder, const struct AVPacket *packet,
                           int64_t arrival_ns, int64_t gather_ns);

// Fills picture, time_base, arrival_ns, gather_ns, decode_ns and damaged of the frame. Returns
// false when it needs another packet. Damaged are a picture that the decoder had to mend,
// and the one behind a packet that gave none; of a packet that never came nothing tells.
bool pipeline_decoder_receive(struct pipeline_decoder *decoder, struct pipeline_frame *frame);
