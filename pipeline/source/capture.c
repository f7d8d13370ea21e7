#include "pipeline/source/capture.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/frame_pool.h"
#include "pipeline/mailbox.h"
#include "pipeline/source/capture_internal.h"
#include "pipeline/source/probe.h"
#include "pipeline/source/url.h"

enum { STEADY_S = 10 }; // that long, frames must come

void pipeline_capture_report(struct pipeline_capture *capture, enum pipeline_state state,
                             const char *reason)
{
    pthread_mutex_lock(&capture->lock);
    capture->report.state = state;
    snprintf(capture->report.reason, sizeof capture->report.reason, "%s", reason);
    pthread_mutex_unlock(&capture->lock);
    capture->options.wake(capture->options.user);
}

// Reports what went wrong and when to try again.
static void report_lost(struct pipeline_capture *capture, const struct mc_error *err, int wait_ms)
{
    const char *name = pipeline_fault_name(capture->fault);
    if (name[0] == '\0') {
        pipeline_capture_report(capture, PIPELINE_CONNECTING, err->message);
        return;
    }
    struct mc_error reason = *err;
    mc_error_wrap(&reason, "%s, next attempt in %d s", name, (wait_ms + 500) / 1000);
    pipeline_capture_report(capture, PIPELINE_CONNECTING, reason.message);
}

bool pipeline_capture_was_steady(const struct pipeline_capture *capture)
{
    return capture->session_frames > 0 &&
           mc_clock_now_ns() - capture->session_start_ns > STEADY_S * MC_NS_PER_SECOND;
}

// A probe that finds the source back ends a long wait early, unless the
// camera may lock after too many attempts.
static void wait_before_retry(struct pipeline_capture *capture, const struct mc_error *last)
{
    int64_t now = mc_clock_now_ns();
    if (pipeline_capture_was_steady(capture)) {
        pipeline_backoff_reset(&capture->backoff);
    }
    const int wait_ms = pipeline_backoff_next_ms(&capture->backoff, capture->fault);
    report_lost(capture, last, wait_ms);
    const int64_t until_ns = now + wait_ms * MC_NS_PER_MS;
    struct pipeline_probe probe;
    pipeline_probe_begin(&probe, capture->url, last);
    probe.helps &= capture->fault != PIPELINE_FAULT_REFUSED;
    pipeline_probe_wait(&probe, &capture->stop, until_ns);
    pipeline_probe_end(&probe);
}

// One session after the other, until one is the last.
static enum pipeline_capture_outcome run_sessions(struct pipeline_capture *capture,
                                                  struct mc_error *err)
{
    enum pipeline_capture_outcome outcome;
    pipeline_capture_report(capture, PIPELINE_CONNECTING, "");
    do {
        outcome = capture->options.run_session(capture, err);
        if (outcome == PIPELINE_CAPTURE_LOST) {
            wait_before_retry(capture, err);
            outcome = pipeline_stop_is_set(&capture->stop) ? PIPELINE_CAPTURE_STOPPED
                                                           : PIPELINE_CAPTURE_LOST;
        }
    } while (outcome == PIPELINE_CAPTURE_LOST ||
             (outcome == PIPELINE_CAPTURE_OVER && capture->options.repeat));
    return outcome;
}

// Returns false when it is time to end.
static bool wait_for_start(struct pipeline_capture *capture)
{
    pthread_mutex_lock(&capture->lock);
    while (!capture->started && !capture->stopping) {
        pthread_cond_wait(&capture->asked, &capture->lock);
    }
    const bool started = !capture->stopping;
    pthread_mutex_unlock(&capture->lock);
    return started;
}

