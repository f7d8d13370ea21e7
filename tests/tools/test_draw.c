#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/record.h"
#include "tools/mocapctl/draw.h"

enum { WIDTH = 64, HEIGHT = 48, ROW = WIDTH * 3 + 8 };

static uint8_t bytes[ROW * HEIGHT];
static const struct mocapctl_canvas canvas = { bytes, WIDTH, HEIGHT, ROW };
static const struct mocapctl_colour white = { 255, 255, 255 };

static int red_at(int x, int y)
{
    return bytes[y * ROW + x * 3];
}

static int lit_pixels(void)
{
    int count = 0;
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            count += red_at(x, y) > 0;
        }
    }
    return count;
}

static int clear(void **state)
{
    (void)state;
    memset(bytes, 0, sizeof bytes);
    return 0;
}

static void a_disc_is_where_it_should_be(void **state)
{
    (void)state;
    mocapctl_draw_disc(&canvas, 20.5f, 10.5f, 2, white);
    assert_int_equal(red_at(20, 10), 255);
    assert_int_equal(red_at(22, 10), 128); // half covered
    assert_int_equal(red_at(24, 10), 0);
    assert_int_equal(red_at(20, 14), 0);
}

static void a_line_joins_its_ends(void **state)
{
    (void)state;
    mocapctl_draw_line(&canvas, 5, 5.5f, 40, 5.5f, 1, white);
    for (int x = 5; x < 40; x++) {
        assert_int_equal(red_at(x, 5), 255);
        assert_int_equal(red_at(x, 7), 0);
    }
}

// Every byte outside the image's rows stays as it was.
static void what_lies_outside_is_left_out(void **state)
{
    (void)state;
    const float places[][2] = { { -3, 10 }, { 70, 10 },   { 10, -5 }, { 10, 60 },
                                { 64, 48 }, { -1e9f, 0 }, { NAN, 3 }, { 1e30f, INFINITY } };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        mocapctl_draw_disc(&canvas, places[i][0], places[i][1], 4, white);
        mocapctl_draw_line(&canvas, places[i][0], places[i][1], 30, 20, 2, white);
    }
    for (int y = 0; y < HEIGHT; y++) {
        for (int i = WIDTH * 3; i < ROW; i++) {
            assert_int_equal(bytes[y * ROW + i], 0);
        }
    }
}

static void a_record_without_faces_draws_nothing(void **state)
{
    (void)state;
    static struct protocol_record record = { .width = WIDTH, .height = HEIGHT };
    mocapctl_draw_record(&canvas, &record);
    assert_int_equal(lit_pixels(), 0);
    record.face_count = 1;
    record.faces[0] = (struct protocol_face){ .id = 1, .box = { 10, 10, 20, 20 } };
    record.faces[0].keypoint_count = 1;
    record.faces[0].keypoints[0] = (struct mc_keypoint){ 20.5f, 20.5f, 0 };
    mocapctl_draw_record(&canvas, &record);
    assert_true(red_at(20, 20) > 200); // unsure is red
    assert_true(red_at(10, 20) > 0);   // the box
    assert_true(lit_pixels() > 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_disc_is_where_it_should_be, clear),
        cmocka_unit_test_setup(a_line_joins_its_ends, clear),
        cmocka_unit_test_setup(what_lies_outside_is_left_out, clear),
        cmocka_unit_test_setup(a_record_without_faces_draws_nothing, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
