#include "tools/fleet/served_streams.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/publisher.h"
#include "tools/fleet/upstream.h"

enum { REMOVE_MS = 60000, COMPLAINTS_S = 60 };

struct served_stream {
    bool is_used;
    char name[PROTOCOL_NAME_BYTES];
    char publisher[FLEET_PUBLISHER_BYTES];
    uint64_t fence;
    enum protocol_stream_state state;
    char reason[PROTOCOL_REASON_BYTES];
    int64_t reported_ns;
    int gone_ms; // without a report, its publisher is gone
};

struct fleet_served_streams {
    struct server_publisher *publisher;
    struct fleet_upstream *upstream;
    const struct fleet_patterns *patterns;
    struct served_stream streams[PROTOCOL_STREAMS_MAX]; // by the publisher's index
    struct mc_log_limit too_many, two_publishers;
};

struct fleet_served_streams *fleet_served_streams_create(struct server_publisher *publisher,
                                                         const struct fleet_patterns *patterns)
{
    struct fleet_served_streams *served = calloc(1, sizeof *served);
    if (served != NULL) {
        served->publisher = publisher;
        served->patterns = patterns;
    }
    return served;
}

void fleet_served_streams_destroy(struct fleet_served_streams *served)
{
    free(served);
}

void fleet_served_streams_set_upstream(struct fleet_served_streams *served,
                                       struct fleet_upstream *upstream)
{
    served->upstream = upstream;
}

static bool is_chosen(const struct fleet_served_streams *served, const char *name)
{
    for (int i = 0; i < served->patterns->count; i++) {
        if (fnmatch(served->patterns->items[i], name, 0) == 0) {
            return true;
        }
    }
    return served->patterns->count == 0;
}

static void set_state(struct fleet_served_streams *served, int stream,
                      enum protocol_stream_state state, const char *reason)
{
    struct served_stream *known = &served->streams[stream];
    if (known->state == state && strcmp(known->reason, reason) == 0) {
        return;
    }
    known->state = state;
    snprintf(known->reason, sizeof known->reason, "%s", reason);
    server_publisher_state(served->publisher, stream, state, reason);
    if (state == PROTOCOL_STREAM_ENDED || state == PROTOCOL_STREAM_FAILED) {
        server_publisher_end(served->publisher, stream);
    }
}

// Returns the index, or -1 when the stream is not for us.
static int add(struct fleet_served_streams *served, const char *name)
{
    unsigned skipped;
    if (!is_chosen(served, name)) {
        return -1;
    }
    // The first subscription to all streams comes with it: the upstream must know it by then.
    const int stream = server_publisher_add_stream(served->publisher, name);
    if (stream < 0) {
        if (mc_log_limit_pass(&served->too_many, COMPLAINTS_S * MC_NS_PER_SECOND, &skipped)) {
            mc_log(MC_LOG_WARNING,
                   "no room for the stream '%s': a socket serves %d streams; choose with --stream "
                   "and start another mocap-fleet serve for the others",
                   name, PROTOCOL_STREAMS_MAX);
        }
        return -1;
    }
    struct served_stream *known = &served->streams[stream];
    *known = (struct served_stream){ .is_used = true, .state = PROTOCOL_STREAM_CONNECTING };
    snprintf(known->name, sizeof known->name, "%s", name);
    fleet_upstream_open(served->upstream, stream, name);
    fleet_served_streams_follow(served);
    return stream;
}

static void remove_stream(struct fleet_served_streams *served, int stream)
{
    served->streams[stream].is_used = false;
    fleet_upstream_close(served->upstream, stream);
    server_publisher_remove_stream(served->publisher, stream, "no machine publishes it any more");
}

// Without leases, names must be unique: nobody decides between two machines.
static void check_publisher(struct fleet_served_streams *served, struct served_stream *known,
                            const struct fleet_state_report *report)
{
    unsigned skipped;
    const int64_t passed_ns = mc_clock_now_ns() - known->reported_ns;
    if (strcmp(known->publisher, report->publisher) != 0) {
        if (known->publisher[0] != '\0' && report->fence == 0 && known->fence == 0 &&
            passed_ns < FLEET_REPEAT_MS * MC_NS_PER_MS &&
            mc_log_limit_pass(&served->two_publishers, COMPLAINTS_S * MC_NS_PER_SECOND, &skipped)) {
            mc_log(MC_LOG_WARNING,
                   "'%s' and '%s' both publish a stream '%s': names must be unique in a site",
                   known->publisher, report->publisher, known->name);
        }
        snprintf(known->publisher, sizeof known->publisher, "%s", report->publisher);
    }
}

void fleet_served_streams_report(struct fleet_served_streams *served,
                                 const struct fleet_state_report *report)
{
    int stream = server_publisher_find_stream(served->publisher, report->stream);
    if (stream < 0) {
        stream = add(served, report->stream);
    }
    if (stream < 0 || !fleet_upstream_accepts(served->upstream, stream, report->fence)) {
        return;
    }
    struct served_stream *known = &served->streams[stream];
    check_publisher(served, known, report);
    known->fence = report->fence;
    known->reported_ns = mc_clock_now_ns();
    known->gone_ms = FLEET_REPEATS_UNTIL_GONE *
                     (report->repeated_ms > 0 ? report->repeated_ms : FLEET_REPEAT_MS);
    set_state(served, stream,
              report->state == PROTOCOL_STREAM_OTHER ? PROTOCOL_STREAM_CONNECTING : report->state,
              report->reason);
}

void fleet_served_streams_check(struct fleet_served_streams *served)
{
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        struct served_stream *known = &served->streams[i];
        if (!known->is_used) {
            continue;
        }
        const int64_t silent_ms = (mc_clock_now_ns() - known->reported_ns) / MC_NS_PER_MS;
        if (silent_ms > REMOVE_MS) {
            remove_stream(served, i);
        } else if (silent_ms > known->gone_ms && known->state != PROTOCOL_STREAM_ENDED &&
                   known->state != PROTOCOL_STREAM_FAILED) {
            char reason[PROTOCOL_REASON_BYTES];
            snprintf(reason, sizeof reason, "no word from %s",
                     known->publisher[0] != '\0' ? known->publisher : "its publisher");
            set_state(served, i, PROTOCOL_STREAM_CONNECTING, reason);
        }
    }
}

void fleet_served_streams_follow(struct fleet_served_streams *served)
{
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        if (served->streams[i].is_used) {
            fleet_upstream_want(served->upstream, i,
                                server_publisher_count(served->publisher, i) > 0);
        }
    }
}

int fleet_served_streams_count(const struct fleet_served_streams *served)
{
    int count = 0;
    for (int i = 0; i < PROTOCOL_STREAMS_MAX; i++) {
        count += served->streams[i].is_used;
    }
    return count;
}
