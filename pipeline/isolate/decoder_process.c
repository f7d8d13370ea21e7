#include "pipeline/isolate/decoder_process.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>

#include "base/log.h"
#include "pipeline/frame_pool.h"
#include "pipeline/isolate/frame_arena.h"
#include "pipeline/isolate/message.h"
#include "pipeline/isolate/sandbox.h"
#include "pipeline/mailbox.h"
#include "pipeline/source/frame_limit.h"
#include "pipeline/source/source.h"

enum {
    COUNTS_MS = 250,
    MEMORY_BASE_BYTES = INT32_MAX, // for the program, FFmpeg and what the container needs
    BYTES_PER_PIXEL = 64,          // for the frames of a decoder, in any format, and its tables
};

struct loan {
    struct AVFrame *image; // holds its memory while the daemon has it
    bool taken;
};

// One per process; it lives until the process ends.
static struct process {
    int socket;
    struct pipeline_isolate_start start;
    struct pipeline_frame_arena *arena;
    struct pipeline_capture *capture;
    struct pipeline_capture_counts counts;
    struct pipeline_mailbox *mailbox;
    struct pipeline_frame_pool *pool;
    pthread_t reader;
    bool tight; // its sandbox, since the source was first open

    pthread_mutex_t lock;    // guards all below
    pthread_cond_t returned; // a frame came back, or it is time to stop
    bool stopping;
    struct loan loans[PIPELINE_ISOLATE_LOANS_MAX];
    struct pipeline_isolate_counts sent;
} process = { .lock = PTHREAD_MUTEX_INITIALIZER, .returned = PTHREAD_COND_INITIALIZER };

// Without the daemon there is nothing to do.
static void send_message(const void *message, size_t size)
{
    if (send(process.socket, message, size, MSG_NOSIGNAL) != (ssize_t)size) {
        _exit(EXIT_FAILURE);
    }
}

static void send_log(enum mc_log_level level, const char *text)
{
    struct pipeline_isolate_log message = { .kind = PIPELINE_ISOLATE_LOG, .level = (int)level };
    snprintf(message.text, sizeof message.text, "%s", text);
    send_message(&message, sizeof message);
}

// ---- The daemon's messages

static void take_back(uint32_t index)
{
    pthread_mutex_lock(&process.lock);
    if (index < (uint32_t)process.start.loan_count && process.loans[index].taken) {
        av_frame_unref(process.loans[index].image);
        process.loans[index].taken = false;
        pthread_cond_signal(&process.returned);
    }
    pthread_mutex_unlock(&process.lock);
}

static void stop(void)
{
    pthread_mutex_lock(&process.lock);
    process.stopping = true;
    pthread_cond_signal(&process.returned);
    pthread_mutex_unlock(&process.lock);
    pipeline_stop_set(&process.capture->stop);
}

// What no frame has told: packets without one, frames that were late.
static void send_counts(void)
{
    struct pipeline_isolate_state message = { .kind = PIPELINE_ISOLATE_COUNTS,
                                              .counts = pipeline_isolate_count(process.capture) };
    pthread_mutex_lock(&process.lock);
    const bool news = memcmp(&process.sent, &message.counts, sizeof process.sent) != 0;
    process.sent = message.counts;
    pthread_mutex_unlock(&process.lock);
    if (news) {
        send_message(&message, sizeof message);
    }
}

static void *reader_main(void *argument)
{
    (void)argument;
    pthread_setname_np(pthread_self(), "messages");
    for (;;) {
        struct pollfd file = { .fd = process.socket, .events = POLLIN };
        if (poll(&file, 1, COUNTS_MS) == 0) {
            send_counts();
            continue;
        }
        union pipeline_isolate_message message;
        const ssize_t size = recv(process.socket, &message, sizeof message, 0);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < (ssize_t)sizeof message.kind) {
            _exit(EXIT_FAILURE); // the daemon is gone
        }
        if (message.kind == PIPELINE_ISOLATE_RELEASE) {
            take_back(message.release.loan);
        } else {
            stop();
        }
    }
}

// ---- Frames

// A number for a frame, once the daemon has room. Negative: it is time to stop.
static int take_loan(void)
{
    int taken = -1;
    pthread_mutex_lock(&process.lock);
    while (!process.stopping && taken < 0) {
        for (int i = 0; i < process.start.loan_count && taken < 0; i++) {
            taken = process.loans[i].taken ? -1 : i;
        }
        if (taken < 0) {
            pthread_cond_wait(&process.returned, &process.lock);
        }
    }
    if (taken >= 0) {
        process.loans[taken].taken = true;
    }
    pthread_mutex_unlock(&process.lock);
    return taken;
}

