#include "pipeline/source/decoder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/frame_pool.h"
#include "pipeline/source/frame_buffers.h"
#include "pipeline/source/frame_limit.h"
#include "pipeline/source/libav.h"

enum {
    JPEG_LOWRES_MAX = 3, // as FFmpeg's decoder can
    ERRORS_MAX = 64,     // in a row while draining
    HISTORY = 64,        // packets whose frames may be still to come
};

// One packet, until its frame is decoded.
struct history {
    int64_t arrival_ns, reassembly_ns;
};

struct pipeline_decoder {
    struct AVCodecContext *codec;
    struct AVCodecParameters *parameters; // owned
    struct AVRational time_base;
    int64_t max_pixels;                     // of a frame
    int lowres;                             // as the codec is open with
    struct pipeline_frame_memory memory;    // of frames
    struct pipeline_frame_buffers *buffers; // which are that, unless it is another's
    atomic_uint_fast64_t too_large;         // a frame: width << 32 | height; 0: none. Any thread
    struct mc_error refusal;                // of the last frame that was refused
    struct mc_log_limit log_limit;
    struct history history[HISTORY]; // a ring, by the packet's number
    int64_t packet_count;
    int64_t arrival_ns;  // of the last frame that came out
    int64_t last_ns;     // when the last packet arrived
    int64_t spent_ns;    // in all
    int64_t sent_ns;     // of it, before the last packet was sent
    int64_t frame_count; // that came out, or failed
    int64_t skipped;     // see pipeline_decoder_skipped
    int64_t b_skipped;   // B-frames that came out of order: likewise
    int64_t shown_pts;   // of the last frame whose codec ignores their order; INT64_MAX: unknown
    bool skips, broken;  // skipping began; a reference may be missing until a key frame
    int threads;
    bool draining, low_delay;
    bool has_b_frames; // which would come out of order from a codec with low delay
    bool mjpeg;        // each frame stands alone; FFmpeg only logs what is wrong with one
    bool damaged;      // a packet since the last frame was damaged
    bool lost;         // or gave no frame; the next one refers to it unless it is a key frame
};

// Whether the frame may be that large; else it is noted. Any thread.
static bool fits(struct pipeline_decoder *decoder, int width, int height)
{
    if (pipeline_frame_limit_check(width, height, decoder->max_pixels, NULL)) {
        return true;
    }
    atomic_store(&decoder->too_large, (uint64_t)width << 32 | (uint32_t)height);
    return false;
}

// FFmpeg's own limit is not exact. Any thread.
static int get_buffer(struct AVCodecContext *codec, struct AVFrame *frame, int flags)
{
    struct pipeline_decoder *decoder = codec->opaque;
    if (!fits(decoder, codec->width, codec->height)) {
        pipeline_libav_mute_errors(decoder->threads == 1);
        return AVERROR(EINVAL);
    }
    return decoder->memory.get(decoder->memory.from, codec, frame, flags);
}

// Whether frames come in order even when they are to come as early as possible. The decoders of
// MPEG-1, 2 and 4 and of VC-1 then return them as they were sent, and otherwise, those of MPEG-1
// and 2, one frame later, whether a B-frame follows or not.
static bool keeps_order(enum AVCodecID id)
{
    const AVCodecDescriptor *descriptor = avcodec_descriptor_get(id);
    return id == AV_CODEC_ID_H264 || id == AV_CODEC_ID_HEVC ||
           (descriptor != NULL && (descriptor->props & AV_CODEC_PROP_REORDER) == 0);
}

static void set_options(struct pipeline_decoder *decoder, struct AVCodecContext *codec, int lowres)
{
    codec->lowres = lowres;
    codec->pkt_timebase = decoder->time_base;
    codec->max_pixels = (decoder->max_pixels + PIPELINE_FRAME_PADDING_PIXELS) << 2 * lowres;
    // Frame threads cost one frame of latency each; a frame mostly decodes in a few ms,
    // and the other cores have networks to run.
    codec->thread_count = decoder->threads;
    // Cropped to the pixel, though planes may then begin anywhere.
    codec->flags |= AV_CODEC_FLAG_UNALIGNED;
    if (decoder->low_delay && decoder->threads == 1 && // with the flag there are none
        !decoder->has_b_frames) {
        codec->flags |= AV_CODEC_FLAG_LOW_DELAY;
    }
    codec->opaque = decoder;
    codec->get_buffer2 = get_buffer;
#if LIBAVCODEC_VERSION_MAJOR < 60 // later versions expect as much of every callback
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    codec->thread_safe_callbacks = 1; // or decoding threads would wait for each other
#pragma GCC diagnostic pop
#endif
}

