// Wrong input gets one clear line and the right exit status.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/process.h"

#define MODEL MOCAPD_SOURCE_DIR "/models/face68.safetensors"

static char *bytes; // of the model
static size_t byte_count;

static int set_up(void **state)
{
    if (process_set_up(state) != 0) {
        return 1;
    }
    FILE *file = fopen(MODEL, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0) {
        return 1;
    }
    byte_count = (size_t)status.st_size;
    bytes = malloc(byte_count);
    bool good = bytes != NULL && fread(bytes, 1, byte_count, file) == byte_count;
    fclose(file);
    return !good;
}

static int tear_down(void **state)
{
    free(bytes);
    return process_tear_down(state);
}

static const char *write_file(const char *name, const void *data, size_t size)
{
    const char *path = process_path(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

// mocapd with these arguments, on a socket of its own.
static int run_daemon(struct process *process, const char *const *more)
{
    const char *arguments[24] = { "--socket", process_path("bad.sock") };
    int count = 2;
    for (; *more != NULL; more++) {
        arguments[count++] = *more;
    }
    return process_run(process, MOCAPD, arguments);
}

static void assert_stream_refused(const char *path, const char *needle)
{
    struct process process;
    char stream[512];
    snprintf(stream, sizeof stream, "s=%s", path);
    const char *arguments[] = { "--exit-on-end", "--stream", stream, NULL };
    assert_int_equal(run_daemon(&process, arguments), 1);
    process_assert_one_error(&process, needle);
    const char *serving[] = { "--stream", stream, NULL }; // nothing to serve: it ends, too
    assert_int_equal(run_daemon(&process, serving), 1);
}

static void sources_that_are_no_video_are_refused(void **state)
{
    (void)state;
    assert_stream_refused("/nowhere/clip.mp4", "/nowhere/clip.mp4: No such file or directory");
    static char text[4096];
    memset(text, 'a', sizeof text);
    assert_stream_refused(write_file("notes.txt", text, sizeof text),
                          "notes.txt: is text, not a video");
    // A WAV file: 8-bit mono at 8 kHz.
    static char sound[4096 + 44] =
        "RIFF\x24\x10\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0"
        "\1\0\x08\0data\0\x10\0\0";
    assert_stream_refused(write_file("sound.wav", sound, sizeof sound), "has no video stream");
}

static void a_truncated_clip_is_refused(void **state)
{
    (void)state;
    struct process process;
    const char *clip = process_path("whole.mp4");
    const char *arguments[] = { "--frames", "10", "--size", "160x120", "-o", clip, NULL };
    assert_int_equal(process_run(&process, SYNTHFACE, arguments), 0);
    static char data[200000];
    FILE *file = fopen(clip, "rb");
    assert_non_null(file);
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    assert_stream_refused(write_file("cut.mp4", data, size / 2), "cut.mp4: ");
}

static void assert_model_refused(const void *data, size_t size, const char *needle)
{
    struct process process;
    const char *path = write_file("bad.safetensors", data, size);
    const char *arguments[] = { "--stream", "s=demo:", "--exit-on-end", "--model", path, NULL };
    assert_int_equal(run_daemon(&process, arguments), 1);
    process_assert_one_error(&process, "bad.safetensors: ");
    process_assert_one_error(&process, needle);
    const char *info[] = { "model", "info", path, NULL };
    assert_int_equal(process_run(&process, MOCAP_LAB, info), 1);
    process_assert_one_error(&process, needle);
}

static void models_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    char *copy = malloc(byte_count);
    assert_non_null(copy);
    assert_model_refused(bytes, byte_count / 2, "data_offsets must be within the");
    assert_model_refused(bytes, 5, "must be at least 8 bytes");
    memcpy(copy, bytes, byte_count);
    memset(copy, 0xff, 8);
    assert_model_refused(copy, byte_count, "got 18446744073709551615");
    memcpy(copy, bytes, byte_count);
    char *shape = memmem(copy, 50000, "[29,3,3,3]", 10);
    assert_non_null(shape);
    memcpy(shape, "[3,29,3,3]", 10);
    assert_model_refused(copy, byte_count,
                         "blocks.0.conv.weight: shape must be [29,3,3,3], got [3,29,3,3]");
    memcpy(copy, bytes, byte_count);
    memcpy(copy + byte_count - 8, "\0\0\xc0\x7f", 4);
    assert_model_refused(copy, byte_count, "must be finite, got nan");
    memcpy(copy, bytes, byte_count);
    char *name = memmem(copy, 50000, "\"lednet\"", 8);
    assert_non_null(name);
    memcpy(name, "\"nednet\"", 8);
    assert_model_refused(copy, byte_count,
                         "mocap.arch: must be one of lednet, lednet-slim, erfnet, edanet, esnet, "
                         "enet, enet-orig, hourglass, laednet, lrdnet, plain, got 'nednet'");
    free(copy);
}

// None of these may be waited for, or be read for ever.
static void models_that_are_no_files_are_refused(void **state)
{
    (void)state;
    const char *fifo = process_path("model-fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const char *const cases[][2] = {
        { "/dev/zero", "/dev/zero: must be a regular file, got a device" },
        { "/tmp", "/tmp: must be a regular file, got a directory" },
        { fifo, "model-fifo: must be a regular file, got a pipe" },
    };
    const char *const options[] = { "--model", "--locator", "--expression" };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct process process;
        const char *arguments[] = { "--stream", "s=demo:", options[i], cases[i][0], NULL };
        assert_int_equal(run_daemon(&process, arguments), 1);
        process_assert_one_error(&process, cases[i][1]);
    }
}

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[4];
        const char *needle;
    } cases[] = {
        { { "--colour", NULL }, "mocapd: unknown option '--colour'; see mocapd --help" },
        { { "--workers", "0", NULL }, "--workers must be a whole number from 1 to 64, got '0'" },
        { { "--stream", "clip.mp4", NULL }, "--stream must be NAME=URL, got 'clip.mp4'" },
        { { "--stream", "a b=x", NULL }, "a stream's name must be 1 to 63" },
        { { "--log-level", "loud", NULL }, "--log-level must be error, warning, info or debug" },
        { { "--region", "1,2,3", NULL }, "--region must be x,y,w,h" },
        { { "--model", NULL }, "--model requires a value" },
        { { "clip.mp4", NULL }, "unexpected argument 'clip.mp4'" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct process process;
        assert_int_equal(run_daemon(&process, cases[i].arguments), 2);
        process_assert_one_error(&process, cases[i].needle);
    }
}

