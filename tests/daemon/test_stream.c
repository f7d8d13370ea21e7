#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/stream.h"
#include "tests/daemon/config_file.h"

// The motion options of the last call.
static struct pipeline_motion_options motion;

static struct pipeline_stream_options resolve(int stream)
{
    struct pipeline_stream_options resolved;
    daemon_stream_resolve(&options, &options.streams[stream], &motion, &resolved);
    return resolved;
}

// A stream's own options win over those for all, one by one; else the defaults hold.
static void smoothing_and_camera_are_resolved_one_by_one(void **state)
{
    (void)state;
    assert_int_equal(config_file_read("smooth-beta = 7\nfov = 90\n[stream desk]\nurl = demo:\n"
                                      "smooth = off\nfov = 45.5\n[stream hall]\nurl = demo:\n"
                                      "[stream attic]\nurl = demo:\nfov = auto\n",
                                      "--smooth-min-cutoff", "2.5", NULL),
                     DAEMON_COMMAND_LINE_RUN);
    resolve(0);
    assert_false(motion.smooth.on);
    assert_true(motion.fov == 45.5f && motion.smooth.beta == 7);
    resolve(1);
    assert_true(motion.smooth.on); // by default
    assert_true(motion.fov == 90 && motion.smooth.min_cutoff == 2.5f);
    resolve(2);
    assert_true(motion.fov == 0); // estimated, although it is fixed for the others
}

static void faces_are_counted_for_all_or_for_a_stream(void **state)
{
    (void)state;
    assert_int_equal(config_file_read("max-faces = 2\n[stream a]\nurl = demo:\nmax-faces = 4\n"
                                      "[stream b]\nurl = demo:\n",
                                      "--max-faces", "3", NULL),
                     DAEMON_COMMAND_LINE_RUN);
    assert_int_equal(resolve(0).max_faces, 4);
    assert_int_equal(resolve(1).max_faces, 3);
}

// Region and full frame exclude each other: the last one wins, and the command line is read
// after the file.
static void the_command_line_chooses_region_or_full_frame(void **state)
{
    (void)state;
    assert_int_equal(config_file_read("full-frame = yes\n[stream a]\nurl = demo:\n", "--region",
                                      "1,2,30,40", NULL),
                     DAEMON_COMMAND_LINE_RUN);
    assert_int_equal(resolve(0).mode, PIPELINE_FIXED);
    assert_true(resolve(0).region.width == 30);
    assert_int_equal(
        config_file_read("region = 1,2,30,40\n[stream a]\nurl = demo:\n", "--full-frame", NULL),
        DAEMON_COMMAND_LINE_RUN);
    assert_int_equal(resolve(0).mode, PIPELINE_FULL);
}

static void a_stream_may_say_no_where_the_daemon_says_yes(void **state)
{
    (void)state;
    static const char text[] =
        "full-frame = yes\nrepeat = yes\nisolate = yes\nmirror = yes\nrotate = 90\n"
        "[stream a]\nurl = demo:\nfull-frame = no\nrepeat = no\nisolate = no\n"
        "mirror = no\nrotate = 0\n"
        "[stream b]\nurl = demo:\n"
        "[stream c]\nurl = demo:\nregion = 1,2,3,4\n";
    config_file_assert_read(text);
    assert_int_equal(resolve(0).mode, PIPELINE_TRACK);
    assert_false(resolve(0).repeat || resolve(0).isolate || resolve(0).display.mirror);
    assert_true(resolve(1).isolate);
    assert_int_equal(resolve(0).display.rotate, 0);
    assert_int_equal(resolve(1).mode, PIPELINE_FULL);
    assert_true(resolve(1).repeat && resolve(1).display.mirror);
    assert_int_equal(resolve(1).display.rotate, 90);
    assert_int_equal(resolve(2).mode, PIPELINE_FIXED);
    // A no to the full frame is none to the region that holds for all.
    assert_int_equal(config_file_read(text, "--region", "1,2,30,40", NULL),
                     DAEMON_COMMAND_LINE_RUN);
    assert_int_equal(resolve(0).mode, PIPELINE_FIXED);
    assert_true(resolve(0).region.width == 30 && resolve(2).region.width == 3);
    const char *const none[] = { "mocapd", "--stream", "a=demo:", NULL };
    assert_int_equal(command_line_read(none), DAEMON_COMMAND_LINE_RUN);
    assert_int_equal(resolve(0).mode, PIPELINE_TRACK);
    assert_false(resolve(0).repeat || resolve(0).display.mirror);
    assert_int_equal(resolve(0).display.rotate, 0);
}

static void webcams_are_on_demand_by_default(void **state)
{
    (void)state;
    config_file_assert_read("[stream a]\nurl = v4l2:/dev/video0\n"
                            "[stream b]\nurl = v4l2:/dev/video0\non-demand = no\n"
                            "[stream c]\nurl = rtsp://h/\n"
                            "[stream d]\nurl = rtsp://h/\non-demand = yes\n");
    assert_true(daemon_stream_is_on_demand(&options.streams[0]));
    assert_false(daemon_stream_is_on_demand(&options.streams[1]));
    assert_false(daemon_stream_is_on_demand(&options.streams[2]));
    assert_true(daemon_stream_is_on_demand(&options.streams[3]));
}

static void transport_and_damage_are_chosen_by_name(void **state)
{
    (void)state;
    config_file_assert_read("[stream a]\nurl = rtsp://h/\n"
                            "[stream b]\nurl = rtsp://h/\ntransport = udp\ndamaged = drop\n");
    assert_false(resolve(0).udp || resolve(0).drop_damaged);
    assert_true(resolve(1).udp && resolve(1).drop_damaged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smoothing_and_camera_are_resolved_one_by_one),
        cmocka_unit_test(faces_are_counted_for_all_or_for_a_stream),
        cmocka_unit_test(the_command_line_chooses_region_or_full_frame),
        cmocka_unit_test(a_stream_may_say_no_where_the_daemon_says_yes),
        cmocka_unit_test(webcams_are_on_demand_by_default),
        cmocka_unit_test(transport_and_damage_are_chosen_by_name),
    };
    return cmocka_run_group_tests(tests, config_file_set_up, config_file_tear_down);
}
