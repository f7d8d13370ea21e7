// A capture whose sessions run in processes of their own: this program, started again.
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/frame_pool.h"
#include "pipeline/isolate/decoder_process.h"
#include "pipeline/isolate/isolate.h"
#include "pipeline/isolate/message.h"
#include "pipeline/isolate/sandbox.h"
#include "pipeline/mailbox.h"
#include "pipeline/source/capture.h"
#include "pipeline/source/capture_internal.h"
#include "tests/pipeline/clip_file.h"

enum { FRAMES_MAX = 300, QUEUE = 4, PATIENCE_S = 60 };

// AddressSanitizer and its like take SIGSEGV for themselves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { CRASH = SIGILL };
#define CRASHED "the decoder crashed (SIGILL)"
#else
enum { CRASH = SIGSEGV };
#define CRASHED "the decoder crashed (SIGSEGV)"
#endif

// What a frame was.
struct seen {
    double pts;
    int width, height;
    unsigned session;
    uint32_t pixels; // a hash
};

// One capture, and what came of it.
struct run {
    struct pipeline_capture_options options;
    struct pipeline_capture_counts counts;
    struct pipeline_capture *capture;
    struct seen seen[FRAMES_MAX];
    int frames; // the first of which are in seen
    double last_pts;
    struct pipeline_state_report report;
    int failures;  // sessions that were lost, or given up
    long state_ns; // that a state takes
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t news = PTHREAD_COND_INITIALIZER;

static void on_news(void *user)
{
    (void)user;
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&news);
    pthread_mutex_unlock(&lock);
}

static void on_state(void *user)
{
    struct run *run = user;
    struct pipeline_state_report report;
    pthread_mutex_lock(&lock);
    if (run->capture != NULL) {
        pipeline_capture_state(run->capture, &report);
        run->failures += report.reason[0] != '\0';
        pthread_cond_broadcast(&news);
    }
    pthread_mutex_unlock(&lock);
    nanosleep(&(struct timespec){ .tv_nsec = run->state_ns }, NULL);
}

static void run_create(struct run *run, const char *url, bool isolate, bool repeat)
{
    struct mc_error err = { 0 };
    memset(run, 0, sizeof *run);
    run->options = (struct pipeline_capture_options){
        .url = url,
        .every_frame = true,
        .repeat = repeat,
        .run_session = isolate ? pipeline_isolate_run_session : NULL,
        .mailbox = pipeline_mailbox_create(QUEUE, true, &err),
        .pool = pipeline_frame_pool_create(QUEUE + 3, &err),
        .counts = &run->counts,
        .on_frame = on_news,
        .wake = on_state,
        .user = run,
    };
    run->capture = pipeline_capture_create(&run->options, &err);
    if (run->capture == NULL) {
        fail_msg("%s", err.message);
    }
}

static void run_start_file(struct run *run, const char *url, bool isolate, bool repeat)
{
    run_create(run, url, isolate, repeat);
    pipeline_capture_start(run->capture);
}

static void run_start(struct run *run, const char *url, bool isolate)
{
    run_start_file(run, url, isolate, false);
}

static void run_stop(struct run *run)
{
    struct pipeline_frame *frame;
    pipeline_capture_stop(run->capture);
    pipeline_capture_join(run->capture);
    while ((frame = pipeline_mailbox_pop(run->options.mailbox)) != NULL) {
        pipeline_frame_pool_release(run->options.pool, frame);
    }
    pipeline_mailbox_destroy(run->options.mailbox);
    pipeline_frame_pool_destroy(run->options.pool);
}

static uint32_t hash_rows(const AVFrame *image)
{
    uint32_t hash = 2166136261u;
    uint8_t *bytes = NULL;
    const int size = av_image_get_buffer_size(image->format, image->width, image->height, 1);
    bytes = malloc((size_t)size);
    assert_non_null(bytes);
    av_image_copy_to_buffer(bytes, size, (const uint8_t *const *)image->data, image->linesize,
                            image->format, image->width, image->height, 1);
    for (int i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * 16777619u;
    }
    free(bytes);
    return hash;
}

static void take_frame(struct run *run, struct pipeline_frame *frame)
{
    assert_true(run->frames == 0 || frame->pts > run->last_pts);
    run->last_pts = frame->pts;
    if (run->frames < FRAMES_MAX) {
        run->seen[run->frames] =
            (struct seen){ frame->pts, frame->display.width, frame->display.height, frame->session,
                           hash_rows(frame->image) };
    }
    run->frames++;
    pipeline_frame_pool_release(run->options.pool, frame);
}

