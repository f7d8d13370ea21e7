#include "pipeline/track/scaler.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/frame.h>
#include <libavutil/mem.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "nn/tensor.h"
#include "pipeline/display_transform.h"
#include "pipeline/track/pixel_format.h"
#include "pipeline/track/resample.h"
#include "pipeline/track/sws_cache.h"

enum {
    SIDE_MIN = 8,     // pixels of an edge
    ROW_PADDING = 64, // bytes: swscale writes whole vectors
    COORDINATE_MAX = 1 << 20,
    OVERHANG_SIZES = 32, // of what is visible of a region that hangs over the edge of the frame
};

struct pipeline_scaler {
    struct pipeline_sws_cache sws_cache;
    struct AVFrame *whole; // RGB copy of a frame whose format can't be cropped
    uint8_t *planes;       // the scaled crop: green, blue, red
    size_t planes_bytes;
    float mean;
    float table[256]; // byte to input value, for this mean
    bool table_valid;
};

struct pipeline_scaler *pipeline_scaler_create(struct mc_error *err)
{
    struct pipeline_scaler *scaler = calloc(1, sizeof *scaler);
    if (scaler != NULL) {
        scaler->whole = av_frame_alloc();
    }
    if (scaler == NULL || scaler->whole == NULL) {
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
    pipeline_sws_cache_finish(&scaler->sws_cache);
    av_frame_free(&scaler->whole);
    av_free(scaler->planes);
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

static bool convert_whole(struct pipeline_scaler *scaler, const struct AVFrame *frame,
                          const struct pipeline_conversion *source, struct mc_error *err)
{
    struct pipeline_conversion key = *source;
    key.source_width = key.width = frame->width;
    key.source_height = key.height = frame->height;
    key.format = AV_PIX_FMT_RGB24;
    if (!reserve_whole(scaler, frame->width, frame->height)) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a frame of %dx%d",
                            frame->width, frame->height);
    }
    struct SwsContext *context = pipeline_sws_cache_find(&scaler->sws_cache, &key);
    if (context == NULL ||
        sws_scale(context, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height,
                  scaler->whole->data, scaler->whole->linesize) < 0) {
        return mc_error_set(err, MC_ERROR_MEDIA, 0, "the frame can't be converted to RGB");
    }
    return true;
}

// One axis of the crop: which source pixels are seen, and which pixels of the
// crop they fill.
struct span {
    int begin, end;       // in the source
    int to_begin, to_end; // in the crop
};

// floor(value / step) * step
static int align_down(int value, int step)
{
    return value - ((value % step) + step) % step;
}

// Where a region that extends beyond the frame begins: moved a little inside, so that its
// visible part has one of few sizes, whose contexts are cached. The other end loses pixels
// that only repeated the edge.
static int snap(int begin, int size, int limit, int step)
{
    const int coarse = align_down(size / OVERHANG_SIZES, step);
    const int grid = coarse > step ? coarse : step;
    if (begin < 0 && begin + size < limit) {
        const int shown = align_down(begin + size + grid - 1, grid);
        return begin + size <= 0 || shown >= size ? begin : shown - size;
    }
    if (begin > 0 && begin < limit && begin + size > limit) {
        const int inside = limit - align_down(limit - begin + grid - 1, grid);
        return inside < 0 ? 0 : align_down(inside, step);
    }
    return begin;
}

// From begin, size pixels long, of a frame of limit pixels, to length pixels;
// begin and size are multiples of step. False when nothing of it is inside.
static bool make_span(struct span *span, int begin, int size, int limit, int length)
{
    span->begin = begin < 0 ? 0 : begin;
    span->end = begin + size > limit ? limit : begin + size;
    if (span->begin >= span->end) {
        return false;
    }
    double scale = (double)length / size;
    span->to_begin = (int)lround((span->begin - begin) * scale);
    span->to_end = (int)lround((span->end - begin) * scale);
    if (span->to_begin >= span->to_end) {
        span->to_begin = span->to_begin < length ? span->to_begin : length - 1;
        span->to_end = span->to_begin + 1;
    }
    return true;
}

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static int to_pixel(float value)
{
    return (int)fminf(fmaxf(floorf(value + 0.5f), -COORDINATE_MAX), COORDINATE_MAX);
}

