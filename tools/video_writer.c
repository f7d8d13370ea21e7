#include "tools/video_writer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

#include "tools/output_file.h"

enum { TICKS_A_SECOND = 60000 }; // mpeg4 takes no more than 65535

struct video_writer {
    char *path; // as given, for messages
    struct tools_output_file file;
    AVFormatContext *format;
    AVCodecContext *codec;
    AVStream *stream; // of format
    AVFrame *frame;   // in the codec's pixel format
    AVPacket *packet;
    struct SwsContext *scaler; // from RGB to it
    int64_t next_pts;          // of the codec's time base: the least that the next frame may have
    bool constant_rate;        // the file has no room for times
};

// How each ending is encoded: the first encoder that there is.
static const struct kind {
    const char *ending;
    const char *encoders[2];
    enum AVPixelFormat pixels;
} kinds[] = {
    { ".mp4", { "libx264", "mpeg4" }, AV_PIX_FMT_YUV420P },
    { ".mkv", { "ffv1", NULL }, AV_PIX_FMT_BGR0 },
    { ".y4m", { "wrapped_avframe", NULL }, AV_PIX_FMT_YUV444P },
    { ".png", { "png", NULL }, AV_PIX_FMT_RGB24 },
};

static bool fail(struct mc_error *err, int status, const char *path, const char *what)
{
    char reason[AV_ERROR_MAX_STRING_SIZE];
    av_strerror(status, reason, sizeof reason);
    return mc_error_set(err, MC_ERROR_MEDIA, status, "%s: %s: %s", path, what, reason);
}

static const struct kind *find_kind(const char *path, struct mc_error *err)
{
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(ending, kinds[i].ending) == 0) {
            return &kinds[i];
        }
    }
    mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: must end in .mp4, .mkv, .y4m or .png", path);
    return NULL;
}

static const AVCodec *find_encoder(const struct kind *kind)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(kind->encoders[0]);
    if (codec == NULL && kind->encoders[1] != NULL) {
        codec = avcodec_find_encoder_by_name(kind->encoders[1]);
    }
    return codec;
}

static bool open_codec(struct video_writer *writer, const struct kind *kind, int width, int height,
                       AVRational rate, AVRational time_base, struct mc_error *err)
{
    const AVCodec *encoder = find_encoder(kind);
    if (encoder == NULL) {
        return mc_error_set(err, MC_ERROR_MEDIA, AVERROR_ENCODER_NOT_FOUND,
                            "%s: this FFmpeg has no encoder %s", writer->path, kind->encoders[0]);
    }
    AVCodecContext *codec = writer->codec = avcodec_alloc_context3(encoder);
    if (codec == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory for the encoder",
                            writer->path);
    }
    codec->width = width;
    codec->height = height;
    codec->pix_fmt = kind->pixels;
    codec->time_base = time_base;
    codec->framerate = rate;
    codec->gop_size = 60;
    codec->thread_count = 1;
    codec->flags |= AV_CODEC_FLAG_BITEXACT;
    if (writer->format->oformat->flags & AVFMT_GLOBALHEADER) {
        codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }
    // Options of encoders that know them; the others keep their defaults.
    av_opt_set(codec->priv_data, "crf", "21", 0);
    av_opt_set(codec->priv_data, "preset", "veryfast", 0);
    if (encoder->id == AV_CODEC_ID_MPEG4) {
        codec->flags |= AV_CODEC_FLAG_QSCALE;
        codec->global_quality = 3 * FF_QP2LAMBDA;
    }
    int status = avcodec_open2(codec, encoder, NULL);
    return status >= 0 || fail(err, status, writer->path, "encoder");
}

static bool open_file(struct video_writer *writer, struct mc_error *err)
{
    AVFormatContext *format = writer->format;
    writer->stream = avformat_new_stream(format, NULL);
    if (writer->stream == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory for the file",
                            writer->path);
    }
    writer->stream->time_base = writer->codec->time_base;
    writer->stream->avg_frame_rate = writer->codec->framerate;
    int status = avcodec_parameters_from_context(writer->stream->codecpar, writer->codec);
    if (status >= 0) {
        status = avio_open(&format->pb, writer->file.path, AVIO_FLAG_WRITE);
    }
    if (status < 0) {
        return fail(err, status, writer->path, "create");
    }
    status = avformat_write_header(format, NULL);
    return status >= 0 || fail(err, status, writer->path, "write");
}

static bool make_frame(struct video_writer *writer, struct mc_error *err)
{
    AVCodecContext *codec = writer->codec;
    writer->packet = av_packet_alloc();
    AVFrame *frame = writer->frame = av_frame_alloc();
    if (frame != NULL) {
        frame->format = codec->pix_fmt;
        frame->width = codec->width;
        frame->height = codec->height;
    }
    writer->scaler = sws_getContext(
        codec->width, codec->height, AV_PIX_FMT_RGB24, codec->width, codec->height, codec->pix_fmt,
        SWS_BICUBIC | SWS_ACCURATE_RND | SWS_BITEXACT, NULL, NULL, NULL);
    if (writer->packet == NULL || frame == NULL || writer->scaler == NULL ||
        av_frame_get_buffer(frame, 0) < 0) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory for a frame", writer->path);
    }
    return true;
}

