#include "pipeline/track/pixel_format.h"

#include <stddef.h>
#include <string.h>

#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>

int pipeline_pixel_format_modern(int format, int *full_range)
{
    static const struct {
        int old, modern;
    } names[] = {
        { AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P }, { AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P },
        { AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUV444P }, { AV_PIX_FMT_YUVJ440P, AV_PIX_FMT_YUV440P },
        { AV_PIX_FMT_YUVJ411P, AV_PIX_FMT_YUV411P },
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].old == format) {
            *full_range = 1;
            return names[i].modern;
        }
    }
    return format;
}

static bool is_chroma(const AVPixFmtDescriptor *format, int component)
{
    return (component == 1 || component == 2) && !(format->flags & AV_PIX_FMT_FLAG_RGB);
}

// Whether the samples of one component lie at equal distances, in a byte or two bytes each.
static bool is_component_direct(const AVPixFmtDescriptor *format, int index)
{
    const AVComponentDescriptor *component = &format->comp[index];
    const bool has_bytes = component->depth == 8 && component->shift == 0;
    const bool has_words = component->depth > 8 && component->depth + component->shift <= 16;
    // Of packed formats with chroma subsampled, like YUYV, the chroma's step covers as many pixels
    // as share it. In UYYVYY411 it doesn't, for Y has no one step.
    const bool is_even = component->plane != 0 || !is_chroma(format, index) ||
                         component->step == format->comp[0].step << format->log2_chroma_w;
    return is_even && (has_bytes || has_words);
}

bool pipeline_pixel_format_is_direct(const AVPixFmtDescriptor *format)
{
    const uint64_t odd = AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER |
                         AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_BE | AV_PIX_FMT_FLAG_HWACCEL;
    if ((format->flags & odd) != 0 || strncmp(format->name, "xyz", 3) == 0) {
        return false;
    }
    for (int i = 0; i < format->nb_components && i < PIPELINE_COMPONENTS; i++) {
        if (!is_component_direct(format, i)) {
            return false;
        }
    }
    return true;
}

static int shrink(int size, int log2)
{
    return -(-size >> log2); // rounded up
}

struct pipeline_component pipeline_component_of(const struct AVFrame *frame,
                                                const AVPixFmtDescriptor *format, int index)
{
    const AVComponentDescriptor *component = &format->comp[index];
    const int log2_x = is_chroma(format, index) ? format->log2_chroma_w : 0;
    const int log2_y = is_chroma(format, index) ? format->log2_chroma_h : 0;
    return (struct pipeline_component){
        .data = frame->data[component->plane] + component->offset,
        .linesize = frame->linesize[component->plane],
        .width = shrink(frame->width, log2_x),
        .height = shrink(frame->height, log2_y),
        .log2_per_sample_x = log2_x,
        .log2_per_sample_y = log2_y,
        .step = component->step,
        .depth = component->depth,
        .shift = component->shift,
    };
}

// Rounded to the nearest byte.
static void read_words(const struct pipeline_component *component, const uint8_t *from, int count,
                       uint8_t *to)
{
    const int excess = component->depth - 8;
    const unsigned mask = (1u << component->depth) - 1, half = 1u << (excess - 1);
    for (int i = 0; i < count; i++, from += component->step) {
        const unsigned word = from[0] | (unsigned)from[1] << 8;
        const unsigned value = (((word >> component->shift) & mask) + half) >> excess;
        to[i] = (uint8_t)(value < 255 ? value : 255);
    }
}

const uint8_t *pipeline_component_row(const struct pipeline_component *component, int row,
                                      int begin, int end, uint8_t *room)
{
    const int step = component->step, count = end - begin;
    const uint8_t *from =
        component->data + row * component->linesize + (ptrdiff_t)begin * component->step;
    if (component->depth > 8) {
        read_words(component, from, count, room);
        return room;
    }
    if (step == 1) {
        return from;
    }
    for (int i = 0; i < count; i++) {
        room[i] = from[(ptrdiff_t)i * step];
    }
    return room;
}
