#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "base/memory.h"
#include "nn/tensor.h"
#include "pipeline/display_transform.h"
#include "pipeline/track/locator.h"
#include "pipeline/track/scaler.h"
#include "tests/larger.h"

enum { WIDTH = 320, HEIGHT = 240, EDGE = 64 };

// A smooth image in which each position has its own colour.
static void colour_at(double x, double y, double rgb[3])
{
    rgb[0] = 30 + 190 * x / WIDTH;
    rgb[1] = 30 + 190 * y / HEIGHT;
    rgb[2] = 220 - 95 * x / WIDTH - 95 * y / HEIGHT;
}

static AVFrame *make_frame(enum AVPixelFormat format)
{
    AVFrame *rgb = av_frame_alloc(), *frame = av_frame_alloc();
    rgb->format = AV_PIX_FMT_RGB24;
    frame->format = format;
    rgb->width = frame->width = WIDTH;
    rgb->height = frame->height = HEIGHT;
    assert_int_equal(av_frame_get_buffer(rgb, 0), 0);
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            double colour[3];
            colour_at(x + 0.5, y + 0.5, colour);
            for (int c = 0; c < 3; c++) {
                rgb->data[0][y * rgb->linesize[0] + x * 3 + c] = (uint8_t)lround(colour[c]);
            }
        }
    }
    struct SwsContext *converter =
        sws_getContext(WIDTH, HEIGHT, AV_PIX_FMT_RGB24, WIDTH, HEIGHT, format,
                       SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, NULL, NULL, NULL);
    assert_non_null(converter);
    sws_scale(converter, (const uint8_t *const *)rgb->data, rgb->linesize, 0, HEIGHT, frame->data,
              frame->linesize);
    sws_freeContext(converter);
    av_frame_free(&rgb);
    return frame;
}

struct fixture {
    struct pipeline_scaler *scaler;
    struct nn_tensor input;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.scaler = pipeline_scaler_create(NULL);
    fixture.input =
        nn_tensor_dense(mc_memory_alloc(EDGE * EDGE * 3 * sizeof(float)), EDGE, EDGE, 3);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    pipeline_scaler_destroy(fixture->scaler);
    mc_memory_free(fixture->input.data);
    return 0;
}

// One of the eight orientations, of pixels that are aspect times as wide as high: bit 0
// makes x and y change places, then bits 1 and 2 mirror x and y.
static struct pipeline_display_transform make_display(int orientation, float aspect)
{
    const float sign_x = orientation & 2 ? -1 : 1, sign_y = orientation & 4 ? -1 : 1;
    const int width = (int)(WIDTH * aspect), height = HEIGHT;
    if (orientation & 1) { // coded x is displayed y
        return (struct pipeline_display_transform){
            .width = height,
            .height = width,
            .to_coded = { .xy = sign_x / aspect,
                          .x0 = sign_x < 0 ? WIDTH : 0,
                          .yx = sign_y,
                          .y0 = sign_y < 0 ? HEIGHT : 0 },
        };
    }
    return (struct pipeline_display_transform){
        .width = width,
        .height = height,
        .to_coded = { .xx = sign_x / aspect,
                      .x0 = sign_x < 0 ? WIDTH : 0,
                      .yy = sign_y,
                      .y0 = sign_y < 0 ? HEIGHT : 0 },
    };
}

enum { ORIENTATIONS = 8 };

static const struct pipeline_display_transform plain = { WIDTH, HEIGHT, { .xx = 1, .yy = 1 } };

// The largest difference, in steps of a byte, between the input's pixels and
// the frame at the positions that the mapping gives.
static double worst_difference(const struct nn_tensor *input,
                               const struct pipeline_display_transform *display,
                               const struct pipeline_mapping *mapping, float mean)
{
    double worst = 0;
    for (int y = 0; y < EDGE; y++) {
        for (int x = 0; x < EDGE; x++) {
            struct mc_keypoint at = pipeline_mapping_apply(
                mapping, (struct mc_keypoint){ (float)x + 0.5f, (float)y + 0.5f, 1 });
            at = pipeline_mapping_apply(&display->to_coded, at);
            if (at.x < 1 || at.x > WIDTH - 1 || at.y < 1 || at.y > HEIGHT - 1) {
                continue;
            }
            double want[3];
            colour_at(at.x, at.y, want);
            for (int c = 0; c < 3; c++) {
                double got = ((double)nn_tensor_at(input, y, x)[c] + (double)mean) * 255;
                worst = test_larger(worst, fabs(got - want[c]));
            }
        }
    }
    return worst;
}

