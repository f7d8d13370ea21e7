#include "tools/fleet/local_daemon.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/condition.h"
#include "base/file.h"
#include "base/log.h"
#include "protocol/decode.h"
#include "protocol/mocap.h"
#include "tools/fleet/local_load.h"
#include "tools/fleet/stream_request.h"

enum {
    CONNECT_MS = 2000,
    REPLY_MS = 3000,
    LOOK_MS = 200,      // between two looks at the connection
    MEASURE_MS = 1000,  // between two measurements
    REFUSED_MS = 15000, // before a stream that mocapd refused is handed over again
    SILENCES_MAX = 2,   // requests in a row that get no reply: then mocapd is lost, not late
    LINE_BYTES = FLEET_NAME_BYTES + 1,
};

struct handed {
    char name[FLEET_NAME_BYTES];
    char *desired_options; // NULL: it shall be removed
    char *applied_options; // that mocapd has confirmed; NULL: none
    bool is_wanted, is_refused;
    bool is_ours;     // handed over by this worker or one before; not the machine's own
    int64_t again_ns; // when a refused one is tried again
    char last_refusal[PROTOCOL_REASON_BYTES];
    struct handed *next;
};

struct fleet_local {
    struct fleet_local_options options;
    struct mocap_client *client; // NULL: not connected
    bool outage_is_told, write_is_told;
    int silences;                     // requests in a row that got no reply in time
    struct fleet_local_counts counts; // at the last measurement
    int64_t measured_ns;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; // guards the rest
    pthread_cond_t changed;
    bool is_stopping, is_changed;
    struct handed *streams;
    struct fleet_local_state state;
};

// ---- the file

static struct handed *find(struct fleet_local *local, const char *name)
{
    struct handed *handed = local->streams;
    while (handed != NULL && strcmp(handed->name, name) != 0) {
        handed = handed->next;
    }
    return handed;
}

static struct handed *add(struct fleet_local *local, const char *name)
{
    struct handed *handed = find(local, name);
    if (handed == NULL && (handed = calloc(1, sizeof *handed)) != NULL) {
        snprintf(handed->name, sizeof handed->name, "%s", name);
        handed->next = local->streams;
        local->streams = handed;
    }
    return handed;
}

