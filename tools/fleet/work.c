// mocap-fleet work: watches as many of the fleet's streams as this machine can carry.
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/path.h"
#include "base/value.h"
#include "tools/fleet/broker.h"
#include "tools/fleet/bucket.h"
#include "tools/fleet/commands.h"
#include "tools/fleet/fences.h"
#include "tools/fleet/fleet_options.h"
#include "tools/fleet/local_daemon.h"
#include "tools/fleet/machine.h"
#include "tools/fleet/processor_use.h"
#include "tools/fleet/publisher.h"
#include "tools/fleet/store.h"
#include "tools/fleet/work_metrics.h"

enum {
    MEASURE_MS = 1000,
    METRICS_MS = 5000,
    GONE_MS = 3000,  // without the local mocapd, before the streams are given back
    LEAVE_MS = 3000, // for giving back at the end
    REPLICAS_MAX = 5,
};

struct work {
    int capacity; // 0: auto
    struct fleet_labels labels;
    const char *machine;
    const char *socket;
    const char *metrics;
    int replicas;
    bool always;
};

static bool read_capacity(void *field, const char *label, const char *value, struct mc_error *err)
{
    int *capacity = field;
    char *end;
    const long number = strtol(value, &end, 10);
    if (strcmp(value, "auto") == 0) {
        *capacity = 0;
        return true;
    }
    if (*value == '\0' || *end != '\0' || number < 1 || number > FLEET_CAPACITY_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be auto or 1 to %d, got '%s'",
                            label, FLEET_CAPACITY_MAX, value);
    }
    *capacity = (int)number;
    return true;
}

static const struct mc_option work_table[] = {
    { "capacity", 0, "N",
      "watch up to N streams; auto: as many as this machine can carry; "
      "default: auto",
      MC_OPTION_CALL, .set = read_capacity, MC_OPTION_FIELD(struct work, capacity) },
    { "label", 0, "NAME=VALUE",
      "what is here, such as room=3: streams with this label are preferred; may be given again",
      MC_OPTION_CALL, .set = fleet_options_read_label, MC_OPTION_FIELD(struct work, labels) },
    { "machine", 0, "NAME",
      "this machine's name, as worker of the fleet and publisher in reports, which no other may "
      "have; default: its host name",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct work, machine) },
    { "socket", 0, "PATH", "where mocapd listens", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct work, socket) },
    { "always", 0, NULL,
      "publish records whether or not somebody wants them; cameras opened on demand stay open",
      MC_OPTION_BOOL, MC_OPTION_FIELD(struct work, always) },
    { "replicas", 0, "N",
      "of a bucket of leases that must be made first; default: 3 in a cluster, else 1",
      MC_OPTION_INT, .min = 1, .max = REPLICAS_MAX, MC_OPTION_FIELD(struct work, replicas) },
    { "metrics", 0, "FILE",
      "keep a file of metrics for Prometheus, such as its node exporter reads", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct work, metrics) },
    { 0 },
};

struct worker {
    const struct work *options;
    char machine[FLEET_PUBLISHER_BYTES];
    char file[PATH_MAX];                    // of names of streams; "": none
    struct fleet_broker *control, *records; // records must not hold up renewals
    struct fleet_bucket *bucket;
    struct fleet_fences *fences;
    struct fleet_local *local;
    struct fleet_publisher *publisher;
    struct fleet_member member;
    struct fleet_capacity capacity;
    struct fleet_processor_use processor_use;
    int signals, events; // descriptors
    bool is_stopping;
    int64_t stop_ns; // when to wait no longer
    int64_t measured_ns, metrics_ns, connected_ns;
    bool name_is_told;
    struct fleet_member_counts told; // in the log
};

// ---- what the member asks for

static void on_events(void *user)
{
    struct worker *worker = user;
    const uint64_t one = 1;
    const ssize_t count = write(worker->events, &one, sizeof one);
    (void)count; // full means that it is readable already
}

// A stream that is given back is not published from before the write on.
static bool write_entry(void *user, const struct fleet_write *entry)
{
    struct worker *worker = user;
    enum fleet_key_kind kind;
    char name[FLEET_NAME_BYTES];
    if (fleet_key_read(entry->key, &kind, name) && kind == FLEET_KEY_LEASE) {
        fleet_fences_remove(worker->fences, name);
    }
    return fleet_bucket_write(worker->bucket, entry);
}

