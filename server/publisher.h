// The server: accepts connections, sends each record to everyone subscribed to its stream,
// and answers requests. Thread: loop.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <uv.h>

#include "base/error.h"
#include "protocol/record.h"

struct server_publisher;
struct protocol_buffer;
struct protocol_calibrated;
struct protocol_calibration;
struct protocol_error;
struct protocol_network_status;
struct protocol_request;
struct protocol_settings;
struct protocol_reloaded;
struct protocol_status;
struct protocol_stream_change;
struct protocol_stream_changed;
struct protocol_stream_status;

enum {
    SERVER_CONNECTIONS_MAX = 1024, // the default, and the most that can be configured
    SERVER_IN_FLIGHT_MAX = 128,    // records that a stream may still publish once it is held
};

struct server_limits {
    // Above them, the connection that has been idle longest is closed with an error message; if
    // none is idle, the new one is.
    int connections, connections_per_user; // over all, and of one uid; 0: its default share
    uint64_t stuck_ms;    // a write without progress for this long closes the connection,
    uint64_t greeting_ms; // as does no valid request for this long
    // Budget for queued messages. Above it only subscribers with an empty queue get records, but
    // for mode every-frame; a request waits until the replies before it are sent; and metrics that
    // take SERVER_LARGE_BYTES are refused.
    size_t pending_bytes;
};

#define SERVER_LIMITS_DEFAULT                                                                      \
    {                                                                                              \
        .connections = SERVER_CONNECTIONS_MAX, .stuck_ms = 30000, .greeting_ms = 30000,            \
        .pending_bytes = 32 * 1024 * 1024                                                          \
    }

struct server_publisher_options {
    const char *server; // name and version, for hello: "mocapd 0.2.0"
    const char (*streams)[PROTOCOL_NAME_BYTES];
    int stream_count;
    int workers;      // for status
    bool every_frame; // no record is lost: see on_pressure
    struct server_limits limits;
    gid_t control_group; // may change what all subscribers get; 0: only root and the daemon's user
    const struct protocol_point_set *dense; // of the records' dense points; NULL: there are none
    const struct protocol_network_status *networks; // for status; at most PROTOCOL_NETWORKS_MAX
    int network_count;
};

// stream is the index of a stream: of the options' streams, or as server_publisher_add_stream
// returned it.
struct server_publisher_callbacks {
    // Subscriptions have changed: count connections have at least one.
    void (*on_subscribed)(void *user, int count);
    // With every_frame: a subscription to the stream is far behind, or no longer is. While held,
    // the stream must begin no further record, and publish at most SERVER_IN_FLIGHT_MAX.
    void (*on_pressure)(void *user, int stream, bool held);
    // Starts to measure the stream's faces, NEUTRAL or RANGE; server_publisher_calibrated or
    // server_publisher_not_calibrated is to be called later. Returns false and sets error when
    // measuring cannot start. NULL: this server cannot calibrate.
    bool (*on_calibrate)(void *user, int stream, const struct protocol_request *request,
                         struct protocol_error *error);
    // Carries out SHOW, USE or RESET, and fills calibration except for its id and stream. Returns
    // false and sets error, except for its id, on failure.
    bool (*on_calibration)(void *user, int stream, const struct protocol_request *request,
                           struct protocol_calibration *calibration, struct protocol_error *error);
    // Changes the settings that are given, and fills in the others: those in use. Returns false and
    // sets error on failure. NULL: this server has no settings.
    bool (*on_settings)(void *user, int stream, struct protocol_settings *settings,
                        struct protocol_error *error);
    // Adds, removes or changes a stream with server_publisher_add_stream and the like, and fills
    // changed except for its id, action and stream. Returns false and sets error on failure. NULL:
    // this server's streams are fixed.
    bool (*on_stream)(void *user, const struct protocol_stream_change *change,
                      struct protocol_stream_changed *changed, struct protocol_error *error);
    // Reads the configuration again, and fills reloaded except for its id. Returns false and sets
    // error when it is wrong. NULL: this server has none.
    bool (*on_reload)(void *user, struct protocol_reloaded *reloaded, struct protocol_error *error);
    // Adds to the status what only the stream knows: drops before publishing, connects.
    // NULL: nothing.
    void (*on_status)(void *user, int stream, struct protocol_stream_status *status);
    // Writes the metrics of one stream; of all streams and the process where it is -1. NULL:
    // this server has none.
    void (*on_metrics)(void *user, int stream, struct protocol_buffer *text);
    // After server_publisher_finish: all connections are closed.
    void (*on_finished)(void *user);
    void *user;
};

// Copies what it needs of options. Returns NULL and sets err when out of memory; free with
// server_publisher_destroy.
struct server_publisher *server_publisher_create(uv_loop_t *loop,
                                                 const struct server_publisher_options *options,
                                                 const struct server_publisher_callbacks *callbacks,
                                                 struct mc_error *err) MC_MUST_USE;

// Accepts the connection pending on the listener and sends hello; after a short pause when
// many connect at once.
void server_publisher_accept(struct server_publisher *publisher, uv_stream_t *listener);

// Adds a stream, whose name is new, and tells every connection; those subscribed to all streams are
// subscribed to it. Returns its index, or -1 when there are PROTOCOL_STREAMS_MAX already.
int server_publisher_add_stream(struct server_publisher *publisher, const char *name);

// The index of the stream called name, or -1.
int server_publisher_find_stream(const struct server_publisher *publisher, const char *name);

// Removes a stream, whose subscribers get its end for that reason, and tells every connection. The
// index may be used again.
void server_publisher_remove_stream(struct server_publisher *publisher, int stream,
                                    const char *reason);

// Replaces the limits and the group that the options gave, for further connections and requests.
// Looks up the group's name.
void server_publisher_set_limits(struct server_publisher *publisher,
                                 const struct server_limits *limits, gid_t control_group);

// Publishes the record and sets its t_publish_ns.
void server_publisher_record(struct server_publisher *publisher, int stream,
                             struct protocol_record *record);
void server_publisher_state(struct server_publisher *publisher, int stream,
                            enum protocol_stream_state state, const char *reason);
// Sends the stream's end, with the state set last. The stream may go on afterwards, with a state.
void server_publisher_end(struct server_publisher *publisher, int stream);

// Replies to everyone who asked to measure the stream's faces. Ids and stream are filled in.
void server_publisher_calibrated(struct server_publisher *publisher, int stream,
                                 const struct protocol_calibrated *calibrated);
void server_publisher_not_calibrated(struct server_publisher *publisher, int stream,
                                     const struct protocol_error *error);

// Fills the status, except for what belongs to one connection: id and missed.
void server_publisher_status(const struct server_publisher *publisher,
                             struct protocol_status *status);

// How many connections are subscribed to the stream.
int server_publisher_count(const struct server_publisher *publisher, int stream);

// Sends every connection what is queued for it, as long as the client reads, then closes it. Calls
// on_finished, from the loop, when none is left.
void server_publisher_finish(struct server_publisher *publisher);

// Call after on_finished, once the loop has run out. NULL does nothing.
void server_publisher_destroy(struct server_publisher *publisher);