// A pixel that lay one off would differ by 2.4 per source pixel and more for
// small rois; what remains is the rounding of formats to 8 bits and less.
static void check_format(struct fixture *fixture, enum AVPixelFormat format, double bound)
{
    static const struct pipeline_roi rois[] = {
        { 0, 0, 240, 0 },     { 81, 33, 100, 0 },   { 100.4f, 60.7f, 64, 0 }, { 17, 19, 37, 0 },
        { -40, -25, 200, 0 }, { 203, 111, 190, 0 }, { -60, -90, 420, 0 },
    };
    AVFrame *frame = make_frame(format);
    for (size_t i = 0; i < sizeof rois / sizeof rois[0]; i++) {
        for (int turns = 0; turns < 2 * ORIENTATIONS; turns++) {
            const struct pipeline_display_transform display =
                make_display(turns, turns < ORIENTATIONS ? 1 : 1.5f);
            struct pipeline_mapping mapping;
            struct mc_error err = { 0 };
            bool run = pipeline_scaler_run(fixture->scaler, frame, &display, &rois[i], 0.5f,
                                           &fixture->input, &mapping, &err);
            assert_string_equal(err.message, "");
            assert_true(run);
            double worst = worst_difference(&fixture->input, &display, &mapping, 0.5f);
            if (!(worst <= bound)) {
                print_error("%s, region %zu, orientation %d: off by %g\n",
                            av_get_pix_fmt_name(format), i, turns, worst);
                fail();
            }
        }
    }
    av_frame_free(&frame);
}

static void pixels_lie_where_the_mapping_says_in_any_format(void **state)
{
    check_format(*state, AV_PIX_FMT_RGB24, 1.6);
    check_format(*state, AV_PIX_FMT_BGRA, 1.6);
    check_format(*state, AV_PIX_FMT_GBRP, 1.6);
    check_format(*state, AV_PIX_FMT_YUV444P, 3.5);
    check_format(*state, AV_PIX_FMT_YUV420P, 4.5);
    check_format(*state, AV_PIX_FMT_YUV422P, 4.5);
    check_format(*state, AV_PIX_FMT_YUV420P10, 4.5);
    check_format(*state, AV_PIX_FMT_NV12, 4.5);
    check_format(*state, AV_PIX_FMT_YUYV422, 4.5);
    check_format(*state, AV_PIX_FMT_UYVY422, 4.5);
    check_format(*state, AV_PIX_FMT_YUV410P, 9);
    check_format(*state, AV_PIX_FMT_RGB565, 12); // five bits: steps of 8
}

// The mapping leads to the displayed frame, and so is the same for all orientations.
static void the_input_is_the_displayed_region(void **state)
{
    struct fixture *fixture = *state;
    AVFrame *frame = make_frame(AV_PIX_FMT_RGB24);
    const struct pipeline_roi roi = { 60, 40, 128, 0 };
    for (int i = 0; i < 2 * ORIENTATIONS; i++) {
        const struct pipeline_display_transform display = make_display(i, i < ORIENTATIONS ? 1 : 2);
        struct pipeline_mapping mapping;
        assert_true(pipeline_scaler_run(fixture->scaler, frame, &display, &roi, 0, &fixture->input,
                                        &mapping, NULL));
        struct mc_keypoint corner =
            pipeline_mapping_apply(&mapping, (struct mc_keypoint){ 0, 0, 0.25f });
        assert_float_equal(corner.x, 60, 1e-3);
        assert_float_equal(corner.y, 40, 1e-3);
        assert_float_equal(corner.c, 0.25f, 0);
        corner = pipeline_mapping_apply(&mapping, (struct mc_keypoint){ EDGE, EDGE, 1 });
        assert_float_equal(corner.x, 188, 1e-3);
        assert_float_equal(corner.y, 168, 1e-3);
    }
    av_frame_free(&frame);
}