// Takes frames until there are that many, or the capture is done.
static void run_until(struct run *run, int frames)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    while (run->frames < frames) {
        pthread_mutex_lock(&lock);
        struct pipeline_frame *frame = pipeline_mailbox_pop(run->options.mailbox);
        const bool done = frame == NULL && pipeline_capture_is_done(run->capture);
        if (frame == NULL && !done) {
            assert_int_equal(pthread_cond_timedwait(&news, &lock, &until), 0);
        }
        pthread_mutex_unlock(&lock);
        if (frame != NULL) {
            take_frame(run, frame);
        }
        if (done) {
            break;
        }
    }
    pipeline_capture_state(run->capture, &run->report);
}

// Waits for a state whose reason holds text.
static void run_until_reason(struct run *run, const char *text)
{
    for (int64_t end = mc_clock_now_ns() + PATIENCE_S * MC_NS_PER_SECOND;;) {
        struct pipeline_frame *frame = pipeline_mailbox_pop(run->options.mailbox);
        if (frame != NULL) {
            take_frame(run, frame);
        }
        pipeline_capture_state(run->capture, &run->report);
        if (strstr(run->report.reason, text) != NULL) {
            return;
        }
        assert_true(mc_clock_now_ns() < end);
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
}

static void run_until_state(struct run *run, enum pipeline_state state)
{
    pthread_mutex_lock(&lock);
    pipeline_capture_state(run->capture, &run->report);
    while (run->report.state != state) {
        pthread_cond_wait(&news, &lock);
        pipeline_capture_state(run->capture, &run->report);
    }
    pthread_mutex_unlock(&lock);
}

static int count_entries(const char *path)
{
    DIR *directory = opendir(path);
    assert_non_null(directory);
    int count = 0;
    while (readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count;
}

// The decoder processes that run: children of any thread. Returns the last one.
static pid_t find_decoder(int *count)
{
    pid_t found = -1;
    *count = 0;
    DIR *directory = opendir("/proc/self/task");
    const struct dirent *entry;
    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        char path[300];
        long pid;
        snprintf(path, sizeof path, "/proc/self/task/%s/children", entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
        while (file != NULL && fscanf(file, "%ld", &pid) == 1) {
            found = (pid_t)pid;
            ++*count;
        }
        if (file != NULL) {
            fclose(file);
        }
    }
    closedir(directory);
    return found;
}

static void assert_no_decoder(void)
{
    int count;
    find_decoder(&count);
    assert_int_equal(count, 0);
}

static void compare(const char *url)
{
    static struct run here, there;
    run_start(&here, url, false);
    run_until(&here, FRAMES_MAX);
    run_start(&there, url, true);
    run_until(&there, FRAMES_MAX);
    assert_int_equal(there.frames, here.frames);
    assert_int_equal(there.report.state, here.report.state);
    assert_string_equal(there.report.reason, here.report.reason);
    for (int i = 0; i < here.frames; i++) {
        assert_true(there.seen[i].pts == here.seen[i].pts);
        assert_int_equal(there.seen[i].width, here.seen[i].width);
        assert_int_equal(there.seen[i].height, here.seen[i].height);
        assert_int_equal(there.seen[i].pixels, here.seen[i].pixels);
    }
    assert_true(there.counts.packets == here.counts.packets);
    assert_true(there.counts.frames == here.counts.frames);
    assert_true(there.counts.damaged == here.counts.damaged);
    assert_true(there.counts.undecodable == here.counts.undecodable);
    assert_true(there.counts.connects == here.counts.connects);
    run_stop(&here);
    run_stop(&there);
    assert_no_decoder();
}

static void paint(void *user, int index, uint8_t *rgb, int width, int height)
{
    (void)user;
    for (int i = 0; i < width * height * 3; i++) {
        rgb[i] = (uint8_t)(i * 7 + index * 11);
    }
}

static void the_same_frames_come_from_either_process(void **state)
{
    (void)state;
    static const char *const encoders[][2] = {
        { "mjpeg", "avi" }, { "mpeg4", "mp4" }, { "ffv1", "mkv" }, { "libx264", "mp4" }
    };
    char directory[64], path[128];
    clip_directory_make(directory, sizeof directory);
    compare("demo:");
    compare("lavfi:testsrc=size=98x54:rate=25:duration=1");             // raw frames: copied
    compare("lavfi:testsrc=size=98x54:rate=25:duration=1,format=pal8"); // with a palette
    for (size_t i = 0; i < sizeof encoders / sizeof encoders[0]; i++) {
        snprintf(path, sizeof path, "%s/clip%zu.%s", directory, i, encoders[i][1]);
        clip_write(&(struct clip_options){ .path = path,
                                           .encoder = encoders[i][0],
                                           .width = 98,
                                           .height = 54,
                                           .frames = 30,
                                           .rate = 25,
                                           .paint = paint });
        compare(path);
    }
    clip_directory_remove(directory);
}

static void a_file_that_repeats_goes_on_without_a_break_in_either_process(void **state)
{
    (void)state;
    static struct run run;
    for (int isolate = 0; isolate < 2; isolate++) {
        run_start_file(&run, "lavfi:testsrc=size=64x48:rate=25:duration=0.2", isolate != 0, true);
        run_until(&run, 20);
        for (int i = 0; i < 20; i++) {
            assert_float_equal(run.seen[i].pts, 0.04 * i, 1e-6);
            assert_int_equal(run.seen[i].session, i / 5 + 1);
        }
        run_stop(&run);
    }
}

// Of system calls, that the process has; -1 where the kernel does not count them.
static int count_filters(pid_t pid)
{
    char path[64], line[256];
    int count = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (count < 0 && fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "Seccomp_filters: %d", &count);
    }
    fclose(file);
    return count;
}

// What is loaded with each round would use up the kernel's room for filters, after hours.
static void a_file_that_repeats_is_confined_once(void **state)
{
    (void)state;
    static struct run run;
    int count;
    run_start_file(&run, "lavfi:testsrc=size=64x48:rate=25:duration=0.04", true, true);
    run_until(&run, 2);
    const pid_t decoder = find_decoder(&count);
    assert_int_equal(count, 1);
    const int filters = count_filters(decoder);
    if (filters < 0) {
        run_stop(&run);
        skip();
    }
    assert_true(filters >= 2);
    run_until(&run, 30);
    assert_int_equal(find_decoder(&count), decoder);
    assert_int_equal(count_filters(decoder), filters);
    run_stop(&run);
}

static void the_same_errors_come_from_either_process(void **state)
{
    (void)state;
    compare("/nowhere/clip.mp4");
    compare("/etc/passwd");
    compare("images:/nowhere/p%03d.jpg");
    compare("FILE:///nowhere/clip.mp4");
}

static void a_scheme_may_be_written_in_capitals(void **state)
{
    (void)state;
    static const char *const urls[] = { "HTTP://me:secret@127.0.0.1:1/x",
                                        "Rtsp://me:secret@127.0.0.1:1/x" };
    static struct run run;
    compare("DEMO:");
    for (int i = 0; i < 4; i++) {
        run_start(&run, urls[i / 2], i % 2 != 0);
        run_until_reason(&run, "Connection refused");
        assert_null(strstr(run.report.reason, "secret"));
        run_stop(&run);
    }
}

// Killed, or dead of its own: the reason says which, and the next process goes on behind it.
static void a_decoder_that_dies_is_started_again(void **state)
{
    (void)state;
    static const struct {
        int signal;
        const char *reason;
    } deaths[] = { { CRASH, CRASHED }, { SIGKILL, "the decoder was killed (SIGKILL)" } };
    static struct run run;
    run_start(&run, "lavfi:testsrc=size=64x48:rate=25", true);
    for (size_t i = 0; i < sizeof deaths / sizeof deaths[0]; i++) {
        int count;
        run_until(&run, run.frames + 10);
        const pid_t decoder = find_decoder(&count);
        assert_int_equal(count, 1);
        assert_int_equal(kill(decoder, deaths[i].signal), 0);
        run_until_reason(&run, deaths[i].reason);
        assert_int_equal(run.report.state, PIPELINE_CONNECTING);
        run_until(&run, run.frames + 10);
        assert_int_equal(run.report.state, PIPELINE_LIVE);
        assert_int_equal(run.counts.connects, i + 2);
    }
    run_stop(&run);
    assert_no_decoder();
}

// One clip in a folder of its own.
static void write_clip(char directory[64], char path[128], int frames)
{
    clip_directory_make(directory, 64);
    snprintf(path, 128, "%s/clip.mp4", directory);
    clip_write(&(struct clip_options){ .path = path,
                                       .encoder = "mpeg4",
                                       .width = 64,
                                       .height = 48,
                                       .frames = frames,
                                       .rate = 25,
                                       .paint = paint });
}

// What is in a file does not change.
static void a_file_that_no_decoder_survives_is_given_up(void **state)
{
    (void)state;
    static struct run run;
    char directory[64], path[128];
    write_clip(directory, path, 100);
    run_start(&run, path, true);
    for (int64_t end = mc_clock_now_ns() + PATIENCE_S * MC_NS_PER_SECOND;
         run.report.state != PIPELINE_FAILED;) {
        int count;
        const pid_t decoder = find_decoder(&count); // waits for room after a few frames
        if (decoder > 0) {
            kill(decoder, CRASH);
        }
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
        pipeline_capture_state(run.capture, &run.report);
        assert_true(mc_clock_now_ns() < end);
    }
    assert_non_null(strstr(run.report.reason, CRASHED));
    run_stop(&run);
    assert_no_decoder();
    clip_directory_remove(directory);
}

// Killed now and then, in months of playing, it is not hopeless.
static void only_deaths_in_quick_succession_give_up_a_file(void **state)
{
    (void)state;
    struct mc_error err;
    struct pipeline_capture_options options = { .url = "/clip.mp4", .wake = on_news };
    struct pipeline_capture *file = pipeline_capture_create_idle(&options, &err);
    options.url = "rtsp://host/x";
    struct pipeline_capture *camera = pipeline_capture_create_idle(&options, &err);
    assert_true(file != NULL && camera != NULL);
    mc_clock_set_ns(1000 * MC_NS_PER_SECOND);
    file->session_frames = 100;
    file->session_start_ns = 900 * MC_NS_PER_SECOND;
    for (int i = 0; i < 10; i++) {
        assert_false(pipeline_isolate_is_hopeless(file, false));
    }
    file->session_start_ns = 999 * MC_NS_PER_SECOND;
    assert_false(pipeline_isolate_is_hopeless(file, true));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pipeline_isolate_is_hopeless(file, false), i == 2);
        assert_false(pipeline_isolate_is_hopeless(camera, false));
    }
    file->session_frames = 0;
    assert_true(pipeline_isolate_is_hopeless(file, false));
    assert_false(pipeline_isolate_is_hopeless(file, true));
    mc_clock_set_ns(-1);
    pipeline_capture_destroy_idle(file);
    pipeline_capture_destroy_idle(camera);
}

