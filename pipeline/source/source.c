#include "pipeline/source/source.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>

#include "base/clock.h"
#include "base/log.h"
#include "pipeline/source/assembler.h"
#include "pipeline/source/demo_clip.h"
#include "pipeline/source/libav.h"
#include "pipeline/source/memory_io.h"
#include "pipeline/source/stop.h"
#include "pipeline/source/url.h"
#include "pipeline/source/v4l2.h"

enum {
    OPEN_DEADLINE_S = 10,
    LIVE_DEADLINE_S = 5, // for one packet
    FILE_DEADLINE_S = 30,
    NAME_BYTES = 128, // of a URL in a message
};

struct pipeline_source {
    struct pipeline_stop *stop; // borrowed
    enum pipeline_url_kind kind;
    atomic_int_fast64_t deadline_ns; // of the call under way; FFmpeg's own threads ask, too
    struct AVFormatContext *format;
    struct pipeline_memory_io *memory; // of the demo clip, else NULL
    struct pipeline_v4l2_options camera_options;
    struct pipeline_v4l2 *camera;         // of a webcam, else NULL
    struct pipeline_assembler *assembler; // of RTSP's pieces of pictures, else NULL
    struct AVPacket *piece;
    int64_t arrival_ns, gather_ns; // of the last packet
    int video_index;
    bool udp, live, probed;
    bool closing; // says goodbye, even when asked to stop
    int quarter_turns;
};

static void set_deadline(struct pipeline_source *source, int seconds)
{
    atomic_store(&source->deadline_ns, mc_clock_now_ns() + seconds * MC_NS_PER_SECOND);
}

static bool is_overdue(struct pipeline_source *source)
{
    return mc_clock_now_ns() > atomic_load(&source->deadline_ns);
}

static int interrupt(void *opaque)
{
    struct pipeline_source *source = opaque;
    return (!source->closing && pipeline_stop_is_set(source->stop)) || is_overdue(source);
}

// FFmpeg opens devices and pipes as files, and some of them block for ever.
static bool check_file(const char *path, struct mc_error *err)
{
    struct stat status;
    if (path[0] == '\0') {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "the path is empty");
    }
    if (stat(path, &status) != 0) {
        return mc_error_set(err, MC_ERROR_SYSTEM, errno, "%s", strerrordesc_np(errno));
    }
    if (S_ISCHR(status.st_mode)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "is a device, not a video file; a camera is named v4l2:%s", path);
    }
    if (!S_ISREG(status.st_mode)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "is %s, not a video file",
                            S_ISDIR(status.st_mode) ? "a directory" : "no regular file");
    }
    if (status.st_size == 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "is empty, not a video file");
    }
    return true;
}

// The demuxer to use, where the URL says so rather than the bytes.
static const char *demuxer_name(enum pipeline_url_kind kind)
{
    return kind == PIPELINE_URL_LAVFI ? "lavfi" : NULL;
}

static void set_options(enum pipeline_url_kind kind, const char *url, bool udp,
                        AVDictionary **options)
{
    if (kind == PIPELINE_URL_RTSP) {
        if (strstr(url, "?udp") == NULL && strstr(url, "&udp") == NULL) {
            av_dict_set(options, "rtsp_transport", udp ? "udp" : "tcp", 0);
        }
        av_dict_set(options, "allowed_media_types", "video", 0);
        av_dict_set_int(options, "timeout", LIVE_DEADLINE_S * INT64_C(1000000), 0);
    }
}

static void report_unused(const AVDictionary *options)
{
    const AVDictionaryEntry *entry = NULL;
    while ((entry = av_dict_get(options, "", entry, AV_DICT_IGNORE_SUFFIX)) != NULL) {
        mc_log(MC_LOG_WARNING, "FFmpeg did not use the option %s=%s", entry->key, entry->value);
    }
}

static bool attach_demo(struct pipeline_source *source, struct mc_error *err)
{
    source->memory = pipeline_memory_io_open(pipeline_demo_clip, pipeline_demo_clip_size);
    if (source->memory == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the demo clip");
    }
    source->format->pb = pipeline_memory_io_context(source->memory);
    return true;
}

// Whether trying again may help, after FFmpeg said averror.
static bool is_permanent(enum pipeline_url_kind kind, int averror)
{
    switch (kind) {
    case PIPELINE_URL_RTSP:
    case PIPELINE_URL_NETWORK:
        return averror == AVERROR(EINVAL) || averror == AVERROR_PROTOCOL_NOT_FOUND ||
               averror == AVERROR_DEMUXER_NOT_FOUND || averror == AVERROR_OPTION_NOT_FOUND;
    default:
        return true;
    }
}

