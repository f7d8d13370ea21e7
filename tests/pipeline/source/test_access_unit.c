// Access units from fragments: when the end of one is recognised, and that nothing is
// lost, doubled or mixed up when the sender breaks its pattern.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>

#include "pipeline/source/access_unit.h"

enum { FRAGMENT = 1000, SLICE = 1, KEY_SLICE = 5, FILLER = 12, PARAMETERS = 7 };

static struct pipeline_access_unit_assembler *assembler;
static AVPacket *packet;
static int64_t now_ns;

// Access units that came, as the source takes them: after each fragment.
static struct {
    int64_t pts;
    int size;
} came[100];
static int came_count, taken_count;

static const uint8_t key_head[] = { 0, 0, 0, 1, KEY_SLICE };

static void push(const AVPacket *fragment)
{
    int64_t arrival_ns = 0;
    assert_true(pipeline_access_unit_push(assembler, fragment, ++now_ns));
    if (pipeline_access_unit_pop(assembler, packet, &arrival_ns)) {
        assert_true(arrival_ns <= now_ns);
        const bool key =
            memmem(packet->data, (size_t)packet->size, key_head, sizeof key_head) != NULL;
        assert_int_equal((packet->flags & AV_PKT_FLAG_KEY) != 0, key);
        came[came_count].pts = packet->pts;
        came[came_count++].size = packet->size;
        av_packet_unref(packet);
    }
    assert_false(pipeline_access_unit_pop(assembler, packet, &arrival_ns));
}

// Sends one fragment of size bytes: with a start code and header, or a continuation.
static void send(int type, int size, int64_t pts)
{
    static uint8_t data[100000];
    memset(data, 0x55, sizeof data);
    if (type != 0) {
        memcpy(data, (const uint8_t[]){ 0, 0, 0, 1, (uint8_t)type }, 5);
        size += 5;
    }
    AVPacket fragment = { .data = data, .size = size, .pts = pts };
    push(&fragment);
}

// A NAL unit of that many bytes, in fragments as senders split them.
static void send_unit(int type, int bytes, int64_t pts)
{
    int first = bytes < FRAGMENT ? bytes : FRAGMENT;
    send(type, first, pts);
    for (bytes -= first; bytes > 0; bytes -= FRAGMENT) {
        send(0, bytes < FRAGMENT ? bytes : FRAGMENT, pts);
    }
}

// The pts of the next access unit that came, and its size; -1: none.
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

static void assert_unit(int64_t pts, int bytes)
{
    int size = 0;
    assert_int_equal(take(&size), pts);
    assert_int_equal(size, bytes);
    assert_none();
}

// Frames of one slice each until the pattern is known; pts 1 to count. All came.
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
    assembler = pipeline_access_unit_assembler_create(PIPELINE_ACCESS_UNIT_H264, &err);
    packet = av_packet_alloc();
    came_count = taken_count = 0;
    return assembler == NULL || packet == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    pipeline_access_unit_assembler_destroy(assembler);
    av_packet_free(&packet);
    return 0;
}

static void at_first_the_next_frame_ends_one(void **state)
{
    (void)state;
    send_unit(PARAMETERS, 20, 1);
    send_unit(KEY_SLICE, 2500, 1);
    assert_none();
    send_unit(SLICE, 500, 2);
    assert_unit(1, 25 + 2505);
    send_unit(SLICE, 500, 3);
    assert_unit(2, 505);
}

static void a_pattern_ends_frames_at_once(void **state)
{
    (void)state;
    teach(12);
    send_unit(SLICE, 2500, 13);
    assert_unit(13, 2505);
    send_unit(PARAMETERS, 20, 14);
    assert_none(); // no slice yet
    send_unit(KEY_SLICE, 7300, 14);
    assert_unit(14, 25 + 7305);
    send_unit(SLICE, 200, 15);
    assert_unit(15, 205);
}

// Its last fragment has the full size: nothing shows that it is the last.
static void after_a_full_last_fragment_the_next_frame_is_awaited(void **state)
{
    (void)state;
    teach(12);
    send_unit(SLICE, 3 * FRAGMENT, 13);
    assert_none();
    send(SLICE, FRAGMENT, 14);
    assert_unit(13, 3 * FRAGMENT + 5);
    send(0, 300, 14);
    assert_unit(14, 1305); // and the pattern still holds
}

static void filler_data_is_left_out(void **state)
{
    (void)state;
    teach(12);
    send_unit(SLICE, 2500, 13);
    assert_unit(13, 2505);
    send_unit(FILLER, 300, 13);
    assert_none();
    send_unit(SLICE, 2500, 14);
    assert_unit(14, 2505);
}

