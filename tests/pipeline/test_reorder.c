#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/reorder.h"

static void results_come_out_in_order_whatever_order_they_went_in(void **state)
{
    (void)state;
    enum { WINDOW = 4, ROUNDS = 50 };
    static const int orders[][WINDOW] = {
        { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 0, 3, 2 }, { 2, 3, 0, 1 }
    };
    static int items[WINDOW * ROUNDS];
    struct pipeline_reorder *reorder = pipeline_reorder_create(WINDOW, NULL);
    size_t due = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < WINDOW; i++) {
            uint64_t sequence = round * WINDOW + (uint64_t)orders[round % 4][i];
            pipeline_reorder_put(reorder, sequence, &items[sequence]);
            void *item;
            while ((item = pipeline_reorder_pop(reorder)) != NULL) {
                assert_ptr_equal(item, &items[due]);
                due++;
            }
        }
        assert_int_equal(due, (round + 1) * WINDOW);
    }
    pipeline_reorder_destroy(reorder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_come_out_in_order_whatever_order_they_went_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
