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

struct candidate {
    const struct lab_entry *entry;
    double ms, value;
};

static int by_time(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;
    return a->ms != b->ms ? (a->ms > b->ms) - (a->ms < b->ms)
                          : (a->value > b->value) - (a->value < b->value);
}

int lab_compare_front(const struct lab_compare *compare,
                      const struct lab_entry *front[LAB_ENTRIES_MAX])
{
    const enum lab_accuracy accuracy = lab_compare_accuracy(compare);
    struct candidate candidates[LAB_ENTRIES_MAX] = { 0 };
    double best = INFINITY;
    int count = 0, kept = 0;
    for (int i = 0; i < compare->count && accuracy != LAB_MACS; i++) {
        const struct lab_entry *entry = &compare->entries[i];
        const double value = lab_compare_value(entry, accuracy);
        if (isfinite(value)) {
            candidates[count++] = (struct candidate){ entry, lab_compare_row(entry).ms, value };
        }
    }
    qsort(candidates, (size_t)count, sizeof *candidates, by_time);
    for (int i = 0; i < count; i++) {
        if (candidates[i].value < best) {
            best = candidates[i].value;
            front[kept++] = candidates[i].entry;
        }
    }
    return kept;
}