// As of a display matrix of 30 degrees: there are no rows and columns to copy.
static void a_frame_may_be_displayed_at_any_angle(void **state)
{
    struct fixture *fixture = *state;
    AVFrame *frame = make_frame(AV_PIX_FMT_YUV420P);
    const float c = cosf(0.5f), s = sinf(0.5f);
    const struct pipeline_display_transform display = {
        WIDTH, HEIGHT, { c, s, 160 - 160 * c - 120 * s, -s, c, 120 + 160 * s - 120 * c }
    };
    static const struct pipeline_roi rois[] = { { 100, 60, 128, 0 }, { 150, 90, 90, 0.8f } };
    for (size_t i = 0; i < sizeof rois / sizeof rois[0]; i++) {
        struct pipeline_mapping mapping;
        assert_true(pipeline_scaler_run(fixture->scaler, frame, &display, &rois[i], 0.5f,
                                        &fixture->input, &mapping, NULL));
        assert_true(worst_difference(&fixture->input, &display, &mapping, 0.5f) <= 4.5);
    }
    av_frame_free(&frame);
}

// Pixels lie where the mapping says, and the mapping turns about the middle.
static void a_region_may_be_turned(void **state)
{
    struct fixture *fixture = *state;
    static const float angles[] = { 0.1f, -0.7f, 1.2f, -3 };
    static const enum AVPixelFormat formats[] = { AV_PIX_FMT_RGB24, AV_PIX_FMT_YUV420P,
                                                  AV_PIX_FMT_YUYV422 };
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
        AVFrame *frame = make_frame(formats[f]);
        for (size_t i = 0; i < ORIENTATIONS * sizeof angles / sizeof angles[0]; i++) {
            const float angle = angles[i / ORIENTATIONS];
            const struct pipeline_display_transform display =
                make_display((int)i % ORIENTATIONS, 1);
            const struct pipeline_roi rois[] = { { 81, 33, 100, angle },
                                                 { 17.3f, 19.9f, 37, angle },
                                                 { -30, 120, 150, angle } };
            for (size_t k = 0; k < sizeof rois / sizeof rois[0]; k++) {
                struct pipeline_mapping mapping;
                assert_true(pipeline_scaler_run(fixture->scaler, frame, &display, &rois[k], 0.5f,
                                                &fixture->input, &mapping, NULL));
                const double bound = formats[f] == AV_PIX_FMT_RGB24 ? 1.6 : 4.5;
                assert_true(worst_difference(&fixture->input, &display, &mapping, 0.5f) <= bound);
                const float half = rois[k].side / 2;
                struct mc_keypoint right = pipeline_mapping_apply(
                    &mapping, (struct mc_keypoint){ EDGE, (float)EDGE / 2, 1 });
                assert_float_equal(right.x, rois[k].x + half + half * cosf(angle), 1e-3);
                assert_float_equal(right.y, rois[k].y + half + half * sinf(angle), 1e-3);
            }
        }
        av_frame_free(&frame);
    }
}

static void what_lies_outside_repeats_the_edge(void **state)
{
    struct fixture *fixture = *state;
    AVFrame *frame = make_frame(AV_PIX_FMT_RGB24);
    struct pipeline_mapping mapping;
    const struct pipeline_roi roi = { -64, 0, 128, 0 };
    assert_true(pipeline_scaler_run(fixture->scaler, frame, &plain, &roi, 0, &fixture->input,
                                    &mapping, NULL));
    const uint8_t *edge = frame->data[0] + (ptrdiff_t)40 * frame->linesize[0];
    for (int c = 0; c < 3; c++) {
        const float seen = (float)(edge[c] + edge[frame->linesize[0] + c]) / 2 / 255;
        for (int x = 0; x < EDGE / 2; x++) {
            assert_float_equal(nn_tensor_at(&fixture->input, 20, x)[c], seen, 1e-5);
        }
    }
    av_frame_free(&frame);
}

// A region that moves by a fraction of a pixel, inside or over the edge, is where it was asked for.
static void a_region_lies_exactly_where_it_was_asked_for(void **state)
{
    struct fixture *fixture = *state;
    AVFrame *frame = make_frame(AV_PIX_FMT_YUV420P);
    for (int i = 0; i < 200; i++) {
        const struct pipeline_roi roi = { -100 + 1.7f * (float)i, 20.3f, 120 + 0.3f * (float)i, 0 };
        struct pipeline_mapping mapping;
        assert_true(pipeline_scaler_run(fixture->scaler, frame, &plain, &roi, 0.5f, &fixture->input,
                                        &mapping, NULL));
        assert_float_equal(mapping.x0, roi.x, 1e-4);
        assert_float_equal(mapping.y0, roi.y, 1e-4);
        assert_float_equal(mapping.xx * EDGE, roi.side, 1e-4);
        assert_true(worst_difference(&fixture->input, &plain, &mapping, 0.5f) <= 4.5);
    }
    av_frame_free(&frame);
}

