#include "tools/fleet/fences.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

struct fence {
    char stream[FLEET_NAME_BYTES];
    uint64_t fence;
};

struct fleet_fences {
    pthread_mutex_t lock; // guards all below
    int64_t until_ns;
    int count, room;
    struct fence *items; // sorted by stream, as the roster is
};

int64_t fleet_fences_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * MC_NS_PER_SECOND + now.tv_nsec;
}

struct fleet_fences *fleet_fences_create(void)
{
    struct fleet_fences *fences = calloc(1, sizeof *fences);
    if (fences != NULL && pthread_mutex_init(&fences->lock, NULL) != 0) {
        free(fences);
        fences = NULL;
    }
    return fences;
}

void fleet_fences_destroy(struct fleet_fences *fences)
{
    if (fences != NULL) {
        pthread_mutex_destroy(&fences->lock);
        free(fences->items);
        free(fences);
    }
}

// With the lock held. Returns whether there is room for count fences.
static bool reserve(struct fleet_fences *fences, int count)
{
    if (count > fences->room) {
        struct fence *grown = realloc(fences->items, (size_t)count * 2 * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        fences->items = grown;
        fences->room = count * 2;
    }
    return true;
}

bool fleet_fences_set(struct fleet_fences *fences, const struct fleet_member *member,
                      int64_t now_ns)
{
    bool has_changed = false;
    int count = 0;
    pthread_mutex_lock(&fences->lock);
    const int before = fences->count;
    for (int i = 0; i < member->roster.stream_count; i++) {
        const struct fleet_stream *stream = member->roster.streams[i];
        const uint64_t fence = stream->is_handed ? fleet_member_fence(member, stream, now_ns) : 0;
        if (fence == 0 || !reserve(fences, count + 1)) {
            continue;
        }
        struct fence *item = &fences->items[count++];
        has_changed = has_changed || count > before || item->fence != fence;
        memcpy(item->stream, stream->name, sizeof item->stream);
        item->fence = fence;
    }
    has_changed = has_changed || count != before;
    fences->count = count;
    fences->until_ns = member->lease.proven_ns + FLEET_PROVEN_MS * MC_NS_PER_MS;
    pthread_mutex_unlock(&fences->lock);
    return has_changed;
}

static int compare(const void *name, const void *item)
{
    return strcmp(name, ((const struct fence *)item)->stream);
}

// With the lock held.
static struct fence *find(struct fleet_fences *fences, const char *stream)
{
    return fences->count == 0 ? NULL
                              : bsearch(stream, fences->items, (size_t)fences->count,
                                        sizeof *fences->items, compare);
}

void fleet_fences_remove(struct fleet_fences *fences, const char *stream)
{
    pthread_mutex_lock(&fences->lock);
    struct fence *item = find(fences, stream);
    if (item != NULL) {
        item->fence = 0;
    }
    pthread_mutex_unlock(&fences->lock);
}

bool fleet_fences_find(void *user, const char *stream, uint64_t *fence)
{
    struct fleet_fences *fences = user;
    pthread_mutex_lock(&fences->lock);
    const struct fence *item =
        fleet_fences_now_ns() < fences->until_ns ? find(fences, stream) : NULL;
    *fence = item == NULL ? 0 : item->fence;
    pthread_mutex_unlock(&fences->lock);
    return *fence != 0;
}