static void make_session(char session[FLEET_SESSION_BYTES])
{
    uint64_t random[2] = { 0 };
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        random[0] = (uint64_t)fleet_fences_now_ns();
        random[1] = (uint64_t)getpid();
    }
    snprintf(session, FLEET_SESSION_BYTES, "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
}

// ---- what is done with its decisions

// A stream gets its fence once mocapd has confirmed it: the machine may have one of its own by that
// name, and that is not the fleet's. Streams stay open here while the lease cannot be proven: it
// may well be renewed.
static void hand_over(struct worker *worker)
{
    struct fleet_roster *roster = &worker->member.roster;
    struct fleet_stream **owned = calloc((size_t)roster->stream_count + 1, sizeof *owned);
    int count = 0;
    for (int i = 0; owned != NULL && i < roster->stream_count; i++) {
        struct fleet_stream *stream = roster->streams[i];
        stream->is_handed = false;
        if (fleet_member_owns(&worker->member, stream) && !stream->is_leaving &&
            !worker->member.is_leaving) {
            owned[count++] = stream;
        }
    }
    if (owned != NULL) {
        fleet_local_set(worker->local, owned, count);
    }
    free(owned);
}

static void tell_streams(struct worker *worker)
{
    const struct fleet_member *member = &worker->member;
    for (int i = 0; i < member->roster.stream_count; i++) {
        struct fleet_stream *stream = member->roster.streams[i];
        const bool is_owned = fleet_member_owns(member, stream);
        if (is_owned != stream->is_told) {
            mc_log(MC_LOG_INFO, "%s: %s", stream->name,
                   is_owned                                      ? "taken"
                   : member->lease.is_held || member->is_leaving ? "given back"
                                                                 : "lost with the lease");
            stream->is_told = is_owned;
        }
    }
}

static void tell_changes(struct worker *worker)
{
    const struct fleet_member_counts *now = &worker->member.counts, *told = &worker->told;
    const uint64_t ended = now->ended - told->ended;
    tell_streams(worker);
    if (now->lapses != told->lapses && !worker->is_stopping) {
        mc_log(MC_LOG_WARNING, "the lease could not be renewed in time: nothing is published until "
                               "it is");
    }
    if (ended > 0) {
        mc_log(MC_LOG_WARNING, "ended %" PRIu64 " worker%s, silent for %d ms", ended,
               ended == 1 ? "" : "s", FLEET_LEASE_MS);
    }
    worker->told = *now;
    if (worker->member.name_is_taken && !worker->name_is_told) {
        mc_log(MC_LOG_ERROR, "another machine is named %s: give one of them another --machine",
               worker->machine);
    }
    worker->name_is_told = worker->member.name_is_taken;
}

static void measure(struct worker *worker, const struct fleet_local_state *state, int64_t now_ns)
{
    if (now_ns - worker->measured_ns < MEASURE_MS * MC_NS_PER_MS) {
        return;
    }
    worker->measured_ns = now_ns;
    struct fleet_load load = state->load;
    const double busy = fleet_processor_use_measure(&worker->processor_use);
    load.busy = busy < 0 ? 0 : busy;
    fleet_capacity_measure(&worker->capacity, &load);
    worker->member.capacity =
        worker->options->capacity > 0 ? worker->options->capacity : worker->capacity.streams;
    worker->member.busy = worker->capacity.busy;
    worker->member.latency_ms = worker->capacity.latency_ms;
}

// Without mocapd there is nothing to publish: others do better.
static void follow_daemon(struct worker *worker, const struct fleet_local_state *state,
                          int64_t now_ns)
{
    if (state->is_connected) {
        worker->connected_ns = now_ns;
    }
    if (worker->is_stopping) {
        return;
    }
    if (!worker->member.is_leaving && now_ns - worker->connected_ns > GONE_MS * MC_NS_PER_MS) {
        mc_log(MC_LOG_WARNING, "giving back all streams: there is no mocapd here");
        fleet_member_leave(&worker->member);
    } else if (worker->member.is_leaving && state->is_connected &&
               fleet_member_has_left(&worker->member)) {
        fleet_member_return(&worker->member);
    }
}

static void write_metrics(struct worker *worker, const struct fleet_local_state *state,
                          int64_t now_ns)
{
    if (worker->options->metrics != NULL &&
        now_ns - worker->metrics_ns >= METRICS_MS * MC_NS_PER_MS) {
        worker->metrics_ns = now_ns;
        fleet_work_metrics_write(worker->options->metrics, &worker->member, state, now_ns);
    }
}