// Sets err for what FFmpeg could not do, or had no more time for. Returns false.
static bool refuse(struct pipeline_source *source, int result, const char *what,
                   struct mc_error *err)
{
    if (result == AVERROR_EXIT && is_overdue(source)) {
        return mc_error_set(err, MC_ERROR_MEDIA, result, "no answer for %d s", OPEN_DEADLINE_S);
    }
    return pipeline_libav_error(err, result, "%s", what);
}

static bool open_input(struct pipeline_source *source, const char *url, const char *rest,
                       bool *permanent, struct mc_error *err)
{
    const char *name = demuxer_name(source->kind);
    const AVInputFormat *demuxer = name != NULL ? av_find_input_format(name) : NULL;
    if (name != NULL && demuxer == NULL) {
        return mc_error_set(err, MC_ERROR_MEDIA, AVERROR_DEMUXER_NOT_FOUND,
                            "FFmpeg was built without %s", name);
    }
    source->format = avformat_alloc_context();
    if (source->format == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the source");
    }
    source->format->interrupt_callback = (AVIOInterruptCB){ interrupt, source };
    if (source->kind == PIPELINE_URL_DEMO && !attach_demo(source, err)) {
        return false;
    }
    char file_url[4096 + 8];
    const char *target = source->kind == PIPELINE_URL_DEMO ? "demo" : rest;
    if (source->kind == PIPELINE_URL_FILE) {
        // So that a colon in a path starts no protocol.
        snprintf(file_url, sizeof file_url, "file:%s", rest);
        target = file_url;
    }
    AVDictionary *options = NULL;
    set_options(source->kind, url, source->udp, &options);
    set_deadline(source, OPEN_DEADLINE_S);
    int result = avformat_open_input(&source->format, target, demuxer, &options);
    if (result >= 0) {
        report_unused(options);
    }
    av_dict_free(&options);
    if (result >= 0) {
        return true;
    }
    *permanent = is_permanent(source->kind, result);
    bool unread = result == AVERROR_INVALIDDATA && source->kind == PIPELINE_URL_FILE;
    return refuse(source, result, unread ? "is no video, or damaged" : "can't be opened", err);
}

// FFmpeg shows text files as video of a terminal, of all things.
static bool is_text(const struct pipeline_source *source)
{
    return strcmp(source->format->iformat->name, "tty") == 0;
}

