#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"

static void blocks_are_aligned_and_zero(void **state)
{
    (void)state;
    for (size_t size = 0; size < 300; size += 7) {
        unsigned char *block = mc_memory_alloc(size);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % MC_ALIGNMENT, 0);
        for (size_t i = 0; i < mc_memory_round_up(size); i++) {
            assert_int_equal(block[i], 0);
        }
        mc_memory_free(block);
    }
}

static void absurd_sizes_give_null(void **state)
{
    (void)state;
    assert_null(mc_memory_alloc(SIZE_MAX - 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_zero),
        cmocka_unit_test(absurd_sizes_give_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
