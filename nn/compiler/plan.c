#include "nn/compiler/plan.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

static bool alive_together(const struct nn_span *a, const struct nn_span *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static int compare_size(const void *a, const void *b)
{
    const struct nn_span *left = *(struct nn_span *const *)a, *right = *(struct nn_span *const *)b;
    if (left->floats != right->floats) {
        return left->floats < right->floats ? 1 : -1;
    }
    return left < right ? -1 : 1; // a total order, so that every machine makes the same plan
}

static int compare_offset(const void *a, const void *b)
{
    const struct nn_span *left = *(struct nn_span *const *)a, *right = *(struct nn_span *const *)b;
    return (left->offset > right->offset) - (left->offset < right->offset);
}

// The offset of the smallest sufficient gap among the placed spans that are alive together
// with this one; the end of the last of them if there is none. placed is sorted by offset.
static size_t best_offset(const struct nn_span *span, struct nn_span **placed, int count)
{
    size_t best = SIZE_MAX, best_gap = SIZE_MAX, end = 0;
    for (int i = 0; i < count; i++) {
        const struct nn_span *other = placed[i];
        if (!alive_together(span, other)) {
            continue;
        }
        if (other->offset >= end) {
            size_t gap = other->offset - end;
            if (gap >= span->floats && gap < best_gap) {
                best = end;
                best_gap = gap;
            }
        }
        if (other->offset + other->floats > end) {
            end = other->offset + other->floats;
        }
    }
    return best == SIZE_MAX ? end : best;
}

// Best fit, largest first: simple, and on our networks within a few per cent of the lower
// bound (the largest total of spans alive at one step).
size_t nn_plan(struct nn_span *spans, int count)
{
    if (count == 0) {
        return 0;
    }
    struct nn_span **order = calloc((size_t)count * 2, sizeof(struct nn_span *));
    if (order == NULL) {
        return SIZE_MAX;
    }
    struct nn_span **placed = order + count;
    for (int i = 0; i < count; i++) {
        order[i] = &spans[i];
    }
    qsort(order, (size_t)count, sizeof *order, compare_size);
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        struct nn_span *span = order[i];
        span->offset = best_offset(span, placed, i);
        placed[i] = span;
        qsort(placed, (size_t)i + 1, sizeof *placed, compare_offset);
        if (span->offset + span->floats > total) {
            total = span->offset + span->floats;
        }
    }
    free(order);
    return total;
}
