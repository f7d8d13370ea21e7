#include "pipeline/source/capture.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/frame_pool.h"
#include "pipeline/mailbox.h"
#include "pipeline/source/backoff.h"
#include "pipeline/source/decoder.h"
#include "pipeline/source/lateness.h"
#include "pipeline/source/probe.h"
#include "pipeline/source/pts_clock.h"
#include "pipeline/source/source.h"
#include "pipeline/source/stop.h"
#include "pipeline/source/url.h"

enum {
    STEADY_S = 10, // a connection that held so long ends the back-off
    URL_SHOWN_BYTES = 128,
    KNOCK_MS = 500, // from one look to the next
};

struct pipeline_capture {
    struct pipeline_capture_options options;
    char *url; // owned
    char shown_url[URL_SHOWN_BYTES];
    pthread_t thread;
    struct pipeline_stop stop;
    atomic_bool done;
    atomic_int_fast64_t last_picture_ns; // of a live source, 0: none awaited

    // The thread's own.
    struct AVPacket *packet;
    struct pipeline_backoff backoff;
    struct pipeline_pts_clock pace;
    struct pipeline_lateness age;
    struct pipeline_source *source;   // while connected
    struct pipeline_decoder *decoder; // while connected
    uint64_t session_frames;          // since the source was opened
    int64_t session_start_ns;
    bool hopeless; // frames come too late: connect again

    pthread_mutex_t lock; // guards all below
    pthread_cond_t asked; // stopping or paused changed
    bool stopping, paused;
    bool has_news;
    struct pipeline_news news;
};

// How a session, from opening the source to its last frame, ended.
enum outcome {
    STOPPED,
    OVER,    // the end of what has one
    LOST,    // worth another attempt
    GIVEN_UP // not worth one
};

static void tell(struct pipeline_capture *capture, enum pipeline_state state, const char *reason)
{
    pthread_mutex_lock(&capture->lock);
    capture->news.state = state;
    snprintf(capture->news.reason, sizeof capture->news.reason, "%s", reason);
    capture->has_news = true;
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
    count(&counts->spoiled);
    return false;
}

// Judges a live frame by its age. Returns whether it may go on.
static bool is_fresh(struct pipeline_capture *capture, double source_pts, int64_t arrival_ns)
{
    if (capture->options.every_frame || !pipeline_source_is_live(capture->source)) {
        return true;
    }
    enum pipeline_lateness_verdict verdict =
        pipeline_lateness_judge(&capture->age, source_pts, arrival_ns);
    if (verdict == PIPELINE_AGE_FRESH) {
        return true;
    }
    count(&capture->options.counts->late);
    capture->hopeless = verdict == PIPELINE_AGE_HOPELESS;
    return false;
}

static void hand_over(struct pipeline_capture *capture, struct pipeline_frame *frame)
{
    if (capture->session_frames++ == 0) {
        capture->session_start_ns = mc_clock_now_ns();
        tell(capture, PIPELINE_LIVE, "");
    }
    frame->ready_ns = mc_clock_now_ns();
    struct pipeline_frame *gone = pipeline_mailbox_push(capture->options.mailbox, frame);
    pipeline_frame_pool_release(capture->options.pool, gone);
    capture->options.wake(capture->options.user);
}

// Dates the decoded frame and sends it on its way, at its time where it isn't
// live. Returns false, with the frame still the caller's, when it is not wanted.
static bool deliver(struct pipeline_capture *capture, struct pipeline_frame *frame)
{
    bool live = pipeline_source_is_live(capture->source);
    double source_pts =
        pipeline_pts_clock_source_pts(&capture->pace, frame->picture, frame->time_base);
    frame->pts = pipeline_pts_clock_pts(&capture->pace, source_pts, live, frame->arrival_ns);
    frame->quarter_turns = pipeline_source_quarter_turns(capture->source);
    if (live) {
        atomic_store(&capture->last_picture_ns, mc_clock_now_ns());
    }
    if (!is_whole(capture, frame)) {
        return false;
    }
    if (!live && !capture->options.every_frame) {
        int64_t due_ns = pipeline_pts_clock_due_ns(&capture->pace, frame->pts, mc_clock_now_ns());
        pipeline_stop_sleep_until(&capture->stop, due_ns);
        // To all who look on it came just now, and took its time to decode.
        frame->arrival_ns = mc_clock_now_ns() - frame->decode_ns;
    }
    if (!is_fresh(capture, source_pts, frame->arrival_ns)) {
        return false;
    }
    hand_over(capture, frame);
    return true;
}

// Takes all frames that the decoder has.
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
            av_frame_unref(frame->picture);
        }
    }
    pipeline_frame_pool_release(capture->options.pool, frame);
}

