// A stream on a real loop, with the model that ships and the clip that is built in.
#include <dlfcn.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavutil/frame.h>

#include "base/cpu.h"
#include "nn/model.h"
#include "pipeline/models.h"
#include "pipeline/stream.h"
#include "pipeline/worker.h"
#include "protocol/record.h"
#include "tests/pipeline/clip_file.h"
#include "tests/pipeline/motion_model.h"

#define MODEL MOCAPD_SOURCE_DIR "/models/" NN_MODEL_DEFAULT_FILE
#define LOCATOR MOCAPD_SOURCE_DIR "/models/" NN_LOCATOR_DEFAULT_FILE

enum { DEMO_FRAMES = 250 };

static uv_loop_t loop;
static struct nn_model *model, *locator;
static struct pipeline_workers *workers;
static struct pipeline_stream *stream;

// What has come so far.
static struct {
    uint64_t records, with_face, with_jacobians;
    double last_pts;
    int first_id, last_id;
    float least_x, most_x; // of the keypoints
    enum pipeline_state state;
    char reason[256];
    uint64_t close_after, hold_after; // records; 0: never
    bool closed, released;
} seen;

static bool checks_releases;
static uint64_t pause_after;       // records; 0: never
static uint64_t records_when_idle; // that had come by then
static bool resumes_when_idle;     // once
static double pts_when_idle;

static void on_closed(void *user)
{
    (void)user;
    seen.closed = true;
    stream = NULL;
}

static void release(uv_timer_t *timer)
{
    // Held: nothing may have come in the meantime.
    assert_int_equal(seen.records, seen.hold_after);
    seen.released = true;
    pipeline_stream_hold(stream, false);
    uv_close((uv_handle_t *)timer, NULL);
}

static bool is_identity(const struct protocol_face *face)
{
    static const float identity[4] = { 1, 0, 0, 1 };
    for (int i = 0; i < face->keypoint_count; i++) {
        for (int k = 0; k < 4; k++) {
            if (fabsf(face->jacobians[i][k] - identity[k]) > 1e-3f) {
                return false;
            }
        }
    }
    return true;
}

static void on_record(void *user, struct protocol_record *record,
                      const struct pipeline_frame *frame)
{
    static uv_timer_t timer;
    (void)user;
    assert_false(seen.closed);
    assert_non_null(frame);
    assert_string_equal(record->stream, "test");
    assert_int_equal(record->seq, seen.records);
    assert_true(seen.records == 0 || record->pts > seen.last_pts);
    seen.records++;
    seen.last_pts = record->pts;
    if (record->face_count > 0) {
        const struct protocol_face *face = &record->faces[0];
        seen.first_id = seen.with_face == 0 ? face->id : seen.first_id;
        seen.last_id = face->id;
        seen.with_face++;
        seen.with_jacobians += face->has_jacobians && is_identity(face);
        for (int i = 0; i < face->keypoint_count; i++) {
            float x = face->keypoints[i].x;
            seen.least_x = x < seen.least_x ? x : seen.least_x;
            seen.most_x = x > seen.most_x ? x : seen.most_x;
        }
    }
    if (seen.records == pause_after) {
        pipeline_stream_pause(stream, true);
    }
    if (seen.records == seen.close_after) {
        pipeline_stream_close(stream, on_closed, NULL);
    }
    if (seen.records == seen.hold_after) {
        pipeline_stream_hold(stream, true);
        uv_timer_init(&loop, &timer);
        uv_timer_start(&timer, release, 100, 0); // time for what must not happen
    }
}

static void close_idle(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, NULL);
    if (resumes_when_idle) {
        resumes_when_idle = false;
        pts_when_idle = seen.last_pts;
        seen.close_after = seen.records + 1;
        pipeline_stream_pause(stream, false);
        return;
    }
    pipeline_stream_close(stream, on_closed, NULL);
}

static void on_state(void *user, enum pipeline_state state, const char *reason)
{
    (void)user;
    assert_false(seen.closed);
    seen.state = state;
    strncpy(seen.reason, reason, sizeof seen.reason - 1);
    if (state == PIPELINE_IDLE) {
        static uv_timer_t timer;
        records_when_idle = seen.records;
        uv_timer_init(&loop, &timer);
        uv_timer_start(&timer, close_idle, 100, 0); // time for what must not happen
    }
    if (state == PIPELINE_ENDED || state == PIPELINE_FAILED) {
        pipeline_stream_close(stream, on_closed, NULL);
    }
}