// Opens the codec for frames whose edges are halved lowres times, in place of the one that is open,
// if any; on failure that one stays.
static bool open_codec(struct pipeline_decoder *decoder, int lowres, struct mc_error *err)
{
    const AVCodec *codec = avcodec_find_decoder(decoder->parameters->codec_id);
    AVCodecContext *opened = avcodec_alloc_context3(codec);
    if (opened == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the decoder");
    }
    int result = avcodec_parameters_to_context(opened, decoder->parameters);
    set_options(decoder, opened, lowres);
    if (decoder->mjpeg) { // each frame says its size, and is reduced if that is too large
        opened->width = opened->height = opened->coded_width = opened->coded_height = 0;
    }
    if (result >= 0) {
        result = avcodec_open2(opened, codec, NULL);
    }
    if (result < 0) {
        avcodec_free_context(&opened);
        int width, height;
        if (pipeline_libav_take_refused_size(&width, &height) &&
            !pipeline_frame_limit_check(width, height, decoder->max_pixels, err)) {
            return false;
        }
        return pipeline_libav_error(err, result, "the %s decoder can't start",
                                    avcodec_get_name(decoder->parameters->codec_id));
    }
    if (decoder->codec != NULL) {
        opened->skip_frame = decoder->codec->skip_frame;
        opened->skip_loop_filter = decoder->codec->skip_loop_filter;
        avcodec_free_context(&decoder->codec);
    }
    decoder->codec = opened;
    decoder->lowres = lowres;
    return true;
}

static bool check_size(const struct pipeline_decoder *decoder, struct mc_error *err)
{
    const struct AVCodecParameters *parameters = decoder->parameters;
    return decoder->mjpeg || // each says its own
           pipeline_frame_limit_check(parameters->width, parameters->height, decoder->max_pixels,
                                      err);
}

struct pipeline_decoder *pipeline_decoder_open(const struct AVStream *stream, bool low_delay,
                                               int threads, int64_t max_pixels,
                                               const struct pipeline_frame_memory *memory,
                                               struct mc_error *err)
{
    struct pipeline_decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder != NULL) {
        decoder->parameters = avcodec_parameters_alloc();
        decoder->buffers = pipeline_frame_buffers_create();
    }
    if (decoder == NULL || decoder->parameters == NULL || decoder->buffers == NULL ||
        avcodec_parameters_copy(decoder->parameters, stream->codecpar) < 0) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the decoder");
        pipeline_decoder_close(decoder);
        return NULL;
    }
    decoder->memory =
        memory != NULL && memory->get != NULL
            ? *memory
            : (struct pipeline_frame_memory){ pipeline_frame_buffers_get, decoder->buffers };
    decoder->time_base = stream->time_base;
    decoder->mjpeg = stream->codecpar->codec_id == AV_CODEC_ID_MJPEG;
    decoder->low_delay = low_delay;
    decoder->shown_pts = INT64_MIN;
    decoder->threads = threads;
    decoder->max_pixels = max_pixels > 0 ? max_pixels : PIPELINE_FRAME_PIXELS_DEFAULT;
    if (!check_size(decoder, err) || !open_codec(decoder, 0, err)) {
        pipeline_decoder_close(decoder);
        return NULL;
    }
    return decoder;
}

void pipeline_decoder_close(struct pipeline_decoder *decoder)
{
    if (decoder == NULL) {
        return;
    }
    avcodec_free_context(&decoder->codec);
    pipeline_frame_buffers_destroy(decoder->buffers);
    avcodec_parameters_free(&decoder->parameters);
    free(decoder);
}

static void warn(struct pipeline_decoder *decoder, const char *what, const struct mc_error *err)
{
    unsigned skipped;
    if (mc_log_limit_pass(&decoder->log_limit, 10 * MC_NS_PER_SECOND, &skipped)) {
        mc_log(MC_LOG_WARNING, "%s%s", what, err->message);
    }
}

// Whether the codec returns frames as they were sent.
static bool ignores_order(const AVCodecContext *codec)
{
    return (codec->flags & AV_CODEC_FLAG_LOW_DELAY) != 0 && !keeps_order(codec->codec_id);
}