static int find_video(const struct pipeline_source *source)
{
    int index = av_find_best_stream(source->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (index < 0 || is_text(source) ||
        (source->format->streams[index]->disposition & AV_DISPOSITION_ATTACHED_PIC)) {
        return -1; // none, or the cover of an album
    }
    return index;
}

static bool knows_codec(const struct pipeline_source *source)
{
    int index = find_video(source);
    return index >= 0 && source->format->streams[index]->codecpar->codec_id != AV_CODEC_ID_NONE;
}

// A file behind http: has a length; a live stream has none.
static bool has_no_end(const struct pipeline_source *source)
{
    switch (source->kind) {
    case PIPELINE_URL_RTSP:
    case PIPELINE_URL_V4L2:
        return true;
    case PIPELINE_URL_NETWORK:
        return source->format->duration == AV_NOPTS_VALUE || source->format->duration <= 0;
    default:
        return false;
    }
}

static bool find_stream(struct pipeline_source *source, bool *permanent, struct mc_error *err)
{
    // Probing delays a live source by up to a second, for what the first
    // picture says as well.
    bool is_file = source->kind == PIPELINE_URL_FILE || source->kind == PIPELINE_URL_DEMO;
    if (is_file || !knows_codec(source)) {
        source->probed = true;
        int result = avformat_find_stream_info(source->format, NULL);
        if (result < 0) {
            *permanent = !has_no_end(source); // a camera that starts has more to say next time
            return refuse(source, result, "can't be analysed", err);
        }
    }
    source->video_index = find_video(source);
    if (source->video_index < 0) {
        *permanent = is_text(source) || !has_no_end(source);
        return mc_error_set(err, MC_ERROR_MEDIA, AVERROR_STREAM_NOT_FOUND, "%s",
                            is_text(source) ? "is text, not a video" : "has no video stream");
    }
    enum AVCodecID codec = source->format->streams[source->video_index]->codecpar->codec_id;
    if (avcodec_find_decoder(codec) == NULL) {
        return mc_error_set(err, MC_ERROR_MEDIA, AVERROR_DECODER_NOT_FOUND,
                            "no decoder for its codec (%s)", avcodec_get_name(codec));
    }
    return true;
}

static int read_quarter_turns(const AVStream *stream)
{
    size_t size = 0;
    const uint8_t *matrix = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    if (matrix == NULL || size < 9 * sizeof(int32_t)) {
        return 0;
    }
    double counterclockwise = av_display_rotation_get((const int32_t *)matrix);
    if (!isfinite(counterclockwise)) {
        return 0;
    }
    return ((int)lround(-counterclockwise / 90) % 4 + 4) % 4;
}

static bool open_camera(struct pipeline_source *source, const char *rest, bool *permanent,
                        struct mc_error *err)
{
    if (!pipeline_v4l2_parse(rest, &source->camera_options, err)) {
        return false;
    }
    source->format = avformat_alloc_context(); // no demuxer: it only holds the stream
    AVStream *stream = source->format != NULL ? avformat_new_stream(source->format, NULL) : NULL;
    if (stream == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the source");
    }
    source->camera = pipeline_v4l2_open(&source->camera_options, stream, permanent, err);
    return source->camera != NULL;
}

// Of these codecs RTSP's demuxer gives the pieces that come, if no parser waits for
// the end of a picture.
static bool avoid_parser(struct pipeline_source *source, struct mc_error *err)
{
    enum AVCodecID codec = source->format->streams[source->video_index]->codecpar->codec_id;
    if (source->kind != PIPELINE_URL_RTSP || source->probed ||
        (codec != AV_CODEC_ID_H264 && codec != AV_CODEC_ID_HEVC)) {
        return true;
    }
    source->format->flags |= AVFMT_FLAG_NOPARSE | AVFMT_FLAG_NOFILLIN;
    source->piece = av_packet_alloc();
    source->assembler = pipeline_assembler_create(
        codec == AV_CODEC_ID_H264 ? PIPELINE_ASSEMBLER_H264 : PIPELINE_ASSEMBLER_H265, err);
    return source->assembler != NULL &&
           (source->piece != NULL ||
            mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the source"));
}

static bool open_any(struct pipeline_source *source, const char *url, const char *rest,
                     bool *permanent, struct mc_error *err)
{
    if (source->kind == PIPELINE_URL_V4L2) {
        return open_camera(source, rest, permanent, err);
    }
    return (source->kind != PIPELINE_URL_FILE || check_file(rest, err)) &&
           open_input(source, url, rest, permanent, err) && find_stream(source, permanent, err) &&
           avoid_parser(source, err);
}

static void adopt_stream(struct pipeline_source *source)
{
    for (unsigned i = 0; i < source->format->nb_streams; i++) {
        AVStream *stream = source->format->streams[i];
        stream->discard = (int)i == source->video_index ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    }
    source->live = has_no_end(source);
    source->quarter_turns = read_quarter_turns(source->format->streams[source->video_index]);
}

struct pipeline_source *pipeline_source_open(const char *url, bool udp, struct pipeline_stop *stop,
                                             bool *permanent, struct mc_error *err)
{
    pipeline_libav_init();
    *permanent = true;
    char name[NAME_BYTES];
    const char *rest = NULL;
    struct pipeline_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for the source");
        return NULL;
    }
    source->stop = stop;
    source->udp = udp;
    source->kind = pipeline_url_parse(url, &rest);
    pipeline_libav_listen_begin();
    bool opened = open_any(source, url, rest, permanent, err);
    pipeline_libav_listen_end();
    if (!opened) {
        pipeline_url_redact(source->kind == PIPELINE_URL_FILE ? rest : url, name, sizeof name);
        mc_error_wrap(err, "%s", name);
        pipeline_source_close(source);
        return NULL;
    }
    adopt_stream(source);
    return source;
}

void pipeline_source_close(struct pipeline_source *source)
{
    if (source == NULL) {
        return;
    }
    pipeline_v4l2_close(source->camera);
    pipeline_assembler_destroy(source->assembler);
    av_packet_free(&source->piece);
    if (source->format != NULL) {
        source->closing = true;
        set_deadline(source, 1); // RTSP says goodbye
        avformat_close_input(&source->format);
    }
    pipeline_memory_io_close(source->memory);
    free(source);
}

static enum pipeline_read read_camera(struct pipeline_source *source, struct AVPacket *packet,
                                      struct mc_error *err)
{
    int64_t until_ns = mc_clock_now_ns() + LIVE_DEADLINE_S * MC_NS_PER_SECOND;
    switch (pipeline_v4l2_read(source->camera, source->stop, until_ns, packet, err)) {
    case PIPELINE_V4L2_PACKET:
        source->arrival_ns = mc_clock_now_ns();
        return PIPELINE_READ_PACKET;
    case PIPELINE_V4L2_STOPPED:
        return PIPELINE_READ_END;
    case PIPELINE_V4L2_TIMEOUT:
        mc_error_set(err, MC_ERROR_MEDIA, AVERROR(ETIMEDOUT), "no picture for %d s",
                     LIVE_DEADLINE_S);
        break;
    case PIPELINE_V4L2_ERROR:
        break;
    }
    return PIPELINE_READ_ERROR;
}

// Takes what was read in. Returns whether packet holds a whole picture now.
static bool take(struct pipeline_source *source, struct AVPacket *packet)
{
    int64_t now_ns = mc_clock_now_ns();
    source->arrival_ns = now_ns;
    source->gather_ns = 0;
    if (source->assembler == NULL) {
        return true;
    }
    pipeline_assembler_push(source->assembler, source->piece, now_ns);
    av_packet_unref(source->piece);
    if (!pipeline_assembler_pop(source->assembler, packet, &source->arrival_ns)) {
        return false;
    }
    source->gather_ns = now_ns - source->arrival_ns;
    return true;
}

// At the end of a file: whether all that its index lists was there. FFmpeg takes
// what is missing for an end like any other.
static enum pipeline_read check_whole(struct pipeline_source *source, struct mc_error *err)
{
    AVStream *stream = source->format->streams[source->video_index];
    const int count = avformat_index_get_entries_count(stream);
    const int64_t size = source->format->pb == NULL ? 0 : avio_size(source->format->pb);
    for (int i = 0; size > 0 && i < count; i++) {
        const AVIndexEntry *entry = avformat_index_get_entry(stream, i);
        if (entry->pos + entry->size > size) {
            mc_error_set(err, MC_ERROR_FORMAT, 0,
                         "is cut off: picture %d of %d ends at byte %" PRId64
                         ", the file at %" PRId64,
                         i + 1, count, entry->pos + entry->size, size);
            return PIPELINE_READ_ERROR;
        }
    }
    return PIPELINE_READ_END;
}

enum pipeline_read pipeline_source_read(struct pipeline_source *source, struct AVPacket *packet,
                                        struct mc_error *err)
{
    if (source->camera != NULL) {
        return read_camera(source, packet, err);
    }
    struct AVPacket *target = source->assembler != NULL ? source->piece : packet;
    int seconds = source->live ? LIVE_DEADLINE_S : FILE_DEADLINE_S;
    set_deadline(source, seconds);
    while (!interrupt(source)) {
        int result = av_read_frame(source->format, target);
        if (result == AVERROR_EOF) {
            return source->kind == PIPELINE_URL_FILE ? check_whole(source, err) : PIPELINE_READ_END;
        }
        if (result == AVERROR_EXIT) {
            break;
        }
        if (result < 0) {
            pipeline_libav_error(err, result, "reading failed");
            return PIPELINE_READ_ERROR;
        }
        if (target->stream_index != source->video_index) {
            av_packet_unref(target);
        } else if (take(source, packet)) {
            return PIPELINE_READ_PACKET;
        }
    }
    if (pipeline_stop_is_set(source->stop)) {
        return PIPELINE_READ_END;
    }
    mc_error_set(err, MC_ERROR_MEDIA, AVERROR(ETIMEDOUT), "no picture for %d s", seconds);
    return PIPELINE_READ_ERROR;
}

void pipeline_source_arrival(const struct pipeline_source *source, int64_t *arrival_ns,
                             int64_t *gather_ns)
{
    *arrival_ns = source->arrival_ns;
    *gather_ns = source->gather_ns;
}

const struct AVStream *pipeline_source_stream(const struct pipeline_source *source)
{
    return source->format->streams[source->video_index];
}

bool pipeline_source_is_live(const struct pipeline_source *source)
{
    return source->live;
}

int pipeline_source_quarter_turns(const struct pipeline_source *source)
{
    return source->quarter_turns;
}
