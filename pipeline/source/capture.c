#include "pipeline/source/capture.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/frame_pool.h"
#include "pipeline/mailbox.h"
#include "pipeline/source/backoff.h"
#include "pipeline/source/decode_load.h"
#include "pipeline/source/decoder.h"
#include "pipeline/source/fault.h"
#include "pipeline/source/lateness.h"
#include "pipeline/source/playout.h"
#include "pipeline/source/probe.h"
#include "pipeline/source/pts_clock.h"
#include "pipeline/source/source.h"
#include "pipeline/source/stop.h"
#include "pipeline/source/url.h"

enum {
    STEADY_S = 10, // a connection that lasted this long resets the back-off
    URL_SHOWN_BYTES = 128,
    PROBE_INTERVAL_MS = 500,
    LATE_MS = 100,          // a paced frame this late is dropped,
    LATE_INTERVAL_MS = 100, // unless none was delivered for so long
    THREADS_MAX = 4,
};

struct pipeline_capture {
    struct pipeline_capture_options options;
    char *url; // owned
    char shown_url[URL_SHOWN_BYTES];
    pthread_t thread;
    struct pipeline_stop stop;
    atomic_bool done;
    atomic_int_fast64_t last_frame_ns; // of a live source; 0: none expected

    // The thread's own.
    struct AVPacket *packet;
    struct pipeline_backoff backoff;
    struct pipeline_pts_clock clock;
    struct pipeline_lateness lateness;
    struct pipeline_display_reader display;
    struct pipeline_playout playout;
    struct pipeline_decode_load load;
    bool threaded;                  // the decoder has threads
    int64_t skipped;                // frames that the decoder left out, as counted so far
    double skip_s;                  // of a file's packets that are left out before they are decoded
    double late_s;                  // the last frame
    int64_t delivered_ns;           // the last frame
    struct pipeline_source *source; // while connected
    struct pipeline_decoder *decoder; // while connected
    uint64_t session_frames;          // since the source was opened
    int64_t session_start_ns;
    bool hopeless;             // frames keep arriving late: reconnect
    enum pipeline_fault fault; // why the last session was lost

    pthread_mutex_t lock; // guards all below
    pthread_cond_t asked; // stopping or paused changed
    bool stopping, paused;
    struct pipeline_state_report report;
};

// How a session, from opening the source to its last frame, ended.
enum outcome {
    STOPPED,
    OVER,    // its end was reached
    LOST,    // worth another attempt
    GIVEN_UP // not worth one
};

static void report_state(struct pipeline_capture *capture, enum pipeline_state state,
                         const char *reason)
{
    pthread_mutex_lock(&capture->lock);
    capture->report.state = state;
    snprintf(capture->report.reason, sizeof capture->report.reason, "%s", reason);
    pthread_mutex_unlock(&capture->lock);
    capture->options.wake(capture->options.user);
}

