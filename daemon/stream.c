#include "daemon/stream.h"

#include "pipeline/source/frame_limit.h"
#include "pipeline/source/url.h"

enum { FRAME_EDGE_DEFAULT = 4096 };
_Static_assert(FRAME_EDGE_DEFAULT *FRAME_EDGE_DEFAULT == PIPELINE_FRAME_PIXELS_DEFAULT,
               "the pipeline's own default");

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
static void merge_region(const struct daemon_stream_settings *common,
                         const struct daemon_stream_settings *own,
                         struct daemon_stream_settings *merged)
{
    const bool has_own = own->region.width > 0 || own->full_frame > 0;
    merged->region = has_own ? own->region : common->region;
    merged->full_frame = !has_own && merged->region.width <= 0
                             ? first_given(own->full_frame, common->full_frame, 0) > 0
                             : own->full_frame > 0;
}

struct daemon_stream_settings
daemon_stream_settings_merge(const struct daemon_stream_settings *common,
                             const struct daemon_stream_settings *own)
{
    const struct pipeline_motion_options motion = pipeline_motion_options_default();
    const struct daemon_stream_settings *none = &daemon_options_default.settings;
    own = own == NULL ? none : own;
    const struct daemon_stream_settings *sized = own->max_frame_width > 0      ? own
                                                 : common->max_frame_width > 0 ? common
                                                                               : NULL;
    struct daemon_stream_settings merged = {
        .max_faces = own->max_faces > 0      ? own->max_faces
                     : common->max_faces > 0 ? common->max_faces
                                             : 1,
        .rotation = (enum daemon_rotation)first_given((int)own->rotation, (int)common->rotation,
                                                      DAEMON_ROTATION_0),
        .mirror = first_given(own->mirror, common->mirror, 0),
        .max_frame_width = sized == NULL ? FRAME_EDGE_DEFAULT : sized->max_frame_width,
        .max_frame_height = sized == NULL ? FRAME_EDGE_DEFAULT : sized->max_frame_height,
        .repeat = first_given(own->repeat, common->repeat, 0),
        .isolate = first_given(own->isolate, common->isolate, 0),
        .smooth = first_given(own->smooth, common->smooth, motion.smooth.on),
        .smooth_min_cutoff = first_given_real(own->smooth_min_cutoff, common->smooth_min_cutoff,
                                              motion.smooth.min_cutoff),
        .smooth_beta = first_given_real(own->smooth_beta, common->smooth_beta, motion.smooth.beta),
        .fov = first_given_real(own->fov, common->fov, motion.fov),
    };
    merge_region(common, own, &merged);
    return merged;
}

static struct pipeline_motion_options motion_of(const struct daemon_stream_settings *settings)
{
    struct pipeline_motion_options motion = pipeline_motion_options_default();
    motion.smooth.on = settings->smooth > 0;
    motion.smooth.min_cutoff = settings->smooth_min_cutoff;
    motion.smooth.beta = settings->smooth_beta;
    motion.fov = settings->fov;
    return motion;
}

void daemon_stream_resolve(const struct daemon_options *options,
                           const struct daemon_stream_options *stream,
                           struct pipeline_motion_options *motion,
                           struct pipeline_stream_options *resolved)
{
    const struct daemon_stream_settings settings =
        daemon_stream_settings_merge(&options->settings, &stream->settings);
    *motion = motion_of(&settings);
    *resolved = (struct pipeline_stream_options){
        .name = stream->name,
        .url = stream->url,
        .every_frame = options->every_frame,
        .repeat = settings.repeat > 0,
        .udp = stream->transport == DAEMON_TRANSPORT_UDP,
        .isolate = settings.isolate > 0,
        .display = { .rotate = 90 * (int)settings.rotation, .mirror = settings.mirror > 0 },
        .max_pixels = (int64_t)settings.max_frame_width * settings.max_frame_height,
        .drop_damaged = stream->damaged == DAEMON_DAMAGED_DROP,
        .mode = settings.full_frame > 0     ? PIPELINE_FULL
                : settings.region.width > 0 ? PIPELINE_FIXED
                                            : PIPELINE_TRACK,
        .region = settings.region,
        .max_faces = settings.max_faces,
        .motion = motion,
    };
}

// A webcam's light tells that it is open: it should be off while nobody watches. Network cameras
// take their time to open.
bool daemon_stream_is_on_demand(const struct daemon_stream_options *stream)
{
    const char *rest;
    return stream->on_demand < 0 ? pipeline_url_parse(stream->url, &rest) == PIPELINE_URL_V4L2
                                 : stream->on_demand > 0;
}
