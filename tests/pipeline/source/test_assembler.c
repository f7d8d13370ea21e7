// Pictures from pieces: when the end of one is recognised, and that nothing is
// lost, doubled or mixed up when the sender does what it never did.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>

#include "pipeline/source/assembler.h"

enum { PIECE = 1000, SLICE = 1, KEY_SLICE = 5, FILLER = 12, PARAMETERS = 7 };

static struct pipeline_assembler *assembler;
static AVPacket *packet;
static int64_t now_ns;

// Pictures that came, as the source takes them: after each piece.
static struct {
    int64_t pts;
    int size;
} came[100];
static int came_count, taken_count;

// Sends one piece of size bytes: with a start code and header, or more of the unit.
static void send(int type, int size, int64_t pts)
{
    static uint8_t data[100000];
    memset(data, 0x55, sizeof data);
    if (type != 0) {
        memcpy(data, (const uint8_t[]){ 0, 0, 0, 1, (uint8_t)type }, 5);
        size += 5;
    }
    AVPacket piece = { .data = data, .size = size, .pts = pts };
    int64_t arrival_ns = 0;
    assert_true(pipeline_assembler_push(assembler, &piece, ++now_ns));
    if (pipeline_assembler_pop(assembler, packet, &arrival_ns)) {
        assert_true(arrival_ns <= now_ns);
        came[came_count].pts = packet->pts;
        came[came_count++].size = packet->size;
        av_packet_unref(packet);
    }
    assert_false(pipeline_assembler_pop(assembler, packet, &arrival_ns));
}

// A unit of so many bytes, in pieces as senders cut them.
static void send_unit(int type, int bytes, int64_t pts)
{
    int first = bytes < PIECE ? bytes : PIECE;
    send(type, first, pts);
    for (bytes -= first; bytes > 0; bytes -= PIECE) {
        send(0, bytes < PIECE ? bytes : PIECE, pts);
    }
}

// The pts of the next picture that came, and its size; -1: none.
static int64_t take(int *size)
{
    if (taken_count == came_count) {
        return -1;
    }
    *size = came[taken_count].size;
    return came[taken_count++].pts;
}

static void assert_none(void)
{
    int size;
    assert_int_equal(take(&size), -1);
}

static void assert_picture(int64_t pts, int bytes)
{
    int size = 0;
    assert_int_equal(take(&size), pts);
    assert_int_equal(size, bytes);
    assert_none();
}

// Pictures of one slice each until the habit is known; pts 1 to count. All came.
static void teach(int count)
{
    for (int pts = 1; pts <= count; pts++) {
        send_unit(SLICE, 2500, pts);
    }
    int size;
    for (int pts = 1; pts <= count; pts++) {
        assert_int_equal(take(&size), pts);
        assert_int_equal(size, 2505);
    }
    assert_none();
}

static int set_up(void **state)
{
    (void)state;
    struct mc_error err;
    assembler = pipeline_assembler_create(PIPELINE_ASSEMBLER_H264, &err);
    packet = av_packet_alloc();
    came_count = taken_count = 0;
    return assembler == NULL || packet == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    pipeline_assembler_destroy(assembler);
    av_packet_free(&packet);
    return 0;
}

static void at_first_the_next_picture_ends_one(void **state)
{
    (void)state;
    send_unit(PARAMETERS, 20, 1);
    send_unit(KEY_SLICE, 2500, 1);
    assert_none();
    send_unit(SLICE, 500, 2);
    assert_picture(1, 25 + 2505);
    send_unit(SLICE, 500, 3);
    assert_picture(2, 505);
}

static void a_habit_ends_pictures_at_once(void **state)
{
    (void)state;
    teach(12);
    send_unit(SLICE, 2500, 13);
    assert_picture(13, 2505);
    send_unit(PARAMETERS, 20, 14);
    assert_none(); // no slice yet
    send_unit(KEY_SLICE, 7300, 14);
    assert_picture(14, 25 + 7305);
    send_unit(SLICE, 200, 15);
    assert_picture(15, 205);
}

// Its last piece has the full size: nobody can tell that it is the last.
static void a_full_last_piece_is_waited_for(void **state)
{
    (void)state;
    teach(12);
    send_unit(SLICE, 3 * PIECE, 13);
    assert_none();
    send(SLICE, PIECE, 14);
    assert_picture(13, 3 * PIECE + 5);
    send(0, 300, 14);
    assert_picture(14, 1305); // and the habit goes on
}

static void what_fills_a_picture_up_is_left_out(void **state)
{
    (void)state;
    teach(12);
    send_unit(SLICE, 2500, 13);
    assert_picture(13, 2505);
    send_unit(FILLER, 300, 13);
    assert_none();
    send_unit(SLICE, 2500, 14);
    assert_picture(14, 2505);
}

// A second slice where there was always one: it comes as a packet of its own, and
// the sender is no longer trusted.
static void a_broken_habit_is_forgotten(void **state)
{
    (void)state;
    teach(12);
    send_unit(SLICE, 2500, 13);
    assert_picture(13, 2505);
    send_unit(SLICE, 1500, 13);
    assert_none();
    send_unit(SLICE, 2500, 14);
    assert_picture(13, 1505);
    send_unit(SLICE, 1500, 14);
    assert_none();
    for (int pts = 15; pts < 30; pts++) {
        send_unit(SLICE, 2500, pts);
        assert_picture(pts - 1, 2505 + 1505);
        send_unit(SLICE, 1500, pts);
        assert_none();
    }
}

// Senders that cut units into equal pieces have no short last one.
static void equal_pieces_are_never_trusted_wrongly(void **state)
{
    (void)state;
    for (int pts = 1; pts < 60; pts++) {
        int piece = 700 + pts % 7, size;
        send(SLICE, piece, pts);
        assert_int_equal(take(&size), pts - 1 == 0 ? -1 : pts - 1);
        send(0, piece, pts);
        assert_none();
        send(0, piece - 1, pts);
        assert_none();
    }
}

static void a_picture_beyond_all_measure_is_dropped(void **state)
{
    (void)state;
    static uint8_t data[1 << 20];
    AVPacket piece = { .data = data, .size = sizeof data, .pts = 1 };
    memcpy(data, (const uint8_t[]){ 0, 0, 0, 1, KEY_SLICE }, 5);
    bool fits = true;
    for (int i = 0; i < 40 && fits; i++) {
        fits = pipeline_assembler_push(assembler, &piece, ++now_ns);
        data[3] = 0; // from now on more of the unit
    }
    assert_false(fits);
    int size;
    send_unit(SLICE, 100, 2);
    send_unit(SLICE, 100, 3);
    while (take(&size) != 2) {
        assert_true(taken_count < came_count);
    }
    assert_int_equal(size, 105);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(at_first_the_next_picture_ends_one),
        TEST(a_habit_ends_pictures_at_once),
        TEST(a_full_last_piece_is_waited_for),
        TEST(what_fills_a_picture_up_is_left_out),
        TEST(a_broken_habit_is_forgotten),
        TEST(equal_pieces_are_never_trusted_wrongly),
        TEST(a_picture_beyond_all_measure_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