// Noise over large shapes, in each of the format's planes.
static AVFrame *make_noise(enum AVPixelFormat format, int width, int height)
{
    AVFrame *frame = av_frame_alloc();
    frame->format = format;
    frame->width = width;
    frame->height = height;
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    const AVPixFmtDescriptor *described = av_pix_fmt_desc_get(format);
    unsigned seed = 1;
    for (int plane = 0; plane < 4 && frame->data[plane] != NULL; plane++) {
        const bool chroma = plane > 0 && !(described->flags & AV_PIX_FMT_FLAG_RGB);
        const int rows = chroma ? -(-height >> described->log2_chroma_h) : height;
        for (int y = 0; y < rows; y++) {
            for (int x = 0; x < frame->linesize[plane]; x++) {
                seed = seed * 1664525 + 1013904223;
                const int shape = (x / 24 + y / 24 + plane) % 3 * 60;
                frame->data[plane][y * frame->linesize[plane] + x] =
                    (uint8_t)(40 + shape + (int)(seed >> 28));
            }
        }
    }
    return frame;
}

// The whole frame, scaled by swscale, into bytes of width x height pixels.
static void scale_by_swscale(const AVFrame *frame, int format, int width, int height, bool full,
                             uint8_t *rgb)
{
    const bool shrinks = width < frame->width;
    struct SwsContext *context =
        sws_getContext(frame->width, frame->height, format, width, height, AV_PIX_FMT_RGB24,
                       (shrinks ? SWS_AREA : SWS_BILINEAR) | SWS_FULL_CHR_H_INT |
                           SWS_FULL_CHR_H_INP | SWS_ACCURATE_RND,
                       NULL, NULL, NULL);
    assert_non_null(context);
    const int space =
        frame->colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT : (int)frame->colorspace;
    sws_setColorspaceDetails(context, sws_getCoefficients(space), full,
                             sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
    uint8_t *const to[] = { rgb, NULL, NULL, NULL };
    assert_true(sws_scale(context, (const uint8_t *const *)frame->data, frame->linesize, 0,
                          frame->height, to, (const int[]){ 3 * width, 0, 0, 0 }) > 0);
    sws_freeContext(context);
}

// The mean and the largest difference from swscale's result, in steps of a byte; away from the
// edges, where swscale's filters are cut off.
static void compare_with_swscale(struct fixture *fixture, const AVFrame *frame, int format,
                                 bool full, double *mean, double *worst)
{
    static uint8_t rgb[EDGE * EDGE * 3];
    const struct pipeline_display_transform display = { frame->width,
                                                        frame->height,
                                                        { .xx = 1, .yy = 1 } };
    const struct pipeline_roi roi = { 0, 0, (float)frame->width, 0 };
    struct pipeline_mapping mapping;
    struct mc_error err = { 0 };
    if (!pipeline_scaler_run(fixture->scaler, frame, &display, &roi, 0, &fixture->input, &mapping,
                             &err)) {
        fail_msg("%s", err.message);
    }
    scale_by_swscale(frame, format, EDGE, EDGE, full, rgb);
    *mean = *worst = 0;
    for (int y = 2; y < EDGE - 2; y++) {
        for (int x = 2; x < EDGE - 2; x++) {
            for (int c = 0; c < 3; c++) {
                const double got = 255 * (double)nn_tensor_at(&fixture->input, y, x)[c];
                const double off = fabs(got - rgb[(y * EDGE + x) * 3 + c]);
                *mean += off / ((EDGE - 4) * (EDGE - 4) * 3);
                *worst = test_larger(*worst, off);
            }
        }
    }
}

// Up to the rounding of bytes, which swscale does between its stages, too; and it takes RGB through
// YUV. The edges are multiples of four, because swscale stretches chroma that stands for part of a
// pixel more.
static void pixels_are_swscales(void **state)
{
    static const struct {
        enum AVPixelFormat format, modern;
        enum AVColorRange range;
        enum AVColorSpace space;
    } cases[] = {
        { AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P, AVCOL_RANGE_MPEG, AVCOL_SPC_UNSPECIFIED },
        { AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P, AVCOL_RANGE_MPEG, AVCOL_SPC_BT709 },
        { AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P, AVCOL_RANGE_JPEG, AVCOL_SPC_BT2020_NCL },
        { AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P, AVCOL_RANGE_JPEG, AVCOL_SPC_SMPTE240M },
        { AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV420P, AVCOL_RANGE_JPEG, AVCOL_SPC_BT470BG },
        { AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUV422P, AVCOL_RANGE_JPEG, AVCOL_SPC_UNSPECIFIED },
        { AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUV444P, AVCOL_RANGE_MPEG, AVCOL_SPC_UNSPECIFIED },
        { AV_PIX_FMT_YUV440P, AV_PIX_FMT_YUV440P, AVCOL_RANGE_MPEG, AVCOL_SPC_UNSPECIFIED },
        { AV_PIX_FMT_YUV411P, AV_PIX_FMT_YUV411P, AVCOL_RANGE_MPEG, AVCOL_SPC_UNSPECIFIED },
        { AV_PIX_FMT_NV12, AV_PIX_FMT_NV12, AVCOL_RANGE_MPEG, AVCOL_SPC_UNSPECIFIED },
        { AV_PIX_FMT_NV21, AV_PIX_FMT_NV21, AVCOL_RANGE_MPEG, AVCOL_SPC_UNSPECIFIED },
        { AV_PIX_FMT_YUYV422, AV_PIX_FMT_YUYV422, AVCOL_RANGE_MPEG, AVCOL_SPC_UNSPECIFIED },
        { AV_PIX_FMT_UYVY422, AV_PIX_FMT_UYVY422, AVCOL_RANGE_MPEG, AVCOL_SPC_UNSPECIFIED },
        { AV_PIX_FMT_YVYU422, AV_PIX_FMT_YVYU422, AVCOL_RANGE_MPEG, AVCOL_SPC_UNSPECIFIED },
        { AV_PIX_FMT_GRAY8, AV_PIX_FMT_GRAY8, AVCOL_RANGE_MPEG, AVCOL_SPC_UNSPECIFIED },
        { AV_PIX_FMT_GRAY8, AV_PIX_FMT_GRAY8, AVCOL_RANGE_JPEG, AVCOL_SPC_UNSPECIFIED },
        { AV_PIX_FMT_RGB24, AV_PIX_FMT_RGB24, AVCOL_RANGE_UNSPECIFIED, AVCOL_SPC_RGB },
        { AV_PIX_FMT_BGR0, AV_PIX_FMT_BGR0, AVCOL_RANGE_UNSPECIFIED, AVCOL_SPC_RGB },
    };
    static const int edges[] = { 4 * EDGE, 3 * EDGE + 4, EDGE / 2 + 4 };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t k = 0; k < sizeof edges / sizeof edges[0]; k++) {
            AVFrame *frame = make_noise(cases[i].format, edges[k], edges[k]);
            frame->color_range = cases[i].range;
            frame->colorspace = cases[i].space;
            double mean, worst;
            compare_with_swscale(*state, frame, cases[i].modern, cases[i].range == AVCOL_RANGE_JPEG,
                                 &mean, &worst);
            const bool is_rgb = cases[i].space == AVCOL_SPC_RGB;
            if (!(mean <= (is_rgb ? 0.5 : 0.3) && worst <= (is_rgb ? 2.5 : 1.5))) {
                fail_msg("%s, case %zu, %d pixels: off by %g, at worst %g",
                         av_get_pix_fmt_name(cases[i].format), i, edges[k], mean, worst);
            }
            av_frame_free(&frame);
        }
    }
}