static void count(atomic_uint_fast64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

// Counts the decoded frame. Returns whether it may go on.
static bool is_whole(struct pipeline_capture *capture, const struct pipeline_frame *frame)
{
    struct pipeline_capture_counts *counts = capture->options.counts;
    count(&counts->frames);
    if (!frame->damaged) {
        return true;
    }
    count(&counts->damaged);
    if (!capture->options.drop_damaged) {
        return true;
    }
    count(&counts->undecodable);
    return false;
}

// Returns whether a live frame arrived in time, and may go on.
static bool is_fresh(struct pipeline_capture *capture, int64_t arrival_ns)
{
    const enum pipeline_lateness_verdict verdict =
        pipeline_lateness_judge(&capture->lateness, pipeline_pts_clock_advance(&capture->clock),
                                arrival_ns, pipeline_source_link_load(capture->source));
    capture->late_s = capture->lateness.total_s;
    if (verdict == PIPELINE_LATENESS_FRESH) {
        return true;
    }
    count(&capture->options.counts->late);
    capture->hopeless = verdict == PIPELINE_LATENESS_HOPELESS;
    return false;
}

// What decoding leaves out. Where every frame stands alone, none is more of a key frame.
static const char *effort_reason(const struct pipeline_capture *capture)
{
    enum pipeline_decode_effort effort = capture->load.effort;
    if (effort == PIPELINE_DECODE_KEY && pipeline_decoder_is_intra(capture->decoder)) {
        effort = PIPELINE_DECODE_REFERENCE;
    }
    return pipeline_decode_effort_reason(effort);
}

static void hand_over(struct pipeline_capture *capture, struct pipeline_frame *frame)
{
    if (capture->session_frames++ == 0) {
        capture->session_start_ns = mc_clock_now_ns();
        report_state(capture, PIPELINE_LIVE, effort_reason(capture));
    }
    frame->ready_ns = capture->delivered_ns = mc_clock_now_ns();
    struct pipeline_frame *gone = pipeline_mailbox_push(capture->options.mailbox, frame);
    pipeline_frame_pool_release(capture->options.pool, gone);
    capture->options.wake(capture->options.user);
}

// Whether frames are due at times of our own, rather than when they arrive.
static bool is_paced(const struct pipeline_capture *capture)
{
    return !pipeline_source_is_live(capture->source) || pipeline_source_is_chunked(capture->source);
}

static void set_pts(struct pipeline_capture *capture, struct pipeline_frame *frame)
{
    struct pipeline_pts_clock *clock = &capture->clock;
    double stamp = NAN;
    if (pipeline_source_has_stamps(capture->source) || is_paced(capture)) {
        stamp = pipeline_pts_clock_stamp(frame->image, frame->time_base);
        pipeline_pts_clock_set_duration(clock, (double)frame->image->pkt_duration *
                                                   av_q2d(frame->time_base));
    }
    frame->pts =
        is_paced(capture)
            ? pipeline_pts_clock_by_stamp(clock, stamp, pipeline_source_is_live(capture->source),
                                          mc_clock_now_ns())
            : pipeline_pts_clock_by_arrival(clock, stamp, frame->arrival_ns);
}

// Returns false when the frame's time has passed; a few such go on all the same.
static bool wait_until_due(struct pipeline_capture *capture, struct pipeline_frame *frame)
{
    const int64_t now_ns = mc_clock_now_ns();
    const int64_t due_ns = pipeline_playout_due_ns(&capture->playout, frame->pts, now_ns);
    capture->late_s = capture->skip_s = (double)(now_ns - due_ns) * 1e-9;
    if (now_ns - due_ns > LATE_MS * MC_NS_PER_MS &&
        now_ns - capture->delivered_ns < LATE_INTERVAL_MS * MC_NS_PER_MS) {
        count(&capture->options.counts->late);
        return false;
    }
    pipeline_stop_sleep_until(&capture->stop, due_ns);
    // As if it had arrived just in time to be decoded.
    frame->arrival_ns = mc_clock_now_ns() - frame->decode_ns;
    return true;
}

// Sets the frame's pts and delivers it, at its time when it isn't live. Returns false
// when the frame is dropped; it remains the caller's.
static bool deliver(struct pipeline_capture *capture, struct pipeline_frame *frame)
{
    set_pts(capture, frame);
    pipeline_display_reader_read(&capture->display, frame->image, frame->halvings,
                                 pipeline_source_stream(capture->source), &frame->display);
    if (pipeline_source_is_live(capture->source)) {
        atomic_store(&capture->last_frame_ns, mc_clock_now_ns());
    }
    if (!is_whole(capture, frame)) {
        return false;
    }
    if (capture->options.every_frame) {
        hand_over(capture, frame);
        return true;
    }
    if (is_paced(capture) ? !wait_until_due(capture, frame)
                          : !is_fresh(capture, frame->arrival_ns)) {
        return false;
    }
    hand_over(capture, frame);
    return true;
}

// Delivers every frame that the decoder has.
static void deliver_all(struct pipeline_capture *capture)
{
    struct pipeline_frame *frame = NULL;
    for (;;) {
        if (frame == NULL) {
            frame = pipeline_frame_pool_acquire(capture->options.pool);
            assert(frame != NULL);
        }
        if (pipeline_stop_is_set(&capture->stop) ||
            !pipeline_decoder_receive(capture->decoder, frame)) {
            break;
        }
        if (deliver(capture, frame)) {
            frame = NULL;
        } else {
            av_frame_unref(frame->image);
        }
    }
    pipeline_frame_pool_release(capture->options.pool, frame);
}

static int thread_count(void)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores < THREADS_MAX ? (int)cores : THREADS_MAX;
}

