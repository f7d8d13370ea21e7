// mocap-lab bench subscribers: what many subscribers cost, how late records reach them,
// and what abusive clients change about that.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "tools/lab/bench.h"
#include "tools/lab/bench_abusive_clients.h"
#include "tools/lab/bench_latencies.h"
#include "tools/lab/bench_readers.h"
#include "tools/lab/bench_server.h"
#include "tools/terminal.h"

enum {
    READERS = 1000,
    ABUSIVE_CLIENTS = 1000,
    FLOODERS = 32, // of those that keep the processor busy themselves
    GOOD = 16,     // well-behaved subscribers beside abusive clients
    ROUNDS_MAX = 64,
};

// At first, abusive clients that subscribe are subscribers like others, and cost time.
static const double SETTLE_S = 0.6;

struct options {
    long readers, abusive_clients, seconds, rounds;
    enum protocol_encoding encoding;
};

struct bench {
    struct options options;
    char directory[64], path[96];
};

struct load {
    struct lab_bench_counts counts;
    double fan_out_p50_ms, fan_out_p99_ms; // from a record to the server's last write of it
    double cpu;                            // of one core
    size_t memory;                         // bytes, at the end
};

static bool measure(const struct lab_bench_server *server, struct lab_bench_readers *readers,
                    double seconds, struct load *load, struct mc_error *err)
{
    lab_latencies_clear(server->fan_outs);
    int64_t cpu_ns = lab_bench_server_cpu_ns(server), start_ns = mc_clock_now_ns();
    if (!lab_bench_readers_run(readers, seconds, &load->counts, err)) {
        return false;
    }
    load->cpu =
        (double)(lab_bench_server_cpu_ns(server) - cpu_ns) / (double)(mc_clock_now_ns() - start_ns);
    load->memory = lab_bench_server_memory(server);
    load->fan_out_p50_ms = lab_latencies_quantile_ms(server->fan_outs, 0.5);
    load->fan_out_p99_ms = lab_latencies_quantile_ms(server->fan_outs, 0.99);
    return true;
}

// Measures a server with readers_count readers.
static bool load_of(const struct bench *bench, int readers_count, double rate, struct load *load,
                    struct mc_error *err)
{
    struct lab_bench_server server = { 0 };
    if (!lab_bench_server_start(&server, bench->path, rate, err)) {
        return false;
    }
    struct lab_bench_readers *readers =
        lab_bench_readers_create(bench->path, readers_count, bench->options.encoding, err);
    bool good =
        readers != NULL && measure(&server, readers, (double)bench->options.seconds, load, err);
    lab_bench_readers_destroy(readers);
    lab_bench_server_stop(&server);
    return good;
}

