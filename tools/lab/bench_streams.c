// mocap-lab bench streams: how many cameras a daemon carries. Starts mocapd with more and more
// copies of one clip, each played at its own pace, until the latency passes a limit or a frame is
// dropped.
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "protocol/message.h"
#include "protocol/mocap.h"
#include "tools/connect.h"
#include "tools/lab/bench.h"
#include "tools/lab/daemon_process.h"
#include "tools/lab/samples.h"

enum {
    START_S = 30,  // that the daemon may take to listen, or to end
    WARM_UP_S = 2, // of records that are not counted, while files open
    ARGUMENTS_MAX = 2 * PROTOCOL_STREAMS_MAX + 16,
};

struct options {
    const char *clip, *daemon, *precision;
    long cores, seconds, first, limit_ms;
};

// A daemon with a number of streams, and what it did.
struct trial {
    const struct options *options;
    int count; // of streams
    char directory[64], socket[128];
    char (*streams)[PATH_MAX + 16]; // "s0=CLIP"
    pid_t pid;
    struct mocap_client *client;
    struct lab_daemon_process process;
    struct lab_samples latency_ms; // when read
    uint64_t records[PROTOCOL_STREAMS_MAX];
    uint64_t first_dropped[PROTOCOL_STREAMS_MAX], last_dropped[PROTOCOL_STREAMS_MAX];
    bool skips; // a stream says that decoding cannot keep up
    double cores_used;
};

// ---- The daemon

// In the child: on as many processors as asked for.
static void exec_daemon(const struct trial *trial)
{
    const struct options *options = trial->options;
    char workers[16];
    const char *arguments[ARGUMENTS_MAX] = {
        options->daemon, "--socket", trial->socket,        "--workers",
        workers,         "--repeat", "--precision",        options->precision,
        "--log-level",   "error",    "--wait-subscribers", "1",
    };
    int count = 12;
    for (int i = 0; i < trial->count; i++) {
        arguments[count++] = "--stream";
        arguments[count++] = trial->streams[i];
    }
    snprintf(workers, sizeof workers, "%ld", options->cores);
    cpu_set_t all, some;
    CPU_ZERO(&some);
    if (sched_getaffinity(0, sizeof all, &all) == 0) {
        for (int cpu = 0, left = (int)options->cores; cpu < CPU_SETSIZE && left > 0; cpu++) {
            if (CPU_ISSET(cpu, &all)) {
                CPU_SET(cpu, &some);
                left--;
            }
        }
        sched_setaffinity(0, sizeof some, &some);
    }
    execv(options->daemon, (char *const *)arguments);
    fprintf(stderr, "mocap-lab: %s: %s\n", options->daemon, strerrordesc_np(errno));
    _exit(127);
}

static bool has_ended(struct trial *trial)
{
    if (trial->pid > 0 && waitpid(trial->pid, NULL, WNOHANG) == trial->pid) {
        trial->pid = 0;
    }
    return trial->pid <= 0;
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ .tv_nsec = ms * MC_NS_PER_MS }, NULL);
}

static bool start_daemon(struct trial *trial, struct mc_error *err)
{
    trial->pid = fork();
    if (trial->pid == 0) {
        exec_daemon(trial);
    }
    if (trial->pid < 0) {
        return mc_error_set_errno(err, "fork");
    }
    const int64_t end_ns = mc_clock_now_ns() + START_S * MC_NS_PER_SECOND;
    while (access(trial->socket, F_OK) != 0) {
        if (has_ended(trial)) {
            return mc_error_set(err, MC_ERROR_SYSTEM, 0, "%s did not start",
                                trial->options->daemon);
        }
        if (mc_clock_now_ns() > end_ns) {
            return mc_error_set(err, MC_ERROR_SYSTEM, 0, "%s did not listen within %d s",
                                trial->options->daemon, START_S);
        }
        pause_ms(10);
    }
    return true;
}

static void stop_daemon(struct trial *trial)
{
    const int64_t end_ns = mc_clock_now_ns() + START_S * MC_NS_PER_SECOND;
    if (trial->pid > 0) {
        kill(trial->pid, SIGTERM);
    }
    while (!has_ended(trial)) {
        if (mc_clock_now_ns() > end_ns) {
            kill(trial->pid, SIGKILL);
        }
        pause_ms(10);
    }
}

// ---- One trial

