#include "pipeline/source/assembler.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>

enum {
    PICTURE_BYTES_FIRST = 128 * 1024,
    PICTURE_BYTES_MAX = 32 * 1024 * 1024,
    HABIT_FIRST = 8,  // pictures alike before the next is trusted to be so
    HABIT_MAX = 1024, // the same after the sender surprised us several times
    START_CODE_BYTES = 4,
};

// One picture as it grows, or whole.
struct picture {
    struct AVBufferRef *buffer; // NULL at first
    size_t size;
    int64_t pts;
    int64_t arrival_ns; // of the last piece
    int slices;
    bool begun;
};

// What the sender has always done.
struct habit {
    int slices;         // of each picture
    size_t piece_bytes; // of a unit in all its pieces but the last; 0: not seen yet
    int kept;           // pictures in a row
    int wanted;         // so many before it is trusted
};

struct pipeline_assembler {
    enum pipeline_assembler_codec codec;
    struct picture growing, whole; // whole.begun: there is one to be popped
    struct habit habit;
    size_t last_bytes;  // of the last piece's unit, less its header
    bool last_is_slice; // the last unit is one
    bool handed_out;    // the picture of growing.pts was given out before its end was seen
};

struct pipeline_assembler *pipeline_assembler_create(enum pipeline_assembler_codec codec,
                                                     struct mc_error *err)
{
    struct pipeline_assembler *assembler = calloc(1, sizeof *assembler);
    if (assembler == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory to assemble pictures");
        return NULL;
    }
    assembler->codec = codec;
    assembler->habit.wanted = HABIT_FIRST;
    return assembler;
}

void pipeline_assembler_destroy(struct pipeline_assembler *assembler)
{
    if (assembler != NULL) {
        av_buffer_unref(&assembler->growing.buffer);
        av_buffer_unref(&assembler->whole.buffer);
        free(assembler);
    }
}

// ---- the habit

static void surprise(struct pipeline_assembler *assembler)
{
    struct habit *habit = &assembler->habit;
    habit->kept = 0;
    habit->wanted = habit->wanted * 4 < HABIT_MAX ? habit->wanted * 4 : HABIT_MAX;
}

// More of the last unit has come, so the piece before was one of those of full size.
static void learn_piece(struct pipeline_assembler *assembler)
{
    struct habit *habit = &assembler->habit;
    if (habit->piece_bytes != assembler->last_bytes) {
        if (habit->piece_bytes != 0) {
            surprise(assembler);
        }
        habit->piece_bytes = assembler->last_bytes;
    }
}

// The next picture begins: so many slices it had.
static void learn_picture(struct pipeline_assembler *assembler)
{
    struct habit *habit = &assembler->habit;
    if (assembler->handed_out || assembler->growing.slices == habit->slices) {
        habit->kept++;
    } else {
        habit->slices = assembler->growing.slices;
        habit->kept = 0;
    }
}

static bool seems_whole(const struct pipeline_assembler *assembler)
{
    const struct habit *habit = &assembler->habit;
    return habit->kept >= habit->wanted && habit->piece_bytes > 0 && assembler->last_is_slice &&
           assembler->last_bytes < habit->piece_bytes && assembler->growing.slices == habit->slices;
}

// ---- units

static bool is_start(const uint8_t *at, const uint8_t *end)
{
    return end - at > START_CODE_BYTES && at[0] == 0 && at[1] == 0 && at[2] == 0 && at[3] == 1;
}

static bool is_slice(enum pipeline_assembler_codec codec, uint8_t header)
{
    if (codec == PIPELINE_ASSEMBLER_H264) {
        int type = header & 0x1f;
        return type == 1 || type == 2 || type == 5; // of parts, the first
    }
    return (header >> 1 & 0x3f) < 32;
}

