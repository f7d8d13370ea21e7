#include "daemon/stream.h"

#include "daemon/options.h"
#include "pipeline/source/url.h"

static int first_given(int own, int common, int fallback)
{
    return own >= 0 ? own : common >= 0 ? common : fallback;
}

static float first_given_real(float own, float common, float fallback)
{
    return own >= 0 ? own : common >= 0 ? common : fallback;
}

// Of a region and the full frame at most one is used. A stream that says no to the full frame
// still uses the region that holds for all.
static void resolve_region(const struct daemon_stream_settings *common,
                           const struct daemon_stream_settings *own,
                           struct pipeline_stream_options *resolved)
{
    bool has_own = own->region.width > 0 || own->full_frame > 0;
    const struct pipeline_region region = has_own ? own->region : common->region;
    bool full_frame = !has_own && region.width <= 0
                          ? first_given(own->full_frame, common->full_frame, 0) > 0
                          : own->full_frame > 0;
    resolved->region = region;
    resolved->mode = full_frame         ? PIPELINE_FULL
                     : region.width > 0 ? PIPELINE_FIXED
                                        : PIPELINE_TRACK;
}

static void resolve_motion(const struct daemon_stream_settings *common,
                           const struct daemon_stream_settings *own,
                           struct pipeline_motion_options *motion)
{
    *motion = pipeline_motion_options_default();
    motion->smooth.on = first_given(own->smooth, common->smooth, motion->smooth.on) > 0;
    motion->smooth.min_cutoff = first_given_real(own->smooth_min_cutoff, common->smooth_min_cutoff,
                                                 motion->smooth.min_cutoff);
    motion->smooth.beta =
        first_given_real(own->smooth_beta, common->smooth_beta, motion->smooth.beta);
    motion->fov = first_given_real(own->fov, common->fov, motion->fov);
}

void daemon_stream_resolve(const struct daemon_options *options,
                           const struct daemon_stream_options *stream,
                           struct pipeline_motion_options *motion,
                           struct pipeline_stream_options *resolved)
{
    const struct daemon_stream_settings *common = &options->settings, *own = &stream->settings;
    *resolved = (struct pipeline_stream_options){
        .name = stream->name,
        .url = stream->url,
        .every_frame = options->every_frame,
        .repeat = first_given(own->repeat, common->repeat, 0) > 0,
        .udp = stream->transport == DAEMON_TRANSPORT_UDP,
        .display = {
            .rotate = 90 * first_given((int)own->rotation, (int)common->rotation, 0),
            .mirror = first_given(own->mirror, common->mirror, 0) > 0,
        },
        .max_pixels =
            own->max_frame_pixels > 0 ? own->max_frame_pixels : common->max_frame_pixels,
        .drop_damaged = stream->damaged == DAEMON_DAMAGED_DROP,
        .max_faces = own->max_faces > 0 ? own->max_faces : common->max_faces,
        .motion = motion,
    };
    resolve_region(common, own, resolved);
    resolve_motion(common, own, motion);
}

// A webcam's light tells that it is open: it should be off while nobody watches. Network cameras
// take their time to open.
bool daemon_stream_is_on_demand(const struct daemon_stream_options *stream)
{
    const char *rest;
    return stream->on_demand < 0 ? pipeline_url_parse(stream->url, &rest) == PIPELINE_URL_V4L2
                                 : stream->on_demand > 0;
}
