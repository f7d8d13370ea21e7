// mocap-lab bench pipeline: the running daemon, measured from a subscriber's side: the latency of
// its records when they are read, stage by stage, what it adds to decoding and forward passes, what
// its threads cost, and whether opening sources over and over makes it grow.
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "protocol/decode.h"
#include "protocol/mocap.h"
#include "tools/connect.h"
#include "tools/lab/bench.h"
#include "tools/lab/daemon_process.h"
#include "tools/lab/samples.h"

extern char **environ;

enum {
    WARM_UP_S = 2, // of records that are not counted, while models and buffers warm up
    REOPEN_TIMEOUT_S = 30,
    REOPEN_BASE = 20, // openings after which memory should not grow any more
};

struct options {
    long seconds, reopen;
    const char *ffmpeg; // a URL for ffmpeg to decode, or NULL
};

// What a record's latency consists of, one after the other.
enum stage {
    STAGE_REASSEMBLY,
    STAGE_DECODE,
    STAGE_WAIT,
    STAGE_SCALE,
    STAGE_INFER,
    STAGE_PUBLISH, // tracking, the way back to the loop, motion
    STAGE_READ,    // encoding, the socket, waking its reader
    STAGE_COUNT,
};

static const char *const stage_names[STAGE_COUNT] = { "reassembly", "decode",  "wait", "scale",
                                                      "infer",      "publish", "read" };

struct stream_sums {
    struct lab_samples latency_ms, added_ms; // when read: since arrival; less all decoding
                                             // and forward passes
    struct lab_samples stages_ms[STAGE_COUNT];
    double decode_ms, infer_ms; // sums
    uint64_t missed, dropped_first, dropped_last;
    double pts_first, pts_last;
};

struct bench {
    struct options options;
    struct mocap_client *client;
    struct lab_daemon_process daemon;
    int stream_count;
    struct stream_sums streams[PROTOCOL_STREAMS_MAX];
    uint64_t records; // of all streams
    double infer_ms;
    double cpu_ms; // of the daemon, meanwhile
    struct lab_thread_usage threads;
};

// ---- records

static struct stream_sums *find_sums(struct bench *bench, const char *name)
{
    const struct mocap_server *server = mocap_server(bench->client);
    for (int i = 0; i < bench->stream_count; i++) {
        if (strcmp(server->streams[i], name) == 0) {
            return &bench->streams[i];
        }
    }
    return NULL;
}

static void fill_stages(const struct mocap_record *record, int64_t read_ns,
                        double stages_ms[STAGE_COUNT])
{
    const struct mocap_timing *timing = record->timing;
    const int64_t stages_us[] = { timing->reassembly, timing->decode, timing->wait, timing->scale,
                                  timing->infer };
    double rest_ms = (double)(record->t_publish_ns - record->t_arrival_ns) * 1e-6;
    for (int i = 0; i < STAGE_PUBLISH; i++) {
        stages_ms[i] = (double)stages_us[i] * 1e-3;
        rest_ms -= stages_ms[i];
    }
    stages_ms[STAGE_PUBLISH] = rest_ms;
    stages_ms[STAGE_READ] = (double)(read_ns - record->t_publish_ns) * 1e-6;
}

static bool add_record(struct bench *bench, const struct mocap_record *record, int64_t read_ns)
{
    struct stream_sums *sums = find_sums(bench, record->stream);
    if (sums == NULL || record->timing == NULL) {
        return true;
    }
    double stages_ms[STAGE_COUNT];
    fill_stages(record, read_ns, stages_ms);
    const double latency_ms = ((double)read_ns - (double)record->t_arrival_ns) * 1e-6;
    const double decode_ms = stages_ms[STAGE_REASSEMBLY] + stages_ms[STAGE_DECODE];
    const double infer_ms = stages_ms[STAGE_INFER];
    if (sums->latency_ms.count == 0) {
        sums->pts_first = record->pts;
        sums->dropped_first = record->dropped;
    } else {
        sums->missed += record->missed;
    }
    sums->pts_last = record->pts;
    sums->dropped_last = record->dropped;
    sums->decode_ms += decode_ms;
    sums->infer_ms += infer_ms;
    bench->infer_ms += infer_ms;
    bench->records++;
    for (int i = 0; i < STAGE_COUNT; i++) {
        if (!lab_samples_add(&sums->stages_ms[i], stages_ms[i])) {
            return false;
        }
    }
    return lab_samples_add(&sums->latency_ms, latency_ms) &&
           lab_samples_add(&sums->added_ms, latency_ms - decode_ms - infer_ms);
}

