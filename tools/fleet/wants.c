#include "tools/fleet/wants.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tools/fleet/publisher.h"
#include "tools/fleet/subjects.h"

bool fleet_wants_init(struct fleet_wants *wants)
{
    wants->count = 0;
    return pthread_mutex_init(&wants->lock, NULL) == 0;
}

void fleet_wants_finish(struct fleet_wants *wants)
{
    pthread_mutex_destroy(&wants->lock);
}

// With lock held.
static struct fleet_want *find(struct fleet_wants *wants, const char *stream)
{
    for (int i = 0; i < wants->count; i++) {
        if (strcmp(wants->streams[i].stream, stream) == 0) {
            return &wants->streams[i];
        }
    }
    return NULL;
}

void fleet_wants_add(struct fleet_wants *wants, const char *stream)
{
    pthread_mutex_lock(&wants->lock);
    if (find(wants, stream) == NULL && wants->count < PROTOCOL_STREAMS_MAX) {
        struct fleet_want *added = &wants->streams[wants->count++];
        *added = (struct fleet_want){ 0 };
        snprintf(added->stream, sizeof added->stream, "%s", stream);
    }
    pthread_mutex_unlock(&wants->lock);
}

void fleet_wants_remove(struct fleet_wants *wants, const char *stream)
{
    pthread_mutex_lock(&wants->lock);
    struct fleet_want *want = find(wants, stream);
    if (want != NULL) {
        *want = wants->streams[--wants->count];
    }
    pthread_mutex_unlock(&wants->lock);
}

bool fleet_wants_take(struct fleet_wants *wants, const char *subject, const char *data,
                      size_t length)
{
    struct fleet_subject read;
    if (!fleet_subject_read(&read, subject, NULL)) {
        return false;
    }
    const int64_t until_ns = mc_clock_now_ns() + FLEET_WANT_MS * MC_NS_PER_MS;
    const size_t json_length = strlen(FLEET_WANT_JSON);
    bool is_news = false;
    pthread_mutex_lock(&wants->lock);
    struct fleet_want *want = find(wants, read.stream);
    if (want != NULL) {
        is_news = !want->is_met;
        want->until_ns = until_ns;
        if (length == json_length && memcmp(data, FLEET_WANT_JSON, json_length) == 0) {
            want->json_until_ns = until_ns;
        }
    }
    pthread_mutex_unlock(&wants->lock);
    return is_news;
}

void fleet_wants_take_refusal(struct fleet_wants *wants, const char *subject)
{
    struct fleet_subject read;
    if (!fleet_subject_read(&read, subject, NULL) || read.kind != FLEET_RECORD) {
        return;
    }
    pthread_mutex_lock(&wants->lock);
    struct fleet_want *want = find(wants, read.stream);
    if (want != NULL) {
        want->refused++;
    }
    pthread_mutex_unlock(&wants->lock);
}

// What is known of a stream; nothing of one that was not added.
static struct fleet_want look(struct fleet_wants *wants, const char *stream)
{
    pthread_mutex_lock(&wants->lock);
    const struct fleet_want *want = find(wants, stream);
    const struct fleet_want known = want != NULL ? *want : (struct fleet_want){ 0 };
    pthread_mutex_unlock(&wants->lock);
    return known;
}

uint64_t fleet_wants_refused(struct fleet_wants *wants, const char *stream)
{
    return look(wants, stream).refused;
}

bool fleet_wants_record(struct fleet_wants *wants, const char *stream, int64_t now_ns)
{
    return look(wants, stream).until_ns > now_ns;
}

bool fleet_wants_json(struct fleet_wants *wants, const char *stream, int64_t now_ns)
{
    return look(wants, stream).json_until_ns > now_ns;
}

void fleet_wants_set_met(struct fleet_wants *wants, const char *stream, bool is_met)
{
    pthread_mutex_lock(&wants->lock);
    struct fleet_want *want = find(wants, stream);
    if (want != NULL) {
        want->is_met = is_met;
    }
    pthread_mutex_unlock(&wants->lock);
}
