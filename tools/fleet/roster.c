#include "tools/fleet/roster.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/clock.h"
#include "tools/fleet/lease.h"
#include "tools/json_text.h"

enum { MOVES_MAX = 1000000000 };

// ---- names and labels

static bool is_word(const char *text, size_t length, const char *more)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\0' ||
            (strchr(letters, text[i]) == NULL && strchr(more, text[i]) == NULL)) {
            return false;
        }
    }
    return length > 0;
}

bool fleet_label_is_valid(const char *label)
{
    const char *equals = strchr(label, '=');
    return equals != NULL && strlen(label) < FLEET_LABEL_BYTES &&
           is_word(label, (size_t)(equals - label), ".") &&
           is_word(equals + 1, strlen(equals + 1), ".");
}

static const char *const key_kinds[] = {
    [FLEET_KEY_STREAM] = "stream.",
    [FLEET_KEY_LEASE] = "lease.",
    [FLEET_KEY_WORKER] = "worker.",
};

void fleet_key_write(char key[FLEET_KEY_BYTES], enum fleet_key_kind kind, const char *name)
{
    char token[FLEET_TOKEN_BYTES];
    fleet_token_write(token, name);
    snprintf(key, FLEET_KEY_BYTES, "%s%s", key_kinds[kind], token);
}

bool fleet_key_read(const char *key, enum fleet_key_kind *kind, char name[FLEET_NAME_BYTES])
{
    for (int i = FLEET_KEY_STREAM; i <= FLEET_KEY_WORKER; i++) {
        const size_t length = strlen(key_kinds[i]);
        if (strncmp(key, key_kinds[i], length) == 0) {
            *kind = (enum fleet_key_kind)i;
            return fleet_token_read(name, key + length, strlen(key + length));
        }
    }
    return false;
}

int fleet_labels_match(const struct fleet_labels *wanted, const struct fleet_labels *labels)
{
    int match = 0;
    for (int i = 0; i < wanted->count; i++) {
        for (int k = 0; k < labels->count; k++) {
            if (strcmp(wanted->items[i], labels->items[k]) == 0) {
                match++;
                break;
            }
        }
    }
    return match;
}

// ---- values

// Copies a text that must be "" or shorter than size. A missing one is "".
static bool get_text(const json_t *object, const char *name, char *text, size_t size)
{
    const json_t *value = json_object_get(object, name);
    text[0] = '\0';
    if (value == NULL) {
        return true;
    }
    if (!json_is_string(value) || json_string_length(value) >= size) {
        return false;
    }
    memcpy(text, json_string_value(value), json_string_length(value) + 1);
    return strlen(text) == json_string_length(value);
}

static bool get_name(const json_t *object, const char *name, char text[FLEET_NAME_BYTES])
{
    return get_text(object, name, text, FLEET_NAME_BYTES) &&
           (text[0] == '\0' || fleet_name_valid(text));
}

static bool get_labels(const json_t *object, struct fleet_labels *labels)
{
    const json_t *array = json_object_get(object, "labels");
    const json_t *item;
    size_t i;
    memset(labels, 0, sizeof *labels);
    if (array != NULL && (!json_is_array(array) || json_array_size(array) > FLEET_LABELS_MAX)) {
        return false;
    }
    json_array_foreach(array, i, item)
    {
        const char *text = json_string_value(item);
        if (text == NULL || !fleet_label_is_valid(text)) {
            return false;
        }
        memcpy(labels->items[labels->count++], text, strlen(text) + 1);
    }
    return true;
}

// Whether the object holds what can be an option's value: texts, numbers, true or false.
static bool is_options(json_t *options)
{
    const char *name;
    json_t *value;
    json_object_foreach(options, name, value)
    {
        if (!json_is_string(value) && !json_is_number(value) && !json_is_boolean(value)) {
            return false;
        }
    }
    return json_is_object(options) && json_object_size(options) > 0;
}

// ---- entries. Each is read wholly before anything of it is kept.

static void put_worker(struct fleet_worker *worker, const struct fleet_worker *read,
                       uint64_t revision, uint64_t after, int64_t now_ns)
{
    const struct fleet_worker before = *worker;
    *worker = *read;
    memcpy(worker->name, before.name, sizeof worker->name);
    worker->revision = revision;
    worker->changed_ns = now_ns;
    worker->streams = before.streams;
    worker->free_ns = before.revision == after && !before.is_unsure
                          ? before.free_ns
                          : now_ns + FLEET_LEASE_MS * MC_NS_PER_MS;
}

