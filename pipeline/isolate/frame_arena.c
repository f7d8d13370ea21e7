#include "pipeline/isolate/frame_arena.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>

enum {
    PLANES = 4,
    ALIGNMENT = 64,
    GUARD_BYTES = 192, // behind each plane: decoders and readers go a vector past its end
    BLOCKS_MAX = 512,
};

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

static size_t round_up(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

// Gives the frame, which has a format, memory for planes of these linesizes and that height.
static bool fill(struct pipeline_frame_arena *arena, AVFrame *frame, const int *linesizes,
                 int height)
{
    ptrdiff_t strides[PLANES];
    size_t sizes[PLANES], total = 0;
    for (int i = 0; i < PLANES; i++) {
        strides[i] = linesizes[i];
    }
    if (av_image_fill_plane_sizes(sizes, frame->format, height, strides) < 0) {
        return false;
    }
    for (int i = 0; i < PLANES; i++) {
        total += sizes[i] > 0 ? round_up(sizes[i] + GUARD_BYTES) : 0;
    }
    uint8_t *memory = take(arena, total);
    if (memory == NULL) {
        return false;
    }
    frame->buf[0] = av_buffer_create(memory, total, give_back, arena, 0);
    if (frame->buf[0] == NULL) {
        give_back(arena, memory);
        return false;
    }
    for (int i = 0; i < PLANES; i++) {
        frame->data[i] = sizes[i] > 0 ? memory : NULL;
        frame->linesize[i] = sizes[i] > 0 ? linesizes[i] : 0;
        memory += sizes[i] > 0 ? round_up(sizes[i] + GUARD_BYTES) : 0;
    }
    frame->extended_data = frame->data;
    return true;
}

// Linesizes for rows that are at least that wide, each a multiple of its alignment, and in the
// ratio that the format's planes have: as avcodec_default_get_buffer2 does.
static bool align_linesizes(enum AVPixelFormat format, int width, const int *alignment,
                            int *linesizes)
{
    for (;;) {
        int excess = 0;
        if (av_image_fill_linesizes(linesizes, format, width) < 0) {
            return false;
        }
        for (int i = 0; i < PLANES; i++) {
            excess |= linesizes[i] % alignment[i];
        }
        if (excess == 0) {
            return true;
        }
        width += width & ~(width - 1);
    }
}

int pipeline_frame_arena_get_buffer(struct AVCodecContext *codec, struct AVFrame *frame, int flags)
{
    struct pipeline_frame_arena *arena = codec->opaque;
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
    int width = frame->width, height = frame->height;
    int alignment[AV_NUM_DATA_POINTERS], linesizes[PLANES];
    if (codec->codec_type == AVMEDIA_TYPE_VIDEO && format != NULL &&
        (format->flags & AV_PIX_FMT_FLAG_HWACCEL) == 0 &&
        (codec->codec->capabilities & AV_CODEC_CAP_DR1) != 0) {
        avcodec_align_dimensions2(codec, &width, &height, alignment);
        if (align_linesizes(frame->format, width, alignment, linesizes) &&
            fill(arena, frame, linesizes, height)) {
            return 0;
        }
    }
    return avcodec_default_get_buffer2(codec, frame, flags);
}

static bool is_inside(const struct pipeline_frame_arena *arena, const AVFrame *frame)
{
    for (int i = 0; i < PLANES; i++) {
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
    static const int alignment[PLANES] = { ALIGNMENT, ALIGNMENT, ALIGNMENT, ALIGNMENT };
    int linesizes[PLANES];
    AVFrame copy = { .format = frame->format };
    if (!align_linesizes(frame->format, frame->width, alignment, linesizes) ||
        !fill(arena, &copy, linesizes, frame->height)) {
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