// As often as it takes to give a file up, no process can be started: it is not the file's fault.
static void a_decoder_that_cannot_be_started_is_no_death(void **state)
{
    (void)state;
    static struct run run;
    char directory[64], path[128];
    write_clip(directory, path, 10);
    struct rlimit normal;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &normal), 0);
    const struct rlimit none = { 0, normal.rlim_max };
    run_create(&run, path, true, false);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    pipeline_capture_start(run.capture);
    pthread_mutex_lock(&lock);
    while (run.failures < 3) {
        pthread_cond_wait(&news, &lock);
    }
    pthread_mutex_unlock(&lock);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &normal), 0);
    run_until(&run, 10);
    assert_int_equal(run.frames, 10);
    run_stop(&run);
    clip_directory_remove(directory);
}

// A frame that a worker has stays as it is after the end of its decoder.
static void a_frame_outlives_its_decoder(void **state)
{
    (void)state;
    static struct run run;
    run_start(&run, "demo:", true);
    run_until(&run, 1);
    struct pipeline_frame *frame;
    while ((frame = pipeline_mailbox_pop(run.options.mailbox)) == NULL) {
    }
    const uint32_t before = hash_rows(frame->image);
    pipeline_capture_stop(run.capture);
    pipeline_capture_join(run.capture);
    assert_no_decoder();
    assert_int_equal(hash_rows(frame->image), before);
    pipeline_frame_pool_release(run.options.pool, frame);
    while ((frame = pipeline_mailbox_pop(run.options.mailbox)) != NULL) {
        pipeline_frame_pool_release(run.options.pool, frame);
    }
    pipeline_mailbox_destroy(run.options.mailbox);
    pipeline_frame_pool_destroy(run.options.pool);
}

