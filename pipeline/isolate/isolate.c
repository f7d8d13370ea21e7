#include "pipeline/isolate/isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/frame_pool.h"
#include "pipeline/isolate/decoder_process.h"
#include "pipeline/isolate/message.h"
#include "pipeline/isolate/shared_frames.h"
#include "pipeline/mailbox.h"
#include "pipeline/source/frame_limit.h"
#include "protocol/record.h"

enum {
    GOODBYE_MS = 1500,        // for a decoder to end once asked; a server is told in that time
    DEATHS_MAX = 3,           // in a row, of a file's decoder: it would not end otherwise
    LINES_PER_S_MAX = 100,    // of a decoder's log, unless it is for debugging
    CLOCK_AHEAD_MAX_S = 3600, // of the last frame: gaps, and frames that came too late
};

struct session {
    struct pipeline_capture *capture;
    pid_t pid;
    int socket;
    struct pipeline_shared_frames *shared;
    struct pipeline_isolate_limits limits;
    bool goes_by_clock;                    // its pts keep to the time of day: it is a camera
    double base_pts;                       // from where they rise,
    int64_t base_ns;                       // since then
    struct pipeline_isolate_counts before; // all sessions before this one
    int64_t kill_ns;                       // it was asked to end, and must have by then; 0: not
    int64_t lines_ns;                      // since then
    int lines;                             // that many were logged
    bool ended;
    enum pipeline_capture_outcome outcome;
};

// ---- Starting the process

static bool spawn(struct session *session, int child_socket, struct mc_error *err)
{
    char name[] = "mocapd", argument[] = PIPELINE_DECODER_PROCESS_ARGUMENT;
    char *arguments[] = { name, argument, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, normal;
    sigemptyset(&none);
    sigemptyset(&normal);
    sigaddset(&normal, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, child_socket, PIPELINE_DECODER_PROCESS_SOCKET);
    posix_spawn_file_actions_adddup2(&actions, pipeline_shared_frames_fd(session->shared),
                                     PIPELINE_DECODER_PROCESS_MEMORY);
    posix_spawn_file_actions_addclosefrom_np(&actions, PIPELINE_DECODER_PROCESS_FIRST_UNUSED);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &normal);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    // The program that runs, even if its file was replaced meanwhile.
    const int result =
        posix_spawn(&session->pid, "/proc/self/exe", &actions, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result == 0 ||
           mc_error_set(err, MC_ERROR_SYSTEM, result, "can't start a decoder process: %s",
                        strerrordesc_np(result));
}

// dup2 onto itself would leave close-on-exec set, and onto the other would close it: both
// descriptors must lie above those of the decoder.
static bool open_socket(int sockets[2], struct mc_error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return mc_error_set_errno(err, "can't open a socket to a decoder");
    }
    for (int i = 0; i < 2; i++) {
        sockets[i] = fcntl(pair[i], F_DUPFD_CLOEXEC, PIPELINE_DECODER_PROCESS_FIRST_UNUSED);
        close(pair[i]);
    }
    if (sockets[0] < 0 || sockets[1] < 0) {
        mc_error_set_errno(err, "can't open a socket to a decoder");
        close(sockets[0]);
        close(sockets[1]);
        return false;
    }
    return true;
}

static bool send_start(struct session *session, struct mc_error *err)
{
    const struct pipeline_capture *capture = session->capture;
    const struct pipeline_capture_options *options = &capture->options;
    struct pipeline_isolate_start start = {
        .kind = PIPELINE_ISOLATE_START,
        .loan_count = session->limits.loan_count,
        .log_level = MC_LOG_ERROR,
        .every_frame = options->every_frame,
        .repeat = options->repeat,
        .drop_damaged = options->drop_damaged,
        .udp = options->udp,
        .display = options->display,
        .max_pixels = options->max_pixels,
        .shared_bytes = session->limits.shared_bytes,
    };
    while (start.log_level < MC_LOG_DEBUG &&
           mc_log_enabled((enum mc_log_level)start.log_level + 1)) {
        start.log_level++;
    }
    pipeline_capture_remember(capture, &start.memory);
    session->capture->reached_end = false; // until it says so
    if (strlen(capture->url) >= sizeof start.url) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "its URL must be at most %zu bytes, got %zu",
                            sizeof start.url - 1, strlen(capture->url));
    }
    strcpy(start.url, capture->url);
    return send(session->socket, &start, sizeof start, MSG_NOSIGNAL) == (ssize_t)sizeof start ||
           errno == EPIPE || // it is dead already: how, its status tells
           mc_error_set_errno(err, "can't send to the decoder");
}

