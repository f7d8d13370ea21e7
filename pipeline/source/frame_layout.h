// Where the planes of a frame lie in one block of memory, as FFmpeg's decoders need them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct AVCodecContext;
struct AVFrame;

enum {
    PIPELINE_FRAME_PLANES = 4,
    PIPELINE_FRAME_GUARD_BYTES = 192, // behind each plane: decoders and readers go a vector past it
};

struct pipeline_frame_layout {
    int linesizes[PIPELINE_FRAME_PLANES];
    size_t sizes[PIPELINE_FRAME_PLANES]; // with what decoders and readers need behind; 0: no plane
    size_t bytes;                        // of all
};

// For a frame that get_buffer2 of the codec is to fill. False where FFmpeg's default must do it.
bool pipeline_frame_layout_for_codec(struct pipeline_frame_layout *layout,
                                     struct AVCodecContext *codec, const struct AVFrame *frame);

// For a copy of the frame.
bool pipeline_frame_layout_for_copy(struct pipeline_frame_layout *layout,
                                    const struct AVFrame *frame);

// Points the frame's planes into memory of layout->bytes.
void pipeline_frame_layout_set(const struct pipeline_frame_layout *layout, struct AVFrame *frame,
                               uint8_t *memory);
