#include "pipeline/source/source.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/clock.h"
#include "pipeline/source/access.h"
#include "pipeline/source/access_unit.h"
#include "pipeline/source/container.h"
#include "pipeline/source/demo_clip.h"
#include "pipeline/source/frame_limit.h"
#include "pipeline/source/input_options.h"
#include "pipeline/source/lavfi.h"
#include "pipeline/source/libav.h"
#include "pipeline/source/local_path.h"
#include "pipeline/source/lookup.h"
#include "pipeline/source/memory_io.h"
#include "pipeline/source/stop.h"
#include "pipeline/source/url.h"
#include "pipeline/source/v4l2.h"
#include "pipeline/source/v4l2_find.h"

enum {
    OPEN_DEADLINE_S = 10,
    LIVE_DEADLINE_S = 5,  // for one packet
    FILE_DEADLINE_S = 30, // and for a live stream's next segment
    NAME_BYTES = 128,     // of a URL in a message
};

struct pipeline_source {
    struct pipeline_stop *stop; // borrowed
    enum pipeline_url_kind kind;
    char path[PATH_MAX]; // of what is local; else ""
    struct pipeline_access access;
    atomic_int_fast64_t deadline_ns; // of the current call; FFmpeg's own threads read it, too
    atomic_bool closing;             // lets RTSP say goodbye, even when asked to stop
    struct AVFormatContext *format;
    struct pipeline_container_analysis analysis;
    struct pipeline_memory_io *memory; // of the demo clip, else NULL
    struct pipeline_v4l2_options camera_options;
    struct pipeline_v4l2 *camera;                     // of a webcam, else NULL
    struct pipeline_access_unit_assembler *assembler; // of RTSP's H.264 and H.265, else NULL
    struct AVPacket *fragment;
    bool unit_lost;                    // an access unit was dropped before the next packet
    int64_t arrival_ns, reassembly_ns; // of the last packet
    struct pipeline_link link;
    int64_t wait_ns;      // for what was read since the last packet of the video
    int64_t fragment_pts; // of the last fragment
    int video_index;
    int64_t max_pixels; // of a frame
    bool udp, live, probed;
    bool chunked, has_stamps;
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
    return (!atomic_load(&source->closing) && pipeline_stop_is_set(source->stop)) ||
           is_overdue(source);
}

static bool attach_demo(struct pipeline_source *source, struct mc_error *err)
{
    source->memory = pipeline_memory_io_open(pipeline_demo_clip, pipeline_demo_clip_size);
    if (source->memory == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the demo clip");
    }
    source->format->pb = pipeline_memory_io_context(source->memory);
    return true;
}

// Whether another attempt would fail as well, after FFmpeg returned averror.
static bool is_permanent(enum pipeline_url_kind kind, int averror)
{
    return !pipeline_url_is_network(kind) || averror == AVERROR(EINVAL) ||
           averror == AVERROR_PROTOCOL_NOT_FOUND || averror == AVERROR_DEMUXER_NOT_FOUND ||
           averror == AVERROR_OPTION_NOT_FOUND;
}

// Sets err for what FFmpeg failed to do, or had no time for. Returns false.
static bool refuse(struct pipeline_source *source, int result, const char *what,
                   struct mc_error *err)
{
    if (result == AVERROR_EXIT && is_overdue(source)) {
        return mc_error_set(err, MC_ERROR_MEDIA, result, "no answer within %d s", OPEN_DEADLINE_S);
    }
    return pipeline_libav_error(err, result, "%s", what);
}