static void read_names(struct fleet_local *local)
{
    char line[LINE_BYTES + 1];
    FILE *file = local->options.file == NULL ? NULL : fopen(local->options.file, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (fleet_name_valid(line)) {
            struct handed *handed = add(local, line);
            if (handed != NULL) {
                handed->is_ours = true;
            }
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

// With the lock held. Written before a stream is handed over, so that it holds one too many rather
// than one too few. A crash of the machine ends mocapd, too, and a flush would hold up the lease.
static void write_names(struct fleet_local *local)
{
    struct mc_error err = { 0 };
    char *text = NULL;
    size_t length = 0;
    if (local->options.file == NULL) {
        return;
    }
    FILE *names = open_memstream(&text, &length);
    for (const struct handed *h = local->streams; names != NULL && h != NULL; h = h->next) {
        if (h->is_ours || h->applied_options == NULL) {
            fprintf(names, "%s\n", h->name);
        }
    }
    bool good = (names != NULL && fclose(names) == 0) ||
                mc_error_set(&err, MC_ERROR_MEMORY, 0, "%s: out of memory", local->options.file);
    const struct mc_file_part part = { text, length };
    good = good && mc_file_replace_volatile(local->options.file, &part, 1, 0666, &err);
    free(text);
    if (!good && !local->write_is_told) {
        mc_log(MC_LOG_WARNING, "%s", err.message);
    }
    local->write_is_told = !good;
}

// ---- mocapd

// With the lock held. The next mocapd has to confirm everything again.
static void forget_handed(struct fleet_local *local)
{
    for (struct handed *handed = local->streams; handed != NULL; handed = handed->next) {
        free(handed->applied_options);
        handed->applied_options = NULL;
    }
}

static void disconnect(struct fleet_local *local, const char *reason)
{
    mocap_close(local->client);
    local->client = NULL;
    if (!local->outage_is_told) {
        mc_log(MC_LOG_WARNING, "no mocapd here: %s", reason);
        local->outage_is_told = true;
    }
    pthread_mutex_lock(&local->lock);
    local->state.is_connected = false;
    forget_handed(local);
    pthread_mutex_unlock(&local->lock);
}

// mocapd may be another one by now: everything is handed over again, which changes nothing where it
// is there already.
static bool connect_daemon(struct fleet_local *local)
{
    struct mocap_error error;
    local->client = mocap_connect(local->options.socket, CONNECT_MS, &error);
    if (local->client == NULL) {
        disconnect(local, error.message);
        return false;
    }
    local->outage_is_told = false;
    local->silences = 0;
    pthread_mutex_lock(&local->lock);
    local->state.is_connected = true;
    local->is_changed = true;
    pthread_mutex_unlock(&local->lock);
    return true;
}

// A mocapd that is late, as its disk or its machine is busy, still runs its streams.
static void take_silence(struct fleet_local *local)
{
    if (++local->silences >= SILENCES_MAX) {
        disconnect(local, "it does not answer");
    }
}

// It is tried again and again: the log has each reason once.
static void tell_refusal(struct handed *handed, bool is_removal, const char *reason)
{
    mc_log(strcmp(handed->last_refusal, reason) == 0 ? MC_LOG_DEBUG : MC_LOG_WARNING,
           "mocapd refuses to %s %s: %s", is_removal ? "remove" : "add", handed->name, reason);
    snprintf(handed->last_refusal, sizeof handed->last_refusal, "%s", reason);
}

// mocapd runs the stream as it is wanted.
static bool is_confirmed(const struct handed *handed)
{
    return handed->desired_options != NULL && handed->applied_options != NULL &&
           strcmp(handed->desired_options, handed->applied_options) == 0;
}

// With the lock held: something to do, or NULL.
static struct handed *find_work(struct fleet_local *local, int64_t now_ns)
{
    for (struct handed *h = local->streams; h != NULL; h = h->next) {
        if (!is_confirmed(h) &&
            !(h->is_refused && h->desired_options != NULL && now_ns < h->again_ns)) {
            return h;
        }
    }
    return NULL;
}

static void forget(struct fleet_local *local, struct handed *handed)
{
    struct handed **link = &local->streams;
    while (*link != handed) {
        link = &(*link)->next;
    }
    *link = handed->next;
    free(handed->applied_options);
    free(handed->desired_options);
    free(handed);
}

// With the lock held, which is let go meanwhile. The reply belongs to what was wanted when it was
// asked; that may be something else by now.
static void finish(struct fleet_local *local, const char *name, char *options,
                   enum fleet_stream_reply reply, const struct fleet_stream_refusal *refusal,
                   int64_t now_ns)
{
    struct handed *handed = find(local, name);
    if (handed == NULL || reply >= FLEET_STREAM_LATE) {
        free(options);
        return;
    }
    if (reply == FLEET_STREAM_REFUSED) {
        tell_refusal(handed, options == NULL, refusal->reason);
    } else {
        handed->last_refusal[0] = '\0';
    }
    if (options == NULL && (reply <= FLEET_STREAM_UNCHANGED || handed->desired_options == NULL)) {
        if (handed->desired_options == NULL) {
            forget(local, handed);
        } else {
            free(handed->applied_options);
            handed->applied_options = NULL;
        }
        write_names(local);
        return;
    }
    handed->is_ours = handed->is_ours || reply == FLEET_STREAM_DONE;
    handed->is_refused = reply == FLEET_STREAM_REFUSED;
    handed->again_ns = now_ns + REFUSED_MS * MC_NS_PER_MS;
    free(handed->applied_options);
    handed->applied_options = reply <= FLEET_STREAM_UNCHANGED ? options : NULL;
    if (reply > FLEET_STREAM_UNCHANGED) {
        free(options);
    }
}

// With the lock held.
static void count(struct fleet_local *local)
{
    local->state.handed = 0;
    local->state.refused = 0;
    for (const struct handed *h = local->streams; h != NULL; h = h->next) {
        local->state.handed += h->applied_options != NULL;
        local->state.refused += h->is_refused && h->desired_options != NULL;
    }
}

static void reconcile(struct fleet_local *local)
{
    struct handed *work;
    pthread_mutex_lock(&local->lock);
    local->is_changed = false;
    while (local->client != NULL && (work = find_work(local, mc_clock_now_ns())) != NULL) {
        char name[FLEET_NAME_BYTES];
        const bool is_change = work->desired_options != NULL && work->applied_options != NULL;
        const bool is_ours = work->is_ours;
        char *options =
            work->desired_options == NULL || is_change ? NULL : strdup(work->desired_options);
        memcpy(name, work->name, sizeof name);
        if (options == NULL) { // about to go: not confirmed, should it be wanted again meanwhile
            free(work->applied_options);
            work->applied_options = NULL;
        }
        pthread_mutex_unlock(&local->lock);
        struct fleet_stream_refusal refusal = { 0 };
        const enum fleet_stream_reply reply =
            options != NULL ? fleet_stream_hand(local->client, name, options, is_ours, &refusal)
            : is_ours       ? fleet_stream_ask(local->client, name, NULL, &refusal)
                            : FLEET_STREAM_UNCHANGED;
        if (reply == FLEET_STREAM_LOST) {
            disconnect(local, refusal.reason);
        } else if (reply == FLEET_STREAM_LATE) {
            take_silence(local);
        } else {
            local->silences = 0;
        }
        pthread_mutex_lock(&local->lock);
        finish(local, name, options, reply, &refusal, mc_clock_now_ns());
        if (reply == FLEET_STREAM_LATE) { // the answer may have come by the next time
            break;
        }
    }
    count(local);
    pthread_mutex_unlock(&local->lock);
}

// ---- measuring

static void take_metrics(struct fleet_local *local, const char *text)
{
    struct fleet_load load = { 0 };
    fleet_local_load_measure(&local->counts, text, &load);
    pthread_mutex_lock(&local->lock);
    local->state.load = load;
    local->state.load.streams = local->state.handed;
    pthread_mutex_unlock(&local->lock);
}

static void measure(struct fleet_local *local)
{
    struct mocap_message message;
    struct mocap_error error = { 0 };
    const int64_t now_ns = mc_clock_now_ns();
    if (now_ns - local->measured_ns < MEASURE_MS * MC_NS_PER_MS) {
        return;
    }
    local->measured_ns = now_ns;
    const enum mocap_result result =
        mocap_request(local->client, "metrics", NULL, REPLY_MS, &message, &error);
    if (result == MOCAP_TIMEOUT) {
        take_silence(local);
        return;
    }
    if (result != MOCAP_MESSAGE) {
        disconnect(local, error.message);
        return;
    }
    local->silences = 0;
    char *text = message.type != MOCAP_REPLY
                     ? NULL
                     : protocol_decode_metrics(message.bytes, message.length, NULL);
    if (text != NULL) {
        take_metrics(local, text);
    }
    free(text);
}

// A stream that was added after all is this worker's, to be removed even where it is not wanted by
// now.
static void take_late(struct fleet_local *local, const struct mocap_message *message)
{
    char name[FLEET_NAME_BYTES];
    if (fleet_stream_read_late(message, name) && fleet_name_valid(name)) {
        pthread_mutex_lock(&local->lock);
        struct handed *handed = add(local, name);
        if (handed != NULL) {
            handed->is_ours = true;
            local->is_changed = true;
        }
        pthread_mutex_unlock(&local->lock);
    }
}

// What mocapd says unasked: names of streams. And late answers.
static void drain(struct fleet_local *local)
{
    struct mocap_message message;
    struct mocap_error error = { 0 };
    enum mocap_result result;
    while ((result = mocap_next(local->client, 0, &message, &error)) == MOCAP_MESSAGE) {
        take_late(local, &message);
    }
    if (result != MOCAP_TIMEOUT) {
        disconnect(local, error.message);
    }
}

// ---- the thread

// Returns false when it stops.
static bool wait_for_change(struct fleet_local *local)
{
    const struct timespec until = mc_condition_deadline(LOOK_MS);
    pthread_mutex_lock(&local->lock);
    int result = 0;
    while (!local->is_stopping && !local->is_changed && result == 0) {
        result = pthread_cond_timedwait(&local->changed, &local->lock, &until);
    }
    const bool goes_on = !local->is_stopping;
    pthread_mutex_unlock(&local->lock);
    return goes_on;
}

static void *run(void *user)
{
    struct fleet_local *local = user;
    do {
        if (local->client != NULL || connect_daemon(local)) {
            reconcile(local);
        }
        if (local->client != NULL) {
            measure(local);
        }
        if (local->client != NULL) {
            drain(local);
        }
    } while (wait_for_change(local));
    fleet_local_set(local, NULL, 0);
    if (local->client != NULL) {
        reconcile(local);
    }
    return NULL;
}

void fleet_local_set(struct fleet_local *local, struct fleet_stream *const *streams, int count_)
{
    pthread_mutex_lock(&local->lock);
    for (struct handed *handed = local->streams; handed != NULL; handed = handed->next) {
        handed->is_wanted = false;
    }
    bool is_new = false;
    for (int i = 0; i < count_; i++) {
        is_new = is_new || find(local, streams[i]->name) == NULL;
        struct handed *handed = add(local, streams[i]->name);
        streams[i]->is_handed = false;
        if (handed == NULL) {
            continue;
        }
        handed->is_wanted = true;
        if (handed->desired_options == NULL ||
            strcmp(handed->desired_options, streams[i]->options) != 0) {
            free(handed->desired_options);
            handed->desired_options = strdup(streams[i]->options);
            handed->is_refused = false;
            local->is_changed = true;
        }
        streams[i]->is_handed = is_confirmed(handed);
    }
    for (struct handed *handed = local->streams; handed != NULL; handed = handed->next) {
        if (!handed->is_wanted && handed->desired_options != NULL) {
            free(handed->desired_options);
            handed->desired_options = NULL;
            local->is_changed = true;
        }
    }
    if (is_new) {
        write_names(local);
    }
    pthread_cond_broadcast(&local->changed);
    pthread_mutex_unlock(&local->lock);
}

int fleet_local_refused(struct fleet_local *local, char names[][FLEET_NAME_BYTES], int room)
{
    int copied = 0;
    pthread_mutex_lock(&local->lock);
    for (const struct handed *h = local->streams; h != NULL && copied < room; h = h->next) {
        if (h->is_refused && h->desired_options != NULL) {
            memcpy(names[copied++], h->name, FLEET_NAME_BYTES);
        }
    }
    pthread_mutex_unlock(&local->lock);
    return copied;
}

void fleet_local_state(struct fleet_local *local, struct fleet_local_state *state)
{
    pthread_mutex_lock(&local->lock);
    *state = local->state;
    pthread_mutex_unlock(&local->lock);
}

static bool init_lock(struct fleet_local *local)
{
    return pthread_mutex_init(&local->lock, NULL) == 0 && mc_condition_init(&local->changed);
}

struct fleet_local *fleet_local_start(const struct fleet_local_options *options,
                                      struct mc_error *err)
{
    struct fleet_local *local = calloc(1, sizeof *local);
    if (local == NULL || !init_lock(local)) {
        free(local);
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for streams");
        return NULL;
    }
    local->options = *options;
    read_names(local);
    local->has_thread = pthread_create(&local->thread, NULL, run, local) == 0;
    if (!local->has_thread) {
        mc_error_set(err, MC_ERROR_SYSTEM, 0, "no thread for streams");
        fleet_local_stop(local);
        return NULL;
    }
    return local;
}

void fleet_local_stop(struct fleet_local *local)
{
    if (local == NULL) {
        return;
    }
    pthread_mutex_lock(&local->lock);
    local->is_stopping = true;
    pthread_cond_broadcast(&local->changed);
    pthread_mutex_unlock(&local->lock);
    if (local->has_thread) {
        pthread_join(local->thread, NULL);
    }
    while (local->streams != NULL) {
        forget(local, local->streams);
    }
    mocap_close(local->client);
    pthread_cond_destroy(&local->changed);
    pthread_mutex_destroy(&local->lock);
    free(local);
}
