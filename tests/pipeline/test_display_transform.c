#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/frame.h>

#include "pipeline/display_transform.h"

enum { WIDTH = 640, HEIGHT = 480 };

struct fixture {
    AVFormatContext *format;
    AVStream *stream;
    AVFrame *frame;
    int lowres;
    struct pipeline_display_reader reader;
    struct pipeline_display_transform transform;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){ .format = avformat_alloc_context(), .frame = av_frame_alloc() };
    fixture.stream = avformat_new_stream(fixture.format, NULL);
    fixture.frame->width = WIDTH;
    fixture.frame->height = HEIGHT;
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    av_frame_free(&fixture->frame);
    avformat_free_context(fixture->format);
    return 0;
}

static void put_in_frame(struct fixture *fixture, const int32_t matrix[9])
{
    const size_t bytes = 9 * sizeof matrix[0];
    av_frame_remove_side_data(fixture->frame, AV_FRAME_DATA_DISPLAYMATRIX);
    memcpy(av_frame_new_side_data(fixture->frame, AV_FRAME_DATA_DISPLAYMATRIX, bytes)->data, matrix,
           bytes);
}

static void put_in_stream(struct fixture *fixture, const int32_t matrix[9], size_t bytes)
{
    memcpy(av_stream_new_side_data(fixture->stream, AV_PKT_DATA_DISPLAYMATRIX, bytes), matrix,
           bytes);
}

static void read_frame(struct fixture *fixture)
{
    pipeline_display_reader_read(&fixture->reader, fixture->frame, fixture->lowres, fixture->stream,
                                 &fixture->transform);
}

// Where a displayed point lies in the coded frame.
static void assert_maps(const struct fixture *fixture, float x, float y, float coded_x,
                        float coded_y)
{
    const struct mc_keypoint at =
        pipeline_mapping_apply(&fixture->transform.to_coded, (struct mc_keypoint){ x, y, 1 });
    assert_float_equal(at.x, coded_x, 0.01);
    assert_float_equal(at.y, coded_y, 0.01);
}

static bool is_plain(const struct fixture *fixture)
{
    const struct pipeline_display_transform plain = pipeline_display_transform_none(WIDTH, HEIGHT);
    return pipeline_display_transform_equal(&fixture->transform, &plain);
}

static void a_frame_of_which_nothing_is_said_stays_exactly_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    read_frame(fixture);
    assert_true(is_plain(fixture));
}

static void scale_and_shift_of_a_matrix_are_layout(void **state)
{
    struct fixture *fixture = *state;
    const int32_t matrix[9] = { 0, 3 << 16, 0, -(1 << 15), 0, 0, 1000 << 16, -7, 1 << 30 };
    put_in_stream(fixture, matrix, sizeof matrix);
    read_frame(fixture);
    assert_int_equal(fixture->transform.width, HEIGHT);
    assert_int_equal(fixture->transform.height, WIDTH);
    assert_maps(fixture, 0, 0, 0, HEIGHT); // a quarter turn clockwise
    assert_maps(fixture, HEIGHT, 0, 0, 0);
    assert_maps(fixture, HEIGHT, WIDTH, WIDTH, 0);
}

// Records and coordinates have an end: a pixel aspect beyond it counts as square.
static void no_edge_is_stretched_beyond_what_a_record_can_tell(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        int width, height;
        struct AVRational aspect;
        int shown_width, shown_height;
    } cases[] = {
        { 65536, 8, { 16, 1 }, 1 << 20, 8 },    { 65537, 8, { 16, 1 }, 65537, 8 },
        { 262144, 8, { 16, 1 }, 262144, 8 },    { 8, 262144, { 1, 16 }, 8, 262144 },
        { 1 << 20, 12, { 1, 1 }, 1 << 20, 12 }, { 1 << 20, 12, { 1, 2 }, 1 << 20, 24 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture->frame->width = cases[i].width;
        fixture->frame->height = cases[i].height;
        fixture->frame->sample_aspect_ratio = cases[i].aspect;
        read_frame(fixture);
        assert_int_equal(fixture->transform.width, cases[i].shown_width);
        assert_int_equal(fixture->transform.height, cases[i].shown_height);
        assert_maps(fixture, 0, (float)cases[i].shown_height, 0, (float)cases[i].height);
    }
}

static void nonsense_leaves_the_frame_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    static const int32_t matrices[][9] = {
        { 0 },
        { 65536, 65536, 0, 65536, 65536, 0, 0, 0, 1 << 30 }, // both axes are one
        { 65536, 0, 0, 0, 0, 0, 0, 0, 1 << 30 },             // no height
        { 65536, 0, 0, INT32_MIN, 0, 0, 0, 0, 0 },
    };
    static const struct AVRational aspects[] = { { 1, 0 },  { 0, 0 },         { -2, 1 },
                                                 { 1, -2 }, { INT32_MAX, 1 }, { 1, INT32_MAX },
                                                 { 17, 1 } };
    for (size_t i = 0; i < sizeof matrices / sizeof matrices[0]; i++) {
        put_in_frame(fixture, matrices[i]);
        read_frame(fixture);
        assert_true(is_plain(fixture));
    }
    for (size_t i = 0; i < sizeof aspects / sizeof aspects[0]; i++) {
        fixture->frame->sample_aspect_ratio = aspects[i];
        read_frame(fixture);
        assert_true(is_plain(fixture));
    }
}