// From the key frame on, where nothing refers to what came before, the codec puts frames in order.
static void restore_order(struct pipeline_decoder *decoder, const struct AVPacket *packet)
{
    struct mc_error err = { 0 };
    if (decoder->has_b_frames && (packet->flags & AV_PKT_FLAG_KEY) != 0 &&
        ignores_order(decoder->codec) && !open_codec(decoder, decoder->lowres, &err)) {
        warn(decoder, "B-frames are left out: ", &err);
    }
}

// Packets that went in and cannot still be buffered were skipped.
static void count_skipped(struct pipeline_decoder *decoder)
{
    const int64_t inside = decoder->codec->has_b_frames + decoder->codec->thread_count;
    const int64_t missing = decoder->packet_count - decoder->frame_count - inside;
    if (decoder->skips && missing > decoder->skipped) {
        decoder->skipped = missing;
    }
}

// Reopens the codec if the JPEG needs another reduction than the last one. False if it can't
// be made small enough.
static bool fit_jpeg(struct pipeline_decoder *decoder, const struct AVPacket *packet)
{
    int width, height;
    bool can_reduce;
    if (!pipeline_jpeg_read_size(packet->data, (size_t)packet->size, &width, &height,
                                 &can_reduce)) {
        return true; // the codec says what is wrong with it
    }
    const int lowres = pipeline_frame_limit_lowres(width, height, decoder->max_pixels,
                                                   can_reduce ? JPEG_LOWRES_MAX : 0);
    if (lowres < 0) {
        mc_error_set(&decoder->refusal, MC_ERROR_MEDIA, AVERROR(EFBIG),
                     "skipped a JPEG of %dx%d: the limit is %" PRId64 " pixels%s; "
                     "see max-frame-size",
                     width, height, decoder->max_pixels,
                     can_reduce ? " at an eighth of its edges"
                                : ", and progressive JPEGs can't be reduced");
        warn(decoder, "", &decoder->refusal);
        return false;
    }
    struct mc_error err = { 0 };
    if (lowres == decoder->lowres || open_codec(decoder, lowres, &err)) {
        return true;
    }
    warn(decoder, "skipped a JPEG: ", &err);
    return false;
}

// Records, on the capture's thread, that a frame was too large.
static void note_refusal(struct pipeline_decoder *decoder)
{
    int width, height;
    pipeline_libav_mute_errors(false);
    if (pipeline_libav_take_refused_size(&width, &height)) {
        (void)fits(decoder, width, height);
    }
    const uint64_t size = atomic_exchange(&decoder->too_large, 0);
    if (size != 0) {
        (void)pipeline_frame_limit_check((int)(size >> 32), (int)(uint32_t)size,
                                         decoder->max_pixels, &decoder->refusal);
        warn(decoder, "skipped a frame: ", &decoder->refusal);
    }
}

bool pipeline_decoder_send(struct pipeline_decoder *decoder, const struct AVPacket *packet,
                           int64_t arrival_ns, int64_t reassembly_ns)
{
    int64_t start = mc_clock_now_ns();
    decoder->sent_ns = decoder->spent_ns;
    decoder->draining = packet == NULL;
    decoder->damaged = (decoder->damaged && !decoder->mjpeg) ||
                       (packet != NULL && (packet->flags & AV_PKT_FLAG_CORRUPT) != 0);
    decoder->history[decoder->packet_count % HISTORY] =
        (struct history){ arrival_ns, reassembly_ns };
    if (packet != NULL) {
        restore_order(decoder, packet);
    }
    if (decoder->mjpeg && packet != NULL && !fit_jpeg(decoder, packet)) {
        return false;
    }
    decoder->codec->reordered_opaque = decoder->packet_count++; // comes back with its frame
    // FFmpeg logs a damaged packet; the next key frame repairs all.
    const uint64_t errors = pipeline_libav_error_count();
    int result = avcodec_send_packet(decoder->codec, packet);
    note_refusal(decoder);
    decoder->damaged |= decoder->mjpeg && pipeline_libav_error_count() != errors;
    decoder->spent_ns += mc_clock_now_ns() - start;
    const bool sent = result >= 0 || result == AVERROR_EOF;
    decoder->lost |= !sent;
    decoder->frame_count += !sent;
    if (packet != NULL) {
        decoder->last_ns = arrival_ns;
        count_skipped(decoder);
    }
    return sent;
}

