// The models of `mocap-lab compare` that are worth their time.
#include <math.h>
#include <stdlib.h>

#include "nn/model.h"
#include "tools/lab/compare.h"

enum lab_accuracy lab_compare_accuracy(const struct lab_compare *compare)
{
    enum lab_accuracy accuracy = LAB_MACS;
    for (int i = 0; i < compare->count; i++) {
        const struct lab_row row = lab_compare_row(&compare->entries[i]);
        accuracy = isfinite(row.error)                         ? LAB_ERROR
                   : isfinite(row.akd) && accuracy == LAB_MACS ? LAB_AKD
                                                               : accuracy;
    }
    return accuracy;
}

double lab_compare_value(const struct lab_entry *entry, enum lab_accuracy accuracy)
{
    const struct lab_row row = lab_compare_row(entry);
    return accuracy == LAB_ERROR ? row.error
           : accuracy == LAB_AKD ? row.akd
                                 : (double)nn_model_info(entry->model)->macs / 1e6;
}

static int by_time(const void *left, const void *right)
{
    const double a = lab_compare_row(*(const struct lab_entry *const *)left).ms;
    const double b = lab_compare_row(*(const struct lab_entry *const *)right).ms;
    return (a > b) - (a < b);
}

int lab_compare_front(const struct lab_compare *compare,
                      const struct lab_entry *front[LAB_ENTRIES_MAX])
{
    const enum lab_accuracy accuracy = lab_compare_accuracy(compare);
    double best = INFINITY;
    int kept = 0;
    if (accuracy == LAB_MACS) {
        return 0;
    }
    for (int i = 0; i < compare->count; i++) {
        front[i] = &compare->entries[i];
    }
    qsort(front, (size_t)compare->count, sizeof *front, by_time);
    for (int i = 0; i < compare->count; i++) {
        const double value = lab_compare_value(front[i], accuracy);
        if (value < best) { // NAN isn't
            best = value;
            front[kept++] = front[i];
        }
    }
    return kept;
}