// ---- Its messages

static void add_counts(struct session *session, const struct pipeline_isolate_counts *more)
{
    struct pipeline_capture *capture = session->capture;
    struct pipeline_capture_counts *counts = capture->options.counts;
    const struct pipeline_isolate_counts *before = &session->before;
    atomic_store(&counts->packets, before->packets + more->packets);
    atomic_store(&counts->frames, before->frames + more->frames);
    atomic_store(&counts->damaged, before->damaged + more->damaged);
    atomic_store(&counts->late, before->late + more->late);
    atomic_store(&counts->undecodable, before->undecodable + more->undecodable);
    atomic_store(&counts->connects, before->connects + more->connects);
    atomic_store(&capture->last_frame_ns, more->last_frame_ns);
}

// How far pts may have come. A file may have gaps between any two frames; a camera's add up to no
// more than one, or a stranger's steps would soon lead beyond what a record can say.
static double pts_max(const struct session *session)
{
    const double passed_s = (double)(session->limits.now_ns - session->base_ns) * 1e-9;
    return session->limits.any ? session->base_pts + passed_s + CLOCK_AHEAD_MAX_S
                               : PROTOCOL_PTS_MAX / 2;
}

static bool accept_frame(struct session *session, const struct pipeline_isolate_frame *message,
                         struct mc_error *err)
{
    struct pipeline_capture *capture = session->capture;
    struct pipeline_frame *frame = pipeline_frame_pool_acquire(capture->options.pool);
    if (!pipeline_shared_frames_lend(session->shared, message, frame, err)) {
        pipeline_frame_pool_release(capture->options.pool, frame);
        return false;
    }
    if (capture->session_frames++ == 0) {
        capture->session_start_ns = mc_clock_now_ns();
    }
    if (!session->goes_by_clock || !session->limits.any) {
        session->base_pts = frame->pts;
        session->base_ns = frame->arrival_ns;
    }
    capture->clock.pts = session->limits.last_pts = frame->pts;
    capture->clock.any = session->limits.any = true;
    capture->clock.arrival_ns = frame->arrival_ns;
    frame->session = (unsigned)atomic_load(&capture->options.counts->connects);
    struct pipeline_frame *gone = pipeline_mailbox_push(capture->options.mailbox, frame);
    pipeline_frame_pool_release(capture->options.pool, gone);
    capture->options.on_frame(capture->options.user);
    return true;
}

static void log_line(struct session *session, const struct pipeline_isolate_log *message)
{
    const int64_t now_ns = session->limits.now_ns;
    if (now_ns - session->lines_ns > MC_NS_PER_SECOND) {
        session->lines_ns = now_ns;
        session->lines = 0;
    }
    if (++session->lines <= LINES_PER_S_MAX || mc_log_enabled(MC_LOG_DEBUG)) {
        mc_log((enum mc_log_level)message->level, "%s", message->text);
    }
}

