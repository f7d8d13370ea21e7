#include "tools/fleet/machine.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/fleet/subjects.h"

bool fleet_machine_name(char name[FLEET_PUBLISHER_BYTES], const char *given, struct mc_error *err)
{
    char host[FLEET_PUBLISHER_BYTES] = "";
    if (given == NULL && gethostname(host, sizeof host - 1) != 0) {
        host[0] = '\0';
    }
    const char *machine = given != NULL ? given : host[0] != '\0' ? host : "unnamed";
    snprintf(name, FLEET_PUBLISHER_BYTES, "%s", machine);
    return fleet_name_valid(machine) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                        given != NULL ? "--machine must be 1 to %d visible bytes of UTF-8"
                                      : "this machine's host name is not UTF-8 of at most %d "
                                        "bytes: --machine must give it another",
                        FLEET_PUBLISHER_BYTES - 1);
}

static void set_wanted(sigset_t *wanted)
{
    sigemptyset(wanted);
    sigaddset(wanted, SIGINT);
    sigaddset(wanted, SIGTERM);
}

void fleet_signals_block(void)
{
    sigset_t wanted;
    set_wanted(&wanted);
    pthread_sigmask(SIG_BLOCK, &wanted, NULL);
}

void fleet_signals_wait(void)
{
    sigset_t wanted;
    int number;
    set_wanted(&wanted);
    sigwait(&wanted, &number);
}
