#include "pipeline/isolate/message.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "pipeline/source/frame_limit.h"
#include "pipeline/source/url.h"
#include "protocol/record.h"

static const uint64_t count_max = UINT64_C(1) << 48;

struct pipeline_isolate_counts pipeline_isolate_count(const struct pipeline_capture *capture)
{
    const struct pipeline_capture_counts *counts = capture->options.counts;
    return (struct pipeline_isolate_counts){
        .packets = atomic_load(&counts->packets),
        .frames = atomic_load(&counts->frames),
        .damaged = atomic_load(&counts->damaged),
        .late = atomic_load(&counts->late),
        .undecodable = atomic_load(&counts->undecodable),
        .connects = atomic_load(&counts->connects),
        .last_frame_ns = atomic_load(&capture->last_frame_ns),
    };
}

size_t pipeline_isolate_message_bytes(enum pipeline_isolate_kind kind)
{
    switch (kind) {
    case PIPELINE_ISOLATE_START:
        return sizeof(struct pipeline_isolate_start);
    case PIPELINE_ISOLATE_STOP:
        return sizeof(enum pipeline_isolate_kind);
    case PIPELINE_ISOLATE_RELEASE:
        return sizeof(struct pipeline_isolate_release);
    case PIPELINE_ISOLATE_FRAME:
        return sizeof(struct pipeline_isolate_frame);
    case PIPELINE_ISOLATE_STATE:
    case PIPELINE_ISOLATE_COUNTS:
        return sizeof(struct pipeline_isolate_state);
    case PIPELINE_ISOLATE_LOG:
        return sizeof(struct pipeline_isolate_log);
    case PIPELINE_ISOLATE_END:
        return sizeof(struct pipeline_isolate_end);
    default:
        return 0;
    }
}

static bool refuse(struct mc_error *err, const char *what)
{
    return mc_error_set(err, MC_ERROR_FORMAT, 0, "the decoder sent %s", what);
}

// Terminates text, hides its secrets, and replaces what is no visible UTF-8.
static void clean(char *text, size_t size)
{
    char raw[PIPELINE_ISOLATE_TEXT_BYTES];
    text[size - 1] = '\0';
    memcpy(raw, text, size < sizeof raw ? size : sizeof raw);
    raw[sizeof raw - 1] = '\0';
    pipeline_url_redact(raw, text, size);
    for (size_t i = 0; text[i] != '\0';) {
        uint32_t character;
        const int length = mc_utf8_decode(text + i, strlen(text + i), &character);
        if (length == 0 || mc_utf8_invisible_name(character) != NULL) {
            memset(text + i, '?', length == 0 ? 1 : (size_t)length);
        }
        i += length == 0 ? 1 : (size_t)length;
    }
}

static bool is_time(int64_t time_ns, int64_t now_ns)
{
    return time_ns >= 0 && time_ns <= now_ns + MC_NS_PER_SECOND;
}

static bool is_duration(int64_t duration_ns)
{
    return duration_ns >= 0 && duration_ns <= 3600 * MC_NS_PER_SECOND;
}

static bool check_counts(const struct pipeline_isolate_counts *counts, int64_t now_ns,
                         struct mc_error *err)
{
    const uint64_t numbers[] = { counts->packets, counts->frames,      counts->damaged,
                                 counts->late,    counts->undecodable, counts->connects };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i] > count_max) {
            return refuse(err, "an absurd count");
        }
    }
    return is_time(counts->last_frame_ns, now_ns) || refuse(err, "a time in the future");
}

static bool check_plane(uint64_t offset, size_t bytes, size_t shared_bytes)
{
    return bytes <= shared_bytes && shared_bytes - bytes >= PIPELINE_ISOLATE_GUARD_BYTES &&
           offset <= shared_bytes - bytes - PIPELINE_ISOLATE_GUARD_BYTES;
}

static bool check_planes(const struct pipeline_isolate_frame *frame, size_t shared_bytes,
                         struct mc_error *err)
{
    int least[PIPELINE_ISOLATE_PLANES];
    ptrdiff_t linesizes[PIPELINE_ISOLATE_PLANES];
    size_t bytes[PIPELINE_ISOLATE_PLANES];
    if (av_image_fill_linesizes(least, frame->format, frame->width) < 0) {
        return refuse(err, "a frame of impossible size");
    }
    for (int i = 0; i < PIPELINE_ISOLATE_PLANES; i++) {
        if (frame->linesizes[i] < least[i]) {
            return refuse(err, "a frame whose rows overlap");
        }
        linesizes[i] = frame->linesizes[i];
    }
    if (av_image_fill_plane_sizes(bytes, frame->format, frame->height, linesizes) < 0) {
        return refuse(err, "a frame of impossible size");
    }
    for (int i = 0; i < PIPELINE_ISOLATE_PLANES; i++) {
        if (bytes[i] > 0 && !check_plane(frame->offsets[i], bytes[i], shared_bytes)) {
            return refuse(err, "a frame outside its memory");
        }
    }
    return true;
}

