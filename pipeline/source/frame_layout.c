#include "pipeline/source/frame_layout.h"

#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>

enum {
    PLANES = PIPELINE_FRAME_PLANES,
    ALIGNMENT = 64,
};

static size_t round_up(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
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

static bool lay_out(struct pipeline_frame_layout *layout, enum AVPixelFormat format, int width,
                    int height, const int *alignment)
{
    if (!align_linesizes(format, width, alignment, layout->linesizes)) {
        return false;
    }
    ptrdiff_t strides[PLANES];
    size_t sizes[PLANES];
    for (int i = 0; i < PLANES; i++) {
        strides[i] = layout->linesizes[i];
    }
    if (av_image_fill_plane_sizes(sizes, format, height, strides) < 0) {
        return false;
    }
    layout->bytes = 0;
    for (int i = 0; i < PLANES; i++) {
        layout->sizes[i] = sizes[i] > 0 ? round_up(sizes[i] + PIPELINE_FRAME_GUARD_BYTES) : 0;
        layout->bytes += layout->sizes[i];
    }
    return true;
}

bool pipeline_frame_layout_for_codec(struct pipeline_frame_layout *layout,
                                     struct AVCodecContext *codec, const struct AVFrame *frame)
{
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
    if (codec->codec_type != AVMEDIA_TYPE_VIDEO || format == NULL ||
        (format->flags & AV_PIX_FMT_FLAG_HWACCEL) != 0 ||
        (codec->codec->capabilities & AV_CODEC_CAP_DR1) == 0) {
        return false;
    }
    int width = frame->width, height = frame->height;
    int alignment[AV_NUM_DATA_POINTERS];
    avcodec_align_dimensions2(codec, &width, &height, alignment);
    return lay_out(layout, frame->format, width, height, alignment);
}

bool pipeline_frame_layout_for_copy(struct pipeline_frame_layout *layout,
                                    const struct AVFrame *frame)
{
    static const int alignment[PLANES] = { ALIGNMENT, ALIGNMENT, ALIGNMENT, ALIGNMENT };
    return lay_out(layout, frame->format, frame->width, frame->height, alignment);
}

void pipeline_frame_layout_set(const struct pipeline_frame_layout *layout, struct AVFrame *frame,
                               uint8_t *memory)
{
    for (int i = 0; i < PLANES; i++) {
        const bool has_plane = layout->sizes[i] > 0;
        frame->data[i] = has_plane ? memory : NULL;
        frame->linesize[i] = has_plane ? layout->linesizes[i] : 0;
        memory += layout->sizes[i];
    }
    frame->extended_data = frame->data;
}