static bool many(const struct bench *bench, struct mc_error *err)
{
    const double rate = 60;
    struct load load, few, lot;
    int count = (int)bench->options.readers;
    if (!load_of(bench, count, rate, &load, err)) {
        return false;
    }
    printf("%d subscribers, %.0f records/s, %s: %.1f %% of a core, delivery p50 %.2f ms, "
           "p99 %.2f ms, most %.2f ms; %llu records, %llu missed\n",
           count, rate, protocol_encoding_name(bench->options.encoding), 100 * load.cpu,
           load.counts.p50_ms, load.counts.p99_ms, load.counts.most_ms,
           (unsigned long long)load.counts.records, (unsigned long long)load.counts.missed);
    printf("of that until the last write p50 %.2f ms, p99 %.2f ms; the rest is the readers' own\n",
           load.fan_out_p50_ms, load.fan_out_p99_ms);
    int less = count / 10 > 0 ? count / 10 : 1;
    if (!load_of(bench, less, rate / 2, &few, err) || !load_of(bench, count, rate / 2, &lot, err)) {
        return false;
    }
    if (count > less) {
        printf(
            "one more subscriber at 30 records/s: %.4f %% of a core (%d: %.2f %%, %d: %.2f %%)\n",
            100 * (lot.cpu - few.cpu) / (count - less), less, 100 * few.cpu, count, 100 * lot.cpu);
    }
    return true;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

// Of the rounds so far: the latencies of the good readers, alone or beside abusive clients.
struct rounds {
    double p99_ms[ROUNDS_MAX], fan_out_ms[ROUNDS_MAX];
    int count;
};

static void add_round(struct rounds *rounds, const struct load *load)
{
    rounds->p99_ms[rounds->count] = load->counts.p99_ms;
    rounds->fan_out_ms[rounds->count++] = load->fan_out_p50_ms;
}

static void report_beside(const char *name, int count, struct rounds *alone,
                          struct rounds *together, double cpu, double memory)
{
    double before = median(alone->p99_ms, alone->count);
    double after = median(together->p99_ms, together->count);
    printf("beside %4d %-18s p99 %.3f ms, alone %.3f ms: %+5.1f %%; until the last write %.3f ms, "
           "alone %.3f ms; %4.1f %% of a core, %+.1f MiB\n",
           count, name, after, before, 100 * (after / before - 1),
           median(together->fan_out_ms, together->count), median(alone->fan_out_ms, alone->count),
           100 * cpu, memory / 1048576);
}

// A round without the abusive clients, then one with them, in turn: what else the machine does
// meets both alike.
static bool beside(const struct bench *bench, enum lab_abuse abuse, struct mc_error *err)
{
    bool busy = abuse == LAB_ABUSE_FLOOD || abuse == LAB_ABUSE_GARBAGE;
    int most = (int)bench->options.abusive_clients, rounds = (int)bench->options.rounds;
    int abuse_count = abuse == LAB_ABUSE_CONNECT ? 1 : busy && most > FLOODERS ? FLOODERS : most;
    struct rounds alone = { 0 }, together = { 0 };
    double cpu = 0;
    size_t memory_alone = 0, memory = 0;
    struct lab_bench_server server = { 0 };
    if (!lab_bench_server_start(&server, bench->path, 60, err)) {
        return false;
    }
    struct lab_bench_readers *readers =
        lab_bench_readers_create(bench->path, GOOD, bench->options.encoding, err);
    bool good = readers != NULL;
    for (int i = 0; good && i < rounds; i++) {
        struct load load = { 0 };
        good = lab_bench_readers_run(readers, SETTLE_S, &load.counts, err) &&
               measure(&server, readers, (double)bench->options.seconds / 2, &load, err);
        add_round(&alone, &load);
        memory_alone = i == 0 ? load.memory : memory_alone;
        pid_t pid = good ? lab_abusive_clients_start(abuse, bench->path, abuse_count, err) : -1;
        good = pid > 0 && lab_bench_readers_run(readers, SETTLE_S, &load.counts, err) &&
               measure(&server, readers, (double)bench->options.seconds / 2, &load, err);
        lab_abusive_clients_stop(pid);
        add_round(&together, &load);
        cpu += load.cpu / rounds;
        memory = load.memory > memory ? load.memory : memory;
    }
    lab_bench_readers_destroy(readers);
    lab_bench_server_stop(&server);
    if (good) {
        report_beside(lab_abuse_name(abuse), abuse_count, &alone, &together, cpu,
                      (double)memory - (double)memory_alone);
    }
    return good;
}

static int run(const void *options, const void *globals)
{
    (void)globals;
    struct bench bench = { .options = *(const struct options *)options,
                           .directory = "/tmp/mocap-lab-XXXXXX" };
    struct mc_error err = { 0 };
    if (mkdtemp(bench.directory) == NULL) {
        tools_complain("%s: %s", bench.directory, strerrordesc_np(errno));
        return MC_EXIT_FAILED;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); // before processes share it
    mc_file_limit_raise();            // for all connections
    snprintf(bench.path, sizeof bench.path, "%s/sock", bench.directory);
    bool good = many(&bench, &err);
    for (int i = 0; good && i < LAB_ABUSE_COUNT; i++) {
        good = beside(&bench, (enum lab_abuse)i, &err);
    }
    rmdir(bench.directory);
    return lab_bench_status(good, &err);
}

static bool set_encoding(void *field, const char *label, const char *value, struct mc_error *err)
{
    return protocol_encoding_parse(value, field) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s must be json or cbor, got '%.40s'", label,
                        value);
}

static const struct mc_option table[] = {
    { "readers", 0, "N", "well-behaved subscribers; default: 1000", MC_OPTION_INT, .min = 1,
      .max = READERS, MC_OPTION_FIELD(struct options, readers) },
    { "abusive-clients", 0, "N", "abusive clients of each kind; default: 1000", MC_OPTION_INT,
      .min = 1, .max = ABUSIVE_CLIENTS, MC_OPTION_FIELD(struct options, abusive_clients) },
    { "seconds", 0, "S", "measure each load for S seconds; default: 4", MC_OPTION_INT, .min = 1,
      .max = 3600, MC_OPTION_FIELD(struct options, seconds) },
    { "rounds", 0, "N", "rounds with and without abusive clients; default: 5", MC_OPTION_INT,
      .min = 1, .max = ROUNDS_MAX, MC_OPTION_FIELD(struct options, rounds) },
    { "encoding", 0, "ENCODING", "json or cbor; default: cbor", MC_OPTION_CALL, .set = set_encoding,
      MC_OPTION_FIELD(struct options, encoding) },
    { 0 },
};

static const struct options defaults = { READERS, ABUSIVE_CLIENTS, 4, 5, PROTOCOL_CBOR };

const struct mc_command lab_bench_subscribers_command = {
    .name = "subscribers",
    .summary = "measure what subscribers cost, and what abusive clients change",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof(struct options),
    .run = run,
};