static void give_back_refused(struct worker *worker, int64_t now_ns)
{
    char names[FLEET_CAPACITY_MAX][FLEET_NAME_BYTES];
    const int count = fleet_local_refused(worker->local, names, FLEET_CAPACITY_MAX);
    for (int i = 0; i < count; i++) {
        fleet_member_refuse(&worker->member, names[i], now_ns);
    }
}

static void tick(struct worker *worker)
{
    char session[FLEET_SESSION_BYTES];
    struct fleet_local_state state;
    const int64_t now_ns = fleet_fences_now_ns();
    fleet_local_state(worker->local, &state);
    measure(worker, &state, now_ns);
    follow_daemon(worker, &state, now_ns);
    make_session(session);
    fleet_bucket_take(worker->bucket, &worker->member, now_ns);
    give_back_refused(worker, now_ns);
    if (fleet_fences_set(worker->fences, &worker->member, now_ns)) {
        fleet_publisher_renew(worker->publisher);
    }
    fleet_member_tick(&worker->member, session, now_ns);
    hand_over(worker);
    if (fleet_fences_set(worker->fences, &worker->member, now_ns)) {
        fleet_publisher_renew(worker->publisher);
    }
    tell_changes(worker);
    write_metrics(worker, &state, now_ns);
}

// ---- running

// A second signal ends the program at once.
static void begin_stop(struct worker *worker)
{
    struct signalfd_siginfo taken;
    sigset_t all;
    const ssize_t count = read(worker->signals, &taken, sizeof taken);
    (void)count; // or the one taken would be delivered below
    sigfillset(&all);
    pthread_sigmask(SIG_UNBLOCK, &all, NULL);
    worker->is_stopping = true;
    worker->stop_ns = fleet_fences_now_ns() + LEAVE_MS * MC_NS_PER_MS;
    fleet_member_leave(&worker->member);
}

static void run_worker(struct worker *worker)
{
    struct pollfd waited[2] = { { .fd = worker->signals, .events = POLLIN },
                                { .fd = worker->events, .events = POLLIN } };
    uint64_t count;
    while (!worker->is_stopping ||
           (!fleet_member_has_left(&worker->member) && fleet_fences_now_ns() < worker->stop_ns)) {
        const int ready = poll(waited, worker->is_stopping ? 1 : 2, FLEET_TICK_MS);
        if (ready > 0 && waited[0].revents != 0 && !worker->is_stopping) {
            begin_stop(worker);
            waited[0] = waited[1];
        }
        if (read(worker->events, &count, sizeof count) < 0 && errno != EAGAIN) {
            mc_log(MC_LOG_ERROR, "eventfd: %s", strerrordesc_np(errno));
        }
        tick(worker);
    }
}

static bool start_signals(struct worker *worker, struct mc_error *err)
{
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL); // of all threads that follow
    worker->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    worker->events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return (worker->signals >= 0 && worker->events >= 0) || mc_error_set_errno(err, "eventfd");
}

// The file of names lies in the state directory. Without one, a killed worker's streams stay with
// mocapd until it ends.
static void find_file(struct worker *worker)
{
    char name[FLEET_TOKEN_BYTES + 16], token[FLEET_TOKEN_BYTES];
    struct mc_error err = { 0 };
    fleet_token_write(token, worker->machine);
    snprintf(name, sizeof name, "fleet-%s.streams", token);
    if (!mc_path_state(worker->file, sizeof worker->file, name) ||
        !mc_path_make_parent(worker->file, &err)) {
        mc_log(MC_LOG_WARNING, "no state directory for the names of streams %s", err.message);
        worker->file[0] = '\0';
    }
}

_Static_assert(FLEET_RECORD_MS < FLEET_MARGIN_MS, "a record's write must end within its lease");

static bool start_brokers(struct worker *worker, const struct fleet_options *fleet,
                          struct mc_error *err)
{
    const struct fleet_broker_options control = { .fleet = fleet, .name = "mocap-fleet work" };
    const struct fleet_broker_options records = { .fleet = fleet,
                                                  .name = "mocap-fleet work: records",
                                                  .write_ms = FLEET_RECORD_MS };
    worker->control = fleet_broker_start(&control, err);
    worker->records = worker->control == NULL ? NULL : fleet_broker_start(&records, err);
    return worker->records != NULL;
}

