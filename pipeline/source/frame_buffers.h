// The memory of a decoder's frames, mapped apart from malloc's: a source that closes gives it back.
// From malloc, frames of sources that come and go leave gaps that the process keeps.
#pragma once

struct AVCodecContext;
struct AVFrame;
struct pipeline_frame_buffers;

// Where a decoder's frames get their memory: as get_buffer2 of AVCodecContext, with what it is to
// be taken from, borrowed, in front. Any thread.
struct pipeline_frame_memory {
    int (*get)(void *from, struct AVCodecContext *codec, struct AVFrame *frame, int flags);
    void *from;
};

// NULL without memory.
struct pipeline_frame_buffers *pipeline_frame_buffers_create(void);

// Frames that are still held keep their memory. NULL does nothing.
void pipeline_frame_buffers_destroy(struct pipeline_frame_buffers *buffers);

// As get of pipeline_frame_memory. Where the codec brings its own memory, FFmpeg's default.
int pipeline_frame_buffers_get(void *buffers, struct AVCodecContext *codec, struct AVFrame *frame,
                               int flags);