static bool connect_source(struct pipeline_capture *capture, bool *permanent, struct mc_error *err)
{
    atomic_store(&capture->last_picture_ns, 0);
    capture->session_frames = 0;
    capture->hopeless = false;
    pipeline_lateness_reset(&capture->age);
    capture->source =
        pipeline_source_open(capture->url, capture->options.udp, &capture->stop, permanent, err);
    if (capture->source == NULL) {
        return false;
    }
    const AVStream *stream = pipeline_source_stream(capture->source);
    bool live = pipeline_source_is_live(capture->source);
    pipeline_pts_clock_begin(&capture->pace, av_q2d(stream->avg_frame_rate));
    capture->decoder = pipeline_decoder_open(stream, live, err);
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
    atomic_store(&capture->last_picture_ns, 0);
}

// Reads until there is nothing more, and says what stopped it.
static enum outcome read_source(struct pipeline_capture *capture, struct mc_error *err)
{
    enum pipeline_read read;
    while ((read = pipeline_source_read(capture->source, capture->packet, err)) ==
           PIPELINE_READ_PACKET) {
        count(&capture->options.counts->packets);
        int64_t arrival_ns, gather_ns;
        pipeline_source_arrival(capture->source, &arrival_ns, &gather_ns);
        if (!pipeline_decoder_send(capture->decoder, capture->packet, arrival_ns, gather_ns)) {
            count(&capture->options.counts->spoiled);
        }
        av_packet_unref(capture->packet);
        deliver_all(capture);
        if (capture->hopeless) {
            mc_error_set(err, MC_ERROR_MEDIA, 0,
                         "%s: pictures came more than a second late for a while",
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
            mc_error_set(err, MC_ERROR_MEDIA, 0, "no picture in it could be decoded");
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
    bool permanent = false;
    enum outcome outcome;
    if (connect_source(capture, &permanent, err)) {
        outcome = read_source(capture, err);
    } else {
        outcome = permanent ? GIVEN_UP : LOST;
    }
    disconnect_source(capture);
    return pipeline_stop_is_set(&capture->stop) ? STOPPED : outcome;
}

// Long waits are cut short when looks show that the source went away and is back.
static void wait_before_retry(struct pipeline_capture *capture, const struct mc_error *last)
{
    int64_t now = mc_clock_now_ns();
    if (capture->session_frames > 0 &&
        now - capture->session_start_ns > STEADY_S * MC_NS_PER_SECOND) {
        pipeline_backoff_reset(&capture->backoff);
    }
    int wait_ms = pipeline_backoff_next_ms(&capture->backoff);
    const int64_t until_ns = now + wait_ms * MC_NS_PER_MS;
    struct pipeline_probe knock;
    pipeline_probe_begin(&knock, capture->url, last);
    for (int64_t next_ns = now; next_ns < until_ns;) {
        next_ns += KNOCK_MS * MC_NS_PER_MS;
        next_ns = !knock.helps || next_ns > until_ns ? until_ns : next_ns;
        if (!pipeline_stop_sleep_until(&capture->stop, next_ns) ||
            (next_ns < until_ns && pipeline_probe(&knock, &capture->stop))) {
            return;
        }
    }
}

// Sessions one after the other, until one is the last.
static enum outcome run_sessions(struct pipeline_capture *capture, struct mc_error *err)
{
    enum outcome outcome;
    tell(capture, PIPELINE_CONNECTING, "");
    do {
        outcome = run_session(capture, err);
        if (outcome == LOST) {
            tell(capture, PIPELINE_CONNECTING, err->message);
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
        tell(capture, PIPELINE_IDLE, "");
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
        tell(capture, PIPELINE_ENDED, "");
    } else if (outcome == GIVEN_UP) {
        tell(capture, PIPELINE_FAILED, err.message);
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
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the capture thread");
        return NULL;
    }
    capture->options = *options;
    capture->url = strdup(options->url);
    capture->packet = av_packet_alloc();
    capture->paused = options->paused;
    capture->news.state = options->paused ? PIPELINE_IDLE : PIPELINE_CONNECTING;
    pthread_mutex_init(&capture->lock, NULL);
    pthread_cond_init(&capture->asked, NULL);
    pipeline_stop_init(&capture->stop);
    pipeline_backoff_init(&capture->backoff, (uint64_t)mc_clock_now_ns());
    if (capture->url == NULL || capture->packet == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the capture thread");
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

bool pipeline_capture_news(struct pipeline_capture *capture, struct pipeline_news *news)
{
    pthread_mutex_lock(&capture->lock);
    bool has_news = capture->has_news;
    capture->has_news = false;
    *news = capture->news;
    pthread_mutex_unlock(&capture->lock);
    return has_news;
}

int64_t pipeline_capture_silence_ns(struct pipeline_capture *capture)
{
    int64_t last_ns = atomic_load(&capture->last_picture_ns);
    return last_ns == 0 ? 0 : mc_clock_now_ns() - last_ns;
}