static bool start(struct worker *worker, const struct fleet_options *fleet, const char *bucket,
                  struct mc_error *err)
{
    // As under ProcSubset=pid of a systemd unit.
    if (worker->options->capacity == 0 && fleet_processor_use_measure(&worker->processor_use) < 0) {
        return mc_error_set(err, MC_ERROR_SYSTEM, 0,
                            "/proc/stat cannot be read, which --capacity auto needs: --capacity "
                            "must be a number here");
    }
    if (!start_signals(worker, err) || !start_brokers(worker, fleet, err)) {
        return false;
    }
    find_file(worker);
    worker->fences = fleet_fences_create();
    if (worker->fences == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for fences");
    }
    worker->local = fleet_local_start(
        &(struct fleet_local_options){ .socket = worker->options->socket,
                                       .file = worker->file[0] == '\0' ? NULL : worker->file },
        err);
    worker->publisher =
        worker->local == NULL
            ? NULL
            : fleet_publisher_start(
                  &(struct fleet_publisher_options){ .socket = worker->options->socket,
                                                     .site = fleet_options_site(fleet),
                                                     .machine = worker->machine,
                                                     .always = worker->options->always,
                                                     .broker = worker->records,
                                                     .may_publish = fleet_fences_find,
                                                     .user = worker->fences },
                  err);
    worker->bucket =
        worker->publisher == NULL
            ? NULL
            : fleet_bucket_start(
                  &(struct fleet_bucket_options){ .broker = worker->control,
                                                  .name = bucket,
                                                  .replicas = worker->options->replicas,
                                                  .notify = on_events,
                                                  .user = worker },
                  err);
    return worker->bucket != NULL;
}

// What publishes ends first, what others rely on last.
static void stop(struct worker *worker)
{
    fleet_publisher_stop(worker->publisher);
    fleet_local_stop(worker->local);
    fleet_bucket_stop(worker->bucket);
    fleet_broker_stop(worker->records);
    fleet_broker_stop(worker->control);
    fleet_fences_destroy(worker->fences);
    fleet_member_finish(&worker->member);
    if (worker->signals >= 0) {
        close(worker->signals);
    }
    if (worker->events >= 0) {
        close(worker->events);
    }
}

static bool is_reachable(const char *machine, struct mc_error *err)
{
    return strcmp(machine, "any") != 0 ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        "--machine must not be any, by which streams move means whichever suits");
}

static int run(const void *chosen, const void *globals)
{
    const struct work *options = chosen;
    const struct fleet_options *fleet = globals;
    char bucket[FLEET_STORE_BYTES], machine[FLEET_PUBLISHER_BYTES];
    struct mc_error err = { 0 };
    fleet_options_set_log(fleet, MC_LOG_INFO);
    if (!fleet_options_check(fleet, NULL, &err) ||
        !fleet_store_name(bucket, fleet_options_site(fleet), &err) ||
        !fleet_machine_name(machine, options->machine, &err) || !is_reachable(machine, &err)) {
        mc_log(MC_LOG_ERROR, "%s", err.message);
        return MC_EXIT_USAGE;
    }
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) {
        mc_log(MC_LOG_ERROR, "out of memory");
        return MC_EXIT_FAILED;
    }
    worker->options = options;
    worker->signals = -1;
    worker->events = -1;
    memcpy(worker->machine, machine, sizeof machine);
    fleet_capacity_init(&worker->capacity, (int)sysconf(_SC_NPROCESSORS_ONLN));
    struct fleet_member_options member = { .labels = options->labels,
                                           .write = write_entry,
                                           .user = worker };
    snprintf(member.name, sizeof member.name, "%s", worker->machine);
    fleet_member_init(&worker->member, &member);
    const bool is_good = start(worker, fleet, bucket, &err);
    if (is_good) {
        run_worker(worker);
    } else {
        mc_log(MC_LOG_ERROR, "%s", err.message);
    }
    stop(worker);
    free(worker);
    return is_good ? MC_EXIT_OK : fleet_options_exit_status(&err);
}

const struct mc_command fleet_work_command = {
    .name = "work",
    .summary = "watch as many of the fleet's streams as this machine can carry",
    .details =
        "Streams are added with mocap-fleet streams add. Each is watched by one machine: when that "
        "dies or hangs, another one takes over within five seconds. They are handed to the mocapd "
        "of this machine, which must allow it, and published as mocap-fleet publish does.",
    .options = work_table,
    .options_size = sizeof(struct work),
    .run = run,
};