static void the_range_of_the_frame_counts(void **state)
{
    struct fixture *fixture = *state;
    AVFrame *frame = make_frame(AV_PIX_FMT_YUV420P);
    const struct pipeline_roi roi = { 0, 0, 64, 0 };
    static const struct {
        enum AVColorRange range;
        enum AVPixelFormat format;
        float black;
    } cases[] = {
        { AVCOL_RANGE_MPEG, AV_PIX_FMT_YUV420P, 0 },
        { AVCOL_RANGE_JPEG, AV_PIX_FMT_YUV420P, 16 / 255.0f },
        { AVCOL_RANGE_UNSPECIFIED, AV_PIX_FMT_YUVJ420P, 16 / 255.0f },
    };
    for (int plane = 0; plane < 3; plane++) {
        memset(frame->data[plane], plane == 0 ? 16 : 128,
               (size_t)frame->linesize[plane] * (plane == 0 ? HEIGHT : HEIGHT / 2));
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pipeline_mapping mapping;
        frame->color_range = cases[i].range;
        frame->format = cases[i].format;
        assert_true(pipeline_scaler_run(fixture->scaler, frame, &plain, &roi, 0, &fixture->input,
                                        &mapping, NULL));
        assert_float_equal(*nn_tensor_at(&fixture->input, 9, 9), cases[i].black, 1.1 / 255);
    }
    av_frame_free(&frame);
}

