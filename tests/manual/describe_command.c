// Linked with a program's own main, describes the program that main would run: -Wl,--wrap puts
// this function in the place of mc_command_main.
#include "tests/manual/describe.h"

int __wrap_mc_command_main(const struct mc_command *program, const char *version, int argc,
                           char **argv);

int __wrap_mc_command_main(const struct mc_command *program, const char *version, int argc,
                           char **argv)
{
    (void)version, (void)argc, (void)argv;
    return describe_print(describe_command(program));
}