static bool read_worker(const json_t *object, struct fleet_worker *read)
{
    memset(read, 0, sizeof *read);
    if (object == NULL) {
        read->has_ended = true;
        return true;
    }
    const json_int_t capacity = json_integer_value(json_object_get(object, "capacity"));
    const double busy = json_number_value(json_object_get(object, "busy"));
    const double latency_ms = json_number_value(json_object_get(object, "latency_ms"));
    const json_int_t beat = json_integer_value(json_object_get(object, "beat"));
    read->beat = beat < 0 ? 0 : (uint64_t)beat;
    read->has_ended = json_is_true(json_object_get(object, "ended"));
    read->capacity = capacity < 0 ? 0 : capacity > 10000 ? 10000 : (int)capacity;
    read->busy = busy >= 0 && busy <= 1 ? busy : 0;
    read->latency_ms = latency_ms >= 0 && latency_ms < 1e9 ? latency_ms : 0;
    // Whoever ends what it could not read knows no session.
    return get_text(object, "session", read->session, sizeof read->session) &&
           (read->session[0] != '\0' || read->has_ended) && get_labels(object, &read->labels);
}

static bool put_definition(struct fleet_stream *stream, json_t *object, uint64_t revision)
{
    struct fleet_labels labels = { 0 };
    char wanted[FLEET_NAME_BYTES] = "";
    char *options = NULL;
    if (object != NULL) {
        json_t *given = json_object_get(object, "options");
        if (!is_options(given) || !get_labels(object, &labels) ||
            !get_name(object, "worker", wanted) ||
            (options = tools_json_text(given, JSON_COMPACT | JSON_SORT_KEYS)) == NULL ||
            strlen(options) > FLEET_OPTIONS_BYTES) {
            free(options);
            stream->definition = revision; // who changes it must expect this one
            stream->is_unreadable = true;
            return false;
        }
    }
    free(stream->options);
    stream->options = options;
    stream->is_unreadable = false;
    stream->kept_ns = 0; // others may take what it is now
    stream->labels = labels;
    memcpy(stream->wanted, wanted, sizeof wanted);
    stream->definition = revision;
    return true;
}

static bool put_lease(struct fleet_stream *stream, const json_t *object, uint64_t revision,
                      int64_t now_ns)
{
    char worker[FLEET_NAME_BYTES] = "", session[FLEET_SESSION_BYTES] = "";
    char to[FLEET_NAME_BYTES] = "", by[FLEET_NAME_BYTES] = "";
    const bool is_good =
        object == NULL ||
        (get_name(object, "worker", worker) && get_name(object, "to", to) &&
         get_name(object, "by", by) && get_text(object, "session", session, sizeof session));
    if (!is_good) { // nobody's: who takes the stream must expect this revision
        worker[0] = session[0] = to[0] = by[0] = '\0';
    }
    stream->lease = revision;
    const json_int_t moves = json_integer_value(json_object_get(object, "moves"));
    stream->leased_ns = now_ns;
    stream->moves = moves < 0 || moves > MOVES_MAX ? 0 : (uint64_t)moves;
    stream->was_refused = is_good && json_is_true(json_object_get(object, "refused"));
    memcpy(stream->worker, worker, sizeof worker);
    memcpy(stream->session, session, sizeof session);
    memcpy(stream->to, to, sizeof to);
    memcpy(stream->refused_by, by, sizeof by);
    return is_good;
}

// ---- the roster

void fleet_roster_finish(struct fleet_roster *roster)
{
    for (int i = 0; i < roster->worker_count; i++) {
        free(roster->workers[i]);
    }
    for (int i = 0; i < roster->stream_count; i++) {
        free(roster->streams[i]->options);
        free(roster->streams[i]);
    }
    free(roster->workers);
    free(roster->streams);
    memset(roster, 0, sizeof *roster);
}

void fleet_roster_restart(struct fleet_roster *roster)
{
    for (int i = 0; i < roster->worker_count; i++) {
        roster->workers[i]->is_unsure = true;
    }
}