// Waits for room where the frame has to be copied. False when that is of no use.
static bool adopt(struct AVFrame *image)
{
    bool adopted = pipeline_frame_arena_adopt(process.arena, image);
    while (!adopted) {
        pthread_mutex_lock(&process.lock);
        int lent = 0;
        for (int i = 0; i < process.start.loan_count; i++) {
            lent += process.loans[i].taken;
        }
        const bool waits = lent > 1 && !process.stopping; // one is this frame's
        if (waits) {
            pthread_cond_wait(&process.returned, &process.lock);
        }
        pthread_mutex_unlock(&process.lock);
        adopted = pipeline_frame_arena_adopt(process.arena, image);
        if (!waits) {
            break;
        }
    }
    return adopted;
}

static void describe(const struct pipeline_frame *frame, struct pipeline_isolate_frame *message)
{
    const AVFrame *image = frame->image;
    message->width = image->width;
    message->height = image->height;
    message->format = image->format;
    message->color_range = (int)image->color_range;
    message->colorspace = (int)image->colorspace;
    for (int i = 0; i < PIPELINE_ISOLATE_PLANES; i++) {
        if (image->data[i] != NULL) {
            message->offsets[i] = pipeline_frame_arena_offset(process.arena, image->data[i]);
            message->linesizes[i] = image->linesize[i];
        }
    }
    message->lowres = frame->lowres;
    message->damaged = frame->damaged;
    message->pts = frame->pts;
    message->time_base = frame->time_base;
    message->display = frame->display;
    message->arrival_ns = frame->arrival_ns;
    message->decode_ns = frame->decode_ns;
    message->reassembly_ns = frame->reassembly_ns;
    message->ready_ns = frame->ready_ns;
}

static void lend(struct pipeline_frame *frame)
{
    const int index = take_loan();
    if (index < 0) {
        return;
    }
    if (!adopt(frame->image)) {
        mc_log(MC_LOG_WARNING, "no room to hand over a frame of %dx%d", frame->image->width,
               frame->image->height);
        take_back((uint32_t)index);
        return;
    }
    struct pipeline_isolate_frame message = { .kind = PIPELINE_ISOLATE_FRAME,
                                              .loan = (uint32_t)index };
    describe(frame, &message);
    message.counts = pipeline_isolate_count(process.capture);
    pthread_mutex_lock(&process.lock);
    process.sent = message.counts;
    av_frame_move_ref(process.loans[index].image, frame->image);
    pthread_mutex_unlock(&process.lock);
    send_message(&message, sizeof message);
}

static void on_frame(void *user)
{
    (void)user;
    struct pipeline_frame *frame = pipeline_mailbox_pop(process.mailbox);
    if (frame != NULL) {
        lend(frame);
        pipeline_frame_pool_release(process.pool, frame);
    }
}

// ---- States

static void on_wake(void *user)
{
    (void)user;
    struct pipeline_isolate_state message = { .kind = PIPELINE_ISOLATE_STATE };
    struct pipeline_state_report report;
    pipeline_capture_state(process.capture, &report);
    if (report.state == PIPELINE_LIVE) {
        message.counts = pipeline_isolate_count(process.capture);
        memcpy(message.reason, report.reason, sizeof message.reason);
        send_message(&message, sizeof message);
    }
}

// HLS and files behind HTTP are read in pieces, each of which may need another connection. A file
// that repeats is opened each time it starts over, but filters add up, and the kernel has room for
// some hundred: the first one holds.
static bool on_open(void *user, struct mc_error *err)
{
    (void)user;
    const struct pipeline_source *source = process.capture->source;
    const char *rest;
    if (process.tight) {
        return true;
    }
    const bool reconnects =
        pipeline_url_parse(process.start.url, &rest) == PIPELINE_URL_NETWORK &&
        (pipeline_source_is_chunked(source) || !pipeline_source_is_live(source));
    process.tight = pipeline_sandbox_tighten(reconnects, err);
    return process.tight;
}

// ---- The process

static bool receive_start(void)
{
    struct pipeline_isolate_start *start = &process.start;
    return recv(process.socket, start, sizeof *start, 0) == (ssize_t)sizeof *start &&
           start->kind == PIPELINE_ISOLATE_START && start->loan_count >= 1 &&
           start->loan_count <= PIPELINE_ISOLATE_LOANS_MAX &&
           memchr(start->url, '\0', sizeof start->url) != NULL;
}