static bool open_input(struct pipeline_source *source, const char *url, const char *rest,
                       bool *permanent, struct mc_error *err)
{
    const char *name = pipeline_input_demuxer(source->kind);
    if (source->kind == PIPELINE_URL_LAVFI && !pipeline_lavfi_load(err)) {
        return false;
    }
    const AVInputFormat *demuxer = name != NULL ? av_find_input_format(name) : NULL;
    if (name != NULL && demuxer == NULL) {
        return mc_error_set(err, MC_ERROR_MEDIA, AVERROR_DEMUXER_NOT_FOUND,
                            "FFmpeg was built without %s", name);
    }
    source->format = avformat_alloc_context();
    if (source->format == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the source");
    }
    source->format->interrupt_callback = (AVIOInterruptCB){ interrupt, source };
    if (source->kind == PIPELINE_URL_DEMO && !attach_demo(source, err)) {
        return false;
    }
    char file_url[PATH_MAX + 8];
    const char *target = source->kind == PIPELINE_URL_DEMO ? "demo" : rest;
    if (source->path[0] != '\0') {
        // So that a colon in a path starts no protocol.
        snprintf(file_url, sizeof file_url, "file:%s", source->path);
        target = file_url;
    }
    AVDictionary *options = NULL;
    pipeline_input_set_options(source->kind, url, source->udp, LIVE_DEADLINE_S * INT64_C(1000000),
                               &options);
    pipeline_access_init(&source->access, source->kind, url,
                         source->path[0] != '\0' ? source->path : NULL);
    if (!pipeline_access_apply(&source->access, source->format, &options, err)) {
        av_dict_free(&options);
        return false;
    }
    set_deadline(source, OPEN_DEADLINE_S);
    if (pipeline_url_is_network(source->kind) &&
        !pipeline_lookup_host(url, source->stop, atomic_load(&source->deadline_ns), err)) {
        *permanent = false;
        av_dict_free(&options);
        return false;
    }
    set_deadline(source, OPEN_DEADLINE_S); // FFmpeg looks the name up again, as slowly
    int result = avformat_open_input(&source->format, target, demuxer, &options);
    if (result >= 0) {
        pipeline_input_report_unused(&options);
    }
    av_dict_free(&options);
    if (result >= 0) {
        return true;
    }
    *permanent = is_permanent(source->kind, result);
    bool unread = result == AVERROR_INVALIDDATA && source->kind == PIPELINE_URL_FILE;
    return refuse(source, result, unread ? "not a video, or damaged" : "can't be opened", err);
}

static bool has_no_end(const struct pipeline_source *source)
{
    switch (source->kind) {
    case PIPELINE_URL_RTSP:
    case PIPELINE_URL_SDP:
    case PIPELINE_URL_V4L2:
        return true;
    case PIPELINE_URL_NETWORK:
        return pipeline_container_has_no_end(source->format);
    default:
        return false;
    }
}

static bool check_codec(const struct pipeline_source *source, bool *permanent, struct mc_error *err)
{
    const enum AVCodecID id = source->format->streams[source->video_index]->codecpar->codec_id;
    const AVCodec *decoder = avcodec_find_decoder(id);
    if (decoder != NULL && pipeline_access_allows_decoder(&source->access, decoder->name)) {
        return true;
    }
    *permanent = !has_no_end(source);
    if (decoder == NULL) {
        return mc_error_set(err, MC_ERROR_MEDIA, AVERROR_DECODER_NOT_FOUND,
                            "no decoder for its codec (%s)", avcodec_get_name(id));
    }
    return mc_error_set(err, MC_ERROR_MEDIA, AVERROR_DECODER_NOT_FOUND,
                        "its codec (%s) is decoded from local files only, not from the network",
                        avcodec_get_name(id));
}

// What probing refused to decode has no size. JPEGs are reduced.
static bool check_probed_size(const struct pipeline_source *source, bool *permanent,
                              struct mc_error *err)
{
    const struct AVCodecParameters *codec = source->format->streams[source->video_index]->codecpar;
    int width, height;
    if (!pipeline_libav_take_refused_size(&width, &height) || codec->width > 0 ||
        codec->codec_id == AV_CODEC_ID_MJPEG) {
        return true;
    }
    *permanent = !has_no_end(source);
    return pipeline_frame_limit_check(width, height, source->max_pixels, err);
}

static bool find_stream(struct pipeline_source *source, bool *permanent, struct mc_error *err)
{
    // Probing delays a live source by up to a second, and learns no more than the first
    // frame tells.
    bool is_file = source->kind == PIPELINE_URL_FILE || source->kind == PIPELINE_URL_IMAGES ||
                   source->kind == PIPELINE_URL_DEMO;
    if (is_file || !pipeline_container_knows_codec(source->format)) {
        source->probed = true;
        const bool briefly = !is_file && !pipeline_container_is_chunked(source->format);
        int result = pipeline_container_analyse(&source->analysis, source->format,
                                                source->max_pixels, briefly);
        if (result < 0) {
            *permanent = !has_no_end(source); // a camera that is starting may succeed next time
            return refuse(source, result, "can't be analysed", err);
        }
    }
    source->video_index = pipeline_container_find_video(source->format);
    if (source->video_index < 0) {
        const bool is_text = pipeline_container_is_text(source->format);
        *permanent = is_text || !has_no_end(source);
        return mc_error_set(err, MC_ERROR_MEDIA, AVERROR_STREAM_NOT_FOUND, "%s",
                            is_text ? "is text, not a video" : "has no video stream");
    }
    return check_codec(source, permanent, err) && check_probed_size(source, permanent, err);
}

