// One face, coded in every way in which a frame may be displayed: whatever FFmpeg has to
// do to show it, records are of what it shows.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libswscale/swscale.h>

#include "base/cpu.h"
#include "nn/model.h"
#include "pipeline/models.h"
#include "pipeline/stream.h"
#include "pipeline/worker.h"
#include "protocol/record.h"
#include "tests/pipeline/clip_file.h"
#include "tools/synthface/synthface.h"

#define MODEL MOCAPD_SOURCE_DIR "/models/" NN_MODEL_DEFAULT_FILE
#define LOCATOR MOCAPD_SOURCE_DIR "/models/" NN_LOCATOR_DEFAULT_FILE

enum { WIDTH = 480, HEIGHT = 360, FRAMES = 16, ORIENTATIONS = 8, RECORDS_MAX = 2 * FRAMES };

static uv_loop_t loop;
static struct nn_model *model, *locator;
static struct pipeline_workers *workers;
static struct pipeline_stream *stream;
static char directory[64];

// What is displayed.
static uint8_t *shown[FRAMES];
static struct synthface_truth truths[FRAMES];

static float cropped_left, cropped_top; // of what is displayed

// What was published of one clip.
struct result {
    int count, faces;
    int width[RECORDS_MAX], height[RECORDS_MAX];
    double error; // mean distance of the points from the truth, in outer-eye distances
    float rotation[RECORDS_MAX][4];
};

static struct result plain, result;

static int set_up(void **state)
{
    (void)state;
    unsigned cpu_flags;
    clip_directory_make(directory, sizeof directory);
    uv_loop_init(&loop);
    assert_true(mc_cpu_flags(&cpu_flags, NULL));
    model = nn_model_load(MODEL, cpu_flags, NULL);
    locator = nn_model_load(LOCATOR, cpu_flags, NULL);
    workers = pipeline_workers_create(&(struct pipeline_models){ model, locator, NULL }, 1, NULL);
    assert_non_null(workers);
    struct synthface *face = synthface_create(3, WIDTH, HEIGHT, false, NULL);
    for (int i = 0; i < FRAMES; i++) {
        shown[i] = malloc(WIDTH * HEIGHT * 3);
        synthface_render(face, (unsigned)i + 4, 10, shown[i], &truths[i]);
    }
    synthface_destroy(face);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < FRAMES; i++) {
        free(shown[i]);
    }
    pipeline_workers_destroy(workers);
    nn_model_destroy(locator);
    nn_model_destroy(model);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    clip_directory_remove(directory);
    return 0;
}

static void add_error(const struct mc_keypoint *points, const struct synthface_truth *truth)
{
    const float eyes = hypotf(truth->points[45][0] - truth->points[36][0],
                              truth->points[45][1] - truth->points[36][1]);
    double sum = 0;
    for (int i = 0; i < SYNTHFACE_LANDMARKS; i++) {
        sum += hypot((double)(points[i].x + cropped_left - truth->points[i][0]),
                     (double)(points[i].y + cropped_top - truth->points[i][1]));
    }
    result.error += sum / SYNTHFACE_LANDMARKS / (double)eyes;
}

static void on_record(void *user, struct protocol_record *record,
                      const struct pipeline_frame *frame)
{
    (void)user;
    (void)frame;
    const int index = result.count++;
    assert_true(index < RECORDS_MAX);
    result.width[index] = record->width;
    result.height[index] = record->height;
    if (record->face_count > 0 && record->faces[0].has_pose) {
        result.faces++;
        add_error(record->faces[0].keypoints, &truths[index % FRAMES]);
        memcpy(result.rotation[index], record->faces[0].pose.rotation,
               sizeof result.rotation[index]);
    }
}

static void on_state(void *user, enum pipeline_state state, const char *reason)
{
    (void)user;
    assert_string_equal(reason, "");
    if (state == PIPELINE_ENDED) {
        pipeline_stream_close(stream, NULL, NULL);
    }
}

static void run(const char *path, const struct pipeline_display_options *display)
{
    struct pipeline_motion_options motion = pipeline_motion_options_default();
    motion.smooth.on = false;
    const struct pipeline_stream_options options = {
        .name = "test", .url = path, .every_frame = true, .display = *display, .motion = &motion
    };
    const struct pipeline_stream_callbacks callbacks = { on_record, on_state, NULL };
    memset(&result, 0, sizeof result);
    stream = pipeline_stream_create(&loop, workers, &options, &callbacks, NULL);
    assert_non_null(stream);
    pipeline_stream_start(stream);
    uv_run(&loop, UV_RUN_DEFAULT);
    result.error /= result.faces > 0 ? result.faces : 1;
}