// With what the load of the last session of this source asks for.
static struct pipeline_decoder *open_decoder(struct pipeline_capture *capture, struct mc_error *err)
{
    const enum pipeline_decode_effort effort = capture->load.effort;
    capture->threaded = effort >= PIPELINE_DECODE_THREADED;
    capture->skipped = 0;
    struct pipeline_decoder *decoder = pipeline_decoder_open(
        pipeline_source_stream(capture->source), pipeline_source_is_live(capture->source),
        capture->threaded ? thread_count() : 1, capture->options.max_pixels, err);
    if (decoder != NULL) {
        pipeline_decoder_set_effort(decoder, effort);
    }
    return decoder;
}

// A file that repeats goes on without a break.
static void begin_playout(struct pipeline_capture *capture)
{
    const bool live = pipeline_source_is_live(capture->source);
    if (live || !capture->playout.begun) {
        pipeline_playout_begin(&capture->playout, live);
    }
}

static bool connect_source(struct pipeline_capture *capture, bool *permanent, struct mc_error *err)
{
    atomic_store(&capture->last_frame_ns, 0);
    capture->session_frames = 0;
    capture->hopeless = false;
    capture->late_s = capture->skip_s = 0;
    capture->load.window_ns = 0;
    pipeline_lateness_reset(&capture->lateness);
    capture->source =
        pipeline_source_open(capture->url, capture->options.udp, &capture->stop, permanent, err);
    if (capture->source == NULL) {
        return false;
    }
    capture->display = (struct pipeline_display_reader){ .options = capture->options.display };
    const AVStream *stream = pipeline_source_stream(capture->source);
    bool live = pipeline_source_is_live(capture->source);
    pipeline_pts_clock_begin(&capture->clock, av_q2d(stream->avg_frame_rate));
    begin_playout(capture);
    capture->decoder = open_decoder(capture, err);
    if (capture->decoder == NULL) {
        *permanent = true;
        return mc_error_wrap(err, "%s", capture->shown_url);
    }
    count(&capture->options.counts->connects);
    mc_log(MC_LOG_DEBUG, "%s: opened (%s, %s)", capture->shown_url,
           avcodec_get_name(stream->codecpar->codec_id), live ? "live" : "has an end");
    return true;
}

static void disconnect_source(struct pipeline_capture *capture)
{
    pipeline_decoder_close(capture->decoder);
    capture->decoder = NULL;
    pipeline_source_close(capture->source);
    capture->source = NULL;
    atomic_store(&capture->last_frame_ns, 0);
}

// Threads need another decoder, which begins with a key frame.
static void restart_decoder(struct pipeline_capture *capture)
{
    struct mc_error err = { 0 };
    (void)pipeline_decoder_send(capture->decoder, NULL, mc_clock_now_ns(), 0);
    deliver_all(capture);
    struct pipeline_decoder *decoder = open_decoder(capture, &err);
    if (decoder == NULL) {
        mc_log(MC_LOG_WARNING, "%s: %s", capture->shown_url, err.message);
        return;
    }
    pipeline_decoder_close(capture->decoder);
    capture->decoder = decoder;
    mc_log(MC_LOG_INFO, "%s: decoding on %d threads", capture->shown_url, thread_count());
}

static bool awaits_threads(const struct pipeline_capture *capture)
{
    return capture->load.effort >= PIPELINE_DECODE_THREADED && !capture->threaded &&
           thread_count() > 1;
}