static void run(const char *url, struct pipeline_region region, uint64_t close_after,
                uint64_t hold_after)
{
    const struct pipeline_stream_options options = {
        .name = "test",
        .url = url,
        .every_frame = true,
        .mode = region.width > 0 ? PIPELINE_FIXED : PIPELINE_TRACK,
        .region = region,
    };
    const struct pipeline_stream_callbacks callbacks = { on_record, on_state, NULL };
    struct mc_error err = { 0 };
    memset(&seen, 0, sizeof seen);
    seen.least_x = 1e9f;
    seen.close_after = close_after;
    seen.hold_after = hold_after;
    stream = pipeline_stream_create(&loop, workers, &options, &callbacks, &err);
    if (stream == NULL) {
        fail_msg("%s", err.message);
    }
    pipeline_stream_start(stream);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_true(seen.closed);
}

static const struct pipeline_region none;

// Where a frame is released with the workers locked, this waits for ever.
void av_frame_unref(AVFrame *frame)
{
    void (*usual)(AVFrame *);
    *(void **)&usual = dlsym(RTLD_NEXT, "av_frame_unref");
    if (checks_releases) {
        pipeline_workers_lock(workers);
        pipeline_workers_unlock(workers);
    }
    usual(frame);
}

// It may take system calls, and all streams' workers and captures would wait for them.
static void frames_are_released_without_the_workers_lock(void **state)
{
    (void)state;
    enum { PATIENCE_S = 100 };
    checks_releases = true;
    alarm(PATIENCE_S);
    run("demo:", none, 20, 0);
    alarm(0);
    checks_releases = false;
    assert_true(seen.records >= 20);
}

static void every_frame_gives_a_record_then_the_end(void **state)
{
    (void)state;
    run("demo:", none, 0, 0);
    assert_int_equal(seen.records, DEMO_FRAMES);
    assert_int_equal(seen.state, PIPELINE_ENDED);
    assert_true(seen.with_face >= DEMO_FRAMES - 1);
    assert_int_equal(seen.first_id, 1);
    assert_int_equal(seen.last_id, 1); // followed all the way
}

static void paint_white(void *user, int index, uint8_t *rgb, int width, int height)
{
    (void)user;
    (void)index;
    memset(rgb, 255, (size_t)width * (size_t)height * 3);
}

// Its index comes first: what is there can be seen, and what isn't is missed.
static void a_file_that_is_cut_off_fails_after_its_last_frame(void **state)
{
    (void)state;
    char directory[64], path[96];
    clip_directory_make(directory, sizeof directory);
    snprintf(path, sizeof path, "%s/cut.mp4", directory);
    clip_write(&(struct clip_options){ .path = path,
                                       .encoder = "mjpeg",
                                       .width = 64,
                                       .height = 48,
                                       .frames = 20,
                                       .rate = 25,
                                       .index_first = true,
                                       .paint = paint_white });
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    run(path, (struct pipeline_region){ 0, 0, 48, 48 }, 0, 0);
    assert_int_equal(seen.records, 20);
    assert_int_equal(seen.state, PIPELINE_ENDED);
    assert_int_equal(truncate(path, file.st_size - 4000), 0);
    run(path, (struct pipeline_region){ 0, 0, 48, 48 }, 0, 0);
    assert_true(seen.records > 0 && seen.records < 20);
    assert_int_equal(seen.state, PIPELINE_FAILED);
    assert_non_null(strstr(seen.reason, "cut.mp4: ends early: is cut off: frame "));
    clip_directory_remove(directory);
}

static void a_held_stream_waits_and_loses_nothing(void **state)
{
    (void)state;
    run("demo:", none, 50, 20);
    assert_true(seen.released);
    assert_int_equal(seen.records, 50);
}

static void nothing_comes_after_close(void **state)
{
    (void)state;
    run("demo:", none, 10, 0);
    assert_int_equal(seen.records, 10);
    assert_int_equal(seen.state, PIPELINE_LIVE);
}

// Frames being processed when it was paused come first.
static void an_idle_stream_gives_no_records(void **state)
{
    (void)state;
    pause_after = 10;
    run("demo:", (struct pipeline_region){ 90, 60, 300, 300 }, 0, 0);
    pause_after = 0;
    assert_int_equal(seen.state, PIPELINE_IDLE);
    assert_true(seen.records >= 10 && seen.records < 40);
    assert_int_equal(seen.records, records_when_idle);
}

static void time_goes_on_while_a_file_is_idle(void **state)
{
    (void)state;
    pause_after = 10;
    resumes_when_idle = true;
    run("demo:", (struct pipeline_region){ 90, 60, 300, 300 }, 0, 0);
    pause_after = 0;
    assert_false(resumes_when_idle);
    assert_int_equal(seen.records, records_when_idle + 1);
    assert_true(seen.last_pts - pts_when_idle > 0.09); // it was idle for 0.1 s
}

// Several frames are processed at once; their records are in order all the same.
static void a_region_is_looked_at_as_it_is(void **state)
{
    (void)state;
    const struct pipeline_region middle = { 90, 60, 300, 300 };
    run("demo:", middle, 60, 0);
    assert_int_equal(seen.records, 60);
    assert_true(seen.with_face > 30);
    assert_true(seen.least_x >= 90 && seen.most_x <= 390);
}

