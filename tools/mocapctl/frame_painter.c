#include "tools/mocapctl/frame_painter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/frame.h>
#include <libswscale/swscale.h>

#include "pipeline/frame_pool.h"
#include "tools/mocapctl/draw.h"

struct mocapctl_frame_painter {
    struct SwsContext *scaler;
    uint8_t *rgb; // a frame as it is coded, at the canvas's scale
    size_t rgb_bytes;
};

struct mocapctl_frame_painter *mocapctl_frame_painter_create(void)
{
    return calloc(1, sizeof(struct mocapctl_frame_painter));
}

void mocapctl_frame_painter_destroy(struct mocapctl_frame_painter *painter)
{
    if (painter == NULL) {
        return;
    }
    sws_freeContext(painter->scaler);
    free(painter->rgb);
    free(painter);
}

static bool convert(struct mocapctl_frame_painter *painter, const struct AVFrame *image,
                    const struct mocapctl_canvas *to, struct mc_error *err)
{
    painter->scaler = sws_getCachedContext(painter->scaler, image->width, image->height,
                                           (enum AVPixelFormat)image->format, to->width, to->height,
                                           AV_PIX_FMT_RGB24, SWS_BILINEAR, NULL, NULL, NULL);
    if (painter->scaler == NULL) {
        return mc_error_set(err, MC_ERROR_MEDIA, 0, "its pixel format can't be converted");
    }
    uint8_t *const planes[4] = { to->rgb };
    const int linesizes[4] = { (int)to->row_bytes };
    sws_scale(painter->scaler, (const uint8_t *const *)image->data, image->linesize, 0,
              image->height, planes, linesizes);
    return true;
}

// Room for the frame before it is turned; its size is the canvas's where that is possible.
static bool reserve_coded(struct mocapctl_frame_painter *painter,
                          const struct pipeline_frame *frame, const struct mocapctl_canvas *canvas,
                          struct mocapctl_canvas *coded, struct mc_error *err)
{
    const struct pipeline_mapping *to_coded = &frame->display.to_coded;
    *coded = (struct mocapctl_canvas){ .width = canvas->width, .height = canvas->height };
    if (!pipeline_mapping_is_axis_aligned(to_coded)) {
        coded->width = frame->image->width;
        coded->height = frame->image->height;
    } else if (to_coded->xx == 0) {
        coded->width = canvas->height;
        coded->height = canvas->width;
    }
    // swscale may write past a row's end, by up to a vector.
    coded->row_bytes = ((size_t)coded->width * 3 + 127) / 64 * 64;
    const size_t bytes = coded->row_bytes * (size_t)coded->height;
    if (bytes > painter->rgb_bytes) {
        free(painter->rgb);
        painter->rgb = malloc(bytes);
        painter->rgb_bytes = painter->rgb != NULL ? bytes : 0;
    }
    coded->rgb = painter->rgb;
    return painter->rgb != NULL ||
           mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a frame");
}

static struct pipeline_mapping make_scale(int from_width, int from_height, int to_width,
                                          int to_height)
{
    return (struct pipeline_mapping){ .xx = (float)to_width / (float)from_width,
                                      .yy = (float)to_height / (float)from_height };
}

static void turn(const struct mocapctl_canvas *coded, const struct pipeline_mapping *to_coded,
                 const struct mocapctl_canvas *canvas)
{
    for (int y = 0; y < canvas->height; y++) {
        uint8_t *to = canvas->rgb + canvas->row_bytes * (size_t)y;
        for (int x = 0; x < canvas->width; x++, to += 3) {
            const struct mc_keypoint at = pipeline_mapping_apply(
                to_coded, (struct mc_keypoint){ (float)x + 0.5f, (float)y + 0.5f, 0 });
            const int column = (int)floorf(at.x), row = (int)floorf(at.y);
            if (column >= 0 && column < coded->width && row >= 0 && row < coded->height) {
                memcpy(to, coded->rgb + coded->row_bytes * (size_t)row + 3 * (size_t)column, 3);
            } else {
                memset(to, 0, 3);
            }
        }
    }
}

bool mocapctl_frame_painter_draw(struct mocapctl_frame_painter *painter,
                                 const struct pipeline_frame *frame,
                                 const struct mocapctl_canvas *canvas, struct mc_error *err)
{
    const struct pipeline_display_transform *display = &frame->display;
    const struct AVFrame *image = frame->image;
    if (display->to_coded.xx > 0 && pipeline_mapping_is_axis_aligned(&display->to_coded) &&
        display->to_coded.yy > 0) {
        return convert(painter, image, canvas, err);
    }
    struct mocapctl_canvas coded;
    if (!reserve_coded(painter, frame, canvas, &coded, err) ||
        !convert(painter, image, &coded, err)) {
        return false;
    }
    const struct pipeline_mapping to_display =
        make_scale(canvas->width, canvas->height, display->width, display->height);
    const struct pipeline_mapping to_scaled =
        make_scale(image->width, image->height, coded.width, coded.height);
    const struct pipeline_mapping to_frame = pipeline_mapping_then(&to_display, &display->to_coded);
    const struct pipeline_mapping to_coded = pipeline_mapping_then(&to_frame, &to_scaled);
    turn(&coded, &to_coded, canvas);
    return true;
}
