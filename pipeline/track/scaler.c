#include "pipeline/track/scaler.h"

#include <math.h>
#include <stdlib.h>

#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "base/memory.h"
#include "nn/tensor.h"
#include "pipeline/display_transform.h"
#include "pipeline/track/pixel_format.h"
#include "pipeline/track/resample.h"
#include "pipeline/track/sampler.h"

enum {
    SIDE_MIN = 8,     // pixels of an edge
    PIXEL_STRIDE = 4, // numbers, of the crop; see pipeline_resample
};

static const float coordinate_max = PIPELINE_DISPLAY_EDGE_MAX;

struct pipeline_scaler {
    struct pipeline_sampler *sampler;
    struct SwsContext *converter; // to RGB, of formats that the sampler can't read; or NULL
    struct AVFrame *whole;        // what it makes of a frame
    float *crop;                  // around a turned region
    size_t crop_bytes;
};

// A frame that the sampler can read.
struct readable {
    const struct AVFrame *frame;
    const AVPixFmtDescriptor *format;
    struct pipeline_colours colours;
};

struct pipeline_scaler *pipeline_scaler_create(struct mc_error *err)
{
    struct pipeline_scaler *scaler = calloc(1, sizeof *scaler);
    if (scaler != NULL) {
        scaler->whole = av_frame_alloc();
        scaler->sampler = pipeline_sampler_create(err);
    }
    if (scaler == NULL || scaler->whole == NULL || scaler->sampler == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a scaler");
        pipeline_scaler_destroy(scaler);
        return NULL;
    }
    return scaler;
}

void pipeline_scaler_destroy(struct pipeline_scaler *scaler)
{
    if (scaler == NULL) {
        return;
    }
    pipeline_sampler_destroy(scaler->sampler);
    sws_freeContext(scaler->converter);
    av_frame_free(&scaler->whole);
    mc_memory_free(scaler->crop);
    free(scaler);
}

static bool reserve_whole(struct pipeline_scaler *scaler, int width, int height)
{
    struct AVFrame *whole = scaler->whole;
    if (whole->width == width && whole->height == height && whole->data[0] != NULL) {
        return true;
    }
    av_frame_unref(whole);
    whole->format = AV_PIX_FMT_RGB24;
    whole->width = width;
    whole->height = height;
    return av_frame_get_buffer(whole, 0) >= 0;
}

static struct SwsContext *find_converter(struct pipeline_scaler *scaler,
                                         const struct AVFrame *frame, int format,
                                         const struct pipeline_colours *colours)
{
    scaler->converter = sws_getCachedContext(
        scaler->converter, frame->width, frame->height, format, frame->width, frame->height,
        AV_PIX_FMT_RGB24, SWS_BILINEAR | SWS_FULL_CHR_H_INP | SWS_ACCURATE_RND, NULL, NULL, NULL);
    if (scaler->converter != NULL) {
        // Fails for RGB and the like, which have no such details: nothing to set then.
        sws_setColorspaceDetails(scaler->converter, sws_getCoefficients(colours->colorspace),
                                 colours->full_range, sws_getCoefficients(SWS_CS_DEFAULT), 1, 0,
                                 1 << 16, 1 << 16);
    }
    return scaler->converter;
}

// Converts the whole frame to RGB.
static bool convert(struct pipeline_scaler *scaler, int format, struct readable *readable,
                    struct mc_error *err)
{
    const struct AVFrame *frame = readable->frame;
    if (!reserve_whole(scaler, frame->width, frame->height)) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a frame of %dx%d",
                            frame->width, frame->height);
    }
    struct SwsContext *converter = find_converter(scaler, frame, format, &readable->colours);
    if (converter == NULL ||
        sws_scale(converter, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height,
                  scaler->whole->data, scaler->whole->linesize) < 0) {
        return mc_error_set(err, MC_ERROR_MEDIA, 0, "the frame can't be converted to RGB");
    }
    readable->frame = scaler->whole;
    readable->format = av_pix_fmt_desc_get(AV_PIX_FMT_RGB24);
    return true;
}

