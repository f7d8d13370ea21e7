// mocapctl bench subscribers: what many subscribers cost, how late records reach them,
// and what bad neighbours change about that.
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "tools/mocapctl/bench.h"
#include "tools/mocapctl/bench_bullies.h"
#include "tools/mocapctl/bench_latencies.h"
#include "tools/mocapctl/bench_readers.h"
#include "tools/mocapctl/bench_server.h"
#include "tools/mocapctl/command.h"

enum {
    READERS = 1000,
    BULLIES = 1000,
    FLOODERS = 32, // of those that are busy themselves
    GOOD = 16,     // well-behaved ones beside bullies
    ROUNDS_MAX = 64,
};

// Bullies that subscribe are subscribers at first, whose records take their time.
static const double SETTLE_S = 0.6;

struct options {
    long readers, bullies, seconds, rounds;
    enum protocol_encoding encoding;
};

struct bench {
    struct options options;
    char directory[64], path[96];
};

struct load {
    struct mocapctl_bench_counts counts;
    double fan_out_p50_ms, fan_out_p99_ms; // from a record to the server's last write of it
    double cpu;                            // of one core
    size_t memory;                         // bytes, at the end
};

static bool measure(const struct mocapctl_bench_server *server,
                    struct mocapctl_bench_readers *readers, double seconds, struct load *load,
                    struct mc_error *err)
{
    mocapctl_latencies_clear(server->fan_outs);
    int64_t cpu_ns = mocapctl_bench_server_cpu_ns(server), start_ns = mc_clock_now_ns();
    if (!mocapctl_bench_readers_run(readers, seconds, &load->counts, err)) {
        return false;
    }
    load->cpu = (double)(mocapctl_bench_server_cpu_ns(server) - cpu_ns) /
                (double)(mc_clock_now_ns() - start_ns);
    load->memory = mocapctl_bench_server_memory(server);
    load->fan_out_p50_ms = mocapctl_latencies_quantile_ms(server->fan_outs, 0.5);
    load->fan_out_p99_ms = mocapctl_latencies_quantile_ms(server->fan_outs, 0.99);
    return true;
}

