#include "pipeline/isolate/frame_arena.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>

#include "pipeline/isolate/message.h"
#include "pipeline/source/frame_layout.h"

enum { BLOCKS_MAX = 512 };

static_assert((int)PIPELINE_FRAME_GUARD_BYTES >= (int)PIPELINE_ISOLATE_GUARD_BYTES,
              "the daemon refuses a frame that lies too near the end");

struct block {
    size_t begin, end;
};

struct pipeline_frame_arena {
    uint8_t *base;
    size_t size;
    pthread_mutex_t lock;            // guards all below
    struct block blocks[BLOCKS_MAX]; // taken, in order
    int count;
};

struct pipeline_frame_arena *pipeline_frame_arena_create(void *base, size_t size)
{
    struct pipeline_frame_arena *arena = calloc(1, sizeof *arena);
    if (arena != NULL) {
        arena->base = base;
        arena->size = size;
        pthread_mutex_init(&arena->lock, NULL);
    }
    return arena;
}

// The lowest place that is free. NULL when there is none.
static uint8_t *take(struct pipeline_frame_arena *arena, size_t bytes)
{
    uint8_t *taken = NULL;
    pthread_mutex_lock(&arena->lock);
    size_t begin = 0;
    int at = 0;
    while (at < arena->count && arena->blocks[at].begin - begin < bytes) {
        begin = arena->blocks[at++].end;
    }
    if (arena->count < BLOCKS_MAX && arena->size - begin >= bytes) {
        memmove(&arena->blocks[at + 1], &arena->blocks[at],
                (size_t)(arena->count - at) * sizeof arena->blocks[0]);
        arena->blocks[at] = (struct block){ begin, begin + bytes };
        arena->count++;
        taken = arena->base + begin;
    }
    pthread_mutex_unlock(&arena->lock);
    return taken;
}

static void give_back(void *opaque, uint8_t *data)
{
    struct pipeline_frame_arena *arena = opaque;
    const size_t begin = (size_t)(data - arena->base);
    pthread_mutex_lock(&arena->lock);
    int at = 0;
    while (at < arena->count && arena->blocks[at].begin != begin) {
        at++;
    }
    if (at < arena->count) {
        arena->count--;
        memmove(&arena->blocks[at], &arena->blocks[at + 1],
                (size_t)(arena->count - at) * sizeof arena->blocks[0]);
    }
    pthread_mutex_unlock(&arena->lock);
}

// Gives the frame memory for its planes.
static bool fill(struct pipeline_frame_arena *arena, AVFrame *frame,
                 const struct pipeline_frame_layout *layout)
{
    uint8_t *memory = take(arena, layout->bytes);
    if (memory == NULL) {
        return false;
    }
    frame->buf[0] = av_buffer_create(memory, layout->bytes, give_back, arena, 0);
    if (frame->buf[0] == NULL) {
        give_back(arena, memory);
        return false;
    }
    pipeline_frame_layout_set(layout, frame, memory);
    return true;
}

int pipeline_frame_arena_get(void *arena, struct AVCodecContext *codec, struct AVFrame *frame,
                             int flags)
{
    struct pipeline_frame_layout layout;
    if (pipeline_frame_layout_for_codec(&layout, codec, frame) && fill(arena, frame, &layout)) {
        return 0;
    }
    return avcodec_default_get_buffer2(codec, frame, flags);
}

static bool is_inside(const struct pipeline_frame_arena *arena, const AVFrame *frame)
{
    for (int i = 0; i < PIPELINE_FRAME_PLANES; i++) {
        const uint8_t *data = frame->data[i];
        if (data != NULL &&
            (data < arena->base || data >= arena->base + arena->size || frame->linesize[i] < 0)) {
            return false;
        }
    }
    return frame->data[0] != NULL;
}

bool pipeline_frame_arena_adopt(struct pipeline_frame_arena *arena, struct AVFrame *frame)
{
    if (is_inside(arena, frame)) {
        return true;
    }
    struct pipeline_frame_layout layout;
    AVFrame copy = { .format = frame->format };
    if (!pipeline_frame_layout_for_copy(&layout, frame) || !fill(arena, &copy, &layout)) {
        return false;
    }
    av_image_copy(copy.data, copy.linesize, (const uint8_t **)frame->data, frame->linesize,
                  frame->format, frame->width, frame->height);
    for (int i = 0; i < AV_NUM_DATA_POINTERS; i++) {
        av_buffer_unref(&frame->buf[i]);
    }
    memcpy(frame->data, copy.data, sizeof frame->data);
    memcpy(frame->linesize, copy.linesize, sizeof frame->linesize);
    frame->buf[0] = copy.buf[0];
    frame->extended_data = frame->data;
    return true;
}

size_t pipeline_frame_arena_offset(const struct pipeline_frame_arena *arena, const void *data)
{
    return (size_t)((const uint8_t *)data - arena->base);
}
