#include "tools/fleet/retained.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mosquitto.h>

#include "tools/fleet/report.h"
#include "tools/fleet/subjects.h"

struct fleet_retained_stream {
    char name[PROTOCOL_NAME_BYTES];
    char topics[FLEET_RETAINED_COUNT][FLEET_ENTITY_TOPIC_BYTES];
    struct fleet_retained_news news;
    int expected; // own states that the broker has not shown yet
};

bool fleet_retained_init(struct fleet_retained *retained, const char *machine)
{
    *retained = (struct fleet_retained){ .machine = machine };
    retained->streams = calloc(PROTOCOL_STREAMS_MAX, sizeof *retained->streams);
    if (retained->streams == NULL || pthread_mutex_init(&retained->lock, NULL) != 0) {
        free(retained->streams);
        return false;
    }
    return true;
}

void fleet_retained_finish(struct fleet_retained *retained)
{
    pthread_mutex_destroy(&retained->lock);
    free(retained->streams);
}

void fleet_retained_topic_write(char topic[FLEET_ENTITY_TOPIC_BYTES],
                                enum fleet_retained_topic which,
                                const struct fleet_entity_place *place)
{
    char subject[FLEET_SUBJECT_BYTES];
    if (which == FLEET_RETAINED_ENTITIES) {
        fleet_entity_filter_write(topic, place);
        return;
    }
    fleet_topic_write(subject, place->site, place->stream,
                      which == FLEET_RETAINED_STATE ? "state" : "presence");
    snprintf(topic, FLEET_ENTITY_TOPIC_BYTES, "%s", subject);
}

// With lock held, as what follows.
static struct fleet_retained_stream *find(struct fleet_retained *retained, const char *name)
{
    for (int i = 0; i < retained->stream_count; i++) {
        if (strcmp(retained->streams[i].name, name) == 0) {
            return &retained->streams[i];
        }
    }
    return NULL;
}

void fleet_retained_add(struct fleet_retained *retained, const struct fleet_entity_place *place)
{
    pthread_mutex_lock(&retained->lock);
    struct fleet_retained_stream *stream = find(retained, place->stream);
    if (stream == NULL) {
        stream =
            &retained
                 ->streams[retained->stream_count < PROTOCOL_STREAMS_MAX ? retained->stream_count++
                                                                         : 0];
    }
    *stream = (struct fleet_retained_stream){ 0 };
    snprintf(stream->name, sizeof stream->name, "%s", place->stream);
    for (int i = 0; i < FLEET_RETAINED_COUNT; i++) {
        fleet_retained_topic_write(stream->topics[i], (enum fleet_retained_topic)i, place);
    }
    pthread_mutex_unlock(&retained->lock);
}

void fleet_retained_remove(struct fleet_retained *retained, const char *name)
{
    pthread_mutex_lock(&retained->lock);
    struct fleet_retained_stream *stream = find(retained, name);
    if (stream != NULL) {
        *stream = retained->streams[--retained->stream_count];
    }
    pthread_mutex_unlock(&retained->lock);
}

void fleet_retained_forget(struct fleet_retained *retained)
{
    pthread_mutex_lock(&retained->lock);
    for (int i = 0; i < retained->stream_count; i++) {
        retained->streams[i].news = (struct fleet_retained_news){ 0 };
        retained->streams[i].expected = 0;
    }
    pthread_mutex_unlock(&retained->lock);
}

// Never below 0: the library also sends states of QoS 1 from before a reconnect.
static void change_expected(struct fleet_retained *retained, const char *name, int change)
{
    pthread_mutex_lock(&retained->lock);
    struct fleet_retained_stream *stream = find(retained, name);
    if (stream != NULL && stream->expected + change >= 0) {
        stream->expected += change;
    }
    pthread_mutex_unlock(&retained->lock);
}

void fleet_retained_expect(struct fleet_retained *retained, const char *stream)
{
    change_expected(retained, stream, 1);
}

void fleet_retained_expect_not(struct fleet_retained *retained, const char *stream)
{
    change_expected(retained, stream, -1);
}

static bool is_topic(const struct fleet_retained_stream *stream, int which, const char *topic)
{
    bool is_match = false;
    return stream->topics[which][0] != '\0' &&
           mosquitto_topic_matches_sub(stream->topics[which], topic, &is_match) ==
               MOSQ_ERR_SUCCESS &&
           is_match;
}

static void take_empty(struct fleet_retained *retained, const char *topic)
{
    for (int i = 0; i < retained->stream_count; i++) {
        struct fleet_retained_stream *stream = &retained->streams[i];
        for (int which = 0; which < FLEET_RETAINED_COUNT; which++) {
            stream->news.is_emptied[which] |= is_topic(stream, which, topic);
        }
        stream->news.is_others &= !is_topic(stream, FLEET_RETAINED_STATE, topic);
    }
}

static void take_state(struct fleet_retained *retained, const char *topic,
                       const struct fleet_state_report *report)
{
    for (int i = 0; i < retained->stream_count; i++) {
        struct fleet_retained_stream *stream = &retained->streams[i];
        if (is_topic(stream, FLEET_RETAINED_STATE, topic)) {
            stream->news.is_others = strcmp(report->publisher, retained->machine) != 0;
            stream->news.is_live = report->state == PROTOCOL_STREAM_LIVE;
            stream->expected -= !stream->news.is_others && stream->expected > 0;
        }
    }
}

void fleet_retained_take(struct fleet_retained *retained, const char *topic, const char *data,
                         size_t length)
{
    struct fleet_state_report report;
    struct mc_error err = { 0 };
    const bool is_state = length > 0 && fleet_state_report_read(&report, data, length, &err);
    pthread_mutex_lock(&retained->lock);
    if (length == 0) {
        take_empty(retained, topic);
    } else if (is_state) {
        take_state(retained, topic, &report);
    }
    pthread_mutex_unlock(&retained->lock);
}

void fleet_retained_look(struct fleet_retained *retained, const char *name,
                         struct fleet_retained_news *news)
{
    *news = (struct fleet_retained_news){ 0 };
    pthread_mutex_lock(&retained->lock);
    struct fleet_retained_stream *stream = find(retained, name);
    if (stream != NULL) {
        *news = stream->news;
        news->is_others = news->is_others && stream->expected == 0;
        memset(stream->news.is_emptied, 0, sizeof stream->news.is_emptied);
    }
    pthread_mutex_unlock(&retained->lock);
}
