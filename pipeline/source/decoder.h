// Decodes packets to frames. A damaged packet costs its own frame and no more; size and
// format of the frames may change at any time. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct AVPacket;
struct AVStream;
struct pipeline_decoder;
struct pipeline_frame;

// With low_delay frames are returned as early as possible: for live sources. Returns
// NULL and sets err when the codec can't be opened.
struct pipeline_decoder *pipeline_decoder_open(const struct AVStream *stream, bool low_delay,
                                               struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void pipeline_decoder_close(struct pipeline_decoder *decoder);

// Sends the packet, or NULL at the end; then receive until that returns false. Returns
// false when the packet is too damaged to give a frame.
bool pipeline_decoder_send(struct pipeline_decoder *decoder, const struct AVPacket *packet,
                           int64_t arrival_ns, int64_t reassembly_ns);

// Fills picture, time_base, arrival_ns, reassembly_ns, decode_ns and damaged of the frame.
// Returns false when another packet is needed. A frame is damaged when the decoder had to
// conceal errors in it, or when the packet before it gave no frame; a packet that never
// arrived goes unnoticed.
bool pipeline_decoder_receive(struct pipeline_decoder *decoder, struct pipeline_frame *frame);
