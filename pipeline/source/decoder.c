#include "pipeline/source/decoder.h"

#include <stdlib.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/clock.h"
#include "pipeline/frame_pool.h"
#include "pipeline/source/libav.h"

enum {
    PIXELS_MAX = 8192 * 8192,
    ERRORS_MAX = 64, // in a row while draining
    HISTORY = 64,    // packets whose frames may be still to come
};

// One packet, until its frame is decoded.
struct history {
    int64_t arrival_ns, reassembly_ns;
};

struct pipeline_decoder {
    struct AVCodecContext *codec;
    struct AVRational time_base;
    struct history history[HISTORY]; // a ring, by the packet's number
    int64_t packet_count;
    int64_t spent_ns; // since the last frame came out
    bool draining;
    bool mjpeg;   // each frame stands alone; FFmpeg only logs what is wrong with one
    bool damaged; // a packet since the last frame was damaged
    bool lost;    // or gave no frame; the next one refers to it unless it is a key frame
};

struct pipeline_decoder *pipeline_decoder_open(const struct AVStream *stream, bool low_delay,
                                               struct mc_error *err)
{
    const AVCodec *codec = avcodec_find_decoder(stream->codecpar->codec_id);
    struct pipeline_decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder != NULL) {
        decoder->codec = avcodec_alloc_context3(codec);
    }
    if (decoder == NULL || decoder->codec == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the decoder");
        goto fail;
    }
    decoder->time_base = stream->time_base;
    decoder->mjpeg = stream->codecpar->codec_id == AV_CODEC_ID_MJPEG;
    int result = avcodec_parameters_to_context(decoder->codec, stream->codecpar);
    decoder->codec->pkt_timebase = stream->time_base;
    decoder->codec->max_pixels = PIXELS_MAX;
    // Frame threads would cost one frame of latency each; a frame decodes in a few ms,
    // and the other cores have networks to run.
    decoder->codec->thread_count = 1;
    // Cropped to the pixel, though planes may then begin anywhere.
    decoder->codec->flags |= AV_CODEC_FLAG_UNALIGNED;
    if (low_delay) {
        decoder->codec->flags |= AV_CODEC_FLAG_LOW_DELAY;
    }
    if (result >= 0) {
        result = avcodec_open2(decoder->codec, codec, NULL);
    }
    if (result < 0) {
        pipeline_libav_error(err, result, "the %s decoder can't start",
                             avcodec_get_name(stream->codecpar->codec_id));
        goto fail;
    }
    return decoder;
fail:
    pipeline_decoder_close(decoder);
    return NULL;
}

void pipeline_decoder_close(struct pipeline_decoder *decoder)
{
    if (decoder == NULL) {
        return;
    }
    avcodec_free_context(&decoder->codec);
    free(decoder);
}

bool pipeline_decoder_send(struct pipeline_decoder *decoder, const struct AVPacket *packet,
                           int64_t arrival_ns, int64_t reassembly_ns)
{
    int64_t start = mc_clock_now_ns();
    decoder->draining = packet == NULL;
    decoder->damaged = (decoder->damaged && !decoder->mjpeg) ||
                       (packet != NULL && (packet->flags & AV_PKT_FLAG_CORRUPT) != 0);
    decoder->history[decoder->packet_count % HISTORY] =
        (struct history){ arrival_ns, reassembly_ns };
    decoder->codec->reordered_opaque = decoder->packet_count++; // comes back with its frame
    // FFmpeg logs a damaged packet; the next key frame repairs all.
    const uint64_t errors = pipeline_libav_error_count();
    int result = avcodec_send_packet(decoder->codec, packet);
    decoder->damaged |= decoder->mjpeg && pipeline_libav_error_count() != errors;
    decoder->spent_ns += mc_clock_now_ns() - start;
    const bool sent = result >= 0 || result == AVERROR_EOF;
    decoder->lost |= !sent;
    return sent;
}

static bool receive(struct pipeline_decoder *decoder, struct AVFrame *picture)
{
    for (int errors = 0; errors < ERRORS_MAX; errors++) {
        int result = avcodec_receive_frame(decoder->codec, picture);
        if (result >= 0) {
            return true;
        }
        if (result == AVERROR(EAGAIN) || result == AVERROR_EOF || !decoder->draining) {
            return false;
        }
    }
    return false;
}

bool pipeline_decoder_receive(struct pipeline_decoder *decoder, struct pipeline_frame *frame)
{
    int64_t start = mc_clock_now_ns();
    bool received = receive(decoder, frame->picture);
    decoder->spent_ns += mc_clock_now_ns() - start;
    if (received) {
        frame->time_base = decoder->time_base;
        const struct history *history =
            &decoder->history[(uint64_t)frame->picture->reordered_opaque % HISTORY];
        frame->arrival_ns = history->arrival_ns;
        frame->reassembly_ns = history->reassembly_ns;
        frame->decode_ns = decoder->spent_ns;
        frame->damaged = decoder->damaged || (decoder->lost && !frame->picture->key_frame) ||
                         frame->picture->decode_error_flags != 0 ||
                         (frame->picture->flags & AV_FRAME_FLAG_CORRUPT) != 0;
        decoder->damaged = decoder->lost = false;
        decoder->spent_ns = 0;
    }
    return received;
}
