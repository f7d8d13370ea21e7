#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/frame_pool.h"
#include "pipeline/mailbox.h"

static struct pipeline_frame frames[1000];

static void the_oldest_frame_makes_room_and_is_counted(void **state)
{
    (void)state;
    struct pipeline_mailbox *mailbox = pipeline_mailbox_create(2, false, NULL);
    assert_null(pipeline_mailbox_push(mailbox, &frames[0]));
    assert_null(pipeline_mailbox_push(mailbox, &frames[1]));
    assert_ptr_equal(pipeline_mailbox_push(mailbox, &frames[2]), &frames[0]);
    assert_ptr_equal(pipeline_mailbox_push(mailbox, &frames[3]), &frames[1]);
    assert_int_equal(pipeline_mailbox_dropped(mailbox), 2);
    assert_ptr_equal(pipeline_mailbox_pop(mailbox), &frames[2]);
    assert_ptr_equal(pipeline_mailbox_pop(mailbox), &frames[3]);
    assert_null(pipeline_mailbox_pop(mailbox));
    assert_true(pipeline_mailbox_is_empty(mailbox));
    pipeline_mailbox_destroy(mailbox);
}

static void what_is_pushed_after_closing_comes_back(void **state)
{
    (void)state;
    struct pipeline_mailbox *mailbox = pipeline_mailbox_create(2, true, NULL);
    assert_null(pipeline_mailbox_push(mailbox, &frames[0]));
    pipeline_mailbox_close(mailbox);
    assert_ptr_equal(pipeline_mailbox_push(mailbox, &frames[1]), &frames[1]);
    assert_ptr_equal(pipeline_mailbox_pop(mailbox), &frames[0]);
    assert_int_equal(pipeline_mailbox_dropped(mailbox), 0);
    pipeline_mailbox_destroy(mailbox);
}

static void *push_all(void *argument)
{
    struct pipeline_mailbox *mailbox = argument;
    size_t refused = 0;
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        refused += pipeline_mailbox_push(mailbox, &frames[i]) != NULL;
    }
    return (void *)refused;
}

static void every_frame_arrives_in_order_when_all_are_wanted(void **state)
{
    (void)state;
    struct pipeline_mailbox *mailbox = pipeline_mailbox_create(3, true, NULL);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, push_all, mailbox), 0);
    for (size_t i = 0; i < sizeof frames / sizeof frames[0];) {
        struct pipeline_frame *frame = pipeline_mailbox_pop(mailbox);
        if (frame != NULL) {
            assert_ptr_equal(frame, &frames[i]);
            i++;
        }
    }
    void *refused;
    pthread_join(thread, &refused);
    assert_null(refused);
    pipeline_mailbox_destroy(mailbox);
}

static void closing_frees_a_push_that_waits(void **state)
{
    (void)state;
    struct pipeline_mailbox *mailbox = pipeline_mailbox_create(1, true, NULL);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, push_all, mailbox), 0);
    while (pipeline_mailbox_is_empty(mailbox)) {
    }
    pipeline_mailbox_close(mailbox);
    void *refused;
    pthread_join(thread, &refused);
    assert_int_equal((size_t)refused, sizeof frames / sizeof frames[0] - 1);
    assert_ptr_equal(pipeline_mailbox_pop(mailbox), &frames[0]);
    pipeline_mailbox_destroy(mailbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_frame_makes_room_and_is_counted),
        cmocka_unit_test(what_is_pushed_after_closing_comes_back),
        cmocka_unit_test(every_frame_arrives_in_order_when_all_are_wanted),
        cmocka_unit_test(closing_frees_a_push_that_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