// Runs a stream with a model whose keypoints are anything, not a face's: the locator has no say.
static void run_motion_model(const char *url, struct pipeline_region region, uint64_t close_after)
{
    char directory[64], path[96];
    struct mc_error err = { 0 };
    unsigned flags = 0;
    assert_true(mc_cpu_flags(&flags, &err));
    clip_directory_make(directory, sizeof directory);
    snprintf(path, sizeof path, "%s/motion.safetensors", directory);
    motion_model_write(MOCAPD_SOURCE_DIR "/models/face68.safetensors", path);
    struct nn_model *motion = nn_model_load(path, flags, &err);
    struct pipeline_workers *usual = workers;
    workers =
        motion == NULL
            ? NULL
            : pipeline_workers_create(&(struct pipeline_models){ motion, locator, NULL }, 2, &err);
    if (workers == NULL) {
        fail_msg("%s", err.message);
    }
    run(url, region, close_after, 0);
    pipeline_workers_destroy(workers);
    nn_model_destroy(motion);
    workers = usual;
    clip_directory_remove(directory);
}

static void a_motion_models_jacobians_come_with_its_keypoints(void **state)
{
    (void)state;
    run_motion_model("demo:", none, 40);
    assert_int_equal(seen.records, 40);
    assert_true(seen.with_face >= 39);
    assert_int_equal(seen.with_jacobians, seen.with_face);
}

// The region is observed in every record, and a file without frames for a while shows that nothing
// moved.
static void behind_a_gap_of_a_file_what_is_in_a_region_has_the_same_id(void **state)
{
    (void)state;
    static const int gaps[] = { 62, 500 }; // at 25 frames/s: 2.5 s, 20 s
    char directory[64], path[96];
    clip_directory_make(directory, sizeof directory);
    snprintf(path, sizeof path, "%s/gap.mkv", directory);
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        clip_write(&(struct clip_options){ .path = path,
                                           .encoder = "mjpeg",
                                           .width = 64,
                                           .height = 64,
                                           .frames = 10,
                                           .rate = 25,
                                           .gap_at = 5,
                                           .gap = gaps[i],
                                           .paint = paint_white });
        run_motion_model(path, (struct pipeline_region){ 0, 0, 64, 64 }, 0);
        assert_int_equal(seen.with_face, 10);
        assert_int_equal(seen.first_id, 1);
        assert_int_equal(seen.last_id, 1);
    }
    clip_directory_remove(directory);
}

static void a_locator_gives_no_keypoints(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    assert_null(pipeline_workers_create(&(struct pipeline_models){ locator, NULL, NULL }, 1, &err));
    assert_string_equal(err.message, "the model must give keypoints, but it locates faces");
}

static void a_file_that_is_not_there_fails(void **state)
{
    (void)state;
    run("/nowhere/clip.mp4", none, 0, 0);
    assert_int_equal(seen.records, 0);
    assert_int_equal(seen.state, PIPELINE_FAILED);
    assert_string_equal(seen.reason, "/nowhere/clip.mp4: No such file or directory");
}

static int set_up(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    unsigned flags = 0;
    if (uv_loop_init(&loop) != 0 || !mc_cpu_flags(&flags, &err)) {
        return 1;
    }
    model = nn_model_load(MODEL, flags, &err);
    locator = model == NULL ? NULL : nn_model_load(LOCATOR, flags, &err);
    workers =
        locator == NULL
            ? NULL
            : pipeline_workers_create(&(struct pipeline_models){ model, locator, NULL }, 2, &err);
    if (workers == NULL) {
        print_error("%s\n", err.message);
    }
    return workers == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    pipeline_workers_destroy(workers);
    nn_model_destroy(locator);
    nn_model_destroy(model);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop); // fails when a handle was left
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_released_without_the_workers_lock),
        cmocka_unit_test(every_frame_gives_a_record_then_the_end),
        cmocka_unit_test(a_file_that_is_cut_off_fails_after_its_last_frame),
        cmocka_unit_test(a_held_stream_waits_and_loses_nothing),
        cmocka_unit_test(nothing_comes_after_close),
        cmocka_unit_test(an_idle_stream_gives_no_records),
        cmocka_unit_test(time_goes_on_while_a_file_is_idle),
        cmocka_unit_test(a_region_is_looked_at_as_it_is),
        cmocka_unit_test(a_motion_models_jacobians_come_with_its_keypoints),
        cmocka_unit_test(behind_a_gap_of_a_file_what_is_in_a_region_has_the_same_id),
        cmocka_unit_test(a_locator_gives_no_keypoints),
        cmocka_unit_test(a_file_that_is_not_there_fails),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
