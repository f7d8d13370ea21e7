#include "tools/fleet/placement.h"

#include <string.h>

// How well a worker suits a stream. Compared field by field, in this order.
struct suitability {
    bool is_wanted;
    int labels;
    double fill; // with the stream, of its capacity; less is better
    uint64_t hash;
};

uint64_t fleet_placement_hash(const char *worker, const char *stream)
{
    uint64_t hash = UINT64_C(14695981039346656037); // FNV-1a
    const char *const names[] = { worker, "/", stream };
    for (int i = 0; i < 3; i++) {
        for (const char *c = names[i]; *c != '\0'; c++) {
            hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
        }
    }
    hash ^= hash >> 33; // FNV's last bytes hardly reach the upper bits
    hash *= UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 33;
}

static struct suitability judge(const struct fleet_worker *worker,
                                const struct fleet_stream *stream)
{
    return (struct suitability){
        .is_wanted = strcmp(stream->to[0] != '\0' ? stream->to : stream->wanted, worker->name) == 0,
        .labels = fleet_labels_match(&stream->labels, &worker->labels),
        .fill = (worker->streams + 1.0) / worker->capacity,
        .hash = fleet_placement_hash(worker->name, stream->name),
    };
}

static bool is_better(const struct suitability *one, const struct suitability *other)
{
    if (one->is_wanted != other->is_wanted) {
        return one->is_wanted;
    }
    if (one->labels != other->labels) {
        return one->labels > other->labels;
    }
    if (one->fill != other->fill) {
        return one->fill < other->fill;
    }
    return one->hash > other->hash;
}

static bool has_room(const struct fleet_worker *worker)
{
    return !worker->has_ended && worker->streams < worker->capacity;
}

struct fleet_worker *fleet_placement_take(const struct fleet_roster *roster,
                                          const struct fleet_stream *stream, int attempt)
{
    struct suitability above = { 0 }, best = { 0 };
    struct fleet_worker *taker = NULL;
    int candidates = 0;
    for (int i = 0; i < roster->worker_count; i++) {
        candidates += has_room(roster->workers[i]);
    }
    // The best, then the best of those below it, and so on round.
    const int rank = candidates == 0 ? 0 : attempt % candidates;
    for (int round = 0; candidates > 0 && round <= rank; round++) {
        taker = NULL;
        for (int i = 0; i < roster->worker_count; i++) {
            struct fleet_worker *worker = roster->workers[i];
            const struct suitability suits = judge(worker, stream);
            if (has_room(worker) && (round == 0 || is_better(&above, &suits)) &&
                (taker == NULL || is_better(&suits, &best))) {
                taker = worker;
                best = suits;
            }
        }
        above = best;
    }
    return taker;
}

// ---- giving away

static bool can_give(const struct fleet_stream *stream, const struct fleet_worker *worker)
{
    return stream->owner == worker && !stream->is_writing && !stream->is_leaving &&
           !stream->is_kept && stream->options != NULL;
}

// A worker with room where the stream was moved to, or where more of its labels match.
static struct fleet_worker *find_preferred(const struct fleet_roster *roster,
                                           const struct fleet_stream *stream)
{
    struct fleet_worker *wanted =
        stream->wanted[0] == '\0' ? NULL : fleet_roster_worker(roster, stream->wanted);
    if (wanted != NULL && !wanted->has_ended) {
        return wanted != stream->owner && has_room(wanted) ? wanted : NULL;
    }
    const int match = fleet_labels_match(&stream->labels, &stream->owner->labels);
    struct fleet_worker *best = NULL;
    int best_match = match;
    for (int i = 0; i < roster->worker_count && match < stream->labels.count; i++) {
        struct fleet_worker *worker = roster->workers[i];
        const int its = fleet_labels_match(&stream->labels, &worker->labels);
        if (has_room(worker) && its > best_match) {
            best = worker;
            best_match = its;
        }
    }
    return best;
}

static struct fleet_stream *give_preferred(const struct fleet_roster *roster,
                                           const struct fleet_worker *worker,
                                           struct fleet_worker **to)
{
    for (int i = 0; i < roster->stream_count; i++) {
        struct fleet_stream *stream = roster->streams[i];
        if (can_give(stream, worker) && (*to = find_preferred(roster, stream)) != NULL) {
            return stream;
        }
    }
    return NULL;
}

static double fill(const struct fleet_worker *worker, int more)
{
    return worker->capacity == 0 ? (worker->streams + more > 0 ? 1e9 : 0)
                                 : (worker->streams + more) / (double)worker->capacity;
}

static bool is_fullest(const struct fleet_roster *roster, const struct fleet_worker *worker)
{
    for (int i = 0; i < roster->worker_count; i++) {
        const struct fleet_worker *other = roster->workers[i];
        const double difference = fill(other, 0) - fill(worker, 0);
        if (!other->has_ended && other != worker &&
            (difference > 0 || (difference == 0 && strcmp(other->name, worker->name) < 0))) {
            return false;
        }
    }
    return true;
}

static struct fleet_worker *find_emptiest(const struct fleet_roster *roster)
{
    struct fleet_worker *emptiest = NULL;
    for (int i = 0; i < roster->worker_count; i++) {
        struct fleet_worker *worker = roster->workers[i];
        if (has_room(worker) && (emptiest == NULL || fill(worker, 0) < fill(emptiest, 0))) {
            emptiest = worker;
        }
    }
    return emptiest;
}

// A stream that suits the other worker as well, or, when the owner has too many, the one that suits
// it best of all.
static struct fleet_stream *find_movable(const struct fleet_roster *roster,
                                         const struct fleet_worker *worker,
                                         const struct fleet_worker *to, bool must_move)
{
    struct fleet_stream *best = NULL;
    int best_gain = must_move ? -FLEET_LABELS_MAX - 2 : -1;
    for (int i = 0; i < roster->stream_count; i++) {
        struct fleet_stream *stream = roster->streams[i];
        if (can_give(stream, worker)) {
            const int gain = fleet_labels_match(&stream->labels, &to->labels) -
                             fleet_labels_match(&stream->labels, &worker->labels) -
                             (strcmp(stream->wanted, worker->name) == 0 ? FLEET_LABELS_MAX + 1 : 0);
            if (gain > best_gain) {
                best = stream;
                best_gain = gain;
            }
        }
    }
    return best;
}

struct fleet_stream *fleet_placement_give(const struct fleet_roster *roster,
                                          const struct fleet_worker *worker,
                                          struct fleet_worker **to)
{
    struct fleet_stream *stream = give_preferred(roster, worker, to);
    if (stream != NULL) {
        return stream;
    }
    *to = find_emptiest(roster);
    const bool has_too_many = worker->streams > worker->capacity;
    if (*to == NULL || *to == worker) {
        return NULL;
    }
    const double difference = fill(worker, -1) - fill(*to, 1);
    if (!has_too_many && (!is_fullest(roster, worker) || difference < 0 ||
                          fill(worker, 0) - fill(*to, 0) <= FLEET_SPREAD_PERCENT / 100.0)) {
        return NULL;
    }
    return find_movable(roster, worker, *to, has_too_many);
}
