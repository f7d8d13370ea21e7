// The models that ship on photographs and clips, where the shared data is there: how
// well landmarks fit a face that the pipeline found itself, against one whose box
// is given; and in how many frames of each clip a face is followed.
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/cpu.h"
#include "nn/model.h"
#include "pipeline/models.h"
#include "pipeline/stream.h"
#include "pipeline/worker.h"
#include "protocol/record.h"

#define MODELS MOCAPD_SOURCE_DIR "/models/"
#define DATA MOCAPD_SOURCE_DIR "/../shared/data/"

enum { POINTS = 68, CLIP_FRAMES = 100, PATH_BYTES = 1024 };
enum { TURNED_FACES = 30, SECOND_FRAMES = 25 };

static uv_loop_t loop;
static struct nn_model *model, *locator;
static struct pipeline_workers *workers;
static struct pipeline_stream *stream;

static struct {
    int records, with_face, stop_after;
    struct protocol_face face; // the latest
    float roll;                // of heads in the source, radians
    int wrong_way_up;          // records of a face whose roll is over 60 degrees off that
    bool stop_at_face, closing;
} seen;

static void on_closed(void *user)
{
    (void)user;
    stream = NULL;
}

static void close_stream(void)
{
    if (!seen.closing) {
        seen.closing = true;
        pipeline_stream_close(stream, on_closed, NULL);
    }
}

// Between the outer corners of the eyes, clockwise.
static float roll_of(const struct protocol_face *face)
{
    return atan2f(face->keypoints[45].y - face->keypoints[36].y,
                  face->keypoints[45].x - face->keypoints[36].x);
}

static void on_record(void *user, struct protocol_record *record,
                      const struct pipeline_frame *frame)
{
    (void)user;
    (void)frame;
    seen.records++;
    if (record->face_count > 0) {
        seen.with_face++;
        seen.face = record->faces[0];
        seen.wrong_way_up += cosf(roll_of(&seen.face) - seen.roll) < 0.5f;
    }
    if (seen.records == seen.stop_after || (seen.stop_at_face && seen.with_face > 0)) {
        close_stream();
    }
}

static void on_state(void *user, enum pipeline_state state, const char *reason)
{
    (void)user;
    if (state == PIPELINE_FAILED) {
        fail_msg("%s", reason);
    }
    if (state == PIPELINE_ENDED) {
        close_stream();
    }
}

