#include "pipeline/source/input_options.h"

#include <string.h>

#include <libavutil/dict.h>

#include "base/log.h"

const char *pipeline_input_demuxer(enum pipeline_url_kind kind)
{
    switch (kind) {
    case PIPELINE_URL_LAVFI:
        return "lavfi";
    case PIPELINE_URL_SDP:
        return "sdp";
    case PIPELINE_URL_IMAGES:
        return "image2";
    default:
        return NULL;
    }
}

void pipeline_input_set_options(enum pipeline_url_kind kind, const char *url, bool udp,
                                int64_t timeout_us, struct AVDictionary **options)
{
    if (kind == PIPELINE_URL_RTSP) {
        if (strstr(url, "?udp") == NULL && strstr(url, "&udp") == NULL) {
            av_dict_set(options, "rtsp_transport", udp ? "udp" : "tcp", 0);
        }
        av_dict_set(options, "allowed_media_types", "video", 0);
        av_dict_set_int(options, "timeout", timeout_us, 0);
    }
    if (kind == PIPELINE_URL_FILE) {
        // A file called p%03d.jpg is one image, not the first of many.
        av_dict_set(options, "pattern_type", "none", 0);
    }
    if (kind == PIPELINE_URL_IMAGES) {
        av_dict_set(options, "pattern_type", "sequence", 0);
    }
}

void pipeline_input_report_unused(struct AVDictionary **left)
{
    av_dict_set(left, "pattern_type", NULL, 0); // only of what FFmpeg takes for images
    const AVDictionary *options = *left;
    const AVDictionaryEntry *entry = NULL;
    while ((entry = av_dict_get(options, "", entry, AV_DICT_IGNORE_SUFFIX)) != NULL) {
        mc_log(MC_LOG_WARNING, "FFmpeg did not use the option %s=%s", entry->key, entry->value);
    }
}
