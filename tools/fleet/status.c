// mocap-fleet status: machines, streams and who watches what.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "tools/fleet/catalogue.h"
#include "tools/fleet/commands.h"
#include "tools/fleet/member.h"
#include "tools/json_text.h"
#include "tools/terminal.h"

enum { NAME_COLUMNS = 16 };

struct status {
    bool json;
};

struct view {
    struct fleet_catalogue catalogue;
    int64_t now_ns; // when it was read, by the broker's clock
};

static bool has_workers(const struct fleet_roster *roster)
{
    for (int i = 0; i < roster->worker_count; i++) {
        if (!roster->workers[i]->has_ended) {
            return true;
        }
    }
    return false;
}

// The time of the bucket's newest entry is now, as every worker renews each 750 ms. When all are
// dead it stands still: then the broker is asked. The answer may come from another server of a
// cluster, whose clock is ahead, so it counts only if nobody renews for the length of a lease.
static bool find_now(struct view *view, struct mc_error *err)
{
    struct fleet_store *store = &view->catalogue.store;
    const int64_t newest_ns = store->newest_ns, lease_ns = FLEET_LEASE_MS * MC_NS_PER_MS;
    const struct timespec lease = { .tv_sec = FLEET_LEASE_MS / 1000 };
    struct mc_error no_time;
    int64_t asked_ns = 0;
    view->now_ns = newest_ns;
    if (!fleet_store_ask_time(store, &asked_ns, &no_time)) {
        tools_complain("%s; the times shown are as of the last news", no_time.message);
        return true;
    }
    if (asked_ns - newest_ns <= lease_ns || !has_workers(&view->catalogue.roster)) {
        return true;
    }
    nanosleep(&lease, NULL);
    if (!fleet_store_read(store, &view->catalogue.roster, err)) {
        return false;
    }
    view->now_ns = store->newest_ns > newest_ns ? store->newest_ns : asked_ns + lease_ns;
    return true;
}

static int64_t age_ms(const struct view *view, int64_t written_ns)
{
    return (view->now_ns - written_ns) / MC_NS_PER_MS;
}

// A worker that has not renewed its lease in time is lost, though nobody may be left to see it.
static bool is_lost(const struct view *view, const struct fleet_worker *worker)
{
    return age_ms(view, worker->changed_ns) > FLEET_LEASE_MS;
}

static const struct fleet_worker *owner_of(const struct view *view,
                                           const struct fleet_stream *stream)
{
    return stream->owner != NULL && !is_lost(view, stream->owner) ? stream->owner : NULL;
}

// Of those that have an owner it is of no more interest.
static bool is_refused(const struct view *view, const struct fleet_stream *stream)
{
    return stream->was_refused && owner_of(view, stream) == NULL;
}

static json_t *show_worker(const struct view *view, const struct fleet_worker *worker)
{
    json_t *labels = json_array();
    for (int i = 0; i < worker->labels.count; i++) {
        json_array_append_new(labels, json_string(worker->labels.items[i]));
    }
    return json_pack("{s:s, s:b, s:I, s:i, s:i, s:f, s:f, s:o}", "machine", worker->name, "alive",
                     !worker->has_ended && !is_lost(view, worker), "seen_ms",
                     (json_int_t)age_ms(view, worker->changed_ns), "streams", worker->streams,
                     "capacity", worker->capacity, "busy", worker->busy, "latency_ms",
                     worker->latency_ms, "labels", labels);
}

static json_t *show_stream(const struct view *view, const struct fleet_stream *stream)
{
    const struct fleet_worker *owner = owner_of(view, stream);
    const uint64_t fence =
        owner == NULL ? 0 : fleet_member_epoch(view->catalogue.store.created_ns) + stream->lease;
    const json_int_t owned_ms = owner == NULL ? 0 : (json_int_t)age_ms(view, stream->leased_ns);
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:b}", "stream", stream->name, "owner",
                     owner == NULL ? "" : owner->name, "fence", (json_int_t)fence, "owned_ms",
                     owned_ms, "moves", (json_int_t)stream->moves, "moved_to", stream->wanted,
                     "refused", is_refused(view, stream));
}