static void a_wrong_configuration_is_located(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        { "workers = 2\ncolour = red\n", ".conf:2:1: unknown option 'colour'" },
        { "worker = 2\n", ".conf:1:1: unknown option 'worker'; did you mean 'workers'?" },
        { "[stream a]\nurl = demo:\nvolume = 1\n", ".conf:3:1: unknown option 'volume'" },
        { "[camera]\n", ".conf:1:2: must be [stream NAME], got '[camera]'" },
        { "workers\n", ".conf:1:1: must be name = value or [section], got 'workers'" },
        { "[stream a]\n", ".conf:1:9: [stream a]: must have a url" },
        { "fov = nan\n", ".conf:1:7: fov must be auto or a number from 5 to 170, got 'nan'" },
        { "workers\xc2\xa0= 2\n", ".conf:1:8: must be visible text, got U+00A0" },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct process process;
        const char *path = write_file("mocapd.conf", texts[i][0], strlen(texts[i][0]));
        const char *arguments[] = { "--config", path, NULL };
        assert_int_equal(run_daemon(&process, arguments), 78);
        process_assert_one_error(&process, texts[i][1]);
    }
}

// None of these may be read for ever, or be waited for.
static void a_configuration_that_is_no_text_is_refused(void **state)
{
    (void)state;
    const char *fifo = process_path("fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    const char *large = write_file("large.conf", "#", 1);
    assert_int_equal(truncate(large, 1 << 30), 0); // its first NUL byte is the second one
    const char *const cases[][2] = {
        { large, "large.conf:1:2: must be UTF-8 text, got a NUL byte" },
        { "/dev/zero", "/dev/zero:1:1: must be UTF-8 text, got a NUL byte" },
        { "/tmp", "/tmp: Is a directory" },
        { fifo, "fifo: is a pipe that nobody writes to" },
        { "/nowhere/x.conf", "/nowhere/x.conf: No such file or directory" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct process process;
        const char *arguments[] = { "--config", cases[i][0], NULL };
        assert_int_equal(run_daemon(&process, arguments), 78);
        process_assert_one_error(&process, cases[i][1]);
    }
}

// A service whose stderr was sent to a file still has JOURNAL_STREAM in its environment.
static void log_lines_in_a_file_have_no_journal_prefix(void **state)
{
    (void)state;
    struct process process;
    char said[4096];
    setenv("JOURNAL_STREAM", "8:12345", 1);
    const char *arguments[] = { "--stream", "s=/nowhere/clip.mp4", "--exit-on-end", NULL };
    assert_int_equal(run_daemon(&process, arguments), 1);
    unsetenv("JOURNAL_STREAM");
    process_read(process.err_path, said, sizeof said);
    assert_null(strchr(said, '<'));
    assert_non_null(strstr(said, " error: stream s is failed: "));
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void sockets_are_replaced_only_when_stale(void **state)
{
    (void)state;
    struct process process;
    const char *path = process_path("stale.sock");
    const char *arguments[] = { "--socket", path, "--stream", "s=demo:", NULL };
    int fd = listen_at(path);
    assert_int_equal(process_run(&process, MOCAPD, arguments), 1);
    process_assert_one_error(&process, "another mocapd listens there");
    close(fd); // nobody listens now, the file stays
    assert_int_equal(access(path, F_OK), 0);
    process = process_start(MOCAPD, arguments);
    process_wait_socket(&process, path);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0660);
    kill(process.pid, SIGTERM);
    assert_int_equal(process_wait(&process), 0);
    assert_int_not_equal(access(path, F_OK), 0);

    const char *plain = write_file("plain.sock", "x", 1);
    const char *on_plain[] = { "--socket", plain, NULL };
    assert_int_equal(process_run(&process, MOCAPD, on_plain), 1);
    process_assert_one_error(&process, "plain.sock: must be a socket");
    assert_int_equal(access(plain, F_OK), 0);
}

static void sockets_that_cannot_be_are_refused(void **state)
{
    (void)state;
    struct process process;
    char path[300];
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    const char *too_long[] = { "--socket", path, NULL };
    assert_int_equal(process_run(&process, MOCAPD, too_long), 1);
    process_assert_one_error(&process, "107");
    const char *nowhere[] = { "--socket", "/nowhere/at/all/x.sock", NULL };
    assert_int_equal(process_run(&process, MOCAPD, nowhere), 1);
    process_assert_one_error(&process, "/nowhere/at/all: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_that_are_no_video_are_refused),
        cmocka_unit_test(a_truncated_clip_is_refused),
        cmocka_unit_test(models_that_do_not_fit_are_refused),
        cmocka_unit_test(models_that_are_no_files_are_refused),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(a_wrong_configuration_is_located),
        cmocka_unit_test(a_configuration_that_is_no_text_is_refused),
        cmocka_unit_test(log_lines_in_a_file_have_no_journal_prefix),
        cmocka_unit_test(sockets_are_replaced_only_when_stale),
        cmocka_unit_test(sockets_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