// A display transform is a turn, a mirroring and a scale for each axis; see display_transform.h.
static bool check_display(const struct pipeline_display_transform *display)
{
    const struct pipeline_mapping *m = &display->to_coded;
    const double across = hypot((double)m->xx, (double)m->xy);
    const double down = hypot((double)m->yx, (double)m->yy);
    const double area = fabs((double)m->xx * (double)m->yy - (double)m->xy * (double)m->yx);
    const bool sized = display->width >= 1 && display->width <= PIPELINE_DISPLAY_EDGE_MAX &&
                       display->height >= 1 && display->height <= PIPELINE_DISPLAY_EDGE_MAX;
    // The comparisons are false for NaN.
    return sized && across >= 1.0 / 256 && across <= 2 && down >= 1.0 / 256 && down <= 2 &&
           area >= across * down / 2 && fabs((double)m->x0) <= 2.0 * PIPELINE_DISPLAY_EDGE_MAX &&
           fabs((double)m->y0) <= 2.0 * PIPELINE_DISPLAY_EDGE_MAX;
}

static bool check_frame(const struct pipeline_isolate_frame *frame,
                        const struct pipeline_isolate_limits *limits, struct mc_error *err)
{
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
    if (frame->loan >= (uint32_t)limits->loan_count) {
        return refuse(err, "a frame with an unknown number");
    }
    if (format == NULL || (format->flags & AV_PIX_FMT_FLAG_HWACCEL) != 0) {
        return refuse(err, "a frame of unknown format");
    }
    if (frame->width < 1 || frame->height < 1 ||
        !pipeline_frame_limit_check(frame->width, frame->height, limits->max_pixels, NULL)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "the decoder sent a frame of %dx%d",
                            frame->width, frame->height);
    }
    if (!check_planes(frame, limits->shared_bytes, err)) {
        return false;
    }
    if (!(fabs(frame->pts) <= PROTOCOL_PTS_MAX && frame->pts <= limits->pts_max)) {
        return refuse(err, "a frame whose pts is far ahead");
    }
    if (limits->any && !(frame->pts > limits->last_pts)) {
        return refuse(err, "a frame whose pts does not rise");
    }
    if (frame->lowres < 0 || frame->lowres > 3 || frame->time_base.num < 0 ||
        frame->time_base.den <= 0 || !check_display(&frame->display)) {
        return refuse(err, "a frame with an impossible display transform");
    }
    if (!is_time(frame->arrival_ns, limits->now_ns) || !is_time(frame->ready_ns, limits->now_ns) ||
        !is_duration(frame->decode_ns) || !is_duration(frame->reassembly_ns)) {
        return refuse(err, "a frame with impossible times");
    }
    return true;
}

// Another byte in a bool than 0 or 1 is undefined behaviour once it is read as one.
static bool are_flags(const struct pipeline_capture_memory *memory)
{
    const bool *const flags[] = {
        &memory->clock.any,           &memory->clock.first,        &memory->clock.repeats,
        &memory->lateness.started,    &memory->playout.begun,      &memory->playout.live,
        &memory->load.awaits_threads, &memory->load.keys_are_rare, &memory->load.keyed,
        &memory->reached_end,
    };
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        unsigned char byte;
        memcpy(&byte, flags[i], 1);
        if (byte > 1) {
            return false;
        }
    }
    return true;
}

// The next decoder begins with it: what is wrong in it would go on from one to the next.
static bool check_memory(const struct pipeline_capture_memory *memory, int64_t now_ns,
                         struct mc_error *err)
{
    return (are_flags(memory) && pipeline_pts_clock_is_sane(&memory->clock, now_ns) &&
            pipeline_lateness_is_sane(&memory->lateness, now_ns) &&
            pipeline_playout_is_sane(&memory->playout, now_ns) &&
            pipeline_decode_load_is_sane(&memory->load, now_ns) && memory->delivered_ns >= 0 &&
            memory->delivered_ns <= now_ns) ||
           refuse(err, "an end with impossible numbers");
}

static bool check_end(const struct pipeline_isolate_end *end, int64_t now_ns, struct mc_error *err)
{
    if (end->outcome < PIPELINE_CAPTURE_STOPPED || end->outcome > PIPELINE_CAPTURE_GIVEN_UP ||
        end->fault < PIPELINE_FAULT_PASSING || end->fault > PIPELINE_FAULT_FINAL ||
        (int)end->err.code < MC_ERROR_NONE || (int)end->err.code > MC_ERROR_MEMORY) {
        return refuse(err, "an unknown end");
    }
    return check_counts(&end->counts, now_ns, err) && check_memory(&end->memory, now_ns, err);
}

bool pipeline_isolate_message_check(union pipeline_isolate_message *message, size_t size,
                                    const struct pipeline_isolate_limits *limits,
                                    struct mc_error *err)
{
    if (size < sizeof message->kind || size != pipeline_isolate_message_bytes(message->kind)) {
        return refuse(err, "a message of the wrong length");
    }
    switch (message->kind) {
    case PIPELINE_ISOLATE_FRAME:
        return check_counts(&message->frame.counts, limits->now_ns, err) &&
               check_frame(&message->frame, limits, err);
    case PIPELINE_ISOLATE_STATE:
    case PIPELINE_ISOLATE_COUNTS:
        clean(message->state.reason, sizeof message->state.reason);
        return check_counts(&message->state.counts, limits->now_ns, err);
    case PIPELINE_ISOLATE_LOG:
        clean(message->log.text, sizeof message->log.text);
        return (message->log.level >= MC_LOG_ERROR && message->log.level <= MC_LOG_DEBUG) ||
               refuse(err, "a log line of an unknown level");
    case PIPELINE_ISOLATE_END:
        clean(message->end.err.message, sizeof message->end.err.message);
        return check_end(&message->end, limits->now_ns, err);
    default:
        return refuse(err, "a message of an unexpected kind");
    }
}
