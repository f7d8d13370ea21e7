#include "tools/fleet/processor_use.h"

#include <stdio.h>

double fleet_processor_use_measure(struct fleet_processor_use *use)
{
    // user nice system idle iowait irq softirq steal: proc(5)
    unsigned long long ticks[8] = { 0 };
    FILE *file = fopen("/proc/stat", "re");
    if (file == NULL) {
        return -1;
    }
    const int read =
        fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &ticks[0], &ticks[1], &ticks[2],
               &ticks[3], &ticks[4], &ticks[5], &ticks[6], &ticks[7]);
    fclose(file);
    if (read < 4) {
        return -1;
    }
    uint64_t all = 0;
    for (int i = 0; i < 8; i++) {
        all += ticks[i];
    }
    const uint64_t busy = all - ticks[3] - ticks[4];
    const struct fleet_processor_use before = *use;
    *use = (struct fleet_processor_use){ .busy = busy, .all = all };
    return before.all == 0 || all <= before.all || busy < before.busy
               ? 0
               : (double)(busy - before.busy) / (double)(all - before.all);
}