static int to_edge(float value)
{
    const int edge = to_pixel(value);
    return edge < SIDE_MIN ? SIDE_MIN : edge;
}

// A part of the coded frame, pixels.
struct box {
    float x, y, width, height;
};

// The spans of the box that a crop of width x height pixels shows.
static bool make_spans(struct span *across, struct span *down, const struct box *box,
                       const struct AVFrame *frame, const AVPixFmtDescriptor *format, int width,
                       int height)
{
    const int step_x = 1 << format->log2_chroma_w, step_y = 1 << format->log2_chroma_h;
    const int size_x = align_down(to_edge(box->width) + step_x - 1, step_x);
    const int size_y = align_down(to_edge(box->height) + step_y - 1, step_y);
    const int left = snap(align_down(to_pixel(box->x), step_x), size_x, frame->width, step_x);
    const int top = snap(align_down(to_pixel(box->y), step_y), size_y, frame->height, step_y);
    return make_span(across, left, size_x, frame->width, width) &&
           make_span(down, top, size_y, frame->height, height);
}

// The size that the crop is scaled to.
static struct pipeline_rgb make_crop(const struct span *across, const struct span *down)
{
    const int width = across->to_end - across->to_begin;
    return (struct pipeline_rgb){ .width = width,
                                  .height = down->to_end - down->to_begin,
                                  .linesize = (width + ROW_PADDING) / ROW_PADDING * ROW_PADDING };
}

static bool reserve_planes(struct pipeline_scaler *scaler, size_t bytes)
{
    if (bytes > scaler->planes_bytes) {
        av_free(scaler->planes);
        scaler->planes = av_malloc(bytes);
        scaler->planes_bytes = scaler->planes != NULL ? bytes : 0;
    }
    return scaler->planes != NULL;
}

// Into planes, not into pixels of three bytes: for these swscale has vector code.
static bool scale_crop(struct pipeline_scaler *scaler, const struct AVFrame *frame,
                       const AVPixFmtDescriptor *format, const struct span *across,
                       const struct span *down, struct pipeline_conversion key,
                       struct pipeline_rgb *crop, struct mc_error *err)
{
    *crop = make_crop(across, down);
    key.source_width = across->end - across->begin;
    key.source_height = down->end - down->begin;
    key.width = crop->width;
    key.height = crop->height;
    key.format = AV_PIX_FMT_GBRP;
    const size_t plane_bytes = (size_t)crop->linesize * (size_t)crop->height;
    struct SwsContext *context = reserve_planes(scaler, 3 * plane_bytes + ROW_PADDING)
                                     ? pipeline_sws_cache_find(&scaler->sws_cache, &key)
                                     : NULL;
    uint8_t *const to[PIPELINE_PLANES] = { scaler->planes, scaler->planes + plane_bytes,
                                           scaler->planes + 2 * plane_bytes, NULL };
    const int linesizes[PIPELINE_PLANES] = { crop->linesize, crop->linesize, crop->linesize, 0 };
    const uint8_t *planes[PIPELINE_PLANES];
    pipeline_pixel_format_crop(frame, format, across->begin, down->begin, planes);
    if (context == NULL ||
        sws_scale(context, planes, frame->linesize, 0, key.source_height, to, linesizes) < 0) {
        return mc_error_set(err, MC_ERROR_MEDIA, 0, "a crop of %dx%d can't be scaled to %dx%d",
                            key.source_width, key.source_height, key.width, key.height);
    }
    crop->planes[0] = to[2];
    crop->planes[1] = to[0];
    crop->planes[2] = to[1];
    return true;
}

static void make_table(struct pipeline_scaler *scaler, float mean)
{
    if (scaler->table_valid && scaler->mean == mean) {
        return;
    }
    for (int i = 0; i < 256; i++) {
        scaler->table[i] = (float)i / 255.0f - mean;
    }
    scaler->mean = mean;
    scaler->table_valid = true;
}

// Turns and mirrors by a mapping from the input to the crop, from pixel to pixel:
// crop x = xx * x + xy * y + x0.
struct turn {
    int xx, xy, x0;
    int yx, yy, y0;
};

