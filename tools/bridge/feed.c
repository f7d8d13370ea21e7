#include "tools/bridge/feed.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "tools/follow.h"
#include "tools/state_news.h"

enum {
    STATE_BYTES = 16,
    OUTAGE_BYTES = 256,
};

struct bridge_feed {
    struct bridge_feed_options options;
    struct follow *follow;
    pthread_t thread;
    struct bridge_face_numbers numbers;
    struct tools_state_news news;
    pthread_mutex_t lock; // guards all below, which reports read
    bool is_connected;
    char stream[PROTOCOL_NAME_BYTES];
    char state[STATE_BYTES];   // of the stream; "": not known
    char outage[OUTAGE_BYTES]; // why not connected; "": it is, or not known yet
};

static void show(struct bridge_feed *feed, const struct mocap_record *record)
{
    const double time_s =
        (double)(mc_clock_now_ns() - feed->options.start_ns) / (double)MC_NS_PER_SECOND;
    for (int i = 0; i < feed->options.target_count; i++) {
        bridge_target_show(feed->options.targets[i], record, &feed->numbers, time_s);
    }
}

static void set_report(struct bridge_feed *feed, bool is_connected, const char *state)
{
    const char *stream = follow_stream(feed->follow);
    pthread_mutex_lock(&feed->lock);
    feed->is_connected = is_connected;
    snprintf(feed->stream, sizeof feed->stream, "%s", stream != NULL ? stream : "");
    snprintf(feed->state, sizeof feed->state, "%s", state);
    if (is_connected) {
        feed->outage[0] = '\0';
    }
    pthread_mutex_unlock(&feed->lock);
}

static void on_outage(void *user, const char *reason)
{
    struct bridge_feed *feed = user;
    pthread_mutex_lock(&feed->lock);
    snprintf(feed->outage, sizeof feed->outage, "%s", reason);
    pthread_mutex_unlock(&feed->lock);
}

static bool is_ours(const struct bridge_feed *feed, const char *stream)
{
    const char *ours = follow_stream(feed->follow);
    return ours != NULL && strcmp(stream, ours) == 0;
}

static void handle_message(struct bridge_feed *feed, const struct mocap_message *message)
{
    if (message->type == MOCAP_RECORD && is_ours(feed, message->record->stream)) {
        bridge_face_numbers_update(&feed->numbers, message->record);
        show(feed, message->record);
    } else if (message->type == MOCAP_STATE && is_ours(feed, message->stream)) {
        mc_log(tools_state_is_news(&feed->news, message) ? MC_LOG_INFO : MC_LOG_DEBUG,
               "%s is %s%s%s", message->stream, message->state,
               message->reason[0] != '\0' ? ": " : "", message->reason);
        set_report(feed, true, message->state);
        if (strcmp(message->state, "live") != 0) {
            show(feed, NULL); // no record will report it
        }
    }
}

static void *run(void *argument)
{
    struct bridge_feed *feed = argument;
    struct mocap_message message;
    for (;;) {
        switch (follow_next(feed->follow, &message)) {
        case FOLLOW_MESSAGE:
            handle_message(feed, &message);
            break;
        case FOLLOW_LOST:
            feed->news.count = 0;
            set_report(feed, false, "");
            show(feed, NULL);
            break;
        case FOLLOW_CONNECTED:
            set_report(feed, true, "");
            break;
        case FOLLOW_RESTING:
            break;
        case FOLLOW_STOPPED:
            return NULL;
        }
    }
}

struct bridge_feed *bridge_feed_start(const struct bridge_feed_options *options,
                                      struct mc_error *err)
{
    struct bridge_feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for following the daemon");
        return NULL;
    }
    feed->options = *options;
    // Only one stream: subscribing to the others would open their cameras.
    const struct follow_options wanted = {
        .socket = options->socket,
        .subscribe = { .stream = options->stream,
                       .include = MOCAP_INCLUDE_KEYPOINTS | MOCAP_INCLUDE_POSE |
                                  MOCAP_INCLUDE_SHAPES | MOCAP_INCLUDE_GAZE,
                       .lost = options->lost,
                       .label = "mocap-bridge" },
        .first_alone = true,
        .on_outage = on_outage,
        .user = feed,
    };
    feed->follow = follow_create(&wanted, err);
    if (feed->follow == NULL) {
        free(feed);
        return NULL;
    }
    pthread_mutex_init(&feed->lock, NULL);
    const int failed = pthread_create(&feed->thread, NULL, run, feed);
    if (failed != 0) {
        mc_error_set(err, MC_ERROR_SYSTEM, failed,
                     "cannot create the thread that follows the daemon: %s",
                     strerrordesc_np(failed));
        follow_destroy(feed->follow);
        free(feed);
        return NULL;
    }
    return feed;
}

void bridge_feed_stop(struct bridge_feed *feed)
{
    if (feed == NULL) {
        return;
    }
    follow_stop(feed->follow);
    pthread_join(feed->thread, NULL);
    follow_destroy(feed->follow);
    pthread_mutex_destroy(&feed->lock);
    free(feed);
}

void bridge_feed_report(struct bridge_feed *feed, json_t *report)
{
    pthread_mutex_lock(&feed->lock);
    json_object_set_new(report, "connected", json_boolean(feed->is_connected));
    json_object_set_new(report, "stream", json_string(feed->stream));
    json_object_set_new(report, "stream_state", json_string(feed->state));
    json_object_set_new(report, "outage", json_string(feed->outage));
    pthread_mutex_unlock(&feed->lock);
}