static void adapt_effort(struct pipeline_capture *capture, int64_t busy_ns)
{
    const int64_t skipped = pipeline_decoder_skipped(capture->decoder);
    atomic_fetch_add_explicit(&capture->options.counts->late,
                              (uint64_t)(skipped - capture->skipped), memory_order_relaxed);
    capture->skipped = skipped;
    if (awaits_threads(capture) && capture->load.effort == PIPELINE_DECODE_THREADED) {
        capture->load.window_ns = 0; // what they are worth is not known yet
    }
    if (capture->options.every_frame ||
        !pipeline_decode_load_add(&capture->load, busy_ns, capture->late_s, mc_clock_now_ns())) {
        return;
    }
    pipeline_decoder_set_effort(capture->decoder, capture->load.effort);
    if (capture->session_frames > 0) {
        report_state(capture, PIPELINE_LIVE, effort_reason(capture));
    }
}

// Where every frame stands alone, those whose time will have passed need not be decoded.
static bool is_skipped(struct pipeline_capture *capture)
{
    const struct pipeline_decode_load *load = &capture->load;
    if (load->effort < PIPELINE_DECODE_REFERENCE || capture->options.every_frame ||
        !is_paced(capture) || !pipeline_decoder_is_intra(capture->decoder) ||
        capture->skip_s < capture->clock.frame_s) {
        return false;
    }
    capture->skip_s -= capture->clock.frame_s;
    count(&capture->options.counts->late);
    return true;
}

// Decodes the packet and delivers the frames that it completes.
static void decode_packet(struct pipeline_capture *capture)
{
    if (awaits_threads(capture) && (capture->packet->flags & AV_PKT_FLAG_KEY) != 0) {
        restart_decoder(capture);
        capture->load.window_ns = 0;
    }
    if (is_skipped(capture)) {
        av_packet_unref(capture->packet);
        return;
    }
    int64_t arrival_ns, reassembly_ns;
    pipeline_source_arrival(capture->source, &arrival_ns, &reassembly_ns);
    const int64_t spent_ns = pipeline_decoder_spent_ns(capture->decoder);
    if (!pipeline_decoder_send(capture->decoder, capture->packet, arrival_ns, reassembly_ns)) {
        count(&capture->options.counts->undecodable);
    }
    av_packet_unref(capture->packet);
    deliver_all(capture);
    adapt_effort(capture, pipeline_decoder_spent_ns(capture->decoder) - spent_ns);
}

// Reads to the end, a fault or a stop; returns which.
static enum outcome read_source(struct pipeline_capture *capture, struct mc_error *err)
{
    enum pipeline_read read;
    while ((read = pipeline_source_read(capture->source, capture->packet, err)) ==
           PIPELINE_READ_PACKET) {
        count(&capture->options.counts->packets);
        decode_packet(capture);
        if (capture->hopeless) {
            mc_error_set(err, MC_ERROR_MEDIA, 0, "%s: frames kept arriving more than a second late",
                         capture->shown_url);
            return LOST;
        }
    }
    if (pipeline_stop_is_set(&capture->stop)) {
        return STOPPED;
    }
    if (pipeline_source_is_live(capture->source)) {
        if (read == PIPELINE_READ_END) {
            mc_error_set(err, MC_ERROR_MEDIA, AVERROR_EOF, "the connection ended");
        }
        mc_error_wrap(err, "%s", capture->shown_url);
        return LOST;
    }
    (void)pipeline_decoder_send(capture->decoder, NULL, mc_clock_now_ns(), 0);
    deliver_all(capture);
    if (pipeline_stop_is_set(&capture->stop)) {
        return STOPPED;
    }
    if (capture->session_frames == 0) {
        if (read == PIPELINE_READ_END) {
            mc_error_set(err, MC_ERROR_MEDIA, 0, "has no frame that can be decoded");
        }
        mc_error_wrap(err, "%s", capture->shown_url);
        return GIVEN_UP;
    }
    if (read == PIPELINE_READ_ERROR) {
        mc_error_wrap(err, "%s: ends early", capture->shown_url);
        if (!capture->options.repeat) {
            return GIVEN_UP;
        }
        mc_log(MC_LOG_WARNING, "%s", err->message);
    }
    return OVER;
}