static bool add_record(struct trial *trial, const struct mocap_record *record, int64_t read_ns)
{
    const int index = atoi(record->stream + 1);
    if (index < 0 || index >= trial->count) {
        return true;
    }
    if (trial->records[index]++ == 0) {
        trial->first_dropped[index] = record->dropped;
    } else if (record->missed > 0) {
        trial->last_dropped[index] += record->missed; // as bad
    }
    trial->last_dropped[index] =
        record->dropped > trial->last_dropped[index] ? record->dropped : trial->last_dropped[index];
    return lab_samples_add(&trial->latency_ms, (double)(read_ns - record->t_arrival_ns) * 1e-6);
}

static bool read_records(struct trial *trial, long seconds, bool counts, struct mc_error *err)
{
    const int64_t end_ns = mc_clock_now_ns() + seconds * MC_NS_PER_SECOND;
    for (int64_t now_ns; (now_ns = mc_clock_now_ns()) < end_ns;) {
        struct mocap_message message;
        struct mocap_error error = { 0 };
        const int left_ms = (int)((end_ns - now_ns) / MC_NS_PER_MS) + 1;
        const enum mocap_result result = mocap_next(trial->client, left_ms, &message, &error);
        if (result == MOCAP_CLOSED || result == MOCAP_ERROR) {
            return mc_error_set(err, MC_ERROR_SYSTEM, 0, "mocapd: %s", error.message);
        }
        if (result == MOCAP_MESSAGE && message.type == MOCAP_STATE && message.reason[0] != '\0') {
            if (strcmp(message.state, "live") != 0) {
                return mc_error_set(err, MC_ERROR_MEDIA, 0, "stream %s: %s", message.stream,
                                    message.reason);
            }
            trial->skips = true; // or the like
        }
        if (result == MOCAP_MESSAGE && message.type == MOCAP_RECORD && counts &&
            !add_record(trial, message.record, mc_clock_now_ns())) {
            return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for measurements");
        }
    }
    return true;
}

static bool measure(struct trial *trial, struct mc_error *err)
{
    const struct mocap_options options = { .include = MOCAP_INCLUDE_BASE };
    struct mocap_error error;
    trial->client = tools_connect(trial->socket);
    if (trial->client == NULL || !lab_daemon_process_find(&trial->process, trial->client, err)) {
        return mc_error_set(err, MC_ERROR_SYSTEM, 0, "no connection to mocapd");
    }
    if (!mocap_subscribe(trial->client, &options, TOOLS_REPLY_MS, &error)) {
        return mc_error_set(err, MC_ERROR_SYSTEM, 0, "%s", error.message);
    }
    if (!read_records(trial, WARM_UP_S, false, err)) {
        return false;
    }
    const double before_ms = lab_daemon_process_cpu_ms(&trial->process);
    const int64_t start_ns = mc_clock_now_ns();
    if (!read_records(trial, trial->options->seconds, true, err)) {
        return false;
    }
    trial->cores_used = (lab_daemon_process_cpu_ms(&trial->process) - before_ms) /
                        ((double)(mc_clock_now_ns() - start_ns) * 1e-6);
    return true;
}

static bool begin(struct trial *trial, struct mc_error *err)
{
    snprintf(trial->directory, sizeof trial->directory, "/tmp/mocap-lab-XXXXXX");
    if (mkdtemp(trial->directory) == NULL) {
        return mc_error_set_errno(err, "%s", trial->directory);
    }
    snprintf(trial->socket, sizeof trial->socket, "%s/mocapd.sock", trial->directory);
    trial->streams = calloc((size_t)trial->count, sizeof *trial->streams);
    if (trial->streams == NULL) {
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for %d streams", trial->count);
    }
    for (int i = 0; i < trial->count; i++) {
        snprintf(trial->streams[i], sizeof trial->streams[i], "s%d=%s", i, trial->options->clip);
    }
    return start_daemon(trial, err);
}

static void end(struct trial *trial)
{
    mocap_close(trial->client);
    stop_daemon(trial);
    char lock[sizeof trial->socket + 8];
    snprintf(lock, sizeof lock, "%s.lock", trial->socket);
    unlink(lock);
    unlink(trial->socket);
    rmdir(trial->directory);
    lab_samples_finish(&trial->latency_ms);
    free(trial->streams);
}

