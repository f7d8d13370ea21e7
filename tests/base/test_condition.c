#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/condition.h"

static void test_a_wait_ends_at_its_deadline_and_not_before(void **state)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition;
    (void)state;
    assert_true(mc_condition_init(&condition));
    const int64_t begun_ns = mc_clock_now_ns();
    const struct timespec deadline = mc_condition_deadline(20);
    int result = 0;
    pthread_mutex_lock(&lock);
    while (result == 0) {
        result = pthread_cond_timedwait(&condition, &lock, &deadline);
    }
    pthread_mutex_unlock(&lock);
    assert_int_equal(result, ETIMEDOUT);
    assert_true(mc_clock_now_ns() - begun_ns >= 20 * MC_NS_PER_MS);
    pthread_cond_destroy(&condition);
}

static void test_the_nanoseconds_of_a_deadline_are_below_a_second(void **state)
{
    (void)state;
    for (int ms = 0; ms < 5000; ms += 9) {
        const struct timespec deadline = mc_condition_deadline(ms);
        assert_in_range(deadline.tv_nsec, 0, MC_NS_PER_SECOND - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wait_ends_at_its_deadline_and_not_before),
        cmocka_unit_test(test_the_nanoseconds_of_a_deadline_are_below_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