static void a_region_outside_and_an_unreadable_format_are_errors(void **state)
{
    struct fixture *fixture = *state;
    AVFrame *frame = make_frame(AV_PIX_FMT_RGB24);
    struct pipeline_mapping mapping;
    struct mc_error err;
    const struct pipeline_roi outside = { WIDTH, 0, 50, 0 }, huge = { -1e30f, NAN, INFINITY, NAN };
    assert_false(pipeline_scaler_run(fixture->scaler, frame, &plain, &outside, 0, &fixture->input,
                                     &mapping, &err));
    assert_string_equal(err.message, "the region lies outside the 320x240 frame");
    (void)pipeline_scaler_run(fixture->scaler, frame, &plain, &huge, 0, &fixture->input, &mapping,
                              &err);
    frame->format = AV_PIX_FMT_VAAPI;
    assert_false(pipeline_scaler_run(fixture->scaler, frame, &plain, &outside, 0, &fixture->input,
                                     &mapping, &err));
    assert_int_equal(err.code, MC_ERROR_MEDIA);
    frame->format = AV_PIX_FMT_RGB24;
    av_frame_free(&frame);
}

// A quarter turn, and twice the size: right in the region is down in the frame.
static void jacobians_turn_with_the_frame(void **state)
{
    (void)state;
    const struct pipeline_mapping mapping = { .xx = 0, .xy = -2, .yx = 2, .yy = 0 };
    const float identity[4] = { 1, 0, 0, 1 }, other[4] = { 1, 2, 3, 4 };
    const float wanted[2][4] = { { 0, -1, 1, 0 }, { -3, -4, 1, 2 } };
    float turned[4];
    pipeline_mapping_turn(&mapping, identity, turned);
    assert_memory_equal(turned, wanted[0], sizeof turned);
    pipeline_mapping_turn(&mapping, other, turned);
    assert_memory_equal(turned, wanted[1], sizeof turned);
}

// Every view that the locator takes of the longest frame there may be, however it lies.
static void the_longest_frame_can_be_searched(void **state)
{
    struct fixture *fixture = *state;
    for (int upright = 0; upright < 2; upright++) {
        AVFrame *frame = av_frame_alloc();
        frame->format = AV_PIX_FMT_GRAY8;
        frame->width = upright ? 16 : PIPELINE_DISPLAY_EDGE_MAX;
        frame->height = upright ? PIPELINE_DISPLAY_EDGE_MAX : 16;
        assert_int_equal(av_frame_get_buffer(frame, 0), 0);
        memset(frame->data[0], 200, (size_t)frame->linesize[0] * (size_t)frame->height);
        const struct pipeline_display_transform display =
            pipeline_display_transform_none(frame->width, frame->height);
        struct pipeline_roi roi;
        for (int i = 0; pipeline_locator_view(i, frame->width, frame->height, &roi);
             i = i == 0 ? 1 : i * 3) {
            struct mc_error err = { 0 };
            struct pipeline_mapping mapping;
            if (!pipeline_scaler_run(fixture->scaler, frame, &display, &roi, 0.5f, &fixture->input,
                                     &mapping, &err)) {
                fail_msg("view %d: %s", i, err.message);
            }
            assert_true(fabsf(mapping.x0 - roi.x) < 0.5f && fabsf(mapping.y0 - roi.y) < 0.5f);
        }
        av_frame_free(&frame);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_frame_can_be_searched),
        cmocka_unit_test(pixels_lie_where_the_mapping_says_in_any_format),
        cmocka_unit_test(the_input_is_the_displayed_region),
        cmocka_unit_test(a_frame_may_be_displayed_at_any_angle),
        cmocka_unit_test(a_region_may_be_turned),
        cmocka_unit_test(what_lies_outside_repeats_the_edge),
        cmocka_unit_test(a_region_lies_exactly_where_it_was_asked_for),
        cmocka_unit_test(pixels_are_swscales),
        cmocka_unit_test(the_range_of_the_frame_counts),
        cmocka_unit_test(a_region_outside_and_an_unreadable_format_are_errors),
        cmocka_unit_test(jacobians_turn_with_the_frame),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
