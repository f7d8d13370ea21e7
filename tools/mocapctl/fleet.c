// mocapctl fleet: the fleet's streams and machines, which mocap-fleet knows; mocapctl has no
// broker.
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "tools/connect.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/terminal.h"

// Whether the command is fleet and one of its own. Options that are mocapctl's are refused, and so
// are those of mocap-fleet that are not behind its command.
static bool is_fleet(int argc, char **argv)
{
    struct tools_connect_options given = { 0 };
    const struct mc_options scope = { tools_connect_table, &given };
    struct mc_error err;
    int at;
    if (mc_options_parse(&scope, 1, argc, argv, &at, &err) != MC_OPTIONS_RUN || at + 1 >= argc ||
        strcmp(argv[at], "fleet") != 0) {
        return false;
    }
    const bool is_option = argv[at + 1][0] == '-';
    if (is_option && at + 2 == argc) {
        return false; // --help, or one that does not exist
    }
    if (at > 1) {
        tools_complain("--socket is where mocapd listens, but fleet asks the broker: leave it out, "
                       "and name the broker behind the command, as in mocapctl fleet status "
                       "--nats URL");
        exit(MC_EXIT_USAGE);
    }
    if (is_option) {
        tools_complain("fleet: options must follow the command, as in mocapctl fleet status "
                       "--nats URL");
        exit(MC_EXIT_USAGE);
    }
    return true;
}

// "mocapctl fleet status …" is "mocap-fleet status …", and "mocapctl fleet add …" is
// "mocap-fleet streams add …".
void mocapctl_fleet_hand_over(int argc, char **argv)
{
    if (!is_fleet(argc, argv)) {
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