// How the frames are coded: bit 0 of the orientation makes x and y change places when
// displayed; before that, bit 1 mirrors x and bit 2 mirrors y.
struct coding {
    int orientation;
    int squeeze_x[2], squeeze_y[2]; // coded edges as a fraction of displayed ones
};

static const struct coding upright = { 0, { 1, 1 }, { 1, 1 } };

// The displayed frame as it has to be coded.
static void paint(void *user, int index, uint8_t *rgb, int width, int height)
{
    const struct coding *coding = user;
    const bool swap = coding->orientation & 1;
    const int scaled_width = swap ? height : width, scaled_height = swap ? width : height;
    const int from_row = 3 * WIDTH, row = 3 * scaled_width;
    uint8_t *scaled = malloc((size_t)row * (size_t)scaled_height + 64);
    struct SwsContext *scaler =
        sws_getContext(WIDTH, HEIGHT, AV_PIX_FMT_RGB24, scaled_width, scaled_height,
                       AV_PIX_FMT_RGB24, SWS_AREA | SWS_ACCURATE_RND, NULL, NULL, NULL);
    sws_scale(scaler, (const uint8_t *const[]){ shown[index % FRAMES] }, &from_row, 0, HEIGHT,
              (uint8_t *const[]){ scaled }, &row);
    sws_freeContext(scaler);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++, rgb += 3) {
            const int a = coding->orientation & 2 ? width - 1 - x : x;
            const int b = coding->orientation & 4 ? height - 1 - y : y;
            memcpy(rgb, scaled + (swap ? a * row + 3 * b : b * row + 3 * a), 3);
        }
    }
    free(scaled);
}

static void write_clip(const char *path, const struct coding *coding, struct clip_options options)
{
    const bool swap = coding->orientation & 1;
    options.path = path;
    options.width = (swap ? HEIGHT : WIDTH) * coding->squeeze_x[0] / coding->squeeze_x[1];
    options.height = (swap ? WIDTH : HEIGHT) * coding->squeeze_y[0] / coding->squeeze_y[1];
    options.frames = FRAMES;
    options.rate = 10;
    options.paint = paint;
    options.user = (void *)(uintptr_t)coding;
    clip_write(&options);
}

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

// Degrees.
static double angle_between(const float a[4], const float b[4])
{
    double dot = 0;
    for (int i = 0; i < 4; i++) {
        dot += (double)a[i] * (double)b[i];
    }
    return 2 * acos(fmin(1, fabs(dot))) * 180 / 3.14159265358979324;
}

// Points within 5 % of the plain clip's error, and poses within a degree of its own on
// average; single ones differ by two between codecs alone.
static void assert_as_plain(const char *what)
{
    if (plain.count == 0) {
        const struct result other = result;
        const char *path = path_of("plain.mp4");
        write_clip(path, &upright, (struct clip_options){ .encoder = "mpeg4" });
        run(path, &(struct pipeline_display_options){ 0 });
        plain = result;
        result = other;
        assert_int_equal(plain.faces, FRAMES);
        assert_true(plain.error < 0.03);
    }
    double turned = 0;
    for (int i = 0; i < result.count; i++) {
        if (result.width[i] != WIDTH || result.height[i] != HEIGHT) {
            fail_msg("%s: frame %d has %dx%d", what, i, result.width[i], result.height[i]);
        }
        turned += angle_between(result.rotation[i], plain.rotation[i % FRAMES]) / result.count;
    }
    if (result.faces != result.count || result.error > 1.05 * plain.error || turned > 1) {
        fail_msg("%s: a face in %d of %d frames, error %.5f for %.5f, pose %.2f degrees off", what,
                 result.faces, result.count, result.error, plain.error, turned);
    }
}

static void make_matrix(int orientation, int32_t matrix[9])
{
    const int32_t one = 1 << 16, x = orientation & 2 ? -one : one, y = orientation & 4 ? -one : one;
    memset(matrix, 0, 9 * sizeof *matrix);
    matrix[orientation & 1 ? 1 : 0] = x;
    matrix[orientation & 1 ? 3 : 4] = y;
    matrix[8] = 1 << 30;
}

static void run_by_container(int orientation)
{
    const struct coding coding = { orientation, { 1, 1 }, { 1, 1 } };
    int32_t matrix[9];
    make_matrix(orientation, matrix);
    const char *path = path_of("turned.mp4");
    write_clip(path, &coding,
               (struct clip_options){ .encoder = "mpeg4", .display_matrix = matrix });
    run(path, &(struct pipeline_display_options){ 0 });
}