static int sign(float value)
{
    return (value > 0) - (value < 0);
}

static struct turn make_turn(const struct pipeline_mapping *to_coded, int width, int height)
{
    struct turn turn = { .xx = sign(to_coded->xx),
                         .xy = sign(to_coded->xy),
                         .yx = sign(to_coded->yx),
                         .yy = sign(to_coded->yy) };
    turn.x0 = turn.xx + turn.xy < 0 ? width : 0;
    turn.y0 = turn.yx + turn.yy < 0 ? height : 0;
    return turn;
}

// Pixel indices count from the pixel's corner: going backwards starts one lower.
static int turned(int a, int b, int offset, int x, int y)
{
    return a * x + b * y + offset - (a + b < 0);
}

static void fill_input(const struct pipeline_rgb *crop, const float *table,
                       const struct span *across, const struct span *down, const struct turn *turn,
                       const struct nn_tensor *input)
{
    for (int y = 0; y < input->height; y++) {
        float *to = nn_tensor_at(input, y, 0);
        for (int x = 0; x < input->width; x++, to += input->pixel_stride) {
            int crop_x = turned(turn->xx, turn->xy, turn->x0, x, y) - across->to_begin;
            int crop_y = turned(turn->yx, turn->yy, turn->y0, x, y) - down->to_begin;
            const ptrdiff_t at = (ptrdiff_t)clamp(crop_y, 0, crop->height - 1) * crop->linesize +
                                 clamp(crop_x, 0, crop->width - 1);
            to[0] = table[crop->planes[0][at]];
            to[1] = table[crop->planes[1][at]];
            to[2] = table[crop->planes[2][at]];
        }
    }
}

static struct pipeline_mapping make_mapping(const struct span *across, const struct span *down,
                                            const struct turn *turn)
{
    float scale_x =
        (float)(across->end - across->begin) / (float)(across->to_end - across->to_begin);
    float scale_y = (float)(down->end - down->begin) / (float)(down->to_end - down->to_begin);
    return (struct pipeline_mapping){
        .xx = scale_x * (float)turn->xx,
        .xy = scale_x * (float)turn->xy,
        .x0 = scale_x * (float)(turn->x0 - across->to_begin) + (float)across->begin,
        .yx = scale_y * (float)turn->yx,
        .yy = scale_y * (float)turn->yy,
        .y0 = scale_y * (float)(turn->y0 - down->to_begin) + (float)down->begin,
    };
}

// Edge of the upright square that contains a rotated one at any angle, so that sizes, and
// with them the cached contexts, stay the same while a head turns.
static const float around = 1.41421356f;

// The box of the coded frame that holds the region. The coded frame's axes may be turned
// from those of the displayed one, and have other scales.
static struct box coded_box(const struct pipeline_roi *roi, bool turned,
                            const struct pipeline_mapping *to_coded)
{
    if (!turned && pipeline_mapping_is_identity(to_coded)) { // without the rounding of the rest
        return (struct box){ roi->x, roi->y, roi->side, roi->side };
    }
    const float half = roi->side / 2, side = turned ? around * roi->side : roi->side;
    const struct mc_keypoint middle =
        pipeline_mapping_apply(to_coded, (struct mc_keypoint){ roi->x + half, roi->y + half, 1 });
    const float width = side * hypotf(to_coded->xx, to_coded->xy);
    const float height = side * hypotf(to_coded->yx, to_coded->yy);
    return (struct box){ middle.x - width / 2, middle.y - height / 2, width, height };
}

