#include "pipeline/source/access_unit.h"

#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>

enum {
    CAPACITY_FIRST = 128 * 1024, // bytes
    CAPACITY_MAX = 32 * 1024 * 1024,
    TRUST_FIRST = 8,  // access units that must match the pattern before it is trusted
    TRUST_MAX = 1024, // the same after several mismatches
    START_CODE_BYTES = 4,
};

// One access unit, growing or whole.
struct unit {
    struct AVBufferRef *buffer; // NULL at first
    size_t size;
    int64_t pts;
    int64_t arrival_ns; // of the last fragment
    int slices;
    bool begun;
    bool key; // it needs no other frame
};

// How the sender has split its access units so far.
struct pattern {
    int slices;            // of each access unit
    size_t fragment_bytes; // of every fragment of a NAL unit but the last; 0: not seen yet
    int matched;           // access units in a row
    int needed;            // of these before it is trusted
};

struct pipeline_access_unit_assembler {
    enum pipeline_access_unit_codec codec;
    struct unit growing, whole; // whole.begun: it has not been popped
    struct pattern pattern;
    size_t last_bytes;  // of the last fragment, without its NAL unit header
    bool last_is_slice; // it belongs to a slice
    bool delivered;     // the access unit of growing.pts was delivered before its end was seen
    bool dropping;      // an access unit failed: drop its fragments until the next begins
};

// What a fragment begins.
struct fragment {
    bool starts_nal;  // begins with a start code rather than with a continuation
    bool starts_unit; // behind a slice, it would begin another access unit
    int slices;       // that begin in it
    bool key;         // a slice in it belongs to a key frame
};

struct pipeline_access_unit_assembler *
pipeline_access_unit_assembler_create(enum pipeline_access_unit_codec codec, struct mc_error *err)
{
    struct pipeline_access_unit_assembler *assembler = calloc(1, sizeof *assembler);
    if (assembler == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for an access unit assembler");
        return NULL;
    }
    assembler->codec = codec;
    assembler->pattern.needed = TRUST_FIRST;
    assembler->growing.pts = AV_NOPTS_VALUE;
    assembler->dropping = true; // until the first access unit begins
    return assembler;
}

void pipeline_access_unit_assembler_destroy(struct pipeline_access_unit_assembler *assembler)
{
    if (assembler != NULL) {
        av_buffer_unref(&assembler->growing.buffer);
        av_buffer_unref(&assembler->whole.buffer);
        free(assembler);
    }
}

// ---- the pattern

static void record_mismatch(struct pipeline_access_unit_assembler *assembler)
{
    struct pattern *pattern = &assembler->pattern;
    pattern->matched = 0;
    pattern->needed = pattern->needed * 4 < TRUST_MAX ? pattern->needed * 4 : TRUST_MAX;
}

// A continuation arrived, so the fragment before it was one of full size.
static void learn_fragment(struct pipeline_access_unit_assembler *assembler)
{
    struct pattern *pattern = &assembler->pattern;
    if (pattern->fragment_bytes != assembler->last_bytes) {
        if (pattern->fragment_bytes != 0) {
            record_mismatch(assembler);
        }
        pattern->fragment_bytes = assembler->last_bytes;
    }
}

// The next access unit begins: the slices of this one are known.
static void learn_slices(struct pipeline_access_unit_assembler *assembler)
{
    struct pattern *pattern = &assembler->pattern;
    if (assembler->delivered || assembler->growing.slices == pattern->slices) {
        pattern->matched += pattern->matched < TRUST_MAX; // never overflows
    } else {
        pattern->slices = assembler->growing.slices;
        pattern->matched = 0;
    }
}

static bool seems_whole(const struct pipeline_access_unit_assembler *assembler)
{
    const struct pattern *pattern = &assembler->pattern;
    return pattern->matched >= pattern->needed && pattern->fragment_bytes > 0 &&
           assembler->last_is_slice && assembler->last_bytes < pattern->fragment_bytes &&
           assembler->growing.slices == pattern->slices;
}

// ---- NAL units

