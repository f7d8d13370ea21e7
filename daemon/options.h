// What the daemon was asked to do: the command line, and the file that --config
// names. Both know the same options; the command line wins. What a section of the file
// says of its stream holds in any case.
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"
#include "pipeline/stream.h"
#include "protocol/endpoint.h"
#include "protocol/message.h"
#include "server/publisher.h"

enum { DAEMON_URL_BYTES = 1024 };

enum daemon_damaged {
    DAEMON_DAMAGED_MARK, // frames with decode errors give records that say so
    DAEMON_DAMAGED_DROP, // they give none
};

// Whether a source is open only while somebody has subscribed.
enum daemon_on_demand {
    DAEMON_ON_DEMAND_AUTO, // webcams are
    DAEMON_ON_DEMAND_YES,
    DAEMON_ON_DEMAND_NO,
};

// Smoothing and camera; what is negative was not given.
struct daemon_motion_options {
    int smooth; // 0 off, 1 on
    float smooth_min_cutoff, smooth_beta, fov;
};

// Where to look for faces. Of a stream: what is not given is the daemon's. Of region and
// the whole picture the one that is said last holds.
struct daemon_looking {
    struct pipeline_region region; // all zero: none
    int full_frame;                // at the whole picture: 0 no, 1 yes; negative: not given
    int max_faces;                 // to follow; 0: not given
};

struct daemon_stream_options {
    char name[PROTOCOL_NAME_BYTES];
    char url[DAEMON_URL_BYTES];
    struct daemon_looking looking;
    int repeat;                    // 0 no, 1 yes; negative: not given
    char user[128], password[256]; // into the URL; "": as it is
    bool udp;                      // RTSP over UDP
    enum daemon_damaged damaged;
    enum daemon_on_demand on_demand;
    struct daemon_motion_options motion;
};

struct daemon_options {
    char socket[PATH_MAX];  // "": the default one
    char model[PATH_MAX];   // "": the one that ships
    char locator[PATH_MAX]; // likewise
    int workers;            // 0: one for each processor
    int wait_subscribers;
    int linger_s; // a source on demand closes so long after its last subscriber
    bool every_frame, exit_on_end;
    struct server_limits limits;
    enum mc_log_level log_level;
    struct daemon_looking looking;       // of streams that don't say it themselves
    bool repeat;                         // likewise
    struct daemon_motion_options motion; // likewise, option by option
    struct daemon_stream_options streams[PROTOCOL_STREAMS_MAX];
    int stream_count;
};

enum daemon_options_result {
    DAEMON_OPTIONS_RUN,
    DAEMON_OPTIONS_HELP,    // to be printed; nothing else is asked
    DAEMON_OPTIONS_VERSION, //
    DAEMON_OPTIONS_USAGE,   // the command line is wrong; err says how
    DAEMON_OPTIONS_CONFIG,  // the file is; err says file and line
};

enum daemon_options_result daemon_options_parse(struct daemon_options *options, int argc,
                                                char **argv, struct mc_error *err);

// What holds for a stream: its own options, then those for all, then the defaults.
struct pipeline_motion_options daemon_options_motion(const struct daemon_options *options,
                                                     const struct daemon_stream_options *stream);

// For --help.
extern const char daemon_options_usage[];

// Sets one option, by its long name; of stream, where that is not NULL. For the
// configuration file.
bool daemon_options_set(struct daemon_options *options, struct daemon_stream_options *stream,
                        const char *name, const char *value, struct mc_error *err);

// A new stream of that name; NULL and err when it has none of the form, or there
// is one already.
struct daemon_stream_options *daemon_options_add_stream(struct daemon_options *options,
                                                        const char *name, struct mc_error *err);