// From the input to the displayed frame, about the region's middle.
static struct pipeline_mapping turned_mapping(const struct pipeline_roi *roi,
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

// Reads the input from the scaled crop, through the mapping to the coded frame.
static void fill_turned(const struct pipeline_rgb *crop, const float *table,
                        const struct span *across, const struct span *down,
                        const struct pipeline_mapping *to_coded, const struct nn_tensor *input)
{
    // The crop begins at the spans' to_begin, so without it the plain mapping is the crop's own.
    const struct span x = { across->begin, across->end, 0, across->to_end - across->to_begin };
    const struct span y = { down->begin, down->end, 0, down->to_end - down->to_begin };
    const struct turn none = { 1, 0, 0, 0, 1, 0 };
    const struct pipeline_mapping from_crop = make_mapping(&x, &y, &none);
    const struct pipeline_mapping to_crop = pipeline_mapping_inverse(&from_crop);
    const struct pipeline_mapping from_input = pipeline_mapping_then(to_coded, &to_crop);
    pipeline_resample(crop, &from_input, table, input);
}

static bool read_format(const struct AVFrame *frame, struct pipeline_conversion *key,
                        const AVPixFmtDescriptor **format, struct mc_error *err)
{
    *format = av_pix_fmt_desc_get(frame->format);
    *key = (struct pipeline_conversion){
        .colorspace =
            frame->colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT : (int)frame->colorspace,
        .full_range = frame->color_range == AVCOL_RANGE_JPEG,
    };
    key->source_format = pipeline_pixel_format_modern(frame->format, &key->full_range);
    if (*format == NULL || ((*format)->flags & AV_PIX_FMT_FLAG_HWACCEL) ||
        !sws_isSupportedInput(frame->format) || frame->width <= 0 || frame->height <= 0) {
        return mc_error_set(err, MC_ERROR_MEDIA, 0, "frames of format %s, %dx%d, can't be read",
                            *format != NULL ? (*format)->name : "unknown", frame->width,
                            frame->height);
    }
    return true;
}

// For regions along the frame's axes: pixels are only moved.
static void fill_upright(const struct pipeline_scaler *scaler, const struct pipeline_rgb *crop,
                         const struct span *across, const struct span *down,
                         const struct turn *turn, const struct pipeline_mapping *to_coded,
                         const struct nn_tensor *input, struct pipeline_mapping *mapping)
{
    fill_input(crop, scaler->table, across, down, turn, input);
    *mapping = make_mapping(across, down, turn);
    if (!pipeline_mapping_is_identity(to_coded)) {
        const struct pipeline_mapping to_display = pipeline_mapping_inverse(to_coded);
        *mapping = pipeline_mapping_then(mapping, &to_display);
    }
}

bool pipeline_scaler_run(struct pipeline_scaler *scaler, const struct AVFrame *frame,
                         const struct pipeline_display_transform *display,
                         const struct pipeline_roi *roi, float mean, const struct nn_tensor *input,
                         struct pipeline_mapping *mapping, struct mc_error *err)
{
    struct pipeline_conversion key;
    const AVPixFmtDescriptor *format;
    if (!read_format(frame, &key, &format, err)) {
        return false;
    }
    const struct pipeline_mapping *to_coded = &display->to_coded;
    const bool turned = roi->angle != 0 || !pipeline_mapping_is_axis_aligned(to_coded);
    const struct box box = coded_box(roi, turned, to_coded);
    const bool sideways = to_coded->xx == 0;
    int width = sideways ? input->height : input->width;
    int height = sideways ? input->width : input->height;
    if (turned) {
        width = height = (int)ceilf((float)(width > height ? width : height) * around);
    }
    struct span across, down;
    const AVPixFmtDescriptor *rgb = av_pix_fmt_desc_get(AV_PIX_FMT_RGB24);
    const AVPixFmtDescriptor *cropped = pipeline_pixel_format_can_crop(format) ? format : rgb;
    if (!make_spans(&across, &down, &box, frame, cropped, width, height)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "the region lies outside the %dx%d frame",
                            display->width, display->height);
    }
    if (cropped != format) {
        if (!convert_whole(scaler, frame, &key, err)) {
            return false;
        }
        frame = scaler->whole;
        key.source_format = AV_PIX_FMT_RGB24;
        key.full_range = 1;
    }
    struct pipeline_rgb crop;
    if (!scale_crop(scaler, frame, cropped, &across, &down, key, &crop, err)) {
        return false;
    }
    make_table(scaler, mean);
    if (turned) {
        *mapping = turned_mapping(roi, input);
        const struct pipeline_mapping input_to_coded = pipeline_mapping_then(mapping, to_coded);
        fill_turned(&crop, scaler->table, &across, &down, &input_to_coded, input);
    } else {
        const struct turn turn = make_turn(to_coded, width, height);
        fill_upright(scaler, &crop, &across, &down, &turn, to_coded, input, mapping);
    }
    return true;
}
