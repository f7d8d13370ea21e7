#include "pipeline/source/fault.h"

#include <errno.h>

#include <libavutil/error.h>

enum pipeline_fault pipeline_fault_classify(enum pipeline_url_kind kind, const struct mc_error *err,
                                            bool permanent)
{
    if (permanent) {
        return PIPELINE_FAULT_FINAL;
    }
    if (err->code == MC_ERROR_MEDIA && err->detail == AVERROR(EFBIG)) { // see frame_limit.h
        return PIPELINE_FAULT_SIZE;
    }
    if (!pipeline_url_is_network(kind) || err->code != MC_ERROR_MEDIA) {
        return PIPELINE_FAULT_PASSING;
    }
    switch (err->detail) {
    case AVERROR_HTTP_UNAUTHORIZED:
    case AVERROR_HTTP_FORBIDDEN:
        return PIPELINE_FAULT_REFUSED;
    case AVERROR_HTTP_NOT_FOUND:
        return PIPELINE_FAULT_ABSENT;
    case AVERROR_STREAM_NOT_FOUND:
    case AVERROR_DECODER_NOT_FOUND:
        return PIPELINE_FAULT_FORMAT;
    case AVERROR_INVALIDDATA: // RTSP servers that hang up cause it as well
        return kind == PIPELINE_URL_RTSP ? PIPELINE_FAULT_PASSING : PIPELINE_FAULT_FORMAT;
    default:
        return PIPELINE_FAULT_PASSING;
    }
}

const char *pipeline_fault_name(enum pipeline_fault fault)
{
    static const char *const names[] = {
        [PIPELINE_FAULT_PASSING] = "",
        [PIPELINE_FAULT_REFUSED] = "the credentials were refused",
        [PIPELINE_FAULT_ABSENT] = "no such path",
        [PIPELINE_FAULT_FORMAT] = "not a video that can be decoded",
        [PIPELINE_FAULT_SIZE] = "its frames are too large",
        [PIPELINE_FAULT_FINAL] = "",
    };
    return names[fault];
}