static enum outcome run_session(struct pipeline_capture *capture, struct mc_error *err)
{
    const char *rest;
    const enum pipeline_url_kind kind = pipeline_url_parse(capture->url, &rest);
    bool permanent = false;
    enum outcome outcome;
    capture->fault = PIPELINE_FAULT_PASSING;
    if (connect_source(capture, &permanent, err)) {
        outcome = read_source(capture, err);
    } else {
        capture->fault = pipeline_fault_classify(kind, err, permanent);
        outcome = capture->fault == PIPELINE_FAULT_FINAL ? GIVEN_UP : LOST;
    }
    disconnect_source(capture);
    return pipeline_stop_is_set(&capture->stop) ? STOPPED : outcome;
}

// Reports what went wrong and when to try again.
static void report_lost(struct pipeline_capture *capture, const struct mc_error *err, int wait_ms)
{
    const char *name = pipeline_fault_name(capture->fault);
    if (name[0] == '\0') {
        report_state(capture, PIPELINE_CONNECTING, err->message);
        return;
    }
    struct mc_error reason = *err;
    mc_error_wrap(&reason, "%s, next attempt in %d s", name, (wait_ms + 500) / 1000);
    report_state(capture, PIPELINE_CONNECTING, reason.message);
}

// A probe that finds the source back ends a long wait early, unless the
// camera may lock after too many attempts.
static void wait_before_retry(struct pipeline_capture *capture, const struct mc_error *last)
{
    int64_t now = mc_clock_now_ns();
    if (capture->session_frames > 0 &&
        now - capture->session_start_ns > STEADY_S * MC_NS_PER_SECOND) {
        pipeline_backoff_reset(&capture->backoff);
    }
    const int wait_ms = pipeline_backoff_next_ms(&capture->backoff, capture->fault);
    report_lost(capture, last, wait_ms);
    const int64_t until_ns = now + wait_ms * MC_NS_PER_MS;
    struct pipeline_probe probe;
    pipeline_probe_begin(&probe, capture->url, last);
    probe.helps &= capture->fault != PIPELINE_FAULT_REFUSED;
    for (int64_t next_ns = now; next_ns < until_ns;) {
        next_ns += PROBE_INTERVAL_MS * MC_NS_PER_MS;
        next_ns = !probe.helps || next_ns > until_ns ? until_ns : next_ns;
        if (!pipeline_stop_sleep_until(&capture->stop, next_ns) ||
            (next_ns < until_ns && pipeline_probe(&probe, &capture->stop))) {
            return;
        }
    }
}

// One session after the other, until one is the last.
static enum outcome run_sessions(struct pipeline_capture *capture, struct mc_error *err)
{
    enum outcome outcome;
    report_state(capture, PIPELINE_CONNECTING, "");
    do {
        outcome = run_session(capture, err);
        if (outcome == LOST) {
            wait_before_retry(capture, err);
            outcome = pipeline_stop_is_set(&capture->stop) ? STOPPED : LOST;
        }
    } while (outcome == LOST || (outcome == OVER && capture->options.repeat));
    return outcome;
}

// Waits while paused. Returns false when it is time to end.
static bool wait_while_paused(struct pipeline_capture *capture)
{
    pthread_mutex_lock(&capture->lock);
    bool paused = capture->paused && !capture->stopping;
    pthread_mutex_unlock(&capture->lock);
    if (paused) {
        report_state(capture, PIPELINE_IDLE, "");
    }
    pthread_mutex_lock(&capture->lock);
    while (capture->paused && !capture->stopping) {
        pthread_cond_wait(&capture->asked, &capture->lock);
    }
    bool stopping = capture->stopping;
    if (!stopping) {
        pipeline_stop_clear(&capture->stop);
    }
    pthread_mutex_unlock(&capture->lock);
    return !stopping;
}