// Prints a row. Returns whether the daemon carried the streams.
static bool report(struct trial *trial)
{
    uint64_t least = UINT64_MAX, most = 0, dropped = 0;
    for (int i = 0; i < trial->count; i++) {
        least = trial->records[i] < least ? trial->records[i] : least;
        most = trial->records[i] > most ? trial->records[i] : most;
        dropped += trial->last_dropped[i] > trial->first_dropped[i]
                       ? trial->last_dropped[i] - trial->first_dropped[i]
                       : 0;
    }
    const double p50_ms = lab_samples_quantile(&trial->latency_ms, 0.5);
    const double p99_ms = lab_samples_quantile(&trial->latency_ms, 0.99);
    const double seconds = (double)trial->options->seconds;
    const bool carried =
        dropped == 0 && !trial->skips && least > 0 && p99_ms <= (double)trial->options->limit_ms;
    printf("%7d %9.2f %9.2f %8llu %9.2f %9.2f %7.2f  %s\n", trial->count, p50_ms, p99_ms,
           (unsigned long long)dropped, (double)least / seconds, (double)most / seconds,
           trial->cores_used, carried ? "carried" : "too many");
    return carried;
}

static bool try_streams(const struct options *options, int count, bool *carried,
                        struct mc_error *err)
{
    struct trial trial = { .options = options, .count = count };
    const bool good = begin(&trial, err) && measure(&trial, err);
    *carried = good && report(&trial);
    end(&trial);
    return good;
}

// Doubles the streams until they are too many, then halves the interval. most: what was carried.
static bool search(const struct options *options, int *most, struct mc_error *err)
{
    int low = 0, high = PROTOCOL_STREAMS_MAX + 1;
    int count = (int)options->first;
    while (high - low > 1) {
        bool carried;
        if (!try_streams(options, count, &carried, err)) {
            return false;
        }
        low = carried ? count : low;
        high = carried ? high : count;
        count = high > PROTOCOL_STREAMS_MAX ? 2 * low : (low + high) / 2;
        count = count > PROTOCOL_STREAMS_MAX ? PROTOCOL_STREAMS_MAX : count;
    }
    *most = low;
    return true;
}

// ---- The command

// The daemon beside this program, unless another one is given.
static bool find_daemon(struct options *options, char path[PATH_MAX], struct mc_error *err)
{
    if (options->daemon != NULL) {
        return true;
    }
    const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - sizeof "mocapd");
    if (length < 0) {
        return mc_error_set_errno(err, "/proc/self/exe");
    }
    path[length] = '\0';
    strcpy(strrchr(path, '/') + 1, "mocapd"); // the kernel gives an absolute path
    options->daemon = path;
    return true;
}

static int run(const void *chosen, const void *globals)
{
    (void)globals;
    struct options options = *(const struct options *)chosen;
    struct mc_error err = { 0 };
    char path[PATH_MAX];
    int most = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    bool good = find_daemon(&options, path, &err);
    if (good) {
        printf("%7s %9s %9s %8s %9s %9s %7s\n", "streams", "p50, ms", "p99, ms", "dropped",
               "least /s", "most /s", "cores");
        good = search(&options, &most, &err);
    }
    if (good) {
        printf("%d streams on %ld core%s: %.1f a core, p99 within %ld ms, no frame dropped\n", most,
               options.cores, options.cores == 1 ? "" : "s", (double)most / (double)options.cores,
               options.limit_ms);
    }
    return lab_bench_status(good, &err);
}

static const struct mc_option table[] = {
    { "CLIP", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_TEXT, .required = true,
      .help = "a video, such as one of 640x480 at 30 frames/s",
      MC_OPTION_FIELD(struct options, clip) },
    { "cores", 0, "N", "processors that mocapd may use; default: 1", MC_OPTION_INT, .min = 1,
      .max = 64, MC_OPTION_FIELD(struct options, cores) },
    { "seconds", 0, "S", "measure each number of streams for S seconds; default: 10", MC_OPTION_INT,
      .min = 1, .max = 3600, MC_OPTION_FIELD(struct options, seconds) },
    { "first", 0, "N", "begin with N streams; default: 4", MC_OPTION_INT, .min = 1,
      .max = PROTOCOL_STREAMS_MAX, MC_OPTION_FIELD(struct options, first) },
    { "limit", 0, "MS", "of the latency's 99th percentile, when read; default: 50", MC_OPTION_INT,
      .min = 1, .max = 60000, MC_OPTION_FIELD(struct options, limit_ms) },
    { "precision", 0, "P", "as of mocapd; default: auto", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, precision) },
    { "mocapd", 0, "PATH", "the daemon; default: the one beside this program", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, daemon) },
    { 0 },
};

static const struct options defaults = {
    .cores = 1, .seconds = 10, .first = 4, .limit_ms = 50, .precision = "auto"
};

const struct mc_command lab_bench_streams_command = {
    .name = "streams",
    .summary = "find how many streams of a clip mocapd carries",
    .details = "Starts mocapd again and again, with more streams while it carries them: until the "
               "latency passes the limit or a frame is dropped.",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof(struct options),
    .run = run,
};
