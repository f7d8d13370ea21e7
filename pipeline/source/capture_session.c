#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/frame.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/frame_pool.h"
#include "pipeline/mailbox.h"
#include "pipeline/source/capture_internal.h"
#include "pipeline/source/decoder.h"
#include "pipeline/source/source.h"
#include "pipeline/source/url.h"

enum {
    LATE_MS = 100,          // a paced frame this late is dropped,
    LATE_INTERVAL_MS = 100, // unless none was delivered for so long
    THREADS_MAX = 4,
};

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
        pipeline_capture_report(capture, PIPELINE_LIVE, effort_reason(capture));
    }
    frame->session = (unsigned)atomic_load(&capture->options.counts->connects);
    frame->ready_ns = capture->delivered_ns = mc_clock_now_ns();
    struct pipeline_frame *gone = pipeline_mailbox_push(capture->options.mailbox, frame);
    pipeline_frame_pool_release(capture->options.pool, gone);
    capture->options.on_frame(capture->options.user);
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
            : pipeline_pts_clock_by_arrival(clock, stamp, frame->complete_ns);
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
    if (frame->image->key_frame && !is_paced(capture)) {
        pipeline_decode_load_key_frame(&capture->load, mc_clock_now_ns());
    }
    pipeline_display_reader_read(&capture->display, frame->image, frame->lowres,
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
                          : !is_fresh(capture, frame->complete_ns)) {
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

// Starts at the effort that the previous session of this source ended with.
static struct pipeline_decoder *open_decoder(struct pipeline_capture *capture, struct mc_error *err)
{
    const enum pipeline_decode_effort effort = capture->load.effort;
    capture->threaded = effort >= PIPELINE_DECODE_THREADED;
    capture->skipped = 0;
    struct pipeline_decoder *decoder = pipeline_decoder_open(
        pipeline_source_stream(capture->source), pipeline_source_is_live(capture->source),
        capture->threaded ? thread_count() : 1, capture->options.max_pixels,
        &capture->options.memory, err);
    if (decoder != NULL) {
        pipeline_decoder_set_effort(decoder, effort);
    }
    return decoder;
}

static void begin_clocks(struct pipeline_capture *capture)
{
    const AVStream *stream = pipeline_source_stream(capture->source);
    const bool live = pipeline_source_is_live(capture->source);
    const bool repeats = capture->reached_end && !live;
    pipeline_pts_clock_begin(&capture->clock, av_q2d(stream->avg_frame_rate), repeats);
    pipeline_playout_begin(&capture->playout, live, repeats);
}

static bool connect_source(struct pipeline_capture *capture, bool *permanent, struct mc_error *err)
{
    atomic_store(&capture->last_frame_ns, 0);
    capture->session_frames = 0;
    capture->late_before = atomic_load(&capture->options.counts->late);
    capture->hopeless = false;
    capture->late_s = capture->skip_s = 0;
    pipeline_decode_load_begin(&capture->load);
    pipeline_lateness_reset(&capture->lateness);
    capture->source =
        pipeline_source_open(capture->url, capture->options.udp, capture->options.max_pixels,
                             &capture->stop, permanent, err);
    if (capture->source == NULL) {
        return false;
    }
    capture->display = (struct pipeline_display_reader){ .options = capture->options.display };
    const AVStream *stream = pipeline_source_stream(capture->source);
    bool live = pipeline_source_is_live(capture->source);
    begin_clocks(capture);
    capture->decoder = open_decoder(capture, err);
    if (capture->decoder == NULL) {
        *permanent = !live; // a camera's settings may change
        return mc_error_wrap(err, "%s", capture->shown_url);
    }
    if (capture->options.on_open != NULL && !capture->options.on_open(capture->options.user, err)) {
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

// Other threads need another decoder, which begins with a key frame.
static void restart_decoder(struct pipeline_capture *capture)
{
    struct mc_error err = { 0 };
    const bool was_threaded = capture->threaded;
    const int64_t skipped = capture->skipped;
    struct pipeline_decoder *decoder = open_decoder(capture, &err);
    if (decoder == NULL) { // the one there is goes on
        capture->threaded = was_threaded;
        capture->skipped = skipped;
        mc_log(MC_LOG_WARNING, "%s: %s", capture->shown_url, err.message);
        return;
    }
    (void)pipeline_decoder_send(capture->decoder, NULL, mc_clock_now_ns(), 0);
    deliver_all(capture);
    pipeline_decoder_close(capture->decoder);
    capture->decoder = decoder;
    if (capture->threaded) {
        mc_log(MC_LOG_INFO, "%s: decoding on %d threads", capture->shown_url, thread_count());
    } else {
        mc_log(MC_LOG_INFO, "%s: decoding on one thread again", capture->shown_url);
    }
}

// Whether the decoder has threads and should not, or should and has none.
static bool awaits_restart(const struct pipeline_capture *capture)
{
    const bool threaded = capture->load.effort >= PIPELINE_DECODE_THREADED;
    return threaded != capture->threaded && thread_count() > 1;
}

static void adapt_effort(struct pipeline_capture *capture, int64_t busy_ns)
{
    const int64_t skipped = pipeline_decoder_skipped(capture->decoder);
    atomic_fetch_add_explicit(&capture->options.counts->late,
                              (uint64_t)(skipped - capture->skipped), memory_order_relaxed);
    capture->skipped = skipped;
    // They come with a key frame. Where that does not come, other frames have to be left out.
    capture->load.awaits_threads = awaits_restart(capture) &&
                                   capture->load.effort == PIPELINE_DECODE_THREADED &&
                                   !capture->load.keys_are_rare;
    if (capture->options.every_frame ||
        !pipeline_decode_load_add(&capture->load, busy_ns, capture->late_s, mc_clock_now_ns())) {
        return;
    }
    pipeline_decoder_set_effort(capture->decoder, capture->load.effort);
    if (capture->session_frames > 0) {
        pipeline_capture_report(capture, PIPELINE_LIVE, effort_reason(capture));
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
    if (awaits_restart(capture) && (capture->packet->flags & AV_PKT_FLAG_KEY) != 0) {
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

// Whether nothing is left of a live source, as only key frames are decoded and it sends none. What
// is paced goes on to the next key frame at once, and needs no watching.
static bool is_starved(struct pipeline_capture *capture, struct mc_error *err)
{
    if (is_paced(capture) || !pipeline_decode_load_lacks_keys(&capture->load, mc_clock_now_ns())) {
        return false;
    }
    mc_error_set(err, MC_ERROR_MEDIA, 0,
                 "%s: decoding can't keep up, and no key frame came for 10 s to go on with",
                 capture->shown_url);
    return true;
}

// Whether the session had a frame, be it one that was too late to be delivered.
static bool has_frames(const struct pipeline_capture *capture)
{
    return capture->session_frames > 0 ||
           atomic_load(&capture->options.counts->late) > capture->late_before;
}

// Whether a live source has nothing but frames that are too large, so far.
static bool is_refused(struct pipeline_capture *capture, struct mc_error *err)
{
    if (!pipeline_source_is_live(capture->source) || has_frames(capture) ||
        !pipeline_decoder_refusal(capture->decoder, err)) {
        return false;
    }
    capture->fault = PIPELINE_FAULT_SIZE;
    mc_error_wrap(err, "%s", capture->shown_url);
    return true;
}

// Reads to the end, a fault or a stop; returns which.
static enum pipeline_capture_outcome read_source(struct pipeline_capture *capture,
                                                 struct mc_error *err)
{
    enum pipeline_read read;
    while ((read = pipeline_source_read(capture->source, capture->packet, err)) ==
           PIPELINE_READ_PACKET) {
        count(&capture->options.counts->packets);
        decode_packet(capture);
        if (is_refused(capture, err) || is_starved(capture, err)) {
            return PIPELINE_CAPTURE_LOST;
        }
        if (capture->hopeless) {
            mc_error_set(err, MC_ERROR_MEDIA, 0, "%s: frames kept arriving more than a second late",
                         capture->shown_url);
            return PIPELINE_CAPTURE_LOST;
        }
    }
    if (pipeline_stop_is_set(&capture->stop)) {
        return PIPELINE_CAPTURE_STOPPED;
    }
    if (pipeline_source_is_live(capture->source)) {
        if (read == PIPELINE_READ_END) {
            mc_error_set(err, MC_ERROR_MEDIA, AVERROR_EOF, "the connection ended");
        }
        mc_error_wrap(err, "%s", capture->shown_url);
        return PIPELINE_CAPTURE_LOST;
    }
    (void)pipeline_decoder_send(capture->decoder, NULL, mc_clock_now_ns(), 0);
    deliver_all(capture);
    if (pipeline_stop_is_set(&capture->stop)) {
        return PIPELINE_CAPTURE_STOPPED;
    }
    if (!has_frames(capture)) {
        if (read == PIPELINE_READ_END && !pipeline_decoder_refusal(capture->decoder, err)) {
            mc_error_set(err, MC_ERROR_MEDIA, 0, "has no frame that can be decoded");
        }
        mc_error_wrap(err, "%s", capture->shown_url);
        return PIPELINE_CAPTURE_GIVEN_UP;
    }
    if (read == PIPELINE_READ_ERROR) {
        mc_error_wrap(err, "%s: ends early", capture->shown_url);
        if (!capture->options.repeat) {
            return PIPELINE_CAPTURE_GIVEN_UP;
        }
        mc_log(MC_LOG_WARNING, "%s", err->message);
    }
    return PIPELINE_CAPTURE_OVER;
}

enum pipeline_capture_outcome pipeline_capture_run_session(struct pipeline_capture *capture,
                                                           struct mc_error *err)
{
    const char *rest;
    const enum pipeline_url_kind kind = pipeline_url_parse(capture->url, &rest);
    bool permanent = false;
    enum pipeline_capture_outcome outcome;
    capture->fault = PIPELINE_FAULT_PASSING;
    if (connect_source(capture, &permanent, err)) {
        outcome = read_source(capture, err);
    } else {
        capture->fault = pipeline_fault_classify(kind, err, permanent);
        if (capture->source != NULL && err->code == MC_ERROR_MEDIA &&
            capture->fault == PIPELINE_FAULT_PASSING) {
            capture->fault = PIPELINE_FAULT_FORMAT; // it was opened, but its decoder was not
        }
        outcome = capture->fault == PIPELINE_FAULT_FINAL ? PIPELINE_CAPTURE_GIVEN_UP
                                                         : PIPELINE_CAPTURE_LOST;
    }
    disconnect_source(capture);
    outcome = pipeline_stop_is_set(&capture->stop) ? PIPELINE_CAPTURE_STOPPED : outcome;
    capture->reached_end = outcome == PIPELINE_CAPTURE_OVER;
    return outcome;
}
