#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"

static void mocap_cpu_limits_the_level(void **state)
{
    (void)state;
    unsigned flags = ~0u;
    setenv("MOCAP_CPU", "scalar", 1);
    assert_true(mc_cpu_flags(&flags, NULL));
    assert_int_equal(flags, 0);
    assert_string_equal(mc_cpu_level_name(flags), "scalar");
    setenv("MOCAP_CPU", "blas", 1);
    assert_true(mc_cpu_flags(&flags, NULL));
    assert_int_equal(flags, MC_CPU_BLAS);
    assert_string_equal(mc_cpu_level_name(flags), "blas");
}

static void unknown_levels_are_refused(void **state)
{
    (void)state;
    unsigned flags = 0;
    struct mc_error err = { 0 };
#if defined(__x86_64__)
    const char *message = "MOCAP_CPU must be scalar, blas, avx2, avx512 or amx, got 'sse9'";
#elif defined(__aarch64__)
    const char *message = "MOCAP_CPU must be scalar, blas, neon, dotprod or i8mm, got 'sse9'";
#else
    const char *message = "MOCAP_CPU must be scalar or blas, got 'sse9'";
#endif
    setenv("MOCAP_CPU", "sse9", 1);
    assert_false(mc_cpu_flags(&flags, &err));
    assert_string_equal(err.message, message);
}

static void the_default_is_the_highest_level(void **state)
{
    (void)state;
    unsigned all = 0, limited = 0;
    unsetenv("MOCAP_CPU");
    assert_true(mc_cpu_flags(&all, NULL));
    assert_true(all & MC_CPU_BLAS);
    setenv("MOCAP_CPU", mc_cpu_level_name(all), 1);
    assert_true(mc_cpu_flags(&limited, NULL));
    assert_int_equal(all, limited);
}

// From plain C to all that the processor has, each adding to what came before it.
static void variants_go_from_plain_c_to_everything(void **state)
{
    (void)state;
    unsigned all = 0, variants[MC_CPU_VARIANTS_MAX];
    unsetenv("MOCAP_CPU");
    assert_true(mc_cpu_flags(&all, NULL));
    const int count = mc_cpu_variants(all, variants);
    assert_in_range(count, 2, MC_CPU_VARIANTS_MAX);
    assert_int_equal(variants[0], 0);
    assert_int_equal(variants[count - 1], all);
    for (int i = 0; i < count; i++) {
        unsigned again[MC_CPU_VARIANTS_MAX];
        assert_int_equal(variants[i] & ~all, 0);
        assert_in_range(mc_cpu_variants(variants[i], again), 1, i + 1);
    }
    assert_int_equal(mc_cpu_variants(0, variants), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mocap_cpu_limits_the_level),
        cmocka_unit_test(unknown_levels_are_refused),
        cmocka_unit_test(the_default_is_the_highest_level),
        cmocka_unit_test(variants_go_from_plain_c_to_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
