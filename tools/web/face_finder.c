#include "tools/web/face_finder.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"

enum {
    LIMIT_MS = 60000, // of time: a machine with much else to do needs more than the usual second
    LIMIT_CPU_S = 30,
    COMPLAINT_BYTES_MAX = 64 * 1024, // of its errors; the reason is in the first REASON_BYTES
    RECORD_BYTES_MAX = 256 * 1024,
    REASON_BYTES = 512,
    STREAMS = 3, // standard input, output and error
};

struct web_face_finder {
    uv_process_t process;
    uv_pipe_t streams[STREAMS];
    uv_timer_t timer;
    uv_write_t write;
    web_face_finder_done *on_done; // NULL: forgotten
    void *user;
    char *image;
    char *record; // RECORD_BYTES_MAX + 1 bytes
    size_t record_length;
    char reason[REASON_BYTES];
    size_t reason_length;
    char surplus[REASON_BYTES]; // of its errors: read, so that it goes on, and not kept
    size_t complaint_length;
    int open;    // handles that are not closed yet
    int pending; // what must end first: the process, its output and its errors
    int64_t exit_status;
    int exit_signal; // 0: none
    bool has_exited, was_killed, was_late, is_too_long;
};

static void destroy(struct web_face_finder *finder)
{
    free(finder->image);
    free(finder->record);
    free(finder);
}

static void on_closed(uv_handle_t *handle)
{
    struct web_face_finder *finder = handle->data;
    if (--finder->open == 0) {
        destroy(finder);
    }
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle)) {
        uv_close(handle, on_closed);
    }
}

static void close_all(struct web_face_finder *finder)
{
    close_handle((uv_handle_t *)&finder->process);
    close_handle((uv_handle_t *)&finder->timer);
    for (int i = 0; i < STREAMS; i++) {
        close_handle((uv_handle_t *)&finder->streams[i]);
    }
}

// The program's complaint, without its name and that of its input.
static const char *complaint(struct web_face_finder *finder)
{
    static const char name[] = "mocapctl: standard input: ";
    const size_t shorter = strlen("mocapctl: ");
    finder->reason[finder->reason_length] = '\0';
    finder->reason[strcspn(finder->reason, "\n")] = '\0';
    if (strncmp(finder->reason, name, strlen(name)) == 0) {
        return finder->reason + strlen(name);
    }
    return strncmp(finder->reason, name, shorter) == 0 ? finder->reason + shorter : finder->reason;
}

// What no answer says: the program was ended by a signal, its limit of processor time, for example.
static void log_signal(const struct web_face_finder *finder)
{
    if (finder->exit_signal != 0 && !finder->was_killed) {
        mc_log(MC_LOG_WARNING, "mocapctl still, which reads a photo, ended: %s",
               sigdescr_np(finder->exit_signal));
    }
}

static void report(struct web_face_finder *finder)
{
    if (finder->was_late || finder->exit_signal == SIGXCPU) {
        finder->on_done(finder->user, 503, "the photo was not read in time: try again");
    } else if (finder->exit_status == 0 && !finder->is_too_long) {
        finder->record[finder->record_length] = '\0';
        finder->on_done(finder->user, 200, finder->record);
    } else if (finder->exit_status > 0 && finder->reason_length > 0) {
        finder->on_done(finder->user, 422, complaint(finder));
    } else {
        finder->on_done(finder->user, 500, "mocapctl failed to read the photo");
    }
}

static void end_part(struct web_face_finder *finder)
{
    if (--finder->pending > 0) {
        return;
    }
    if (finder->on_done != NULL) {
        report(finder);
    }
    close_all(finder);
}

// What it started itself may hold its output open for ever: that is not waited for.
static void kill_process(struct web_face_finder *finder)
{
    finder->was_killed = true;
    if (finder->has_exited) {
        finder->pending = 1;
        end_part(finder);
    } else {
        uv_process_kill(&finder->process, SIGKILL);
    }
}

static void on_exit_of(uv_process_t *process, int64_t status, int signal_number)
{
    struct web_face_finder *finder = process->data;
    finder->exit_status = signal_number != 0 ? -1 : status;
    finder->exit_signal = signal_number;
    log_signal(finder);
    finder->has_exited = true;
    finder->pending = finder->was_killed ? 1 : finder->pending;
    end_part(finder);
}

