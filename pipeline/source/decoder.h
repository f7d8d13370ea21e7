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

struct pipeline_decoder_options {
    bool low_delay;     // return frames as early as possible: for live sources
    int threads;        // above 1, several frames decode at a time and each takes longer
    int64_t max_pixels; // of a frame; JPEGs are reduced to it. 0: PIPELINE_FRAME_PIXELS_DEFAULT
};

// Returns NULL and sets err when the codec can't be opened, or when the stream says that its
// frames are larger than max_pixels.
struct pipeline_decoder *pipeline_decoder_open(const struct AVStream *stream,
                                               const struct pipeline_decoder_options *options,
                                               struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void pipeline_decoder_close(struct pipeline_decoder *decoder);

// Leaves out what the effort says, from the next packet on. A frame that refers to one
// that was left out isn't shown until the next key frame.
void pipeline_decoder_set_effort(struct pipeline_decoder *decoder,
                                 enum pipeline_decode_effort effort);

// Time spent in the decoder so far, ns.
int64_t pipeline_decoder_spent_ns(const struct pipeline_decoder *decoder);

// Frames left out so far, at the least.
int64_t pipeline_decoder_skipped(const struct pipeline_decoder *decoder);

// Sends the packet, or NULL at the end; then receive until that returns false. Returns
// false when the packet is too damaged to give a frame.
bool pipeline_decoder_send(struct pipeline_decoder *decoder, const struct AVPacket *packet,
                           int64_t arrival_ns, int64_t reassembly_ns);

// Fills picture, halvings, time_base, arrival_ns, reassembly_ns, decode_ns and damaged of
// the frame.
// Returns false when another packet is needed. A frame is damaged when the decoder had to
// conceal errors in it, or when the packet before it gave no frame; a packet that never
// arrived goes unnoticed.
bool pipeline_decoder_receive(struct pipeline_decoder *decoder, struct pipeline_frame *frame);