static void play(const char *path, const struct pipeline_region *region)
{
    const struct pipeline_stream_options options = {
        .name = "test",
        .url = path,
        .every_frame = true,
        .mode = region != NULL ? PIPELINE_FIXED : PIPELINE_TRACK,
        .region = region != NULL ? *region : (struct pipeline_region){ 0 },
    };
    const struct pipeline_stream_callbacks callbacks = { on_record, on_state, NULL };
    struct mc_error err = { 0 };
    stream = pipeline_stream_create(&loop, workers, &options, &callbacks, &err);
    if (stream == NULL) {
        fail_msg("%s", err.message);
    }
    pipeline_stream_start(stream);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void run(const char *path, const struct pipeline_region *region, int stop_after)
{
    memset(&seen, 0, sizeof seen);
    seen.stop_after = stop_after;
    play(path, region);
}

static json_t *read_json(const char *path)
{
    json_t *json = json_load_file(path, 0, NULL);
    if (json == NULL) {
        print_message("skipped: no %s\n", path);
        skip();
    }
    return json;
}

static const char *text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static float number(const json_t *array, size_t index)
{
    return (float)json_number_value(json_array_get(array, index));
}

// The whole frame of the same photograph as the crop: named after it.
static const json_t *find_frame(const json_t *frames, const char *person)
{
    size_t i;
    const json_t *frame;
    json_array_foreach(frames, i, frame)
    {
        const char *name = text(frame, "person");
        if (strncmp(name, person, strlen(person)) == 0 && name[strlen(person)] == '_' &&
            strcmp(text(frame, "set"), "helen_train") == 0) {
            return frame;
        }
    }
    return NULL;
}

// The crop's landmarks in the frame: both know the landmarks' box.
static void place_points(const json_t *crop, const json_t *box, float points[POINTS][2])
{
    float left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
    for (int i = 0; i < POINTS; i++) {
        const json_t *point = json_array_get(json_object_get(crop, "points"), (size_t)i);
        points[i][0] = number(point, 0);
        points[i][1] = number(point, 1);
        left = fminf(left, points[i][0]);
        right = fmaxf(right, points[i][0]);
        top = fminf(top, points[i][1]);
        bottom = fmaxf(bottom, points[i][1]);
    }
    const float width = number(box, 2) - number(box, 0), height = number(box, 3) - number(box, 1);
    const float scale = fmaxf(width, height) / fmaxf(right - left, bottom - top);
    for (int i = 0; i < POINTS; i++) {
        points[i][0] = number(box, 0) + (points[i][0] - left) * scale;
        points[i][1] = number(box, 1) + (points[i][1] - top) * scale;
    }
}

static float error_of(const struct protocol_face *face, float points[POINTS][2])
{
    const float eyes = hypotf(points[45][0] - points[36][0], points[45][1] - points[36][1]);
    float sum = 0;
    for (int i = 0; i < POINTS; i++) {
        sum += hypotf(face->keypoints[i].x - points[i][0], face->keypoints[i].y - points[i][1]);
    }
    return sum / POINTS / eyes;
}

// The region that the landmark network was trained with.
static struct pipeline_region given_region(const json_t *box)
{
    const float width = number(box, 2) - number(box, 0), height = number(box, 3) - number(box, 1);
    const float side = nn_model_info(model)->crop_margin * fmaxf(width, height);
    return (struct pipeline_region){ (number(box, 0) + number(box, 2) - side) / 2,
                                     (number(box, 1) + number(box, 3) - side) / 2, side, side };
}

static bool is_inside(const json_t *box, float x, float y)
{
    return x > number(box, 0) && y > number(box, 1) && x < number(box, 2) && y < number(box, 3);
}

// Whether the face is another one than the labelled: one that a detector sees elsewhere.
static bool is_another(const struct protocol_face *face, const json_t *frame)
{
    float x = 0, y = 0;
    for (int i = 0; i < POINTS; i++) {
        x += face->keypoints[i].x / POINTS;
        y += face->keypoints[i].y / POINTS;
    }
    const json_t *detected = json_object_get(frame, "rfb_boxes"), *box;
    bool is_there = false;
    size_t i;
    json_array_foreach(detected, i, box)
    {
        is_there |= is_inside(box, x, y);
    }
    return is_there && !is_inside(json_array_get(json_object_get(frame, "gt_boxes"), 0), x, y);
}

static void landmarks_fit_as_well_where_the_face_was_found(void **state)
{
    (void)state;
    json_t *crops = read_json(DATA "faces68/labels.json");
    json_t *frames = read_json(DATA "frames/boxes.json");
    float given = 0, found = 0;
    int faces = 0, compared = 0, elsewhere = 0;
    size_t i;
    const json_t *crop, *frame = NULL;
    json_array_foreach(crops, i, crop)
    {
        if (strcmp(text(crop, "set"), "helen_train") != 0 ||
            strcmp(text(crop, "split"), "val") != 0) {
            continue;
        }
        const json_t *last = frame;
        frame = find_frame(frames, text(crop, "person"));
        if (frame == NULL || frame == last) { // two people's photograph comes twice
            continue;
        }
        const json_t *box = json_array_get(json_object_get(frame, "gt_boxes"), 0);
        const struct pipeline_region region = given_region(box);
        char path[PATH_BYTES];
        float points[POINTS][2];
        snprintf(path, sizeof path, DATA "frames/%s", text(frame, "file"));
        place_points(crop, box, points);
        faces++;
        run(path, NULL, 0);
        if (seen.with_face == 0) {
            print_message("no face: %s\n", text(frame, "file"));
            continue;
        }
        const float error_found = error_of(&seen.face, points);
        if (error_found > 1) { // the photograph shows another face too, and that is followed
            assert_true(is_another(&seen.face, frame));
            elsewhere++;
            continue;
        }
        run(path, &region, 0);
        if (seen.with_face == 1) {
            given += error_of(&seen.face, points);
            found += error_found;
            compared++;
        }
    }
    json_decref(crops);
    json_decref(frames);
    print_message(
        "%d faces, %d compared, %d photographs with another face in front; error with given "
        "boxes %.4f, found %.4f of the outer-eye distance\n",
        faces, compared, elsewhere, (double)(given / (float)compared),
        (double)(found / (float)compared));
    assert_true(faces >= 60 && compared + elsewhere >= 0.95 * faces && elsewhere <= 3);
    assert_true(found <= 1.1f * given);
}

static void a_face_is_followed_through_every_clip(void **state)
{
    (void)state;
    DIR *directory = opendir(DATA "clips");
    if (directory == NULL) {
        print_message("skipped: no " DATA "clips\n");
        skip();
    }
    const struct dirent *entry;
    int poor = 0;
    while ((entry = readdir(directory)) != NULL) {
        if (strstr(entry->d_name, ".mp") == NULL) {
            continue;
        }
        char path[PATH_BYTES];
        snprintf(path, sizeof path, DATA "clips/%s", entry->d_name);
        run(path, NULL, CLIP_FRAMES);
        print_message("%-20s a face in %3d of %3d frames, last id %d\n", entry->d_name,
                      seen.with_face, seen.records, seen.face.id);
        poor += seen.with_face < 0.99f * (float)seen.records;
    }
    closedir(directory);
    assert_int_equal(poor, 0);
}

// Ways to turn a source clockwise, as filters of FFmpeg.
static const struct turn {
    const char *filter;
    float roll; // radians
} turns[] = {
    { "transpose=clock", 1.57079633f },
    { "hflip,vflip", 3.14159265f },
    { "transpose=cclock", -1.57079633f },
};
enum { TURNS = sizeof turns / sizeof turns[0] };

// Plays a photograph for stop_after frames, or a clip, turned.
static void run_turned(const char *path, const char *filter, const struct turn *turn,
                       int stop_after, bool stop_at_face)
{
    char graph[PATH_BYTES + 128];
    snprintf(graph, sizeof graph, "lavfi:movie=%s,%s%s", path, filter, turn->filter);
    memset(&seen, 0, sizeof seen);
    seen.stop_after = stop_after;
    seen.stop_at_face = stop_at_face;
    seen.roll = turn->roll;
    play(graph, NULL);
}

// Within a second of video, and never the wrong way up.
static void turned_faces_are_found_as_well_as_upright_ones(void **state)
{
    (void)state;
    json_t *frames = read_json(DATA "frames/boxes.json");
    for (int i = 0; i < TURNS; i++) {
        int faces = 0, found = 0, wrong = 0, latest = 0;
        size_t k;
        const json_t *frame;
        json_array_foreach(frames, k, frame)
        {
            if (strcmp(text(frame, "set"), "helen_train") != 0 ||
                strcmp(text(frame, "split"), "val") != 0 || faces == TURNED_FACES) {
                continue;
            }
            char path[PATH_BYTES];
            snprintf(path, sizeof path, DATA "frames/%s", text(frame, "file"));
            run_turned(path, "loop=loop=24:size=1,", &turns[i], SECOND_FRAMES, true);
            faces++;
            found += seen.with_face > 0;
            wrong += seen.wrong_way_up;
            latest = seen.records > latest ? seen.records : latest;
        }
        print_message(
            "%-16s %d of %d faces found, in frame %d at the latest, %d the wrong way up\n",
            turns[i].filter, found, faces, latest, wrong);
        assert_int_equal(found, faces);
        assert_int_equal(faces, TURNED_FACES);
        assert_int_equal(wrong, 0);
    }
    json_decref(frames);
}

static void a_face_is_followed_through_turned_clips(void **state)
{
    (void)state;
    static const char *const clips[] = { "lp_d0.mp4", "grid_lipnet.mp4", "tps_driving.mp4" };
    for (int i = 0; i < TURNS; i++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, DATA "clips/%s", clips[i]);
        if (access(path, R_OK) != 0) {
            print_message("skipped: no %s\n", path);
            skip();
        }
        run_turned(path, "", &turns[i], CLIP_FRAMES, false);
        print_message("%-16s %-16s a face in %3d of %3d frames, %d the wrong way up\n", clips[i],
                      turns[i].filter, seen.with_face, seen.records, seen.wrong_way_up);
        assert_true(seen.with_face >= seen.records - 10); // searched upright first
        assert_int_equal(seen.wrong_way_up, 0);
    }
}

static int set_up(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    unsigned flags = 0;
    if (uv_loop_init(&loop) != 0 || !mc_cpu_flags(&flags, &err)) {
        return 1;
    }
    model = nn_model_load(MODELS NN_MODEL_DEFAULT_FILE, flags, &err);
    locator = model == NULL ? NULL : nn_model_load(MODELS NN_LOCATOR_DEFAULT_FILE, flags, &err);
    workers =
        locator == NULL
            ? NULL
            : pipeline_workers_create(&(struct pipeline_models){ model, locator, NULL }, 1, &err);
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
    return uv_loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(landmarks_fit_as_well_where_the_face_was_found),
        cmocka_unit_test(a_face_is_followed_through_every_clip),
        cmocka_unit_test(turned_faces_are_found_as_well_as_upright_ones),
        cmocka_unit_test(a_face_is_followed_through_turned_clips),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
