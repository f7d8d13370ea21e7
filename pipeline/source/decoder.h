// Decodes packets to frames. A damaged packet costs its own frame and no more; size and
// format of the frames may change at any time. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipeline/source/decode_load.h"

struct AVPacket;
struct AVStream;
struct pipeline_decoder;
struct pipeline_frame;
struct pipeline_frame_memory;

// With low_delay frames are returned as early as their order allows: for live sources. MPEG-1, -2
// and -4 and VC-1 do not announce B-frames: those before the second key frame are left out, and
// from there on all frames wait for their order. With threads above 1 several frames decode at a
// time, and take up to as many frames longer. JPEGs of more than max_pixels are reduced, other
// frames refused (frame_limit.h); 0: PIPELINE_FRAME_PIXELS_DEFAULT. Frames are written into memory,
// copied; NULL or zero: into memory that is mapped for them. Returns NULL and sets err when the
// codec can't be opened, or the stream says that its frames are too large.
struct pipeline_decoder *pipeline_decoder_open(const struct AVStream *stream, bool low_delay,
                                               int threads, int64_t max_pixels,
                                               const struct pipeline_frame_memory *memory,
                                               struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void pipeline_decoder_close(struct pipeline_decoder *decoder);

// Leaves out what the effort says, from the next packet on. A frame that refers to one
// that was left out isn't shown until the next key frame.
void pipeline_decoder_set_effort(struct pipeline_decoder *decoder,
                                 enum pipeline_decode_effort effort);

// Whether the codec's frames never refer to others.
bool pipeline_decoder_is_intra(const struct pipeline_decoder *decoder);

// Time spent in the decoder so far, ns.
int64_t pipeline_decoder_spent_ns(const struct pipeline_decoder *decoder);

// Frames left out so far, at the least.
int64_t pipeline_decoder_skipped(const struct pipeline_decoder *decoder);

// Whether a frame was refused because of its size so far; sets err to why, of the last one.
bool pipeline_decoder_refusal(const struct pipeline_decoder *decoder, struct mc_error *err);

// Sends the packet, or NULL at the end; then receive until that returns false. Returns
// false when the packet is too damaged to give a frame.
bool pipeline_decoder_send(struct pipeline_decoder *decoder, const struct AVPacket *packet,
                           int64_t arrival_ns, int64_t reassembly_ns);

// Fills image, lowres, time_base, arrival_ns, complete_ns, reassembly_ns, decode_ns and
// damaged of the frame. Frames come in the order in which they are shown; where their packets
// come in another, arrival_ns does not step back but stays.
// Returns false when another packet is needed. A frame is damaged when the decoder had to
// conceal errors in it, or when the packet before it gave no frame; a packet that never
// arrived goes unnoticed.
bool pipeline_decoder_receive(struct pipeline_decoder *decoder, struct pipeline_frame *frame);
