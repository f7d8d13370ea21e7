// What is wrong earns one clear line and the right exit status.
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

static void sources_that_are_none_are_refused(void **state)
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
    assert_int_equal(process_run(&process, MOCAPCTL, info), 1);
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
                         "enet, enet-orig, hourglass, laednet, lrdnet, got 'nednet'");
    free(copy);
}

static void bad_arguments_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *arguments[4];
        const char *needle;
    } cases[] = {
        { { "--colour", NULL }, "unknown option '--colour'" },
        { { "--workers", "0", NULL }, "workers wants a whole number of 1 to 64, got '0'" },
        { { "--stream", "clip.mp4", NULL }, "stream wants NAME=URL, got 'clip.mp4'" },
        { { "--stream", "a b=x", NULL }, "a name wants" },
        { { "--log-level", "loud", NULL }, "log-level wants error, warning, info or debug" },
        { { "--region", "1,2,3", NULL }, "region wants x,y,w,h" },
        { { "--model", NULL }, "--model wants a value" },
        { { "clip.mp4", NULL }, "takes no argument 'clip.mp4'" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct process process;
        assert_int_equal(run_daemon(&process, cases[i].arguments), 2);
        process_assert_one_error(&process, cases[i].needle);
    }
}

static void a_bad_configuration_names_file_and_line(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        { "workers = 2\ncolour = red\n", ".conf:2: unknown key 'colour'" },
        { "[stream a]\nurl = demo:\nvolume = 1\n", ".conf:3: unknown key 'volume' of a stream" },
        { "[camera]\n", ".conf:1: wants [stream NAME], got '[camera]'" },
        { "workers\n", ".conf:1: wants name = value, got 'workers'" },
        { "[stream a]\n", "[stream a]: has no url" },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct process process;
        const char *path = write_file("mocapd.conf", texts[i][0], strlen(texts[i][0]));
        const char *arguments[] = { "--config", path, NULL };
        assert_int_equal(run_daemon(&process, arguments), 78);
        process_assert_one_error(&process, texts[i][1]);
    }
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

static void sockets_that_cannot_be_are_told(void **state)
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
        cmocka_unit_test(sources_that_are_none_are_refused),
        cmocka_unit_test(a_truncated_clip_is_refused),
        cmocka_unit_test(models_that_do_not_fit_are_refused),
        cmocka_unit_test(bad_arguments_are_told),
        cmocka_unit_test(a_bad_configuration_names_file_and_line),
        cmocka_unit_test(sockets_are_replaced_only_when_stale),
        cmocka_unit_test(sockets_that_cannot_be_are_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
