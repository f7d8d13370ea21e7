#include "tools/mocapctl/bench_options.h"

#include <getopt.h>
#include <string.h>

#include "nn/thread_pool.h"
#include "tools/mocapctl/command.h"

enum { RUNS_MAX = 1000000, SECONDS_MAX = 3600, SIZE_MAX_PIXELS = 4096 };

static bool parse_subject(struct mocapctl_bench_options *options, int argc, char **argv,
                          struct mc_error *err)
{
    if (optind + 3 == argc && strcmp(argv[optind], "motion") == 0) {
        options->subject = MOCAPCTL_BENCH_MOTION;
        options->clips[0] = argv[optind + 1];
        options->clips[1] = argv[optind + 2];
        return true;
    }
    if (optind + 1 != argc) {
        return mc_error_set(
            err, MC_ERROR_ARGUMENT, 0,
            "bench: wants net, kernels, blocks, motion and two clips, pipeline or subscribers");
    }
    if (strcmp(argv[optind], "net") == 0) {
        options->subject = MOCAPCTL_BENCH_NET;
    } else if (strcmp(argv[optind], "kernels") == 0) {
        options->subject = MOCAPCTL_BENCH_KERNELS;
    } else if (strcmp(argv[optind], "blocks") == 0) {
        options->subject = MOCAPCTL_BENCH_BLOCKS;
    } else {
        return mc_error_set(
            err, MC_ERROR_ARGUMENT, 0,
            "bench: wants net, kernels, blocks, motion and two clips, pipeline or subscribers, got "
            "'%s'",
            argv[optind]);
    }
    return true;
}

static bool parse_number(const char *option, long most, long *value, struct mc_error *err)
{
    if (!mocapctl_parse_count(option, optarg, 1, value, err)) {
        return false;
    }
    if (*value > most) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s wants at most %ld, got '%s'", option,
                            most, optarg);
    }
    return true;
}

static bool parse_option(struct mocapctl_bench_options *options, int found, char **argv,
                         struct mc_error *err)
{
    switch (found) {
    case 'a':
        options->arch = optarg;
        return true;
    case 'm':
        options->model = optarg;
        return true;
    case 's':
        return parse_number("--size", SIZE_MAX_PIXELS, &options->size, err);
    case 't':
        return parse_number("--threads", NN_TEAM_MAX, &options->threads, err);
    case 'p':
        return nn_precision_parse(optarg, &options->precision) ||
               mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "--precision wants f32, bf16, int8 or auto, got '%s'", optarg);
    case 'n':
        return parse_number("--runs", RUNS_MAX, &options->runs, err);
    case 'd':
        return parse_number("--seconds", SECONDS_MAX, &options->seconds, err);
    case 'f':
        options->profile = true;
        return true;
    case 'j':
        options->json = true;
        return true;
    default:
        mocapctl_option_error(err, found, argv);
        return false;
    }
}

bool mocapctl_bench_options_parse(struct mocapctl_bench_options *options, int argc, char **argv,
                                  struct mc_error *err)
{
    static const struct option known[] = {
        { "arch", required_argument, NULL, 'a' },
        { "model", required_argument, NULL, 'm' },
        { "size", required_argument, NULL, 's' },
        { "threads", required_argument, NULL, 't' },
        { "precision", required_argument, NULL, 'p' },
        { "runs", required_argument, NULL, 'n' },
        { "seconds", required_argument, NULL, 'd' },
        { "profile", no_argument, NULL, 'f' },
        { "json", no_argument, NULL, 'j' },
        { NULL, 0, NULL, 0 },
    };
    *options = (struct mocapctl_bench_options){ .threads = 1,
                                                .seconds = 2,
                                                .precision = NN_PRECISION_F32 };
    int found;
    while ((found = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (!parse_option(options, found, argv, err)) {
            return false;
        }
    }
    if (options->model != NULL && (options->arch != NULL || options->size != 0)) {
        return mc_error_set(
            err, MC_ERROR_ARGUMENT, 0,
            "--model says what --arch and --size would say: wants one or the other");
    }
    if (options->arch == NULL) {
        options->arch = "lednet";
    }
    if (options->size == 0) {
        options->size = 128;
    }
    return parse_subject(options, argc, argv, err);
}