static bool read_format(struct pipeline_scaler *scaler, const struct AVFrame *frame,
                        struct readable *readable, struct mc_error *err)
{
    int full_range = frame->color_range == AVCOL_RANGE_JPEG;
    const int modern = pipeline_pixel_format_modern(frame->format, &full_range);
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
    if (format == NULL || (format->flags & AV_PIX_FMT_FLAG_HWACCEL) ||
        !sws_isSupportedInput(frame->format) || frame->width <= 0 || frame->height <= 0) {
        return mc_error_set(err, MC_ERROR_MEDIA, 0, "frames of format %s, %dx%d, can't be read",
                            format != NULL ? format->name : "unknown", frame->width, frame->height);
    }
    *readable = (struct readable){
        .frame = frame,
        .format = format,
        .colours = { .colorspace = frame->colorspace == AVCOL_SPC_UNSPECIFIED
                                       ? SWS_CS_DEFAULT
                                       : (int)frame->colorspace,
                     .full_range = full_range != 0 },
    };
    return pipeline_pixel_format_is_direct(format) || convert(scaler, modern, readable, err);
}

static float limit(float value, float low, float high)
{
    return fminf(fmaxf(value, low), high); // low for NaN
}

// The box of the coded frame that holds what the mapping makes of the input. The coded frame's
// axes may be turned from those of the displayed one, and have other scales.
static struct pipeline_box bounding_box(const struct pipeline_mapping *to_coded,
                                        const struct nn_tensor *input)
{
    const float columns = (float)input->width, rows = (float)input->height;
    const struct mc_keypoint middle =
        pipeline_mapping_apply(to_coded, (struct mc_keypoint){ columns / 2, rows / 2, 1 });
    const float width = fabsf(to_coded->xx) * columns + fabsf(to_coded->xy) * rows;
    const float height = fabsf(to_coded->yx) * columns + fabsf(to_coded->yy) * rows;
    return (struct pipeline_box){ middle.x - width / 2, middle.y - height / 2, width, height };
}

static bool is_outside(const struct pipeline_box *box, const struct AVFrame *frame)
{
    return box->x >= (float)frame->width || box->y >= (float)frame->height ||
           box->x + box->width <= 0 || box->y + box->height <= 0;
}

// From the input to the displayed frame, about the region's middle.
static struct pipeline_mapping input_mapping(const struct pipeline_roi *roi,
                                             const struct nn_tensor *input)
{
    const float scale_x = roi->side / (float)input->width;
    const float scale_y = roi->side / (float)input->height;
    const float half = roi->side / 2;
    const float c = cosf(roi->angle), s = sinf(roi->angle);
    return (struct pipeline_mapping){
        .xx = c * scale_x,
        .xy = -s * scale_y,
        .x0 = roi->x + half - (c - s) * half,
        .yx = s * scale_x,
        .yy = c * scale_y,
        .y0 = roi->y + half - (s + c) * half,
    };
}

// Where pixels of the coded frame go in the input: it may be turned and mirrored.
static struct pipeline_target turned_target(const struct pipeline_mapping *to_coded,
                                            const struct nn_tensor *input)
{
    const ptrdiff_t pixel = (ptrdiff_t)input->pixel_stride, row = (ptrdiff_t)input->row_stride;
    const bool sideways = to_coded->xx == 0;
    const float along_x = sideways ? to_coded->xy : to_coded->xx;
    const float along_y = sideways ? to_coded->yx : to_coded->yy;
    const bool from_right = (sideways ? along_y : along_x) < 0;
    const bool from_bottom = (sideways ? along_x : along_y) < 0;
    const ptrdiff_t right = sideways ? row : pixel, down = sideways ? pixel : row;
    return (struct pipeline_target){
        .first = nn_tensor_at(input, from_bottom ? input->height - 1 : 0,
                              from_right ? input->width - 1 : 0),
        .right = along_x < 0 ? -right : right,
        .down = along_y < 0 ? -down : down,
    };
}