// Waits while paused. Returns false when it is time to end.
static bool wait_while_paused(struct pipeline_capture *capture)
{
    pthread_mutex_lock(&capture->lock);
    bool paused = capture->paused && !capture->stopping;
    pthread_mutex_unlock(&capture->lock);
    if (paused) {
        pipeline_capture_report(capture, PIPELINE_IDLE, "");
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
    pthread_setname_np(pthread_self(), "capture");
    enum pipeline_capture_outcome outcome = PIPELINE_CAPTURE_STOPPED;
    const bool started = wait_for_start(capture);
    while (started && outcome == PIPELINE_CAPTURE_STOPPED && wait_while_paused(capture)) {
        pipeline_backoff_reset(&capture->backoff);
        outcome = run_sessions(capture, &err);
    }
    pipeline_mailbox_close(capture->options.mailbox);
    if (outcome == PIPELINE_CAPTURE_OVER) {
        pipeline_capture_report(capture, PIPELINE_ENDED, "");
    } else if (outcome == PIPELINE_CAPTURE_GIVEN_UP) {
        pipeline_capture_report(capture, PIPELINE_FAILED, err.message);
    }
    atomic_store(&capture->done, true);
    capture->options.wake(capture->options.user);
    return NULL;
}

void pipeline_capture_destroy_idle(struct pipeline_capture *capture)
{
    av_packet_free(&capture->packet);
    pthread_cond_destroy(&capture->asked);
    pthread_mutex_destroy(&capture->lock);
    pipeline_stop_finish(&capture->stop);
    free(capture->url);
    free(capture);
}

void pipeline_capture_remember(const struct pipeline_capture *capture,
                               struct pipeline_capture_memory *memory)
{
    *memory = (struct pipeline_capture_memory){ capture->clock,        capture->lateness,
                                                capture->playout,      capture->load,
                                                capture->delivered_ns, capture->reached_end };
}

void pipeline_capture_recall(struct pipeline_capture *capture,
                             const struct pipeline_capture_memory *memory)
{
    capture->clock = memory->clock;
    capture->lateness = memory->lateness;
    capture->playout = memory->playout;
    capture->load = memory->load;
    capture->delivered_ns = memory->delivered_ns;
    capture->reached_end = memory->reached_end;
}

struct pipeline_capture *
pipeline_capture_create_idle(const struct pipeline_capture_options *options, struct mc_error *err)
{
    struct pipeline_capture *capture = calloc(1, sizeof *capture);
    if (capture == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the capture thread");
        return NULL;
    }
    capture->options = *options;
    if (options->run_session == NULL) {
        capture->options.run_session = pipeline_capture_run_session;
    }
    capture->url = strdup(options->url);
    capture->packet = av_packet_alloc();
    capture->report.state = PIPELINE_CONNECTING;
    capture->clock = (struct pipeline_pts_clock){ .any = options->last_arrival_ns != 0,
                                                  .pts = options->last_pts,
                                                  .arrival_ns = options->last_arrival_ns };
    pthread_mutex_init(&capture->lock, NULL);
    pthread_cond_init(&capture->asked, NULL);
    const bool can_stop = pipeline_stop_init(&capture->stop, err);
    pipeline_backoff_init(&capture->backoff, (uint64_t)mc_clock_now_ns());
    if (can_stop && (capture->url == NULL || capture->packet == NULL)) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the capture thread");
    }
    if (!can_stop || capture->url == NULL || capture->packet == NULL) {
        pipeline_capture_destroy_idle(capture);
        return NULL;
    }
    pipeline_url_lower_scheme(capture->url);
    pipeline_url_redact(capture->url, capture->shown_url, sizeof capture->shown_url);
    return capture;
}

struct pipeline_capture *pipeline_capture_create(const struct pipeline_capture_options *options,
                                                 struct mc_error *err)
{
    struct pipeline_capture *capture = pipeline_capture_create_idle(options, err);
    if (capture == NULL) {
        return NULL;
    }
    int result = pthread_create(&capture->thread, NULL, capture_main, capture);
    if (result != 0) {
        mc_error_set(err, MC_ERROR_SYSTEM, result, "no thread for a source: %s",
                     strerrordesc_np(result));
        pipeline_capture_destroy_idle(capture);
        return NULL;
    }
    return capture;
}

void pipeline_capture_start(struct pipeline_capture *capture)
{
    pthread_mutex_lock(&capture->lock);
    capture->started = true;
    pthread_cond_signal(&capture->asked);
    pthread_mutex_unlock(&capture->lock);
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
    pipeline_capture_destroy_idle(capture);
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
