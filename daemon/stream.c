#include "daemon/stream.h"

#include "daemon/options.h"
#include "pipeline/source/url.h"

// Of a region and the whole picture at most one is set. A stream that says no to the
// whole picture may still look where all do.
static struct daemon_looking looking_of(const struct daemon_options *options,
                                        const struct daemon_stream_options *stream)
{
    struct daemon_looking looking = stream->looking;
    if (looking.max_faces == 0) {
        looking.max_faces = options->looking.max_faces;
    }
    if (looking.region.width <= 0 && looking.full_frame <= 0) {
        looking.region = options->looking.region;
    }
    if (looking.region.width <= 0 && looking.full_frame < 0) {
        looking.full_frame = options->looking.full_frame;
    }
    return looking;
}

static enum pipeline_mode mode_of(const struct daemon_looking *looking)
{
    return looking->full_frame > 0     ? PIPELINE_FULL
           : looking->region.width > 0 ? PIPELINE_FIXED
                                       : PIPELINE_TRACK;
}

void daemon_stream_resolve(const struct daemon_options *options,
                           const struct daemon_stream_options *stream,
                           struct pipeline_motion_options *motion,
                           struct pipeline_stream_options *wanted)
{
    const struct daemon_looking looking = looking_of(options, stream);
    *motion = daemon_options_motion(options, stream);
    *wanted = (struct pipeline_stream_options){
        .name = stream->name,
        .url = stream->url,
        .every_frame = options->every_frame,
        .repeat = stream->repeat < 0 ? options->repeat : stream->repeat > 0,
        .udp = stream->udp,
        .drop_damaged = stream->damaged == DAEMON_DAMAGED_DROP,
        .mode = mode_of(&looking),
        .region = looking.region,
        .max_faces = looking.max_faces,
        .motion = motion,
    };
}

// A camera at the desk shines its light: it is off while nobody looks. One of the
// network takes its time to open.
bool daemon_stream_on_demand(const struct daemon_stream_options *stream)
{
    const char *rest;
    return stream->on_demand == DAEMON_ON_DEMAND_AUTO
               ? pipeline_url_parse(stream->url, &rest) == PIPELINE_URL_V4L2
               : stream->on_demand == DAEMON_ON_DEMAND_YES;
}