static void all_orientations_by_the_container(void **state)
{
    (void)state;
    for (int i = 0; i < ORIENTATIONS; i++) {
        char what[32];
        snprintf(what, sizeof what, "orientation %d", i);
        run_by_container(i);
        assert_int_equal(result.count, FRAMES);
        assert_as_plain(what);
    }
}

static void all_orientations_by_exif(void **state)
{
    (void)state;
    static const int orientations[ORIENTATIONS] = { 1, 5, 2, 8, 4, 6, 3, 7 };
    for (int i = 0; i < ORIENTATIONS; i++) {
        const struct coding coding = { i, { 1, 1 }, { 1, 1 } };
        char what[32];
        snprintf(what, sizeof what, "EXIF %d", orientations[i]);
        const char *path = path_of("exif.avi");
        write_clip(
            path, &coding,
            (struct clip_options){ .encoder = "mjpeg", .exif_orientation = orientations[i] });
        run(path, &(struct pipeline_display_options){ 0 });
        assert_int_equal(result.count, FRAMES);
        assert_as_plain(what);
    }
}

// H.264's message flips, then turns anticlockwise: swapping x and y is a mirror and a
// quarter turn.
static void write_with_message(const char *path, int orientation)
{
    const struct coding coding = { orientation, { 1, 1 }, { 1, 1 } };
    const bool swap = orientation & 1, flip_x = ((orientation & 2) != 0) != swap;
    const bool flip_y = orientation & 4;
    char filter[128];
    snprintf(filter, sizeof filter, "h264_metadata=display_orientation=insert:rotate=%d:flip=0%s%s",
             swap ? 90 : 0, flip_x ? "+horizontal" : "", flip_y ? "+vertical" : "");
    write_clip(path, &coding, (struct clip_options){ .encoder = "libx264", .filter = filter });
}

static void all_orientations_by_the_codec(void **state)
{
    (void)state;
    for (int i = 0; i < ORIENTATIONS; i++) {
        char what[32];
        snprintf(what, sizeof what, "SEI of orientation %d", i);
        const char *path = path_of("sei.mp4");
        write_with_message(path, i);
        run(path, &(struct pipeline_display_options){ 0 });
        assert_int_equal(result.count, FRAMES);
        assert_as_plain(what);
    }
}

static void append(FILE *to, const char *path)
{
    FILE *from = fopen(path, "rb");
    assert_non_null(from);
    for (int byte; (byte = fgetc(from)) != EOF;) {
        fputc(byte, to);
    }
    fclose(from);
}

// A phone that is turned while it films, at each orientation.
static void the_orientation_may_change_in_mid_stream(void **state)
{
    (void)state;
    for (int i = 1; i < ORIENTATIONS; i++) {
        char what[48], both[128];
        snprintf(what, sizeof what, "orientation %d, then %d", i, (i + 3) % ORIENTATIONS);
        snprintf(both, sizeof both, "%s/both.h264", directory);
        FILE *file = fopen(both, "wb");
        const char *path = path_of("one.h264");
        write_with_message(path, i);
        append(file, path);
        write_with_message(path, (i + 3) % ORIENTATIONS);
        append(file, path);
        fclose(file);
        run(both, &(struct pipeline_display_options){ 0 });
        assert_int_equal(result.count, 2 * FRAMES);
        assert_as_plain(what);
    }
}

static const struct {
    struct AVRational aspect;
    struct coding coding;
} aspects[] = {
    { { 2, 1 }, { 0, { 1, 2 }, { 1, 1 } } },     { { 1, 2 }, { 0, { 1, 1 }, { 1, 2 } } },
    { { 15, 11 }, { 0, { 11, 15 }, { 1, 1 } } }, { { 16, 15 }, { 0, { 15, 16 }, { 1, 1 } } },
    { { 2, 1 }, { 5, { 1, 2 }, { 1, 1 } } },     { { 1, 2 }, { 7, { 1, 1 }, { 1, 2 } } },
};

