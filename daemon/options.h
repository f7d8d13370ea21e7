// What the daemon is asked to do, and the tables of options that say it.
//
// Each option stands in one table, once: the command line (command_line.h), the configuration
// file (config.h) and the help text all read the tables.
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/log.h"
#include "base/options.h"
#include "nn/precision.h"
#include "pipeline/stream.h"
#include "protocol/message.h"

enum { DAEMON_URL_BYTES = 1024 };

enum daemon_transport { // of RTSP
    DAEMON_TRANSPORT_TCP,
    DAEMON_TRANSPORT_UDP,
};

enum daemon_damaged {
    DAEMON_DAMAGED_MARK, // frames with decode errors give records that say so
    DAEMON_DAMAGED_DROP, // they give none
};

enum daemon_rotation { // clockwise, in degrees: times 90
    DAEMON_ROTATION_NOT_GIVEN = -1,
    DAEMON_ROTATION_0,
    DAEMON_ROTATION_90,
    DAEMON_ROTATION_180,
    DAEMON_ROTATION_270,
};

// Options of streams that may be given for all of them and again for each. Unless stated
// otherwise, a negative value means that the option is not given.
struct daemon_stream_settings {
    struct pipeline_region region; // of width 0: not given. Excludes full_frame: the last one wins
    int full_frame;                // 0 no, 1 yes
    int max_faces;                 // 0: not given
    enum daemon_rotation rotation;
    int mirror;                            // 0 no, 1 yes
    int max_frame_width, max_frame_height; // 0: not given
    int repeat;                            // 0 no, 1 yes
    int isolate;                           // 0 no, 1 yes
    int smooth;                            // 0 no, 1 yes
    float smooth_min_cutoff, smooth_beta;
    float fov; // degrees; 0: estimated
};

struct daemon_stream_options {
    char name[PROTOCOL_NAME_BYTES];
    char url[DAEMON_URL_BYTES];
    char user[128], password[256]; // to be put into the URL; "" for none
    enum daemon_transport transport;
    enum daemon_damaged damaged;
    int on_demand; // open only while there are subscribers: 0 no, 1 yes; negative: webcams are
    struct daemon_stream_settings settings;
};

struct daemon_options {
    const char *config;     // the configuration file; NULL: none. Borrows argv
    bool check_config;      // print what would run, and exit
    char socket[PATH_MAX];  // "": the default
    char model[PATH_MAX];   // "": the one that comes with mocapd
    char locator[PATH_MAX]; // likewise

    // Likewise, for models with 68 landmarks; "off": none.
    char expression[PATH_MAX];
    enum nn_precision precision; // of all networks
    int workers;                 // 0: one for each processor
    int wait_subscribers;
    int linger_s; // how long an on-demand source stays open after its last subscriber
    int max_connections, stuck_timeout_s;
    int max_connections_per_user; // 0: three quarters of max_connections
    gid_t control_group; // may change what all subscribers get; 0: only root and the daemon's user
    bool every_frame, exit_on_end;
    enum mc_log_level log_level;
    struct daemon_stream_settings settings; // of streams that have none of their own
    struct daemon_stream_options streams[PROTOCOL_STREAMS_MAX];
    int stream_count;
    bool has_default_stream; // none was given: the only one was chosen by daemon_defaults_fill
};

extern const struct daemon_options daemon_options_default;

// Options of the daemon; the target is struct daemon_options.
extern const struct mc_option daemon_options_table[];
// Options of streams, for all or for one; the target is struct daemon_stream_settings.
extern const struct mc_option daemon_settings_table[];
// Keys of a stream's section alone; the target is struct daemon_stream_options.
extern const struct mc_option daemon_stream_table[];

// Sets a stream called name with nothing else given. Returns false and sets err when the name is
// malformed.
bool daemon_stream_options_init(struct daemon_stream_options *stream, const char *name,
                                struct mc_error *err) MC_MUST_USE;

// Adds a stream called name, without a URL. Returns NULL and sets err when the name is malformed
// or taken, or when there are too many streams.
struct daemon_stream_options *daemon_options_add_stream(struct daemon_options *options,
                                                        const char *name, struct mc_error *err);

// The stream called name; NULL when there is none.
struct daemon_stream_options *daemon_options_find_stream(struct daemon_options *options,
                                                         const char *name);