static bool is_start_code(const uint8_t *at, const uint8_t *end)
{
    return end - at > START_CODE_BYTES && at[0] == 0 && at[1] == 0 && at[2] == 0 && at[3] == 1;
}

// A slice of an IDR frame, or of H.265's other random access points.
static bool is_key(enum pipeline_access_unit_codec codec, uint8_t header)
{
    if (codec == PIPELINE_ACCESS_UNIT_H264) {
        return (header & 0x1f) == 5;
    }
    const int type = header >> 1 & 0x3f;
    return type >= 16 && type <= 21;
}

static size_t header_bytes(enum pipeline_access_unit_codec codec)
{
    return codec == PIPELINE_ACCESS_UNIT_H264 ? 1 : 2;
}

static bool is_slice(enum pipeline_access_unit_codec codec, uint8_t header)
{
    if (codec == PIPELINE_ACCESS_UNIT_H264) {
        int type = header & 0x1f;
        return type == 1 || type == 2 || type == 5; // of data partitions, the first
    }
    return (header >> 1 & 0x3f) < 32;
}

// Whether the NAL unit, behind a slice, begins another access unit (H.264, 7.4.1.2.3;
// H.265, 7.4.2.4.4). The slice with a frame's first block has a first bit of 1 in both
// codecs: first_mb_in_slice as ue(v) 0, first_slice_segment_in_pic_flag.
static bool begins_access_unit(enum pipeline_access_unit_codec codec, const uint8_t *nal,
                               size_t size)
{
    const size_t header = header_bytes(codec);
    if (is_slice(codec, nal[0])) {
        return size > header && (nal[header] & 0x80) != 0;
    }
    if (codec == PIPELINE_ACCESS_UNIT_H264) {
        const int type = nal[0] & 0x1f; // SEI, parameter sets, delimiter
        return (type >= 6 && type <= 9) || (type >= 14 && type <= 18);
    }
    const int type = nal[0] >> 1 & 0x3f;
    return (type >= 32 && type <= 35) || type == 39 || (type >= 41 && type <= 44) ||
           (type >= 48 && type <= 55);
}

// Learns from the fragment and finds its NAL units.
static struct fragment inspect(struct pipeline_access_unit_assembler *assembler,
                               const uint8_t *data, size_t size)
{
    const uint8_t *end = data + size;
    const size_t header = header_bytes(assembler->codec);
    struct fragment fragment = { .starts_nal = is_start_code(data, end) };
    if (!fragment.starts_nal) {
        learn_fragment(assembler);
        assembler->last_bytes = size;
    }
    for (const uint8_t *at = data; at < end; at++) {
        at = memchr(at, 0, (size_t)(end - at));
        if (at == NULL) {
            break;
        }
        if (is_start_code(at, end)) {
            const uint8_t *nal = at + START_CODE_BYTES;
            const size_t nal_bytes = (size_t)(end - nal);
            assembler->last_is_slice = is_slice(assembler->codec, nal[0]);
            assembler->last_bytes = nal_bytes > header ? nal_bytes - header : 0;
            fragment.slices += assembler->last_is_slice;
            fragment.key |= is_key(assembler->codec, nal[0]);
            fragment.starts_unit |= begins_access_unit(assembler->codec, nal, nal_bytes);
            at += START_CODE_BYTES;
        }
    }
    return fragment;
}

// ---- access units

// Makes room for size bytes and FFmpeg's padding, keeping the contents.
static bool reserve(struct unit *unit, size_t size)
{
    size_t needed = size + AV_INPUT_BUFFER_PADDING_SIZE;
    struct AVBufferRef *old = unit->buffer;
    if (size > CAPACITY_MAX) {
        return false;
    }
    if (old != NULL && old->size >= needed && av_buffer_is_writable(old)) {
        return true;
    }
    size_t capacity = old != NULL ? old->size : CAPACITY_FIRST;
    while (capacity < needed) {
        capacity *= 2;
    }
    struct AVBufferRef *grown = av_buffer_alloc(capacity);
    if (grown == NULL) {
        return false;
    }
    if (old != NULL) {
        memcpy(grown->data, old->data, unit->size);
    }
    av_buffer_unref(&unit->buffer);
    unit->buffer = grown;
    return true;
}