// A second slice where there was always one: it comes as a packet of its own, and
// the pattern is no longer trusted.
static void a_broken_pattern_is_forgotten(void **state)
{
    (void)state;
    teach(12);
    send_unit(SLICE, 2500, 13);
    assert_unit(13, 2505);
    send_unit(SLICE, 1500, 13);
    assert_none();
    send_unit(SLICE, 2500, 14);
    assert_unit(13, 1505);
    send_unit(SLICE, 1500, 14);
    assert_none();
    for (int pts = 15; pts < 30; pts++) {
        send_unit(SLICE, 2500, pts);
        assert_unit(pts - 1, 2505 + 1505);
        send_unit(SLICE, 1500, pts);
        assert_none();
    }
}

// Senders that split NAL units evenly have no short last fragment.
static void equal_fragments_are_never_trusted_wrongly(void **state)
{
    (void)state;
    for (int pts = 1; pts < 60; pts++) {
        int bytes = 700 + pts % 7, size;
        send(SLICE, bytes, pts);
        assert_int_equal(take(&size), pts - 1 == 0 ? -1 : pts - 1);
        send(0, bytes, pts);
        assert_none();
        send(0, bytes - 1, pts);
        assert_none();
    }
}

// A slice of 305 bytes, the first of its frame or not.
static void send_slice(bool first, int64_t pts)
{
    static uint8_t data[305];
    memset(data, 0x55, sizeof data);
    memcpy(data, (const uint8_t[]){ 0, 0, 0, 1, SLICE }, 5);
    data[5] = first ? 0x88 : 0x44;
    push(&(AVPacket){ .data = data, .size = sizeof data, .pts = pts });
}

// Some cameras give every frame the same stamp. Parameters belong to what follows.
static void frames_of_one_pts_are_distinguished(void **state)
{
    (void)state;
    enum { FRAMES = 40, GROUP = 10 };
    for (int number = 0; number < FRAMES; number++) {
        if (number % GROUP == 0) {
            send_unit(PARAMETERS, 20, 7);
        }
        send_slice(true, 7);
        send_slice(false, 7);
    }
    assert_int_equal(came_count, FRAMES - 1); // the end of the last is not known yet
    for (int number = 0; number < came_count; number++) {
        assert_int_equal(came[number].size, 2 * 305 + (number % GROUP == 0 ? 25 : 0));
    }
}

static void an_empty_fragment_is_ignored(void **state)
{
    (void)state;
    int64_t arrival_ns;
    assert_true(pipeline_access_unit_push(assembler, &(AVPacket){ .pts = 1 }, 1));
    assert_false(pipeline_access_unit_pop(assembler, packet, &arrival_ns));
    teach(12);
    assert_true(pipeline_access_unit_push(assembler, &(AVPacket){ .pts = 13 }, ++now_ns));
    assert_false(pipeline_access_unit_pop(assembler, packet, &arrival_ns));
    send_unit(SLICE, 2500, 13);
    assert_unit(13, 2505);
}

// What is left of a frame whose head was never seen is of no use.
static void continuations_before_the_first_unit_are_dropped(void **state)
{
    (void)state;
    send(0, 700, 1);
    send_unit(SLICE, 300, 2);
    assert_none();
    send_unit(SLICE, 300, 3);
    assert_unit(2, 305);
}

// It is dropped whole: its head, and the slices that follow of it.
static void an_oversized_access_unit_is_dropped_whole(void **state)
{
    (void)state;
    static uint8_t data[1 << 20];
    AVPacket fragment = { .data = data, .size = sizeof data, .pts = 1 };
    memcpy(data, (const uint8_t[]){ 0, 0, 0, 1, KEY_SLICE }, 5);
    bool fits = true;
    for (int i = 0; i < 40 && fits; i++) {
        fits = pipeline_access_unit_push(assembler, &fragment, ++now_ns);
        data[3] = 0; // from now on a continuation
    }
    assert_false(fits);
    send_unit(SLICE, 100, 1); // more of it
    send(0, 100, 1);
    send_unit(SLICE, 100, 2);
    assert_none();
    send_unit(SLICE, 100, 3);
    assert_unit(2, 105);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(at_first_the_next_frame_ends_one),
        TEST(a_pattern_ends_frames_at_once),
        TEST(after_a_full_last_fragment_the_next_frame_is_awaited),
        TEST(filler_data_is_left_out),
        TEST(a_broken_pattern_is_forgotten),
        TEST(equal_fragments_are_never_trusted_wrongly),
        TEST(frames_of_one_pts_are_distinguished),
        TEST(an_empty_fragment_is_ignored),
        TEST(continuations_before_the_first_unit_are_dropped),
        TEST(an_oversized_access_unit_is_dropped_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
