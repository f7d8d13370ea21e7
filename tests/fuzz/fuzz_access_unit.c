// Fragments of frames as libavformat hands them on from RTP. Each: flags (pts moves, start code),
// type, length, bytes. Whatever comes, an access unit is padded and no byte is doubled.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>

#include "pipeline/source/access_unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PTS_FORTH = 2, PTS_BACK = 4, PTS_NONE = 8, KEEP = 16, NO_POP = 32, LARGE = 0xc0 };

struct state {
    struct pipeline_access_unit_assembler *assembler;
    AVPacket *unit, *kept;
    int64_t now_ns, pts;
    size_t in, out;
};

static void pop(struct state *state, bool keep)
{
    int64_t arrival_ns = 0;
    while (pipeline_access_unit_pop(state->assembler, state->unit, &arrival_ns)) {
        const AVPacket *unit = state->unit;
        state->out += (size_t)unit->size;
        if (arrival_ns > state->now_ns || unit->size < 0 ||
            (size_t)unit->size + AV_INPUT_BUFFER_PADDING_SIZE > unit->buf->size) {
            abort();
        }
        for (int i = 0; i < AV_INPUT_BUFFER_PADDING_SIZE; i++) {
            if (unit->data[unit->size + i] != 0) {
                abort();
            }
        }
        if (keep) { // somebody holds on to it
            av_packet_unref(state->kept);
            av_packet_move_ref(state->kept, state->unit);
        } else {
            av_packet_unref(state->unit);
        }
    }
}

// Makes a fragment of used bytes at data, filled up to length. Freed by the caller.
static uint8_t *make_fragment(uint8_t type, bool has_start, const uint8_t *data, size_t used,
                              size_t length, int *size)
{
    const uint8_t start[] = { 0, 0, 0, 1, type };
    const size_t head = has_start ? sizeof start : 0;
    uint8_t *bytes = malloc(head + length + 1);
    if (bytes == NULL) {
        abort();
    }
    memcpy(bytes, start, head);
    memcpy(bytes + head, data, used);
    memset(bytes + head + used, type, length - used);
    *size = (int)(head + length);
    return bytes;
}

static size_t push(struct state *state, const uint8_t *data, size_t size)
{
    const uint8_t flags = data[0], type = data[1];
    const size_t stated = (size_t)data[2] | (size_t)data[3] << 8;
    const size_t length = (flags & LARGE) == LARGE ? 32 * stated : stated; // up to 2 MiB
    const size_t used = length < size - 4 ? length : size - 4;
    AVPacket fragment = { 0 };
    fragment.data = make_fragment(type, flags & 1, data + 4, used, length, &fragment.size);
    state->pts += flags & PTS_FORTH ? 3600 : flags & PTS_BACK ? -3600 : 0;
    fragment.pts = flags & PTS_NONE ? AV_NOPTS_VALUE : state->pts;
    if (pipeline_access_unit_push(state->assembler, &fragment, ++state->now_ns)) {
        state->in += (size_t)fragment.size;
    }
    free(fragment.data);
    if (!(flags & NO_POP)) {
        pop(state, flags & KEEP);
    }
    return 4 + used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct state state = {
        .assembler = pipeline_access_unit_assembler_create(
            data[0] & 1 ? PIPELINE_ACCESS_UNIT_H265 : PIPELINE_ACCESS_UNIT_H264, NULL),
        .unit = av_packet_alloc(),
        .kept = av_packet_alloc(),
    };
    for (size_t at = 1; at + 4 <= size;) {
        at += push(&state, data + at, size - at);
        if (state.out > state.in) {
            abort();
        }
    }
    av_packet_free(&state.unit);
    av_packet_free(&state.kept);
    pipeline_access_unit_assembler_destroy(state.assembler);
    return 0;
}