static void accept_end(struct session *session, const struct pipeline_isolate_end *message,
                       struct mc_error *err)
{
    struct pipeline_capture *capture = session->capture;
    session->ended = true;
    session->outcome = (enum pipeline_capture_outcome)message->outcome;
    if (session->outcome == PIPELINE_CAPTURE_STOPPED && session->kill_ns == 0) {
        session->outcome = PIPELINE_CAPTURE_LOST;
    }
    capture->fault = (enum pipeline_fault)message->fault;
    if (capture->fault == PIPELINE_FAULT_FINAL && session->outcome == PIPELINE_CAPTURE_LOST) {
        capture->fault = PIPELINE_FAULT_PASSING;
    }
    *err = message->err;
    pipeline_capture_recall(capture, &message->memory);
    // All the rest is for the next decoder; of the clock, the daemon reads these two.
    const double behind_s = capture->clock.pts - session->limits.last_pts;
    if (!(behind_s >= 0 && behind_s <= CLOCK_AHEAD_MAX_S)) {
        capture->clock.pts = session->limits.last_pts;
    }
    capture->clock.any = session->limits.any;
}

static bool accept_message(struct session *session, union pipeline_isolate_message *message,
                           size_t size, struct mc_error *err)
{
    session->limits.now_ns = mc_clock_now_ns();
    session->limits.pts_max = pts_max(session);
    if (!pipeline_isolate_message_check(message, size, &session->limits, err)) {
        return false;
    }
    switch (message->kind) {
    case PIPELINE_ISOLATE_FRAME:
        add_counts(session, &message->frame.counts);
        return accept_frame(session, &message->frame, err);
    case PIPELINE_ISOLATE_STATE:
        add_counts(session, &message->state.counts);
        pipeline_capture_report(session->capture, PIPELINE_LIVE, message->state.reason);
        return true;
    case PIPELINE_ISOLATE_LOG:
        log_line(session, &message->log);
        return true;
    case PIPELINE_ISOLATE_END:
        add_counts(session, &message->end.counts);
        accept_end(session, &message->end, err);
        return true;
    default: // COUNTS
        add_counts(session, &message->state.counts);
        return true;
    }
}

// ---- Its life