// Reads for that long, and counts records if asked to. Returns false and sets err when the
// connection is lost.
static bool read_records(struct bench *bench, long seconds, bool counts, struct mc_error *err)
{
    const int64_t end_ns = mc_clock_now_ns() + seconds * MC_NS_PER_SECOND;
    for (int64_t now_ns; (now_ns = mc_clock_now_ns()) < end_ns;) {
        struct mocap_message message;
        struct mocap_error error;
        int left_ms = (int)((end_ns - now_ns) / MC_NS_PER_MS) + 1;
        switch (mocap_next(bench->client, left_ms, &message, &error)) {
        case MOCAP_MESSAGE:
            if (counts && message.type == MOCAP_RECORD &&
                !add_record(bench, message.record, mc_clock_now_ns())) {
                return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for measurements");
            }
            break;
        case MOCAP_TIMEOUT:
            break;
        case MOCAP_CLOSED:
        case MOCAP_ERROR:
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "mocapd: %s", error.message);
        }
    }
    return true;
}

static void report_stream(const char *name, struct stream_sums *sums)
{
    const size_t count = sums->latency_ms.count;
    if (count == 0) {
        printf("%-16s no records\n", name);
        return;
    }
    const double span_s = sums->pts_last - sums->pts_first;
    printf(
        "%-16s %6.2f records/s, latency when read p50 %.2f ms, p99 %.2f ms; forward pass %.2f ms, "
        "decoding %.2f ms, all else p50 %.3f ms, p99 %.3f ms; %llu dropped, %llu missed\n",
        name, span_s > 0 ? (double)(count - 1) / span_s : 0,
        lab_samples_quantile(&sums->latency_ms, 0.5), lab_samples_quantile(&sums->latency_ms, 0.99),
        sums->infer_ms / (double)count, sums->decode_ms / (double)count,
        lab_samples_quantile(&sums->added_ms, 0.5), lab_samples_quantile(&sums->added_ms, 0.99),
        (unsigned long long)(sums->dropped_last - sums->dropped_first),
        (unsigned long long)sums->missed);
    printf("  %-14s %9s %9s\n", "stage", "p50, ms", "p99, ms");
    for (int i = 0; i < STAGE_COUNT; i++) {
        printf("  %-14s %9.3f %9.3f\n", stage_names[i],
               lab_samples_quantile(&sums->stages_ms[i], 0.5),
               lab_samples_quantile(&sums->stages_ms[i], 0.99));
    }
}

static void report_daemon(const struct bench *bench, double elapsed_ms)
{
    const double records = bench->records > 0 ? (double)bench->records : NAN;
    printf("mocapd           %.1f %% of a core, %.2f ms per record, of which forward passes %.2f "
           "ms; %.1f MiB\n",
           100 * bench->cpu_ms / elapsed_ms, bench->cpu_ms / records, bench->infer_ms / records,
           lab_daemon_process_memory_mib(&bench->daemon));
    printf("  %-14s %9s %9s per record\n", "threads", "CPU, ms", "wake-ups");
    for (int i = 0; i < bench->threads.count; i++) {
        const struct lab_thread_kind *kind = &bench->threads.kinds[i];
        printf("  %-14s %9.3f %9.2f\n", kind->name, (double)kind->cpu_ns * 1e-6 / records,
               (double)kind->wake_ups / records);
    }
}

static bool measure(struct bench *bench, struct mc_error *err)
{
    const struct mocap_options options = { .include = MOCAP_INCLUDE_TIMING };
    struct mocap_error error;
    if (!mocap_subscribe(bench->client, &options, TOOLS_REPLY_MS, &error)) {
        return mc_error_set(err, MC_ERROR_SYSTEM, 0, "%s", error.message);
    }
    if (!read_records(bench, WARM_UP_S, false, err)) {
        return false;
    }
    static struct lab_thread_usage before, after;
    lab_daemon_process_threads(&bench->daemon, &before);
    const double before_ms = lab_daemon_process_cpu_ms(&bench->daemon);
    const int64_t start_ns = mc_clock_now_ns();
    if (!read_records(bench, bench->options.seconds, true, err)) {
        return false;
    }
    bench->cpu_ms = lab_daemon_process_cpu_ms(&bench->daemon) - before_ms;
    const double elapsed_ms = (double)(mc_clock_now_ns() - start_ns) * 1e-6;
    lab_daemon_process_threads(&bench->daemon, &after);
    bench->threads = lab_thread_usage_since(&before, &after);
    const struct mocap_server *server = mocap_server(bench->client);
    for (int i = 0; i < bench->stream_count; i++) {
        report_stream(server->streams[i], &bench->streams[i]);
    }
    report_daemon(bench, elapsed_ms);
    if (!mocap_unsubscribe(bench->client, NULL, TOOLS_REPLY_MS, &error)) {
        return mc_error_set(err, MC_ERROR_SYSTEM, 0, "%s", error.message);
    }
    return true;
}