static void pixels_need_not_be_square(void **state)
{
    (void)state;
    static const char *const names[] = { "wide.mp4", "wide.mkv", "wide.mpg" };
    for (size_t i = 0; i < sizeof aspects / sizeof aspects[0]; i++) {
        for (int k = 0; k < 2; k++) {
            const struct coding *coding = &aspects[i].coding;
            int32_t matrix[9];
            make_matrix(coding->orientation, matrix);
            char what[48];
            snprintf(what, sizeof what, "%d:%d in %s", aspects[i].aspect.num, aspects[i].aspect.den,
                     names[k]);
            if (k > 0 && coding->orientation != 0) {
                continue; // this container has no matrix
            }
            const char *path = path_of(names[k]);
            write_clip(path, coding,
                       (struct clip_options){ .encoder = "mpeg4",
                                              .pixel_aspect = aspects[i].aspect,
                                              .display_matrix = matrix });
            run(path, &(struct pipeline_display_options){ 0 });
            assert_int_equal(result.count, FRAMES);
            assert_as_plain(what);
        }
    }
}

// Broadcasts do so, between films and news; only the codec says it.
static void the_aspect_may_change_in_mid_stream(void **state)
{
    (void)state;
    char both[128];
    snprintf(both, sizeof both, "%s/both.h264", directory);
    FILE *file = fopen(both, "wb");
    const char *path = path_of("one.h264");
    for (int i = 0; i < 2; i++) {
        write_clip(
            path, &aspects[i].coding,
            (struct clip_options){ .encoder = "libx264", .pixel_aspect = aspects[i].aspect });
        append(file, path);
    }
    fclose(file);
    run(both, &(struct pipeline_display_options){ 0 });
    assert_int_equal(result.count, 2 * FRAMES);
    assert_as_plain("2:1, then 1:2");
}

// To the pixel, not to what suits vector code.
static void what_the_codec_crops_is_not_there(void **state)
{
    (void)state;
    const char *path = path_of("cropped.h264");
    write_clip(
        path, &upright,
        (struct clip_options){
            .encoder = "libx264",
            .filter = "h264_metadata=crop_left=54:crop_right=2:crop_top=22:crop_bottom=12" });
    cropped_left = 54;
    cropped_top = 22;
    run(path, &(struct pipeline_display_options){ 0 });
    cropped_left = cropped_top = 0;
    assert_int_equal(result.faces, FRAMES);
    assert_int_equal(result.width[0], WIDTH - 56);
    assert_int_equal(result.height[0], HEIGHT - 26);
    assert_true(result.error <= 1.05 * plain.error);
}

// For cameras that say nothing; what they do say comes first.
static void the_user_may_turn_and_mirror(void **state)
{
    (void)state;
    static const struct {
        int orientation;
        struct pipeline_display_options undone_by;
    } cases[] = {
        { 5, { 90, false } }, { 6, { 180, false } }, { 3, { 270, false } }, { 2, { 0, true } },
        { 4, { 180, true } }, { 1, { 90, true } },   { 7, { 270, true } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct coding coding = { cases[i].orientation, { 1, 1 }, { 1, 1 } };
        char what[48];
        snprintf(what, sizeof what, "rotate %d, mirror %d", cases[i].undone_by.rotate,
                 cases[i].undone_by.mirror);
        const char *path = path_of("silent.mp4");
        write_clip(path, &coding, (struct clip_options){ .encoder = "mpeg4" });
        run(path, &cases[i].undone_by);
        assert_as_plain(what);
    }
    int32_t matrix[9];
    make_matrix(5, matrix); // a quarter turn of two
    const struct coding over = { 6, { 1, 1 }, { 1, 1 } };
    const char *path = path_of("over.mp4");
    write_clip(path, &over, (struct clip_options){ .encoder = "mpeg4", .display_matrix = matrix });
    run(path, &(struct pipeline_display_options){ 90, false });
    assert_as_plain("90 degrees on top of 90");
}

static void only_right_angles_can_be_asked_for(void **state)
{
    (void)state;
    static const int wrong[] = { 45, -90, 360, 1 };
    const struct pipeline_stream_callbacks callbacks = { on_record, on_state, NULL };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct pipeline_stream_options options = {
            .name = "test", .url = "demo:", .display.rotate = wrong[i]
        };
        struct mc_error err = { 0 };
        assert_null(pipeline_stream_create(&loop, workers, &options, &callbacks, &err));
        assert_non_null(strstr(err.message, "rotate must be 0, 90, 180 or 270, got "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_orientations_by_the_container),
        cmocka_unit_test(all_orientations_by_exif),
        cmocka_unit_test(all_orientations_by_the_codec),
        cmocka_unit_test(the_orientation_may_change_in_mid_stream),
        cmocka_unit_test(pixels_need_not_be_square),
        cmocka_unit_test(the_aspect_may_change_in_mid_stream),
        cmocka_unit_test(what_the_codec_crops_is_not_there),
        cmocka_unit_test(the_user_may_turn_and_mirror),
        cmocka_unit_test(only_right_angles_can_be_asked_for),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