static void write_json(const struct view *view)
{
    const struct fleet_roster *roster = &view->catalogue.roster;
    json_t *machines = json_array(), *streams = json_array();
    for (int i = 0; i < roster->worker_count; i++) {
        json_array_append_new(machines, show_worker(view, roster->workers[i]));
    }
    for (int i = 0; i < roster->stream_count; i++) {
        if (roster->streams[i]->options != NULL) {
            json_array_append_new(streams, show_stream(view, roster->streams[i]));
        }
    }
    json_t *all = json_pack("{s:o, s:o}", "machines", machines, "streams", streams);
    char *text = tools_json_text(all, JSON_COMPACT);
    tools_write_json(stdout, text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
    putchar('\n');
    free(text);
    json_decref(all);
}

// A name comes from the bucket. Padded as a column of the table.
static void write_name(const char *name)
{
    const size_t length = strlen(name);
    tools_write_text(stdout, name);
    printf("%*s", length < NAME_COLUMNS ? NAME_COLUMNS - (int)length : 0, "");
}

static void write_age(int64_t ms)
{
    const int64_t s = ms / 1000;
    if (s < 120) {
        printf("%6" PRId64 " s  ", s);
    } else if (s < 120 * 60) {
        printf("%4" PRId64 " min  ", s / 60);
    } else if (s < 48 * 3600) {
        printf("%6" PRId64 " h  ", s / 3600);
    } else {
        printf("%6" PRId64 " d  ", s / 86400);
    }
}

static void write_workers(const struct view *view)
{
    const struct fleet_roster *roster = &view->catalogue.roster;
    puts("machine           streams  capacity   busy  latency      seen  labels");
    for (int i = 0; i < roster->worker_count; i++) {
        const struct fleet_worker *worker = roster->workers[i];
        write_name(worker->name);
        if (worker->has_ended) {
            puts("  gone");
            continue;
        }
        if (is_lost(view, worker)) {
            printf("  %-35s", "lost");
            write_age(age_ms(view, worker->changed_ns));
            putchar('\n');
            continue;
        }
        printf("  %7d  %8d  %3.0f %%  %4.0f ms  ", worker->streams, worker->capacity,
               100 * worker->busy, worker->latency_ms);
        write_age(age_ms(view, worker->changed_ns));
        for (int k = 0; k < worker->labels.count; k++) {
            printf("%s%s", k > 0 ? " " : "", worker->labels.items[k]);
        }
        putchar('\n');
    }
}

// Machines that know an earlier definition of it go on with that.
static void write_unreadable(const struct fleet_stream *stream)
{
    if (stream->is_unreadable) {
        write_name(stream->name);
        puts("  its definition cannot be read: add the stream again, or remove it");
    }
}

static void write_streams(const struct view *view)
{
    const struct fleet_roster *roster = &view->catalogue.roster;
    int orphans = 0, count = 0;
    puts("\nstream            owner            owned for  moves");
    for (int i = 0; i < roster->stream_count; i++) {
        const struct fleet_stream *stream = roster->streams[i];
        if (stream->options == NULL) {
            write_unreadable(stream);
            continue;
        }
        const struct fleet_worker *owner = owner_of(view, stream);
        count++;
        orphans += owner == NULL;
        write_name(stream->name);
        printf("  ");
        write_name(owner == NULL ? "-" : owner->name);
        if (owner == NULL) {
            printf("%10s", "");
        } else {
            write_age(age_ms(view, stream->leased_ns));
        }
        printf("%5" PRIu64, stream->moves);
        printf("%s", stream->wanted[0] == '\0' ? "" : ", moved to ");
        tools_write_text(stdout, stream->wanted);
        if (is_refused(view, stream)) {
            printf(", refused by ");
            tools_write_text(stdout,
                             stream->refused_by[0] == '\0' ? "a machine" : stream->refused_by);
            printf(": its log says why");
        }
        putchar('\n');
    }
    printf("\n%d stream%s, %d without an owner\n", count, count == 1 ? "" : "s", orphans);
}

static int run(const void *options, const void *globals)
{
    const struct status *status = options;
    struct view view;
    struct mc_error err = { 0 };
    if (!fleet_catalogue_open(&view.catalogue, globals, 0)) {
        return MC_EXIT_FAILED;
    }
    const bool good = find_now(&view, &err);
    if (!good) {
        tools_complain("%s", err.message);
    } else if (status->json) {
        write_json(&view);
    } else {
        write_workers(&view);
        write_streams(&view);
    }
    fleet_catalogue_close(&view.catalogue);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static const struct mc_option status_table[] = {
    { "json", 0, NULL, "as JSON", MC_OPTION_BOOL, MC_OPTION_FIELD(struct status, json) },
    { 0 },
};

const struct mc_command fleet_status_command = {
    .name = "status",
    .summary = "show the fleet: machines, their load, streams, their owners and moves",
    .details =
        "Latency is the time from a frame's arrival to its record, a smoothed mean. A machine was "
        "seen when it last renewed its lease. Lost: its lease ran out; gone: it stopped by itself. "
        "Owned for is how long a stream has had its owner, and moves how often it was taken after "
        "the first time.",
    .options = status_table,
    .options_size = sizeof(struct status),
    .run = run,
};