// ---- against ffmpeg, which only decodes

// Lets ffmpeg decode that many frames; sets the processor time it took.
static bool run_ffmpeg(const char *url, uint64_t frames, double *cpu_ms, struct mc_error *err)
{
    // posix_spawn does not write to them.
    char count[32];
    const char *arguments[] = {
        "ffmpeg",      "-nostdin", "-v",   "fatal", "-threads",  "1",   "-rtsp_transport",
        "tcp",         "-i",       url,    "-an",   "-frames:v", count, "-fps_mode",
        "passthrough", "-f",       "null", "-",     NULL
    };
    const bool is_rtsp = strncmp(url, "rtsp:", 5) == 0;
    if (!is_rtsp) {
        memmove(&arguments[6], &arguments[8], sizeof arguments - 8 * sizeof arguments[0]);
    }
    snprintf(count, sizeof count, "%llu", (unsigned long long)frames);
    pid_t pid;
    int failure = posix_spawnp(&pid, arguments[0], NULL, NULL, (char *const *)arguments, environ);
    if (failure != 0) {
        return mc_error_set(err, MC_ERROR_SYSTEM, failure, "ffmpeg: %s", strerrordesc_np(failure));
    }
    struct rusage used = { 0 };
    int status;
    while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return mc_error_set(err, MC_ERROR_SYSTEM, 0, "ffmpeg failed");
    }
    *cpu_ms = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 +
              (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-3;
    return true;
}

static bool compare_ffmpeg(struct bench *bench, struct mc_error *err)
{
    double cpu_ms = 0;
    if (bench->records == 0) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "no records to compare with ffmpeg");
    }
    if (!run_ffmpeg(bench->options.ffmpeg, bench->records, &cpu_ms, err)) {
        return false;
    }
    const double count = (double)bench->records;
    printf("against ffmpeg   decodes in %.2f ms per frame, with forward passes %.2f ms; mocapd "
           "%.2f ms: %.2fx; %.2f ms more than decoding\n",
           cpu_ms / count, (cpu_ms + bench->infer_ms) / count, bench->cpu_ms / count,
           bench->cpu_ms / (cpu_ms + bench->infer_ms), (bench->cpu_ms - cpu_ms) / count);
    return true;
}

// ---- opening over and over

static bool get_status(struct bench *bench, struct protocol_message *decoded, struct mc_error *err)
{
    struct mocap_message message;
    struct mocap_error error = { 0 };
    if (mocap_request(bench->client, "status", NULL, TOOLS_REPLY_MS, &message, &error) !=
            MOCAP_MESSAGE ||
        message.type != MOCAP_REPLY) {
        return mc_error_set(err, MC_ERROR_SYSTEM, 0, "no status: %s", error.message);
    }
    enum protocol_encoding encoding =
        message.encoding == MOCAP_ENCODING_CBOR ? PROTOCOL_CBOR : PROTOCOL_JSON;
    return protocol_decode_message(encoding, message.bytes, message.length, decoded, err);
}

// Waits until the first stream is closed, as nothing subscribes to it any more.
static bool wait_idle(struct bench *bench, struct protocol_message *status, struct mc_error *err)
{
    const int64_t end_ns = mc_clock_now_ns() + REOPEN_TIMEOUT_S * MC_NS_PER_SECOND;
    do {
        if (!get_status(bench, status, err)) {
            return false;
        }
        if (mc_clock_now_ns() > end_ns) {
            return mc_error_set(
                err, MC_ERROR_ARGUMENT, 0,
                "%s stays open: --reopen needs 'on-demand = yes' for it, and --linger 0",
                mocap_server(bench->client)->streams[0]);
        }
        nanosleep(&(struct timespec){ .tv_nsec = MC_NS_PER_MS }, NULL);
    } while (status->status.streams[0].state != PROTOCOL_STREAM_IDLE);
    // Records from before that must not count as records of the next opening.
    struct mocap_message message;
    while (mocap_next(bench->client, 0, &message, NULL) == MOCAP_MESSAGE) {
    }
    return true;
}