static bool map_memory(struct mc_error *err)
{
    void *base = mmap(NULL, process.start.shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                      PIPELINE_DECODER_PROCESS_MEMORY, 0);
    if (base == MAP_FAILED) {
        return mc_error_set_errno(err, "no memory to share with the daemon");
    }
    close(PIPELINE_DECODER_PROCESS_MEMORY);
    process.arena = pipeline_frame_arena_create(base, process.start.shared_bytes);
    bool made = process.arena != NULL;
    for (int i = 0; made && i < process.start.loan_count; i++) {
        process.loans[i].image = av_frame_alloc();
        made = process.loans[i].image != NULL;
    }
    return made || mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a decoder process");
}

static bool create_capture(struct mc_error *err)
{
    const struct pipeline_isolate_start *start = &process.start;
    process.mailbox = pipeline_mailbox_create(1, false, err);
    process.pool = pipeline_frame_pool_create(3, err);
    if (process.mailbox == NULL || process.pool == NULL) {
        return false;
    }
    const struct pipeline_capture_options options = {
        .url = start->url,
        .every_frame = start->every_frame,
        .repeat = start->repeat,
        .drop_damaged = start->drop_damaged,
        .udp = start->udp,
        .display = start->display,
        .max_pixels = start->max_pixels,
        .mailbox = process.mailbox,
        .pool = process.pool,
        .counts = &process.counts,
        .memory = { pipeline_frame_arena_get, process.arena },
        .on_open = on_open,
        .on_frame = on_frame,
        .wake = on_wake,
    };
    process.capture = pipeline_capture_create_idle(&options, err);
    if (process.capture == NULL) {
        return false;
    }
    pipeline_capture_recall(process.capture, &start->memory);
    const int result = pthread_create(&process.reader, NULL, reader_main, NULL);
    return result == 0 || mc_error_set(err, MC_ERROR_SYSTEM, result, "no thread for a decoder: %s",
                                       strerrordesc_np(result));
}

static size_t memory_limit(void)
{
    const int64_t pixels =
        process.start.max_pixels > 0 ? process.start.max_pixels : PIPELINE_FRAME_PIXELS_DEFAULT;
    return process.start.shared_bytes + MEMORY_BASE_BYTES + (size_t)pixels * BYTES_PER_PIXEL;
}

static enum pipeline_capture_outcome run(struct mc_error *err)
{
    const char *rest;
    const enum pipeline_url_kind kind = pipeline_url_parse(process.start.url, &rest);
    if (!pipeline_sandbox_enter(kind, memory_limit(), err) || !map_memory(err) ||
        !create_capture(err)) {
        return PIPELINE_CAPTURE_GIVEN_UP;
    }
    enum pipeline_capture_outcome outcome;
    do {
        outcome = pipeline_capture_run_session(process.capture, err);
    } while (outcome == PIPELINE_CAPTURE_OVER && process.start.repeat);
    return outcome;
}

static void send_end(enum pipeline_capture_outcome outcome, const struct mc_error *err)
{
    struct pipeline_isolate_end message = { .kind = PIPELINE_ISOLATE_END,
                                            .outcome = (int)outcome,
                                            .err = *err,
                                            .memory = process.start.memory };
    if (process.capture != NULL) {
        message.counts = pipeline_isolate_count(process.capture);
        message.fault = (int)process.capture->fault;
        pipeline_capture_remember(process.capture, &message.memory);
    }
    send_message(&message, sizeof message);
}

void pipeline_decoder_process(int argc, char **argv)
{
    if (argc != 2 || strcmp(argv[1], PIPELINE_DECODER_PROCESS_ARGUMENT) != 0) {
        return;
    }
    struct mc_error err = { 0 };
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pthread_setname_np(pthread_self(), "decoder");
    process.socket = PIPELINE_DECODER_PROCESS_SOCKET;
    if (!receive_start()) {
        fputs("a decoder process is started by mocapd alone\n", stderr);
        _exit(EXIT_FAILURE);
    }
    mc_log_level_set((enum mc_log_level)process.start.log_level);
    mc_log_redirect(send_log);
    const enum pipeline_capture_outcome outcome = run(&err);
    send_end(outcome, &err);
    _exit(EXIT_SUCCESS);
}