static struct video_writer *create(const char *path, int width, int height, AVRational rate,
                                   bool timed, struct mc_error *err)
{
    const struct kind *kind = find_kind(path, err);
    if (kind == NULL) {
        return NULL;
    }
    av_log_set_level(AV_LOG_ERROR); // encoders are talkative
    struct video_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL || (writer->path = strdup(path)) == NULL) {
        free(writer);
        mc_error_set(err, MC_ERROR_MEMORY, 0, "%s: out of memory", path);
        return NULL;
    }
    const bool is_png = strcmp(kind->ending, ".png") == 0;
    writer->constant_rate = !timed || strcmp(kind->ending, ".y4m") == 0;
    const AVRational time_base =
        writer->constant_rate ? av_inv_q(rate) : (AVRational){ 1, TICKS_A_SECOND };
    // Not image2, which opens files by itself and does not tell when writing them fails.
    int status =
        avformat_alloc_output_context2(&writer->format, NULL, is_png ? "image2pipe" : NULL, path);
    bool good = (status >= 0 || fail(err, status, path, "create")) &&
                tools_output_file_begin(&writer->file, path, err);
    if (good) {
        writer->format->flags |= AVFMT_FLAG_BITEXACT;
        good = open_codec(writer, kind, width, height, rate, time_base, err) &&
               open_file(writer, err) && make_frame(writer, err);
    }
    if (!good) {
        video_writer_abandon(writer);
        return NULL;
    }
    return writer;
}

struct video_writer *video_writer_create(const char *path, int width, int height, int rate_num,
                                         int rate_den, struct mc_error *err)
{
    return create(path, width, height, (AVRational){ rate_num, rate_den }, false, err);
}

struct video_writer *video_writer_create_timed(const char *path, int width, int height,
                                               int rate_num, int rate_den, struct mc_error *err)
{
    return create(path, width, height, (AVRational){ rate_num, rate_den }, true, err);
}

// Sends a frame to the encoder, or NULL at the end, and writes the packets it returns.
static bool encode(struct video_writer *writer, const AVFrame *frame, struct mc_error *err)
{
    int status = avcodec_send_frame(writer->codec, frame);
    while (status >= 0) {
        status = avcodec_receive_packet(writer->codec, writer->packet);
        if (status == AVERROR(EAGAIN) || status == AVERROR_EOF) {
            return true;
        }
        if (status >= 0) {
            av_packet_rescale_ts(writer->packet, writer->codec->time_base,
                                 writer->stream->time_base);
            status = av_interleaved_write_frame(writer->format, writer->packet);
        }
    }
    return fail(err, status, writer->path, "write");
}

static bool convert(struct video_writer *writer, const uint8_t *rgb, size_t row_bytes,
                    struct mc_error *err)
{
    int status = av_frame_make_writable(writer->frame);
    if (status < 0) {
        return fail(err, status, writer->path, "frame");
    }
    const uint8_t *const planes[4] = { rgb };
    const int linesizes[4] = { (int)row_bytes };
    sws_scale(writer->scaler, planes, linesizes, 0, writer->codec->height, writer->frame->data,
              writer->frame->linesize);
    return true;
}

static bool encode_at(struct video_writer *writer, int64_t pts, struct mc_error *err)
{
    writer->frame->pts = pts;
    writer->next_pts = pts + 1;
    return encode(writer, writer->frame, err);
}

bool video_writer_add(struct video_writer *writer, const uint8_t *rgb, size_t row_bytes,
                      struct mc_error *err)
{
    return convert(writer, rgb, row_bytes, err) && encode_at(writer, writer->next_pts, err);
}

bool video_writer_add_at(struct video_writer *writer, double seconds, const uint8_t *rgb,
                         size_t row_bytes, struct mc_error *err)
{
    const int64_t pts = llround(seconds / av_q2d(writer->codec->time_base));
    if (!writer->constant_rate) {
        return convert(writer, rgb, row_bytes, err) &&
               encode_at(writer, pts > writer->next_pts ? pts : writer->next_pts, err);
    }
    while (writer->next_pts < pts && writer->next_pts > 0) { // the last frame is still shown
        if (!encode_at(writer, writer->next_pts, err)) {
            return false;
        }
    }
    // A frame that comes before the next is due takes no place of its own.
    return convert(writer, rgb, row_bytes, err) &&
           (pts < writer->next_pts || encode_at(writer, writer->next_pts, err));
}

// Frees all but the file's name. Returns what closing the file says.
static int close_file(struct video_writer *writer)
{
    int status = 0;
    sws_freeContext(writer->scaler);
    av_packet_free(&writer->packet);
    av_frame_free(&writer->frame);
    avcodec_free_context(&writer->codec);
    if (writer->format != NULL) {
        status = avio_closep(&writer->format->pb);
        avformat_free_context(writer->format);
    }
    return status;
}

static void destroy(struct video_writer *writer)
{
    free(writer->path);
    free(writer);
}

bool video_writer_finish(struct video_writer *writer, struct mc_error *err)
{
    bool good = encode(writer, NULL, err);
    if (good) {
        int status = av_write_trailer(writer->format);
        good = status >= 0 || fail(err, status, writer->path, "write");
    }
    if (!good) {
        video_writer_abandon(writer);
        return false;
    }
    const int status = close_file(writer);
    if (status < 0) {
        fail(err, status, writer->path, "write");
        tools_output_file_drop(&writer->file);
    }
    good = status >= 0 && tools_output_file_commit(&writer->file, err);
    destroy(writer);
    return good;
}

void video_writer_abandon(struct video_writer *writer)
{
    if (writer != NULL) {
        close_file(writer);
        tools_output_file_drop(&writer->file);
        destroy(writer);
    }
}