static int rounds = 10;

static void nothing_is_left_of_many_decoders(void **state)
{
    (void)state;
    static struct run run;
    int files = 0, maps = 0;
    for (int i = 0; i < rounds; i++) {
        run_start(&run, "lavfi:testsrc=size=64x48:rate=25", true);
        run_until(&run, i % 3); // 0: it may not even have started
        run_stop(&run);
        assert_no_decoder();
        if (i == 0) {
            files = count_entries("/proc/self/fd");
            maps = count_entries("/proc/self/map_files");
        }
    }
    assert_int_equal(count_entries("/proc/self/fd"), files);
    assert_true(count_entries("/proc/self/map_files") <= maps + 8); // stacks and heaps, kept
}

// ---- Intruders

// Set for decoder processes that are to do what an intruder might.
#define INTRUDE "MOCAPD_TEST_INTRUDE"

static void *intrude(void *argument)
{
    (void)argument;
    for (;;) { // refused until the source is open, deadly from then on
        (void)socket(AF_INET, SOCK_STREAM, 0);
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    }
    return NULL;
}

static void a_decoder_that_reaches_out_is_stopped(void **state)
{
    (void)state;
    static struct run run;
    setenv(INTRUDE, "1", 1);
    run_start(&run, "lavfi:testsrc=size=64x48:rate=25", true);
    run_until_reason(&run, "it made a system call that it must not (SIGSYS)");
    unsetenv(INTRUDE);
    run_until(&run, run.frames + 10); // the next one behaves
    assert_int_equal(run.report.state, PIPELINE_LIVE);
    run_stop(&run);
}

