#include "tools/fleet/published_stream.h"

#include <stdio.h>
#include <string.h>

#include "tools/fleet/broker.h"
#include "tools/fleet/mqtt.h"
#include "tools/fleet/publisher.h"

void fleet_published_stream_init(struct fleet_published_stream *stream,
                                 const struct fleet_publisher_options *options, const char *name)
{
    const char *site = options->site;
    *stream = (struct fleet_published_stream){ .options = options,
                                               .state = { .state = PROTOCOL_STREAM_CONNECTING,
                                                          .repeated_ms = FLEET_REPEAT_MS } };
    snprintf(stream->name, sizeof stream->name, "%s", name);
    snprintf(stream->state.stream, sizeof stream->state.stream, "%s", name);
    snprintf(stream->stats.stream, sizeof stream->stats.stream, "%s", name);
    snprintf(stream->state.publisher, sizeof stream->state.publisher, "%s", options->machine);
    snprintf(stream->stats.publisher, sizeof stream->stats.publisher, "%s", options->machine);
    fleet_subject_write(stream->record_subject, site, name, FLEET_RECORD);
    fleet_subject_write(stream->json_subject, site, name, FLEET_RECORD_JSON);
    fleet_subject_write(stream->state_subject, site, name, FLEET_STATE);
    fleet_subject_write(stream->stats_subject, site, name, FLEET_STATS);
}

bool fleet_published_stream_is_allowed(const struct fleet_published_stream *stream, uint64_t *fence)
{
    const struct fleet_publisher_options *options = stream->options;
    *fence = 0;
    return options->may_publish == NULL || options->may_publish(options->user, stream->name, fence);
}

void fleet_published_stream_record(struct fleet_published_stream *stream, const char *bytes,
                                   size_t length)
{
    const struct fleet_publisher_options *options = stream->options;
    bool is_published = false;
    if (options->broker != NULL) {
        is_published = fleet_broker_publish(options->broker, stream->record_subject, bytes, length);
    }
    if (options->mqtt != NULL) {
        const bool is_sent = fleet_mqtt_record(options->mqtt, stream->name, bytes, length);
        is_published = options->broker != NULL ? is_published : is_sent; // NATS counts
    }
    stream->stats.published += is_published;
    stream->stats.lost += !is_published;
}

static void publish_state(struct fleet_published_stream *stream, struct fleet_mqtt *mqtt)
{
    const struct fleet_publisher_options *options = stream->options;
    char text[FLEET_REPORT_BYTES];
    if (!fleet_published_stream_is_allowed(stream, &stream->state.fence)) {
        return;
    }
    const size_t length = fleet_state_report_write(text, &stream->state);
    if (length > 0 && options->broker != NULL) {
        fleet_broker_publish(options->broker, stream->state_subject, text, length);
    }
    if (length > 0 && mqtt != NULL) {
        fleet_mqtt_state(mqtt, stream->name, stream->state.state == PROTOCOL_STREAM_LIVE, text,
                         length);
    }
}

static void publish_stats(struct fleet_published_stream *stream)
{
    const struct fleet_publisher_options *options = stream->options;
    char text[FLEET_REPORT_BYTES];
    uint64_t fence;
    const size_t length = fleet_stats_report_write(text, &stream->stats);
    if (length == 0 || !fleet_published_stream_is_allowed(stream, &fence)) {
        return;
    }
    if (options->broker != NULL) {
        fleet_broker_publish(options->broker, stream->stats_subject, text, length);
    }
    if (options->mqtt != NULL) {
        fleet_mqtt_stats(options->mqtt, &stream->stats, text, length);
    }
}

// Returns false when it is the same.
static bool change_state(struct fleet_published_stream *stream, enum protocol_stream_state state,
                         const char *reason)
{
    if (stream->state.state == state && strcmp(stream->state.reason, reason) == 0) {
        return false;
    }
    stream->state.state = state;
    snprintf(stream->state.reason, sizeof stream->state.reason, "%s", reason);
    return true;
}

void fleet_published_stream_set_state(struct fleet_published_stream *stream,
                                      enum protocol_stream_state state, const char *reason)
{
    if (change_state(stream, state, reason)) {
        publish_state(stream, stream->options->mqtt);
    }
}

// Over MQTT, no state goes out: it would be the last word about what another has taken over.
void fleet_published_stream_leave(struct fleet_published_stream *stream)
{
    if (change_state(stream, PROTOCOL_STREAM_CONNECTING, "its machine no longer has it")) {
        publish_state(stream, NULL);
    }
    if (stream->options->mqtt != NULL) {
        fleet_mqtt_remove(stream->options->mqtt, stream->name);
    }
}

void fleet_published_stream_report(struct fleet_published_stream *stream, double seconds)
{
    const uint64_t published = stream->stats.published - stream->published_before;
    stream->published_before = stream->stats.published;
    stream->stats.rate = seconds > 0 ? (double)published / seconds : 0;
    publish_state(stream, stream->options->mqtt);
    publish_stats(stream);
}