static void empty(struct unit *unit)
{
    unit->begun = false;
    unit->size = 0;
    unit->slices = 0;
    unit->key = false;
}

// The growing access unit is whole. One that was not popped is lost.
static void finish(struct pipeline_access_unit_assembler *assembler)
{
    struct unit next = assembler->whole;
    assembler->whole = assembler->growing;
    empty(&next);
    next.pts = assembler->whole.pts;
    assembler->growing = next;
}

// Drops the growing access unit, of that pts, and all that follows of it.
static bool drop(struct pipeline_access_unit_assembler *assembler, int64_t pts)
{
    empty(&assembler->growing);
    assembler->growing.pts = pts;
    assembler->dropping = true;
    return false;
}

// Some senders give every frame the same pts, so slices are looked at as well.
static bool begins_unit(const struct pipeline_access_unit_assembler *assembler,
                        const struct AVPacket *packet, const struct fragment *fragment)
{
    if (!fragment->starts_nal) {
        return false;
    }
    const struct unit *growing = &assembler->growing;
    const bool other_pts = packet->pts != AV_NOPTS_VALUE && packet->pts != growing->pts;
    const bool has_slice = growing->slices > 0 || assembler->delivered || assembler->dropping;
    return other_pts || (fragment->starts_unit && has_slice);
}

static bool append(struct unit *unit, const struct AVPacket *packet,
                   const struct fragment *fragment, int64_t arrival_ns)
{
    const size_t size = (size_t)packet->size;
    if (!reserve(unit, unit->size + size)) {
        return false;
    }
    memcpy(unit->buffer->data + unit->size, packet->data, size);
    unit->size += size;
    if (packet->pts != AV_NOPTS_VALUE && fragment->starts_nal) {
        unit->pts = packet->pts;
    }
    unit->arrival_ns = arrival_ns;
    unit->slices += fragment->slices;
    unit->key |= fragment->key;
    unit->begun = true;
    return true;
}

bool pipeline_access_unit_push(struct pipeline_access_unit_assembler *assembler,
                               const struct AVPacket *packet, int64_t arrival_ns)
{
    if (packet->size <= 0) {
        return true;
    }
    const struct fragment fragment = inspect(assembler, packet->data, (size_t)packet->size);
    if (begins_unit(assembler, packet, &fragment)) {
        if (assembler->growing.begun || assembler->delivered) {
            learn_slices(assembler);
        }
        assembler->delivered = assembler->dropping = false;
        if (assembler->growing.begun) {
            finish(assembler);
        }
    } else if (assembler->dropping) {
        return true;
    } else if (assembler->delivered) {
        if (fragment.starts_nal && fragment.slices == 0) {
            return true; // filler data, end of sequence
        }
        record_mismatch(assembler); // delivered too early: the rest goes on its own
    }
    if (!append(&assembler->growing, packet, &fragment, arrival_ns)) {
        return drop(assembler, packet->pts);
    }
    if (seems_whole(assembler) && !assembler->whole.begun) {
        assembler->delivered = true;
        finish(assembler);
    }
    return true;
}

bool pipeline_access_unit_pop(struct pipeline_access_unit_assembler *assembler,
                              struct AVPacket *packet, int64_t *arrival_ns)
{
    struct unit *whole = &assembler->whole;
    if (!whole->begun) {
        return false;
    }
    whole->begun = false;
    memset(whole->buffer->data + whole->size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
    packet->buf = av_buffer_ref(whole->buffer);
    if (packet->buf == NULL) {
        return false;
    }
    packet->data = whole->buffer->data;
    packet->size = (int)whole->size;
    packet->pts = packet->dts = whole->pts;
    packet->flags = whole->key ? AV_PKT_FLAG_KEY : 0;
    *arrival_ns = whole->arrival_ns;
    return true;
}