// Never stops, whatever it is asked.
static void flood(void)
{
    const struct pipeline_isolate_state message = { .kind = PIPELINE_ISOLATE_STATE };
    while (send(PIPELINE_DECODER_PROCESS_SOCKET, &message, sizeof message, MSG_NOSIGNAL) > 0) {
    }
    _exit(0);
}

static void a_decoder_that_goes_on_talking_is_stopped(void **state)
{
    (void)state;
    static struct run run;
    setenv(INTRUDE, "flood", 1);
    run_create(&run, "lavfi:testsrc=size=64x48:rate=25", true, false);
    run.state_ns = 2000000; // so that there is always more
    pipeline_capture_start(run.capture);
    run_until_state(&run, PIPELINE_LIVE);
    alarm(PATIENCE_S);
    run_stop(&run);
    alarm(0);
    unsetenv(INTRUDE);
    assert_no_decoder();
}

static bool has_sandbox(void)
{
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(pipeline_sandbox_enter(PIPELINE_URL_FILE, SIZE_MAX, NULL) ? 0 : 1);
    }
    int status = -1;
    return waitpid(pid, &status, 0) == pid && status == 0;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    const char *intrusion = argc > 1 ? getenv(INTRUDE) : NULL;
    if (intrusion != NULL && strcmp(intrusion, "flood") == 0) {
        flood();
    } else if (intrusion != NULL) {
        pthread_create(&thread, NULL, intrude, NULL);
    }
    pipeline_decoder_process(argc, argv);
    if (!has_sandbox()) {
        puts("skipped: the kernel, or an emulator, has no seccomp filters");
        return 77;
    }
    if (argc > 1 && strcmp(argv[1], "many") == 0) {
        rounds = 200;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_frames_come_from_either_process),
        cmocka_unit_test(a_file_that_repeats_goes_on_without_a_break_in_either_process),
        cmocka_unit_test(a_file_that_repeats_is_confined_once),
        cmocka_unit_test(the_same_errors_come_from_either_process),
        cmocka_unit_test(a_scheme_may_be_written_in_capitals),
        cmocka_unit_test(a_decoder_that_dies_is_started_again),
        cmocka_unit_test(a_file_that_no_decoder_survives_is_given_up),
        cmocka_unit_test(only_deaths_in_quick_succession_give_up_a_file),
        cmocka_unit_test(a_decoder_that_cannot_be_started_is_no_death),
        cmocka_unit_test(a_frame_outlives_its_decoder),
        cmocka_unit_test(nothing_is_left_of_many_decoders),
        cmocka_unit_test(a_decoder_that_reaches_out_is_stopped),
        cmocka_unit_test(a_decoder_that_goes_on_talking_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
