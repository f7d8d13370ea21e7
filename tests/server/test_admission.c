// Which connections stay when there are too many: no user takes them all, and the one that was
// idle for longest gives way.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/admission.h"
#include "server/subscriber.h"

enum { COUNT = 6, ALICE = 1000, BOB = 1001 };

static struct server_subscriber all[COUNT];

// A list of the first count connections, all of them Alice's, subscribed, and equally old.
static void make_list(int count)
{
    memset(all, 0, sizeof all);
    for (int i = 0; i < count; i++) {
        all[i].peer_uid = ALICE;
        all[i].active_count = 1;
        all[i].asked_ms = 100;
        all[i].previous = i > 0 ? &all[i - 1] : NULL;
        all[i].next = i < count - 1 ? &all[i + 1] : NULL;
    }
}

// Whether the last of the count connections may stay.
static bool check(int count, int connections, int per_user, struct server_subscriber **idle,
                  struct protocol_error *error)
{
    const struct server_admission admission = { connections, per_user };
    *error = (struct protocol_error){ 0 };
    return server_admission_check(&admission, all, &all[count - 1], idle, error);
}

static void one_user_gets_a_share_and_others_the_rest(void **state)
{
    (void)state;
    struct server_subscriber *idle;
    struct protocol_error error;
    make_list(4);
    assert_true(check(4, 6, 4, &idle, &error));
    assert_null(idle);
    make_list(5);
    assert_false(check(5, 6, 4, &idle, &error));
    assert_int_equal(error.code, PROTOCOL_ERROR_TOO_MANY);
    assert_string_equal(error.message, "too many connections of uid 1000: must be at most 4");
    all[4].peer_uid = BOB;
    assert_true(check(5, 6, 4, &idle, &error));
    assert_null(idle);
    assert_int_equal(server_admission_default_share(1024), 768);
    assert_int_equal(server_admission_default_share(1), 1);
}

static void the_one_that_was_idle_for_longest_gives_way(void **state)
{
    (void)state;
    struct server_subscriber *idle;
    struct protocol_error error;
    make_list(4);
    assert_false(check(4, 3, 3, &idle, &error));
    make_list(4);
    all[1].active_count = all[2].active_count = all[3].active_count = 0;
    all[1].asked_ms = 90;
    all[2].asked_ms = 80;
    all[3].asked_ms = 70; // the newest itself
    assert_true(check(4, 3, 4, &idle, &error));
    assert_ptr_equal(idle, &all[2]);
    all[2].close_reason = "closing"; // its place is free already
    assert_true(check(4, 3, 4, &idle, &error));
    assert_null(idle);
    assert_ptr_equal(server_admission_idle(all), &all[3]);
    make_list(4);
    assert_null(server_admission_idle(all));
}

// Somebody else's place is not taken for a user who is over the share.
static void over_its_share_a_user_loses_a_connection_of_its_own(void **state)
{
    (void)state;
    struct server_subscriber *idle;
    struct protocol_error error;
    make_list(4);
    all[0].peer_uid = BOB;
    all[0].active_count = all[1].active_count = 0;
    all[0].asked_ms = 1;
    assert_true(check(4, 6, 2, &idle, &error));
    assert_ptr_equal(idle, &all[1]);
    all[1].active_count = 1;
    assert_false(check(4, 6, 2, &idle, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_user_gets_a_share_and_others_the_rest),
        cmocka_unit_test(the_one_that_was_idle_for_longest_gives_way),
        cmocka_unit_test(over_its_share_a_user_loses_a_connection_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