static bool open_once(struct bench *bench, struct protocol_message *status, struct mc_error *err)
{
    const char *name = mocap_server(bench->client)->streams[0];
    const struct mocap_options options = { .stream = name, .include = MOCAP_INCLUDE_BASE };
    const int64_t end_ns = mc_clock_now_ns() + REOPEN_TIMEOUT_S * MC_NS_PER_SECOND;
    struct mocap_error error = { 0 };
    bool good = mocap_subscribe(bench->client, &options, TOOLS_REPLY_MS, &error), seen = false;
    while (good && !seen && mc_clock_now_ns() < end_ns) {
        struct mocap_message message;
        enum mocap_result result = mocap_next(bench->client, 1000, &message, &error);
        good = result == MOCAP_MESSAGE || result == MOCAP_TIMEOUT;
        seen = result == MOCAP_MESSAGE && message.type == MOCAP_RECORD;
    }
    good = good && seen && mocap_unsubscribe(bench->client, name, TOOLS_REPLY_MS, &error);
    if (!good) {
        return mc_error_set(err, MC_ERROR_SYSTEM, 0, "%s gave no record in %d s: %s", name,
                            REOPEN_TIMEOUT_S, error.message);
    }
    return wait_idle(bench, status, err);
}

static bool reopen(struct bench *bench, struct mc_error *err)
{
    struct protocol_message *status = calloc(1, sizeof *status);
    bool good = status != NULL || mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
    good = good && wait_idle(bench, status, err);
    double base_mib = 0;
    const int64_t start_ns = mc_clock_now_ns();
    for (long i = 0; good && i < bench->options.reopen; i++) {
        good = open_once(bench, status, err);
        base_mib = i < REOPEN_BASE ? lab_daemon_process_memory_mib(&bench->daemon) : base_mib;
    }
    if (good) {
        printf("opened again     %ld times in %.0f s (mocapd counts %llu in all): %.2f MiB, after "
               "the first %d %.2f MiB\n",
               bench->options.reopen, (double)(mc_clock_now_ns() - start_ns) * 1e-9,
               (unsigned long long)status->status.streams[0].connects,
               lab_daemon_process_memory_mib(&bench->daemon), REOPEN_BASE, base_mib);
    }
    free(status);
    return good;
}

// ---- the command

static int run(const void *options, const void *globals)
{
    static struct bench bench;
    const struct tools_connect_options *program = globals;
    struct mc_error err = { 0 };
    bench.options = *(const struct options *)options;
    setvbuf(stdout, NULL, _IOLBF, 0); // ffmpeg shares it
    bench.client = tools_connect(program->socket);
    if (bench.client == NULL) {
        return MC_EXIT_FAILED;
    }
    bench.stream_count = mocap_server(bench.client)->stream_count;
    bool good = lab_daemon_process_find(&bench.daemon, bench.client, &err) &&
                measure(&bench, &err) &&
                (bench.options.ffmpeg == NULL || compare_ffmpeg(&bench, &err)) &&
                (bench.options.reopen == 0 || reopen(&bench, &err));
    for (int i = 0; i < bench.stream_count; i++) {
        lab_samples_finish(&bench.streams[i].latency_ms);
        lab_samples_finish(&bench.streams[i].added_ms);
        for (int k = 0; k < STAGE_COUNT; k++) {
            lab_samples_finish(&bench.streams[i].stages_ms[k]);
        }
    }
    mocap_close(bench.client);
    return lab_bench_status(good, &err);
}

static const struct mc_option table[] = {
    { "seconds", 0, "S", "measure for S seconds; default: 20", MC_OPTION_INT, .min = 1,
      .max = 86400, MC_OPTION_FIELD(struct options, seconds) },
    { "ffmpeg", 0, "URL", "compare with ffmpeg decoding URL", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, ffmpeg) },
    { "reopen", 0, "N",
      "open the first stream N times and report memory; mocapd needs --linger 0, and on-demand = "
      "yes for the stream",
      MC_OPTION_INT, .min = 1, .max = 1000000, MC_OPTION_FIELD(struct options, reopen) },
    { 0 },
};

static const struct options defaults = { .seconds = 20 };

const struct mc_command lab_bench_pipeline_command = {
    .name = "pipeline",
    .summary = "measure the running daemon: latency, what it adds, what it costs",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof(struct options),
    .run = run,
};