static void on_late(uv_timer_t *timer)
{
    struct web_face_finder *finder = timer->data;
    finder->was_late = true;
    kill_process(finder);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct web_face_finder *finder = handle->data;
    char *to = finder->record + finder->record_length;
    size_t room = RECORD_BYTES_MAX - finder->record_length;
    if (handle == (uv_handle_t *)&finder->streams[2]) {
        const size_t left = COMPLAINT_BYTES_MAX - finder->complaint_length;
        to = finder->reason + finder->reason_length;
        room = REASON_BYTES - 1 - finder->reason_length;
        if (room == 0) {
            to = finder->surplus;
            room = left < REASON_BYTES ? left : REASON_BYTES;
        }
    }
    *buffer = uv_buf_init(to, (unsigned)(suggested < room ? suggested : room));
}

static void on_output(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct web_face_finder *finder = stream->data;
    if (got == UV_ENOBUFS) { // more than there may be
        finder->is_too_long = true;
        uv_read_stop(stream);
        kill_process(finder);
    } else if (got < 0) {
        uv_read_stop(stream);
        end_part(finder);
    } else if (stream == (uv_stream_t *)&finder->streams[1]) {
        finder->record_length += (size_t)got;
    } else {
        finder->complaint_length += (size_t)got;
        finder->reason_length += buffer->base != finder->surplus ? (size_t)got : 0;
    }
}

// A program that does not read it all says why by itself.
static void on_written(uv_write_t *write, int status)
{
    struct web_face_finder *finder = write->data;
    (void)status;
    close_handle((uv_handle_t *)&finder->streams[0]);
}

// ThreadSanitizer writes a file when a program starts.
#if defined(__SANITIZE_THREAD__)
enum { LIMITS_FILES = 0 };
#else
enum { LIMITS_FILES = 1 };
#endif

static void limit(int pid)
{
    // At the first a signal that says so, at the second SIGKILL.
    const struct rlimit cpu = { LIMIT_CPU_S, LIMIT_CPU_S + 1 }, none = { 0, 0 };
    prlimit(pid, RLIMIT_CPU, &cpu, NULL);
    if (LIMITS_FILES) {
        prlimit(pid, RLIMIT_FSIZE, &none, NULL);
    }
    prlimit(pid, RLIMIT_CORE, &none, NULL);
}

static struct web_face_finder *create(uv_loop_t *loop, char *image)
{
    struct web_face_finder *finder = calloc(1, sizeof *finder);
    char *record = malloc(RECORD_BYTES_MAX + 1);
    if (finder == NULL || record == NULL) {
        free(finder);
        free(record);
        free(image);
        return NULL;
    }
    finder->record = record;
    finder->image = image;
    finder->process.data = finder->timer.data = finder->write.data = finder;
    uv_timer_init(loop, &finder->timer);
    for (int i = 0; i < STREAMS; i++) {
        uv_pipe_init(loop, &finder->streams[i], 0);
        finder->streams[i].data = finder;
    }
    finder->open = STREAMS + 2;
    return finder;
}

static int spawn(struct web_face_finder *finder, uv_loop_t *loop, const char *program)
{
    static char name[] = "mocapctl", command[] = "still";
    char *words[] = { name, command, NULL };
    uv_stdio_container_t streams[STREAMS];
    for (int i = 0; i < STREAMS; i++) {
        streams[i].flags = UV_CREATE_PIPE | (i == 0 ? UV_READABLE_PIPE : UV_WRITABLE_PIPE);
        streams[i].data.stream = (uv_stream_t *)&finder->streams[i];
    }
    const uv_process_options_t options = { .file = program,
                                           .args = words,
                                           .stdio = streams,
                                           .stdio_count = STREAMS,
                                           .exit_cb = on_exit_of };
    return uv_spawn(loop, &finder->process, &options);
}

struct web_face_finder *web_face_finder_start(uv_loop_t *loop, const char *program, char *image,
                                              size_t length, web_face_finder_done *on_done,
                                              void *user, struct mc_error *err)
{
    struct web_face_finder *finder = create(loop, image);
    if (finder == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a photo");
        return NULL;
    }
    const int status = spawn(finder, loop, program);
    if (status != 0) {
        errno = -status;
        mc_error_set_errno(err, "can't start %s", program);
        close_all(finder);
        return NULL;
    }
    limit(finder->process.pid);
    finder->on_done = on_done;
    finder->user = user;
    finder->pending = STREAMS;
    const uv_buf_t buffer = uv_buf_init(image, (unsigned)length);
    uv_write(&finder->write, (uv_stream_t *)&finder->streams[0], &buffer, 1, on_written);
    uv_read_start((uv_stream_t *)&finder->streams[1], give_room, on_output);
    uv_read_start((uv_stream_t *)&finder->streams[2], give_room, on_output);
    uv_timer_start(&finder->timer, on_late, LIMIT_MS, 0);
    return finder;
}

void web_face_finder_forget(struct web_face_finder *finder)
{
    if (finder != NULL) {
        finder->on_done = NULL;
        kill_process(finder);
    }
}
