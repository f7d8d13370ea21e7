#include "tools/fleet/machine.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void fleet_machine_name(char name[FLEET_PUBLISHER_BYTES], const char *given)
{
    char host[FLEET_PUBLISHER_BYTES] = "";
    if (given == NULL && gethostname(host, sizeof host - 1) != 0) {
        host[0] = '\0';
    }
    snprintf(name, FLEET_PUBLISHER_BYTES, "%s",
             given != NULL     ? given
             : host[0] != '\0' ? host
                               : "unnamed");
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