void pipeline_decoder_set_effort(struct pipeline_decoder *decoder,
                                 enum pipeline_decode_effort effort)
{
    AVCodecContext *codec = decoder->codec;
    decoder->broken |= codec->skip_frame == AVDISCARD_NONKEY && effort != PIPELINE_DECODE_KEY;
    codec->skip_frame = effort == PIPELINE_DECODE_KEY         ? AVDISCARD_NONKEY
                        : effort == PIPELINE_DECODE_REFERENCE ? AVDISCARD_NONREF
                                                              : AVDISCARD_DEFAULT;
    // Deblocking frames that are shown for an instant can wait, too.
    codec->skip_loop_filter =
        effort >= PIPELINE_DECODE_REFERENCE ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
    decoder->skips |= effort >= PIPELINE_DECODE_REFERENCE;
}

bool pipeline_decoder_is_intra(const struct pipeline_decoder *decoder)
{
    const AVCodecDescriptor *descriptor = decoder->codec->codec_descriptor;
    return descriptor != NULL && (descriptor->props & AV_CODEC_PROP_INTRA_ONLY) != 0;
}

int64_t pipeline_decoder_spent_ns(const struct pipeline_decoder *decoder)
{
    return decoder->spent_ns;
}

int64_t pipeline_decoder_skipped(const struct pipeline_decoder *decoder)
{
    return decoder->skipped + decoder->b_skipped;
}

bool pipeline_decoder_refusal(const struct pipeline_decoder *decoder, struct mc_error *err)
{
    if (decoder->refusal.code != MC_ERROR_NONE) {
        *err = decoder->refusal;
    }
    return decoder->refusal.code != MC_ERROR_NONE;
}

static bool receive(struct pipeline_decoder *decoder, struct AVFrame *image)
{
    for (int errors = 0; errors < ERRORS_MAX; errors++) {
        int result = avcodec_receive_frame(decoder->codec, image);
        const bool refused = result >= 0 && !fits(decoder, image->width, image->height);
        note_refusal(decoder);
        if (result >= 0 && !refused) {
            return true;
        }
        if (refused) { // its memory was the codec's own
            av_frame_unref(image);
            decoder->lost = true;
            decoder->frame_count++;
            continue;
        }
        if (result == AVERROR(EAGAIN) || result == AVERROR_EOF || !decoder->draining) {
            return false;
        }
    }
    return false;
}

// Whether the frame is to be shown: not one that lacks what it refers to, nor a B-frame that comes
// behind one that is shown after it.
static bool is_shown(struct pipeline_decoder *decoder, struct AVFrame *image)
{
    if (decoder->broken && !image->key_frame) {
        return false;
    }
    if (!ignores_order(decoder->codec)) {
        return true;
    }
    const bool is_stamped = image->pts != AV_NOPTS_VALUE;
    if (image->pict_type == AV_PICTURE_TYPE_B && !(is_stamped && image->pts > decoder->shown_pts)) {
        decoder->has_b_frames = true;
        decoder->frame_count++;
        decoder->b_skipped++;
        return false;
    }
    if (is_stamped) { // FFmpeg's best effort goes by dts once it has seen pts out of order
        image->best_effort_timestamp = image->pts;
    }
    decoder->shown_pts = is_stamped ? image->pts : INT64_MAX;
    return true;
}

bool pipeline_decoder_receive(struct pipeline_decoder *decoder, struct pipeline_frame *frame)
{
    int64_t start = mc_clock_now_ns();
    bool received = receive(decoder, frame->image);
    while (received && !is_shown(decoder, frame->image)) {
        av_frame_unref(frame->image);
        received = receive(decoder, frame->image);
    }
    decoder->broken &= !received;
    decoder->frame_count += received;
    decoder->spent_ns += mc_clock_now_ns() - start;
    if (received) {
        frame->time_base = decoder->time_base;
        frame->lowres = decoder->lowres;
        const struct history *history =
            &decoder->history[(uint64_t)frame->image->reordered_opaque % HISTORY];
        // One that was sent early, for those shown before it to refer to, has waited for them.
        if (history->arrival_ns > decoder->arrival_ns) {
            decoder->arrival_ns = history->arrival_ns;
        }
        frame->arrival_ns = decoder->arrival_ns;
        frame->complete_ns = decoder->last_ns;
        frame->reassembly_ns = history->reassembly_ns;
        frame->decode_ns = decoder->spent_ns - decoder->sent_ns;
        frame->damaged = decoder->damaged || (decoder->lost && !frame->image->key_frame) ||
                         frame->image->decode_error_flags != 0 ||
                         (frame->image->flags & AV_FRAME_FLAG_CORRUPT) != 0;
        decoder->damaged = decoder->lost = false;
    }
    return received;
}