// A server with so many readers, measured.
static bool load_of(const struct bench *bench, int readers_count, double rate, struct load *load,
                    struct mc_error *err)
{
    struct mocapctl_bench_server server = { 0 };
    if (!mocapctl_bench_server_start(&server, bench->path, rate, err)) {
        return false;
    }
    struct mocapctl_bench_readers *readers =
        mocapctl_bench_readers_create(bench->path, readers_count, bench->options.encoding, err);
    bool good =
        readers != NULL && measure(&server, readers, (double)bench->options.seconds, load, err);
    mocapctl_bench_readers_destroy(readers);
    mocapctl_bench_server_stop(&server);
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

// Of the rounds so far: what the good readers had, alone or beside bullies.
struct rounds {
    double p99_ms[ROUNDS_MAX], fan_out_ms[ROUNDS_MAX];
    int count;
};

static void add_round(struct rounds *rounds, const struct load *load)
{
    rounds->p99_ms[rounds->count] = load->counts.p99_ms;
    rounds->fan_out_ms[rounds->count++] = load->fan_out_p50_ms;
}

static void tell_beside(const char *name, int count, struct rounds *alone, struct rounds *together,
                        double cpu, double memory)
{
    double before = median(alone->p99_ms, alone->count);
    double after = median(together->p99_ms, together->count);
    printf("beside %4d %-18s p99 %.3f ms, alone %.3f ms: %+5.1f %%; until the last write %.3f ms, "
           "alone %.3f ms; %4.1f %% of a core, %+.1f MiB\n",
           count, name, after, before, 100 * (after / before - 1),
           median(together->fan_out_ms, together->count), median(alone->fan_out_ms, alone->count),
           100 * cpu, memory / 1048576);
}

// A round without the bullies, then one with them, in turn: what else the machine does
// meets both alike.
static bool beside(const struct bench *bench, enum mocapctl_bully bully, struct mc_error *err)
{
    bool busy = bully == MOCAPCTL_BULLY_FLOOD || bully == MOCAPCTL_BULLY_GARBAGE;
    int most = (int)bench->options.bullies, rounds = (int)bench->options.rounds;
    int bully_count = bully == MOCAPCTL_BULLY_CONNECT ? 1
                      : busy && most > FLOODERS       ? FLOODERS
                                                      : most;
    struct rounds alone = { 0 }, together = { 0 };
    double cpu = 0;
    size_t memory_alone = 0, memory = 0;
    struct mocapctl_bench_server server = { 0 };
    if (!mocapctl_bench_server_start(&server, bench->path, 60, err)) {
        return false;
    }
    struct mocapctl_bench_readers *readers =
        mocapctl_bench_readers_create(bench->path, GOOD, bench->options.encoding, err);
    bool good = readers != NULL;
    for (int i = 0; good && i < rounds; i++) {
        struct load load = { 0 };
        good = mocapctl_bench_readers_run(readers, SETTLE_S, &load.counts, err) &&
               measure(&server, readers, (double)bench->options.seconds / 2, &load, err);
        add_round(&alone, &load);
        memory_alone = i == 0 ? load.memory : memory_alone;
        pid_t pid = good ? mocapctl_bully_start(bully, bench->path, bully_count, err) : -1;
        good = pid > 0 && mocapctl_bench_readers_run(readers, SETTLE_S, &load.counts, err) &&
               measure(&server, readers, (double)bench->options.seconds / 2, &load, err);
        mocapctl_bully_stop(pid);
        add_round(&together, &load);
        cpu += load.cpu / rounds;
        memory = load.memory > memory ? load.memory : memory;
    }
    mocapctl_bench_readers_destroy(readers);
    mocapctl_bench_server_stop(&server);
    if (good) {
        tell_beside(mocapctl_bully_name(bully), bully_count, &alone, &together, cpu,
                    (double)memory - (double)memory_alone);
    }
    return good;
}

static bool parse(struct options *options, int argc, char **argv, struct mc_error *err)
{
    static const struct option known[] = {
        { "readers", required_argument, NULL, 'n' },  { "bullies", required_argument, NULL, 'b' },
        { "seconds", required_argument, NULL, 'd' },  { "rounds", required_argument, NULL, 'r' },
        { "encoding", required_argument, NULL, 'e' }, { NULL, 0, NULL, 0 },
    };
    int found;
    *options = (struct options){ READERS, BULLIES, 4, 5, PROTOCOL_CBOR };
    while ((found = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        bool good = true;
        if (found == 'n') {
            good = mocapctl_parse_count("--readers", optarg, 1, &options->readers, err);
        } else if (found == 'b') {
            good = mocapctl_parse_count("--bullies", optarg, 1, &options->bullies, err);
        } else if (found == 'd') {
            good = mocapctl_parse_count("--seconds", optarg, 1, &options->seconds, err);
        } else if (found == 'r') {
            good = mocapctl_parse_count("--rounds", optarg, 1, &options->rounds, err);
        } else if (found == 'e') {
            good = protocol_encoding_parse(optarg, &options->encoding) ||
                   mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--encoding wants json or cbor");
        } else {
            mocapctl_option_error(err, found, argv);
            good = false;
        }
        if (!good) {
            return false;
        }
    }
    if (options->rounds > ROUNDS_MAX || options->readers > READERS || options->bullies > BULLIES ||
        optind + 1 < argc) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "bench subscribers: at most %d rounds, %d readers and %d bullies",
                            ROUNDS_MAX, READERS, BULLIES);
    }
    return true;
}

static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int mocapctl_bench_subscribers(int argc, char **argv)
{
    struct bench bench = { .directory = "/tmp/mocapctl-bench-XXXXXX" };
    struct mc_error err = { 0 };
    if (!parse(&bench.options, argc, argv, &err)) {
        mocapctl_complain("%s", err.message);
        return MOCAPCTL_USAGE;
    }
    if (mkdtemp(bench.directory) == NULL) {
        mocapctl_complain("no directory for the socket");
        return MOCAPCTL_FAILED;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); // before processes share it
    raise_file_limit();
    snprintf(bench.path, sizeof bench.path, "%s/sock", bench.directory);
    bool good = many(&bench, &err);
    for (int i = 0; good && i < MOCAPCTL_BULLY_COUNT; i++) {
        good = beside(&bench, (enum mocapctl_bully)i, &err);
    }
    rmdir(bench.directory);
    if (!good) {
        mocapctl_complain("%s", err.message);
    }
    return good ? MOCAPCTL_OK : MOCAPCTL_FAILED;
}
