// A source: a file, a camera, a stream of the network; packets of its video.
//
// Every call that can block ends when the stop flag is set, or after a
// deadline. Thread: capture, all of it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct AVPacket;
struct AVStream;
struct pipeline_source;
struct pipeline_stop;

enum pipeline_read {
    PIPELINE_READ_PACKET,
    PIPELINE_READ_END,   // nothing follows
    PIPELINE_READ_ERROR, // err says why
};

// Opens what the URL names (see url.h). Borrows stop for its life. Returns NULL
// and sets err on failure ("clip.mp3: has no video stream"), and *permanent to
// whether trying again later is of no use. udp: RTSP carries pictures over UDP.
struct pipeline_source *pipeline_source_open(const char *url, bool udp, struct pipeline_stop *stop,
                                             bool *permanent, struct mc_error *err) MC_MUST_USE;

// NULL does nothing.
void pipeline_source_close(struct pipeline_source *source);

// The next packet of the video stream, a whole picture, into an empty packet.
enum pipeline_read pipeline_source_read(struct pipeline_source *source, struct AVPacket *packet,
                                        struct mc_error *err);

// When the last packet's last byte arrived, and how long it took from there to
// knowing that it was the last; ns.
void pipeline_source_arrival(const struct pipeline_source *source, int64_t *arrival_ns,
                             int64_t *gather_ns);

// The video stream: its codec parameters and time base. Lives as long as the source.
const struct AVStream *pipeline_source_stream(const struct pipeline_source *source);

// Whether its pictures come when they happen, and it has no natural end. What
// isn't live could be read as fast as it decodes.
bool pipeline_source_is_live(const struct pipeline_source *source);

// Clockwise quarter turns, 0 to 3, that make its pictures upright.
int pipeline_source_quarter_turns(const struct pipeline_source *source);