static bool run_upright(struct pipeline_scaler *scaler, const struct readable *readable,
                        const struct pipeline_box *box, const struct pipeline_mapping *to_coded,
                        float mean, const struct nn_tensor *input)
{
    const bool sideways = to_coded->xx == 0;
    const struct pipeline_target target = turned_target(to_coded, input);
    return pipeline_sampler_run(scaler->sampler, readable->frame, readable->format,
                                &readable->colours, box, sideways ? input->height : input->width,
                                sideways ? input->width : input->height, mean, &target);
}

static bool reserve_crop(struct pipeline_scaler *scaler, size_t bytes)
{
    if (bytes > scaler->crop_bytes) {
        mc_memory_free(scaler->crop);
        scaler->crop = mc_memory_alloc(bytes);
        scaler->crop_bytes = scaler->crop != NULL ? bytes : 0;
    }
    return scaler->crop != NULL;
}

// By way of an upright crop of the same scale, which is then turned.
static bool run_turned(struct pipeline_scaler *scaler, const struct readable *readable,
                       const struct pipeline_box *box, const struct pipeline_mapping *to_coded,
                       float mean, const struct nn_tensor *input)
{
    const int width = (int)ceilf(box->width / hypotf(to_coded->xx, to_coded->xy));
    const int height = (int)ceilf(box->height / hypotf(to_coded->yx, to_coded->yy));
    const size_t numbers = (size_t)width * (size_t)height * PIXEL_STRIDE;
    if (!reserve_crop(scaler, numbers * sizeof(float))) {
        return false;
    }
    const struct nn_tensor crop = nn_tensor_dense(scaler->crop, height, width, PIXEL_STRIDE);
    const struct pipeline_target target = { scaler->crop, PIXEL_STRIDE,
                                            (ptrdiff_t)crop.row_stride };
    if (!pipeline_sampler_run(scaler->sampler, readable->frame, readable->format,
                              &readable->colours, box, width, height, mean, &target)) {
        return false;
    }
    const struct pipeline_mapping from_crop = { .xx = box->width / (float)width,
                                                .x0 = box->x,
                                                .yy = box->height / (float)height,
                                                .y0 = box->y };
    const struct pipeline_mapping to_crop = pipeline_mapping_inverse(&from_crop);
    const struct pipeline_mapping from_input = pipeline_mapping_then(to_coded, &to_crop);
    pipeline_resample(&crop, &from_input, input);
    return true;
}

bool pipeline_scaler_run(struct pipeline_scaler *scaler, const struct AVFrame *frame,
                         const struct pipeline_display_transform *display,
                         const struct pipeline_roi *roi, float mean, const struct nn_tensor *input,
                         struct pipeline_mapping *mapping, struct mc_error *err)
{
    struct readable readable;
    if (!read_format(scaler, frame, &readable, err)) {
        return false;
    }
    const struct pipeline_roi sane = {
        .x = limit(roi->x, -coordinate_max, coordinate_max),
        .y = limit(roi->y, -coordinate_max, coordinate_max),
        .side = limit(roi->side, SIDE_MIN, coordinate_max),
        .angle = isfinite(roi->angle) ? roi->angle : 0,
    };
    *mapping = input_mapping(&sane, input);
    const struct pipeline_mapping to_coded = pipeline_mapping_then(mapping, &display->to_coded);
    const struct pipeline_box box = bounding_box(&to_coded, input);
    if (is_outside(&box, frame)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "the region lies outside the %dx%d frame",
                            display->width, display->height);
    }
    return (pipeline_mapping_is_axis_aligned(&to_coded)
                ? run_upright(scaler, &readable, &box, &to_coded, mean, input)
                : run_turned(scaler, &readable, &box, &to_coded, mean, input)) ||
           mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a region of interest");
}