static void half_a_matrix_is_none(void **state)
{
    struct fixture *fixture = *state;
    const int32_t matrix[9] = { 0, 65536, 0, -65536, 0 };
    put_in_stream(fixture, matrix, 5 * sizeof matrix[0]);
    read_frame(fixture);
    assert_true(is_plain(fixture));
}

static void almost_a_right_angle_is_one(void **state)
{
    struct fixture *fixture = *state;
    int32_t matrix[9];
    for (int quarter = -4; quarter <= 4; quarter++) {
        av_display_rotation_set(matrix, 90.0 * quarter + (quarter % 2 ? 0.9 : -0.9));
        put_in_frame(fixture, matrix);
        read_frame(fixture);
        assert_true(pipeline_mapping_is_axis_aligned(&fixture->transform.to_coded));
        assert_int_equal(fixture->transform.width, quarter % 2 ? HEIGHT : WIDTH);
    }
}

// As ffplay does it: the frame turns about its middle, and keeps its size.
static void other_angles_turn_within_the_frame(void **state)
{
    struct fixture *fixture = *state;
    int32_t matrix[9];
    av_display_rotation_set(matrix, -30);
    put_in_frame(fixture, matrix);
    read_frame(fixture);
    assert_int_equal(fixture->transform.width, WIDTH);
    assert_int_equal(fixture->transform.height, HEIGHT);
    assert_maps(fixture, WIDTH / 2, HEIGHT / 2, WIDTH / 2, HEIGHT / 2);
    const double counterclockwise = av_display_rotation_get(matrix) * 3.14159265 / 180;
    const float c = (float)cos(counterclockwise), s = (float)sin(counterclockwise);
    // What is to the right of the middle when displayed, was turned there.
    assert_maps(fixture, WIDTH / 2 + 100, HEIGHT / 2, WIDTH / 2 + 100 * c, HEIGHT / 2 + 100 * s);
}

static void the_frame_counts_before_the_stream_and_until_the_next_key_frame(void **state)
{
    struct fixture *fixture = *state;
    int32_t sideways[9], flipped[9];
    av_display_rotation_set(sideways, 90);
    av_display_rotation_set(flipped, 0);
    av_display_matrix_flip(flipped, 1, 0);
    put_in_stream(fixture, sideways, sizeof sideways);
    read_frame(fixture);
    assert_int_equal(fixture->transform.width, HEIGHT);
    fixture->frame->key_frame = 1;
    put_in_frame(fixture, flipped);
    read_frame(fixture);
    assert_maps(fixture, 0, 0, WIDTH, 0);
    fixture->frame->key_frame = 0;
    av_frame_remove_side_data(fixture->frame, AV_FRAME_DATA_DISPLAYMATRIX);
    read_frame(fixture);
    assert_maps(fixture, 0, 0, WIDTH, 0);
    fixture->frame->key_frame = 1;
    read_frame(fixture);
    assert_int_equal(fixture->transform.width, HEIGHT);
}

static void a_frame_that_was_reduced_is_displayed_at_its_full_size(void **state)
{
    struct fixture *fixture = *state;
    fixture->lowres = 2;
    read_frame(fixture);
    assert_int_equal(fixture->transform.width, 4 * WIDTH);
    assert_int_equal(fixture->transform.height, 4 * HEIGHT);
    assert_maps(fixture, 4 * WIDTH, HEIGHT, WIDTH, HEIGHT / 4);
}

static void the_containers_pixel_aspect_counts_first(void **state)
{
    struct fixture *fixture = *state;
    fixture->frame->sample_aspect_ratio = (struct AVRational){ 2, 1 };
    read_frame(fixture);
    assert_int_equal(fixture->transform.width, 2 * WIDTH);
    assert_maps(fixture, 2 * WIDTH, HEIGHT, WIDTH, HEIGHT);
    fixture->stream->sample_aspect_ratio = (struct AVRational){ 1, 2 };
    read_frame(fixture);
    assert_int_equal(fixture->transform.width, WIDTH);
    assert_int_equal(fixture->transform.height, 2 * HEIGHT);
    assert_maps(fixture, WIDTH, 2 * HEIGHT, WIDTH, HEIGHT);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        EACH(a_frame_of_which_nothing_is_said_stays_exactly_as_it_is),
        EACH(scale_and_shift_of_a_matrix_are_layout),
        EACH(no_edge_is_stretched_beyond_what_a_record_can_tell),
        EACH(nonsense_leaves_the_frame_as_it_is),
        EACH(half_a_matrix_is_none),
        EACH(almost_a_right_angle_is_one),
        EACH(other_angles_turn_within_the_frame),
        EACH(the_frame_counts_before_the_stream_and_until_the_next_key_frame),
        EACH(a_frame_that_was_reduced_is_displayed_at_its_full_size),
        EACH(the_containers_pixel_aspect_counts_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
