// How a decoded frame is displayed: which way up, and how wide its pixels are.
//
// Phones and cameras store frames as the sensor read them, and say
// separately how a player has to turn, mirror and stretch them. FFmpeg passes that on in
// several fields; here they become one affine map, and what mocapd publishes is in
// displayed pixels. Read, in the order in which ffplay gives precedence:
//   orientation   display matrix of the frame (SEI of H.264 and H.265, EXIF of JPEG), which
//                 also counts for frames up to the next key frame; else that of the
//                 stream (container)
//   pixel aspect  of the stream (container), else of the frame (codec)
// Cropping is the decoder's: its frames are already without it. A matrix is taken for
// its turn and mirroring; its scale and shift are layout, not the frame's. Turns within
// a degree of a right angle count as right; others turn the frame within its own size.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pipeline/mapping.h"

struct AVFrame;
struct AVStream;

// Of a displayed frame: what the sampler's coordinates can tell apart, and less than a record may
// say.
enum { PIPELINE_DISPLAY_EDGE_MAX = 1 << 20 };

struct pipeline_display_transform {
    int width, height;                // as displayed, square pixels
    struct pipeline_mapping to_coded; // from displayed pixels to those of the frame
};

// What the user adds, for cameras that are mounted sideways and do not say so.
struct pipeline_display_options {
    int rotate;  // degrees clockwise: 0, 90, 180 or 270
    bool mirror; // afterwards, left and right are swapped
};

// Reads the transforms of one stream's frames. All zero but the options: at its start.
struct pipeline_display_reader {
    struct pipeline_display_options options;
    bool has_matrix; // of an earlier frame
    int32_t matrix[9];
};

// The transform of the stream's next decoded frame. lowres: how often its edges were halved while
// it was decoded; it is displayed at its full size. A pixel aspect that would stretch it beyond
// PIPELINE_DISPLAY_EDGE_MAX counts as square.
void pipeline_display_reader_read(struct pipeline_display_reader *reader,
                                  const struct AVFrame *frame, int lowres,
                                  const struct AVStream *stream,
                                  struct pipeline_display_transform *transform);

// The transform of a frame that is displayed as it is.
struct pipeline_display_transform pipeline_display_transform_none(int width, int height);

bool pipeline_display_transform_equal(const struct pipeline_display_transform *a,
                                      const struct pipeline_display_transform *b);
