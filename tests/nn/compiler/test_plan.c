#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "nn/compiler/plan.h"

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

// The lower bound of any plan: the largest total of spans alive at one step.
static size_t bound(const struct nn_span *spans, int count, int steps)
{
    size_t most = 0;
    for (int step = -1; step <= steps; step++) {
        size_t sum = 0;
        for (int i = 0; i < count; i++) {
            sum += spans[i].first <= step && step <= spans[i].last ? spans[i].floats : 0;
        }
        most = sum > most ? sum : most;
    }
    return most;
}

static void spans_alive_together_never_overlap(void **state)
{
    (void)state;
    enum { SPANS = 60, STEPS = 40 };
    unsigned seed = 5;
    for (int round = 0; round < 200; round++) {
        struct nn_span spans[SPANS];
        size_t sum = 0;
        for (int i = 0; i < SPANS; i++) {
            int first = (int)(next(&seed) % STEPS) - 1;
            spans[i] = (struct nn_span){ .floats = 16 * (1 + next(&seed) % 50),
                                         .first = first,
                                         .last = first + (int)(next(&seed) % 6) };
            sum += spans[i].floats;
        }
        size_t total = nn_plan(spans, SPANS);
        assert_true(total >= bound(spans, SPANS, STEPS + 8));
        assert_true(total < sum);
        for (int i = 0; i < SPANS; i++) {
            assert_true(spans[i].offset + spans[i].floats <= total);
            assert_int_equal(spans[i].offset % 16, 0);
            for (int j = 0; j < i; j++) {
                bool together = spans[i].first <= spans[j].last && spans[j].first <= spans[i].last;
                bool apart = spans[i].offset + spans[i].floats <= spans[j].offset ||
                             spans[j].offset + spans[j].floats <= spans[i].offset;
                assert_true(!together || apart);
            }
        }
    }
}

static void a_chain_takes_its_two_largest_neighbours(void **state)
{
    (void)state;
    struct nn_span spans[] = {
        { 64, -1, 0, 0 }, { 128, 0, 1, 0 }, { 96, 1, 2, 0 }, { 32, 2, 3, 0 }
    };
    assert_int_equal(nn_plan(spans, 4), 128 + 96);
    assert_int_equal(nn_plan(spans, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_alive_together_never_overlap),
        cmocka_unit_test(a_chain_takes_its_two_largest_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