// Asks the decoder to end once the capture was asked.
static void check_stop(struct session *session)
{
    if (session->kill_ns != 0 || !pipeline_stop_is_set(&session->capture->stop)) {
        return;
    }
    const enum pipeline_isolate_kind kind = PIPELINE_ISOLATE_STOP;
    session->kill_ns = mc_clock_now_ns() + GOODBYE_MS * MC_NS_PER_MS;
    (void)send(session->socket, &kind, sizeof kind, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// Waits for a message, a stop or the time to kill. Returns whether to read.
static bool wait_for_message(const struct session *session)
{
    struct pollfd files[2] = { { .fd = session->socket, .events = POLLIN },
                               { .fd = session->capture->stop.fd, .events = POLLIN } };
    int64_t left_ns = session->kill_ns - mc_clock_now_ns();
    left_ns = left_ns < 0 ? 0 : left_ns;
    const struct timespec left = { left_ns / MC_NS_PER_SECOND, left_ns % MC_NS_PER_SECOND };
    const bool stopping = session->kill_ns != 0;
    return ppoll(files, stopping ? 1 : 2, stopping ? &left : NULL, NULL) > 0 &&
           files[0].revents != 0;
}

// Until the decoder ends. Returns false and sets err when it broke its promises; when it is
// simply gone, ended is not set.
static bool listen_to(struct session *session, struct mc_error *err)
{
    union pipeline_isolate_message message;
    while (!session->ended) {
        check_stop(session);
        // Whatever it still has to say: it may be in a stranger's hands.
        if (session->kill_ns != 0 && mc_clock_now_ns() >= session->kill_ns) {
            return true;
        }
        if (!wait_for_message(session)) {
            continue;
        }
        const ssize_t size = recv(session->socket, &message, sizeof message, MSG_DONTWAIT);
        // ECONNRESET, told once: it ended before it had read that frames came back. What it said
        // before is still there, its end among it.
        if (size < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET)) {
            continue;
        }
        if (size <= 0) {
            return true;
        }
        if (!accept_message(session, &message, (size_t)size, err)) {
            return false;
        }
    }
    return true;
}

// Kills and reaps the process; if it had already exited, reports how.
static void reap(struct session *session, bool obeyed, struct mc_error *err)
{
    int status = 0;
    kill(session->pid, SIGKILL); // nothing, where it is already dying of something else
    while (waitpid(session->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (session->ended || !obeyed) {
        return;
    }
    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        mc_error_set(err, MC_ERROR_MEDIA, 0, "the decoder %s (SIG%s)",
                     WTERMSIG(status) == SIGKILL ? "was killed"
                     : WTERMSIG(status) == SIGSYS
                         ? "was stopped: it made a system call that it must not"
                         : "crashed",
                     name != NULL ? name : "?");
    } else {
        mc_error_set(err, MC_ERROR_MEDIA, 0, "the decoder ended by itself (status %d)",
                     WEXITSTATUS(status));
    }
}

static bool begin(struct session *session, struct mc_error *err)
{
    struct pipeline_capture *capture = session->capture;
    const struct pipeline_capture_options *options = &capture->options;
    int sockets[2] = { -1, -1 };
    const int count = pipeline_frame_pool_count(options->pool);
    session->limits = (struct pipeline_isolate_limits){
        .loan_count = count < PIPELINE_ISOLATE_LOANS_MAX ? count : (int)PIPELINE_ISOLATE_LOANS_MAX,
        .max_pixels = options->max_pixels > 0 ? options->max_pixels : PIPELINE_FRAME_PIXELS_DEFAULT,
        .any = capture->clock.any,
        .last_pts = capture->clock.pts,
    };
    const char *rest;
    const enum pipeline_url_kind kind = pipeline_url_parse(capture->url, &rest);
    session->goes_by_clock =
        kind == PIPELINE_URL_RTSP || kind == PIPELINE_URL_SDP || kind == PIPELINE_URL_V4L2;
    session->base_pts = capture->clock.pts;
    session->base_ns = capture->clock.arrival_ns;
    session->shared =
        pipeline_shared_frames_create(session->limits.loan_count, session->limits.max_pixels, err);
    if (session->shared == NULL || !open_socket(sockets, err)) {
        return false;
    }
    session->limits.shared_bytes = pipeline_shared_frames_bytes(session->shared);
    session->socket = sockets[0];
    pipeline_shared_frames_set_socket(session->shared, session->socket);
    const bool spawned = spawn(session, sockets[1], err);
    close(sockets[1]);
    return spawned && send_start(session, err);
}

bool pipeline_isolate_is_hopeless(struct pipeline_capture *capture, bool ended)
{
    const char *rest;
    const enum pipeline_url_kind kind = pipeline_url_parse(capture->url, &rest);
    if (ended || pipeline_capture_was_steady(capture)) {
        capture->deaths = 0;
    }
    capture->deaths += !ended;
    return capture->deaths >= DEATHS_MAX &&
           (kind == PIPELINE_URL_FILE || kind == PIPELINE_URL_IMAGES);
}

enum pipeline_capture_outcome pipeline_isolate_run_session(struct pipeline_capture *capture,
                                                           struct mc_error *err)
{
    struct session session = {
        .capture = capture,
        .pid = -1,
        .socket = -1,
        .before = pipeline_isolate_count(capture),
        .outcome = PIPELINE_CAPTURE_LOST,
    };
    capture->fault = PIPELINE_FAULT_PASSING;
    capture->session_frames = 0;
    const bool obeyed = begin(&session, err) ? listen_to(&session, err) : false;
    if (session.pid > 0) {
        reap(&session, obeyed, err);
    }
    pipeline_shared_frames_close(session.shared);
    if (session.socket >= 0) {
        close(session.socket);
    }
    atomic_store(&capture->last_frame_ns, 0);
    if (!session.ended && err != NULL) {
        mc_error_wrap(err, "%s", capture->shown_url);
    }
    if (pipeline_stop_is_set(&capture->stop)) {
        return PIPELINE_CAPTURE_STOPPED;
    }
    const bool began = session.pid > 0; // if not, its file is not to blame
    return began && pipeline_isolate_is_hopeless(capture, session.ended) ? PIPELINE_CAPTURE_GIVEN_UP
                                                                         : session.outcome;
}