// Items begin with their name. Returns where the name is, or would be.
static int find(void *const *items, int count, const char *name, bool *found)
{
    int low = 0, high = count;
    *found = false;
    while (low < high && !*found) {
        const int middle = low + (high - low) / 2;
        const int order = strcmp((const char *)items[middle], name);
        *found = order == 0;
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return high;
}

// Returns the item of that name, which is added zeroed where there was none. NULL: out of memory.
static void *find_or_add(void ***items, int *count, const char *name, size_t size)
{
    bool found;
    const int place = find(*items, *count, name, &found);
    if (found) {
        return (*items)[place];
    }
    void **grown = realloc(*items, (size_t)(*count + 1) * sizeof *grown);
    char *item = calloc(1, size);
    if (grown != NULL) {
        *items = grown;
    }
    if (grown == NULL || item == NULL) {
        free(item);
        return NULL;
    }
    memcpy(item, name, strlen(name) + 1);
    memmove(grown + place + 1, grown + place, (size_t)(*count - place) * sizeof *grown);
    grown[place] = item;
    ++*count;
    return item;
}

struct fleet_worker *fleet_roster_worker(const struct fleet_roster *roster, const char *name)
{
    bool found;
    const int place = find((void *const *)roster->workers, roster->worker_count, name, &found);
    return found ? roster->workers[place] : NULL;
}

struct fleet_stream *fleet_roster_stream(const struct fleet_roster *roster, const char *name)
{
    bool found;
    const int place = find((void *const *)roster->streams, roster->stream_count, name, &found);
    return found ? roster->streams[place] : NULL;
}

static bool put_worker_entry(struct fleet_roster *roster, const char *name, const json_t *object,
                             uint64_t revision, int64_t now_ns)
{
    struct fleet_worker read;
    struct fleet_worker *worker =
        find_or_add((void ***)&roster->workers, &roster->worker_count, name, sizeof *worker);
    if (!read_worker(object, &read)) {
        // Its session goes on, or lapses: who ends it must expect this revision.
        if (worker != NULL && revision > worker->revision) {
            worker->revision = revision;
            worker->changed_ns = now_ns;
        }
        return false;
    }
    if (worker != NULL && revision == worker->revision) {
        worker->is_unsure = false;
    } else if (worker != NULL && revision > worker->revision) {
        roster->changes += worker->revision == 0 || worker->has_ended != read.has_ended ||
                           worker->capacity != read.capacity ||
                           strcmp(worker->session, read.session) != 0;
        const json_int_t after = json_integer_value(json_object_get(object, "after"));
        put_worker(worker, &read, revision, after < 0 ? 0 : (uint64_t)after, now_ns);
    }
    return worker != NULL;
}

// The worker that the lease names, whose session may have ended. NULL: none.
static const struct fleet_worker *find_former(const struct fleet_roster *roster,
                                              const struct fleet_stream *stream)
{
    return stream->worker[0] == '\0' ? NULL : fleet_roster_worker(roster, stream->worker);
}

static bool put_stream_entry(struct fleet_roster *roster, bool is_lease, const char *name,
                             json_t *object, uint64_t revision, int64_t now_ns)
{
    const int count = roster->stream_count;
    struct fleet_stream *stream =
        find_or_add((void ***)&roster->streams, &roster->stream_count, name, sizeof *stream);
    if (stream == NULL) {
        return false;
    }
    if (roster->stream_count > count) {
        stream->orphan_ns = -1;
    }
    if (revision <= (is_lease ? stream->lease : stream->definition)) {
        return true;
    }
    if (!is_lease) {
        return put_definition(stream, object, revision);
    }
    // What raced with the end of its owner's session comes before the lease that follows.
    const struct fleet_worker *former = find_former(roster, stream);
    if (former != NULL && former->free_ns > stream->free_ns) {
        stream->free_ns = former->free_ns;
    }
    return put_lease(stream, object, revision, now_ns);
}

bool fleet_roster_put(struct fleet_roster *roster, const char *key, uint64_t revision,
                      const char *value, size_t length, int64_t now_ns)
{
    enum fleet_key_kind kind;
    char name[FLEET_NAME_BYTES];
    if (!fleet_key_read(key, &kind, name) || length > FLEET_VALUE_BYTES) {
        return false;
    }
    json_t *object = value == NULL ? NULL : json_loadb(value, length, JSON_REJECT_DUPLICATES, NULL);
    if (value != NULL && !json_is_object(object)) {
        json_decref(object);
        object = json_object(); // lacks all that is required
    }
    const bool good =
        kind == FLEET_KEY_WORKER
            ? put_worker_entry(roster, name, object, revision, now_ns)
            : put_stream_entry(roster, kind == FLEET_KEY_LEASE, name, object, revision, now_ns);
    json_decref(object);
    return good;
}

static struct fleet_worker *find_owner(const struct fleet_roster *roster,
                                       const struct fleet_stream *stream)
{
    struct fleet_worker *worker =
        stream->worker[0] == '\0' ? NULL : fleet_roster_worker(roster, stream->worker);
    return worker != NULL && !worker->has_ended && strcmp(worker->session, stream->session) == 0
               ? worker
               : NULL;
}

void fleet_roster_count(struct fleet_roster *roster, int64_t now_ns)
{
    for (int i = 0; i < roster->worker_count; i++) {
        roster->workers[i]->streams = 0;
    }
    for (int i = 0; i < roster->stream_count; i++) {
        struct fleet_stream *stream = roster->streams[i];
        stream->owner = find_owner(roster, stream);
        if (stream->owner != NULL) {
            stream->owner->streams++;
        }
        const struct fleet_worker *former = find_former(roster, stream);
        const bool is_free = former == NULL || now_ns >= former->free_ns;
        if (stream->owner != NULL || stream->options == NULL || !is_free) {
            stream->orphan_ns = -1;
        } else if (stream->orphan_ns < 0) {
            stream->orphan_ns = now_ns;
        }
    }
}
