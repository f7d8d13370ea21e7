#include "pipeline/track/pixel_format.h"

#include <stddef.h>

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

bool pipeline_pixel_format_can_crop(const AVPixFmtDescriptor *format)
{
    if (format->flags & (AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER)) {
        return false;
    }
    for (int i = 1; i < format->nb_components && i < 3; i++) {
        // Packed with subsampled chroma, like YUYV: its chroma step covers as
        // many pixels as share it.
        if (format->comp[i].plane == 0 && is_chroma(format, i) &&
            format->comp[i].step != format->comp[0].step << format->log2_chroma_w) {
            return false;
        }
    }
    return true;
}

void pipeline_pixel_format_crop(const struct AVFrame *frame, const AVPixFmtDescriptor *format,
                                int x, int y, const uint8_t *planes[PIPELINE_PLANES])
{
    for (int i = 0; i < PIPELINE_PLANES; i++) {
        planes[i] = frame->data[i];
    }
    bool done[PIPELINE_PLANES] = { false };
    for (int i = 0; i < format->nb_components; i++) {
        const AVComponentDescriptor *component = &format->comp[i];
        if (done[component->plane]) {
            continue;
        }
        done[component->plane] = true;
        int column = is_chroma(format, i) ? x >> format->log2_chroma_w : x;
        int row = is_chroma(format, i) ? y >> format->log2_chroma_h : y;
        planes[component->plane] += (ptrdiff_t)row * frame->linesize[component->plane] +
                                    (ptrdiff_t)column * component->step;
    }
}