static void *capture_main(void *argument)
{
    struct pipeline_capture *capture = argument;
    struct mc_error err = { 0 };
    enum outcome outcome = STOPPED;
    while (outcome == STOPPED && wait_while_paused(capture)) {
        pipeline_backoff_reset(&capture->backoff);
        outcome = run_sessions(capture, &err);
    }
    pipeline_mailbox_close(capture->options.mailbox);
    if (outcome == OVER) {
        report_state(capture, PIPELINE_ENDED, "");
    } else if (outcome == GIVEN_UP) {
        report_state(capture, PIPELINE_FAILED, err.message);
    }
    atomic_store(&capture->done, true);
    capture->options.wake(capture->options.user);
    return NULL;
}

static void free_capture(struct pipeline_capture *capture)
{
    av_packet_free(&capture->packet);
    pthread_cond_destroy(&capture->asked);
    pthread_mutex_destroy(&capture->lock);
    pipeline_stop_finish(&capture->stop);
    free(capture->url);
    free(capture);
}

struct pipeline_capture *pipeline_capture_start(const struct pipeline_capture_options *options,
                                                struct mc_error *err)
{
    struct pipeline_capture *capture = calloc(1, sizeof *capture);
    if (capture == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the capture thread");
        return NULL;
    }
    capture->options = *options;
    capture->url = strdup(options->url);
    capture->packet = av_packet_alloc();
    capture->paused = options->paused;
    capture->report.state = options->paused ? PIPELINE_IDLE : PIPELINE_CONNECTING;
    pthread_mutex_init(&capture->lock, NULL);
    pthread_cond_init(&capture->asked, NULL);
    pipeline_stop_init(&capture->stop);
    pipeline_backoff_init(&capture->backoff, (uint64_t)mc_clock_now_ns());
    if (capture->url == NULL || capture->packet == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the capture thread");
        free_capture(capture);
        return NULL;
    }
    pipeline_url_redact(capture->url, capture->shown_url, sizeof capture->shown_url);
    int result = pthread_create(&capture->thread, NULL, capture_main, capture);
    if (result != 0) {
        mc_error_set(err, MC_ERROR_SYSTEM, result, "no thread for a source: %s",
                     strerrordesc_np(result));
        free_capture(capture);
        return NULL;
    }
    return capture;
}

void pipeline_capture_pause(struct pipeline_capture *capture, bool paused)
{
    pthread_mutex_lock(&capture->lock);
    capture->paused = paused;
    pthread_cond_signal(&capture->asked);
    pthread_mutex_unlock(&capture->lock);
    if (paused) {
        pipeline_stop_set(&capture->stop);
    }
}

void pipeline_capture_stop(struct pipeline_capture *capture)
{
    pthread_mutex_lock(&capture->lock);
    capture->stopping = true;
    pthread_cond_signal(&capture->asked);
    pthread_mutex_unlock(&capture->lock);
    pipeline_stop_set(&capture->stop);
    pipeline_mailbox_close(capture->options.mailbox);
}

bool pipeline_capture_is_done(struct pipeline_capture *capture)
{
    return atomic_load(&capture->done);
}

void pipeline_capture_join(struct pipeline_capture *capture)
{
    if (capture == NULL) {
        return;
    }
    pthread_join(capture->thread, NULL);
    free_capture(capture);
}

void pipeline_capture_state(struct pipeline_capture *capture, struct pipeline_state_report *report)
{
    pthread_mutex_lock(&capture->lock);
    *report = capture->report;
    pthread_mutex_unlock(&capture->lock);
}

int64_t pipeline_capture_silence_ns(struct pipeline_capture *capture)
{
    int64_t last_ns = atomic_load(&capture->last_frame_ns);
    return last_ns == 0 ? 0 : mc_clock_now_ns() - last_ns;
}
