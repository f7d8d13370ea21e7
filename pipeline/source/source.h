// A source: a file, a camera or a network stream, read packet by packet.
//
// Every call that can block ends when the stop flag is set, or at a deadline; but FFmpeg's own
// look-up of a name, of a server that one redirects to or when the answer of a moment ago is gone,
// ends only when the resolver gives up: with resolv.conf's defaults after 10 s for each name
// server. Thread: capture.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "pipeline/source/link.h"

struct AVPacket;
struct AVStream;
struct pipeline_source;
struct pipeline_stop;

enum pipeline_read {
    PIPELINE_READ_PACKET,
    PIPELINE_READ_END,   // nothing follows
    PIPELINE_READ_ERROR, // err says why
};

// Opens what the URL names (see url.h). Borrows url and stop for its life. With udp, RTSP
// carries frames over UDP. What has to be probed is decoded up to max_pixels; 0: the default. On
// failure returns NULL, sets err ("clip.mp3: has no video stream"), and *permanent when another
// attempt would fail as well.
struct pipeline_source *pipeline_source_open(const char *url, bool udp, int64_t max_pixels,
                                             struct pipeline_stop *stop, bool *permanent,
                                             struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void pipeline_source_close(struct pipeline_source *source);

// Reads the next packet of the video stream, a whole frame, into an empty packet.
enum pipeline_read pipeline_source_read(struct pipeline_source *source, struct AVPacket *packet,
                                        struct mc_error *err);

// When the last packet's last byte arrived, and the time from there to knowing that it
// was the last; ns.
void pipeline_source_arrival(const struct pipeline_source *source, int64_t *arrival_ns,
                             int64_t *reassembly_ns);

// The video stream: its codec parameters and time base. Lives as long as the source.
const struct AVStream *pipeline_source_stream(const struct pipeline_source *source);

// Whether its frames arrive as they happen, without an end. What isn't live can be read
// as fast as it decodes.
bool pipeline_source_is_live(const struct pipeline_source *source);

// Whether a live source sends seconds of frames at once (HLS, DASH).
bool pipeline_source_is_chunked(const struct pipeline_source *source);

// Whether its stamps are the source's own, rather than FFmpeg's invention: MJPEG over HTTP
// and bare codec streams carry none.
bool pipeline_source_has_stamps(const struct pipeline_source *source);

// The load of the link that its packets came over. Chunked sources: unknown.
enum pipeline_link_load pipeline_source_link_load(const struct pipeline_source *source);
