// mocapctl bench: how fast this machine is.
#include "tools/mocapctl/bench.h"

#include <string.h>

#include "tools/mocapctl/bench_options.h"
#include "tools/mocapctl/command.h"

int mocapctl_bench(const struct mocapctl_globals *globals, int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "pipeline") == 0) {
        return mocapctl_bench_pipeline(globals, argc - 1, argv + 1);
    }
    if (argc > 1 && strcmp(argv[1], "subscribers") == 0) {
        return mocapctl_bench_subscribers(argc - 1, argv + 1);
    }
    struct mocapctl_bench_options options;
    struct mc_error err = { 0 };
    if (!mocapctl_bench_options_parse(&options, argc, argv, &err)) {
        mocapctl_complain("%s", err.message);
        return MOCAPCTL_USAGE;
    }
    static bool (*const subjects[])(const struct mocapctl_bench_options *options,
                                    struct mc_error *err) = {
        [MOCAPCTL_BENCH_NET] = mocapctl_bench_net,
        [MOCAPCTL_BENCH_KERNELS] = mocapctl_bench_kernels,
        [MOCAPCTL_BENCH_BLOCKS] = mocapctl_bench_blocks,
        [MOCAPCTL_BENCH_MOTION] = mocapctl_bench_motion,
    };
    bool good = subjects[options.subject](&options, &err);
    if (!good) {
        mocapctl_complain("%s", err.message);
        return MOCAPCTL_FAILED;
    }
    return MOCAPCTL_OK;
}
