#include "pipeline/source/container.h"

#include <stdlib.h>
#include <string.h>

#include <libavformat/avformat.h>
#include <libavutil/opt.h>

#include "pipeline/source/frame_limit.h"

int pipeline_container_find_video(const struct AVFormatContext *format)
{
    const int index =
        av_find_best_stream((AVFormatContext *)format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (index < 0 || pipeline_container_is_text(format) ||
        (format->streams[index]->disposition & AV_DISPOSITION_ATTACHED_PIC)) {
        return -1;
    }
    return index;
}

bool pipeline_container_knows_codec(const struct AVFormatContext *format)
{
    const int index = pipeline_container_find_video(format);
    return index >= 0 && format->streams[index]->codecpar->codec_id != AV_CODEC_ID_NONE;
}

// As FFmpeg's interrupt callback, which it calls before each packet that it analyses.
//
// It opens the decoders of the streams that it knows at first with our options, and those of
// streams that come later (in FLV and MPEG-PS all do) without: no decoder is allowed to them.
static int before_packet(void *opaque)
{
    static char none[] = "none";
    struct pipeline_container_analysis *analysis = opaque;
    struct AVFormatContext *format = analysis->format;
    if (analysis->usual(analysis->usual_opaque)) {
        return 1;
    }
    if (!analysis->runs) {
        return 0;
    }
    format->codec_whitelist = none;
    const int index = analysis->briefly ? pipeline_container_find_video(format) : -1;
    analysis->begun = index >= 0 && pipeline_container_knows_codec(format) &&
                      format->streams[index]->start_time != AV_NOPTS_VALUE;
    return analysis->begun;
}

static int analyse(struct pipeline_container_analysis *analysis, AVDictionary **options)
{
    struct AVFormatContext *format = analysis->format;
    char *whitelist = format->codec_whitelist;
    const AVIOInterruptCB usual = format->interrupt_callback;
    analysis->usual = usual.callback;
    analysis->usual_opaque = usual.opaque;
    analysis->runs = true;
    format->interrupt_callback = (AVIOInterruptCB){ before_packet, analysis };
    const int result = avformat_find_stream_info(format, options);
    format->interrupt_callback = usual;
    format->codec_whitelist = whitelist;
    analysis->runs = false;
    return result == AVERROR_EXIT && analysis->begun ? 0 : result;
}

int pipeline_container_analyse(struct pipeline_container_analysis *analysis,
                               struct AVFormatContext *format, int64_t max_pixels, bool briefly)
{
    const unsigned count = format->nb_streams;
    AVDictionary **options = calloc(count + 1, sizeof *options);
    for (unsigned i = 0; options != NULL && i < count; i++) {
        av_dict_set_int(&options[i], "max_pixels", max_pixels + PIPELINE_FRAME_PADDING_PIXELS, 0);
    }
    *analysis = (struct pipeline_container_analysis){ .format = format, .briefly = briefly };
    const int result = options != NULL ? analyse(analysis, options) : AVERROR(ENOMEM);
    for (unsigned i = 0; options != NULL && i < count; i++) {
        av_dict_free(&options[i]);
    }
    free(options);
    return result;
}

static const char *name_of(const struct AVFormatContext *format)
{
    return format->iformat != NULL ? format->iformat->name : "";
}

bool pipeline_container_is_text(const struct AVFormatContext *format)
{
    return strcmp(name_of(format), "tty") == 0;
}

// Some containers (MPEG-TS, bare streams) tell their duration only to who reads them whole: then
// the number of bytes decides. Of HLS and DASH that is their list's, and some cameras invent one
// for JPEGs without an end.
bool pipeline_container_has_no_end(const struct AVFormatContext *format)
{
    if (format->duration != AV_NOPTS_VALUE && format->duration > 0) {
        return false;
    }
    const bool tells_size = !pipeline_container_is_chunked(format) &&
                            strcmp(name_of(format), "mpjpeg") != 0 && format->pb != NULL;
    return !tells_size || avio_size(format->pb) <= 0;
}

bool pipeline_container_is_chunked(const struct AVFormatContext *format)
{
    return strcmp(name_of(format), "hls") == 0 || strcmp(name_of(format), "dash") == 0;
}

bool pipeline_container_has_stamps(const struct AVFormatContext *format)
{
    const struct AVInputFormat *input = format->iformat;
    void *options = format->priv_data;
    if (input == NULL) {
        return true;
    }
    const bool is_bare = input->priv_class != NULL && options != NULL &&
                         (av_opt_find(options, "raw_packet_size", NULL, 0, 0) != NULL ||
                          strstr(input->name, "_pipe") != NULL);
    return (input->flags & AVFMT_NOTIMESTAMPS) == 0 && !is_bare;
}