static bool open_camera(struct pipeline_source *source, const char *rest, bool *permanent,
                        struct mc_error *err)
{
    struct pipeline_v4l2_options *options = &source->camera_options;
    if (!pipeline_v4l2_parse(rest, options, err)) {
        return false;
    }
    char name[PATH_MAX];
    memcpy(name, options->device, sizeof name);
    if (!pipeline_v4l2_find(name, PIPELINE_V4L2_SYSFS, PIPELINE_V4L2_LINKS, options->device,
                            sizeof options->device, err)) {
        *permanent = false; // it may be plugged in
        return false;
    }
    source->format = avformat_alloc_context(); // no demuxer: it only holds the stream
    AVStream *stream = source->format != NULL ? avformat_new_stream(source->format, NULL) : NULL;
    if (stream == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the source");
    }
    source->camera = pipeline_v4l2_open(&source->camera_options, stream, permanent, err);
    return source->camera != NULL;
}

// Without its parser RTSP's demuxer returns the fragments of these codecs as they arrive.
static bool avoid_parser(struct pipeline_source *source, struct mc_error *err)
{
    enum AVCodecID codec = source->format->streams[source->video_index]->codecpar->codec_id;
    const bool is_rtp = source->kind == PIPELINE_URL_RTSP || source->kind == PIPELINE_URL_SDP;
    if (!is_rtp || source->probed || (codec != AV_CODEC_ID_H264 && codec != AV_CODEC_ID_HEVC)) {
        return true;
    }
    source->format->flags |= AVFMT_FLAG_NOPARSE | AVFMT_FLAG_NOFILLIN;
    source->fragment = av_packet_alloc();
    source->assembler = pipeline_access_unit_assembler_create(
        codec == AV_CODEC_ID_H264 ? PIPELINE_ACCESS_UNIT_H264 : PIPELINE_ACCESS_UNIT_H265, err);
    return source->assembler != NULL &&
           (source->fragment != NULL ||
            mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the source"));
}

static bool open_any(struct pipeline_source *source, const char *url, const char *rest,
                     bool *permanent, struct mc_error *err)
{
    if (source->kind == PIPELINE_URL_V4L2) {
        return open_camera(source, rest, permanent, err);
    }
    return pipeline_local_path(source->kind, url, source->path, sizeof source->path, err) &&
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
    source->chunked = source->live && pipeline_container_is_chunked(source->format);
    source->has_stamps =
        source->kind == PIPELINE_URL_V4L2 || pipeline_container_has_stamps(source->format);
    source->fragment_pts = AV_NOPTS_VALUE;
}

struct pipeline_source *pipeline_source_open(const char *url, bool udp, int64_t max_pixels,
                                             struct pipeline_stop *stop, bool *permanent,
                                             struct mc_error *err)
{
    pipeline_libav_init();
    *permanent = true;
    char name[NAME_BYTES];
    const char *rest = NULL;
    struct pipeline_source *source = calloc(1, sizeof *source);
    if (source == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the source");
        return NULL;
    }
    source->stop = stop;
    source->udp = udp;
    source->max_pixels = max_pixels > 0 ? max_pixels : PIPELINE_FRAME_PIXELS_DEFAULT;
    source->kind = pipeline_url_parse(url, &rest);
    pipeline_libav_take_refused_size(&(int){ 0 }, &(int){ 0 }); // another source's
    pipeline_access_enter(&source->access);
    pipeline_libav_error_capture_begin();
    bool opened = open_any(source, url, rest, permanent, err);
    pipeline_libav_error_capture_end();
    if (!opened) {
        pipeline_url_redact(source->path[0] != '\0' ? source->path : url, name, sizeof name);
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
    pipeline_access_leave();
    pipeline_v4l2_close(source->camera);
    pipeline_access_unit_assembler_destroy(source->assembler);
    av_packet_free(&source->fragment);
    if (source->format != NULL) {
        atomic_store(&source->closing, true);
        set_deadline(source, 1); // RTSP says goodbye
        avformat_close_input(&source->format);
    }
    pipeline_memory_io_close(source->memory);
    free(source);
}

static enum pipeline_read read_camera(struct pipeline_source *source, struct AVPacket *packet,
                                      struct mc_error *err)
{
    const int64_t start_ns = mc_clock_now_ns();
    const int64_t until_ns = start_ns + LIVE_DEADLINE_S * MC_NS_PER_SECOND;
    switch (pipeline_v4l2_read(source->camera, source->stop, until_ns, packet, err)) {
    case PIPELINE_V4L2_PACKET:
        source->arrival_ns = mc_clock_now_ns();
        pipeline_link_add(&source->link, true, source->arrival_ns - start_ns);
        return PIPELINE_READ_PACKET;
    case PIPELINE_V4L2_STOPPED:
        return PIPELINE_READ_END;
    case PIPELINE_V4L2_TIMEOUT:
        mc_error_set(err, MC_ERROR_MEDIA, AVERROR(ETIMEDOUT), "no frame for %d s", LIVE_DEADLINE_S);
        break;
    case PIPELINE_V4L2_ERROR:
        break;
    }
    return PIPELINE_READ_ERROR;
}

// Accepts what was read. Returns whether packet holds a whole frame now.
static bool accept_packet(struct pipeline_source *source, struct AVPacket *packet)
{
    int64_t now_ns = mc_clock_now_ns();
    source->arrival_ns = now_ns;
    source->reassembly_ns = 0;
    const bool first = source->assembler == NULL || source->fragment->pts != source->fragment_pts;
    pipeline_link_add(&source->link, first, source->wait_ns);
    source->wait_ns = 0;
    if (source->assembler == NULL) {
        return true;
    }
    source->fragment_pts = source->fragment->pts;
    const bool kept = pipeline_access_unit_push(source->assembler, source->fragment, now_ns);
    av_packet_unref(source->fragment);
    if (!pipeline_access_unit_pop(source->assembler, packet, &source->arrival_ns)) {
        source->unit_lost |= !kept;
        return false;
    }
    if (source->unit_lost) {
        packet->flags |= AV_PKT_FLAG_CORRUPT; // it builds on a frame that is missing
    }
    source->unit_lost = !kept;
    source->reassembly_ns = now_ns - source->arrival_ns;
    return true;
}

// Whether a file that ended held all that its index lists. FFmpeg reports a missing
// rest as an ordinary end.
static enum pipeline_read check_whole(struct pipeline_source *source, struct mc_error *err)
{
    AVStream *stream = source->format->streams[source->video_index];
    const int count = avformat_index_get_entries_count(stream);
    const int64_t size = source->format->pb == NULL ? 0 : avio_size(source->format->pb);
    for (int i = 0; size > 0 && i < count; i++) {
        const AVIndexEntry *entry = avformat_index_get_entry(stream, i);
        if (entry->pos + entry->size > size) {
            mc_error_set(err, MC_ERROR_FORMAT, 0,
                         "is cut off: frame %d of %d ends at byte %" PRId64
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
    struct AVPacket *target = source->assembler != NULL ? source->fragment : packet;
    int seconds = source->live && !source->chunked ? LIVE_DEADLINE_S : FILE_DEADLINE_S;
    set_deadline(source, seconds);
    while (!interrupt(source)) {
        const int64_t start_ns = mc_clock_now_ns();
        int result = av_read_frame(source->format, target);
        source->wait_ns += mc_clock_now_ns() - start_ns;
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
        } else if (accept_packet(source, packet)) {
            return PIPELINE_READ_PACKET;
        }
    }
    if (pipeline_stop_is_set(source->stop)) {
        return PIPELINE_READ_END;
    }
    mc_error_set(err, MC_ERROR_MEDIA, AVERROR(ETIMEDOUT), "no frame for %d s", seconds);
    return PIPELINE_READ_ERROR;
}

void pipeline_source_arrival(const struct pipeline_source *source, int64_t *arrival_ns,
                             int64_t *reassembly_ns)
{
    *arrival_ns = source->arrival_ns;
    *reassembly_ns = source->reassembly_ns;
}

const struct AVStream *pipeline_source_stream(const struct pipeline_source *source)
{
    return source->format->streams[source->video_index];
}

bool pipeline_source_is_live(const struct pipeline_source *source)
{
    return source->live;
}

bool pipeline_source_is_chunked(const struct pipeline_source *source)
{
    return source->chunked;
}

bool pipeline_source_has_stamps(const struct pipeline_source *source)
{
    return source->has_stamps;
}

enum pipeline_link_load pipeline_source_link_load(const struct pipeline_source *source)
{
    return source->chunked ? PIPELINE_LINK_UNKNOWN : pipeline_link_load(&source->link);
}
