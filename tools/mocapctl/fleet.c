// mocapctl fleet: the fleet's streams and machines, which mocap-fleet knows; mocapctl has no
// broker.
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/terminal.h"

// "mocapctl fleet status …" is "mocap-fleet status …", and "mocapctl fleet add …" is
// "mocap-fleet streams add …".
void mocapctl_fleet_hand_over(int argc, char **argv)
{
    if (argc < 3 || strcmp(argv[1], "fleet") != 0 || argv[2][0] == '-') {
        return;
    }
    static char program[PATH_MAX], streams[] = "streams";
    struct mc_error err = { 0 };
    char **words = calloc((size_t)argc + 1, sizeof *words);
    if (words == NULL || !mc_path_program(program, sizeof program, "mocap-fleet", &err)) {
        tools_complain("%s", words == NULL ? "out of memory" : err.message);
        exit(MC_EXIT_FAILED);
    }
    int count = 0;
    words[count++] = program;
    if (strcmp(argv[2], "status") != 0 && strcmp(argv[2], "streams") != 0) {
        words[count++] = streams;
    }
    for (int i = 2; i < argc; i++) {
        words[count++] = argv[i];
    }
    execv(program, words);
    tools_complain("%s: %s%s", program, strerror(errno),
                   errno == ENOENT ? " (package mocap-fleet)" : "");
    free(words);
    exit(MC_EXIT_FAILED);
}

static int run(const void *options, const void *globals)
{
    (void)options, (void)globals;
    tools_complain("fleet: must be followed by status, add, remove, list, move or import");
    return MC_EXIT_USAGE;
}

const struct mc_command mocapctl_fleet_command = {
    .name = "fleet",
    .summary = "show and change what a fleet of machines watches",
    .details =
        "mocapctl fleet status is mocap-fleet status; mocapctl fleet add, remove, list, move "
        "and import are commands of mocap-fleet streams. See mocap-fleet(1).",
    .run = run,
};