// Counts the slices that begin in the piece and looks at its last unit. Returns
// whether it begins with a unit rather than with more of the one before.
static bool inspect(struct pipeline_assembler *assembler, const uint8_t *data, size_t size,
                    int *slices)
{
    const uint8_t *end = data + size;
    const size_t header_bytes = assembler->codec == PIPELINE_ASSEMBLER_H264 ? 1 : 2;
    const bool begins = is_start(data, end);
    *slices = 0;
    if (!begins) {
        learn_piece(assembler);
        assembler->last_bytes = size;
    }
    for (const uint8_t *at = data; at < end; at++) {
        at = memchr(at, 0, (size_t)(end - at));
        if (at == NULL) {
            break;
        }
        if (is_start(at, end)) {
            const uint8_t *unit = at + START_CODE_BYTES;
            size_t unit_bytes = (size_t)(end - unit);
            assembler->last_is_slice = is_slice(assembler->codec, unit[0]);
            assembler->last_bytes = unit_bytes > header_bytes ? unit_bytes - header_bytes : 0;
            *slices += assembler->last_is_slice;
            at += START_CODE_BYTES;
        }
    }
    return begins;
}

// ---- pictures

// Room for size bytes and FFmpeg's padding, what is there kept.
static bool reserve(struct picture *picture, size_t size)
{
    size_t needed = size + AV_INPUT_BUFFER_PADDING_SIZE;
    struct AVBufferRef *old = picture->buffer;
    if (size > PICTURE_BYTES_MAX) {
        return false;
    }
    if (old != NULL && old->size >= needed && av_buffer_is_writable(old)) {
        return true;
    }
    size_t capacity = old != NULL ? old->size : PICTURE_BYTES_FIRST;
    while (capacity < needed) {
        capacity *= 2;
    }
    struct AVBufferRef *grown = av_buffer_alloc(capacity);
    if (grown == NULL) {
        return false;
    }
    if (picture->size > 0) {
        memcpy(grown->data, old->data, picture->size);
    }
    av_buffer_unref(&picture->buffer);
    picture->buffer = grown;
    return true;
}

// The growing picture is whole. One that was not popped is lost: push was called
// in its stead.
static void finish(struct pipeline_assembler *assembler)
{
    struct picture empty = assembler->whole;
    assembler->whole = assembler->growing;
    empty.begun = false;
    empty.size = 0;
    empty.slices = 0;
    empty.pts = assembler->whole.pts;
    assembler->growing = empty;
}

// A piece that comes after its picture was given out: harmless, unless it holds
// picture.
static bool is_remainder(struct pipeline_assembler *assembler, bool begins, int slices)
{
    if (begins && slices == 0) {
        return true; // filler, end of sequence
    }
    surprise(assembler);
    return false;
}

bool pipeline_assembler_push(struct pipeline_assembler *assembler, const struct AVPacket *piece,
                             int64_t arrival_ns)
{
    struct picture *growing = &assembler->growing;
    int slices;
    bool begins = inspect(assembler, piece->data, (size_t)piece->size, &slices);
    bool same = !begins || piece->pts == AV_NOPTS_VALUE || piece->pts == growing->pts;
    if (!same && (growing->begun || assembler->handed_out)) {
        learn_picture(assembler);
        assembler->handed_out = false;
        if (growing->begun) {
            finish(assembler);
        }
    } else if (assembler->handed_out && is_remainder(assembler, begins, slices)) {
        return true;
    }
    if (!reserve(growing, growing->size + (size_t)piece->size)) {
        growing->size = 0;
        return false;
    }
    memcpy(growing->buffer->data + growing->size, piece->data, (size_t)piece->size);
    growing->size += (size_t)piece->size;
    if (piece->pts != AV_NOPTS_VALUE && begins) {
        growing->pts = piece->pts;
    }
    growing->arrival_ns = arrival_ns;
    growing->slices += slices;
    growing->begun = true;
    if (seems_whole(assembler) && !assembler->whole.begun) {
        assembler->handed_out = true;
        finish(assembler);
    }
    return true;
}

bool pipeline_assembler_pop(struct pipeline_assembler *assembler, struct AVPacket *picture,
                            int64_t *arrival_ns)
{
    struct picture *whole = &assembler->whole;
    if (!whole->begun) {
        return false;
    }
    whole->begun = false;
    memset(whole->buffer->data + whole->size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    picture->buf = av_buffer_ref(whole->buffer);
    if (picture->buf == NULL) {
        return false;
    }
    picture->data = whole->buffer->data;
    picture->size = (int)whole->size;
    picture->pts = picture->dts = whole->pts;
    *arrival_ns = whole->arrival_ns;
    return true;
}
