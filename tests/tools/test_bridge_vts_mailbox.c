#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/bridge/vts_mailbox.h"

static struct bridge_vts_mailbox mailbox;

static int set_up(void **state)
{
    (void)state;
    bridge_vts_mailbox_init(&mailbox);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bridge_vts_mailbox_finish(&mailbox);
    return 0;
}

// One request for each character of text, which it consists of.
static bool push(const char *text)
{
    static struct bridge_packets packets;
    bridge_packets_clear(&packets);
    for (; *text != '\0'; text++) {
        *bridge_packets_add(&packets, 1) = (unsigned char)*text;
    }
    return bridge_vts_mailbox_push(&mailbox, &packets);
}

static void assert_next(char wanted)
{
    size_t size = 0;
    const unsigned char *packet = bridge_vts_mailbox_peek(&mailbox, &size);
    assert_non_null(packet);
    assert_int_equal(size, 1);
    assert_int_equal(packet[0], wanted);
}

static void send_next(char wanted)
{
    assert_next(wanted);
    bridge_vts_mailbox_pop(&mailbox);
}

static void assert_counts(uint64_t wanted_sent, uint64_t wanted_lost)
{
    uint64_t sent, lost;
    bridge_vts_mailbox_counts(&mailbox, &sent, &lost);
    assert_int_equal(sent, wanted_sent);
    assert_int_equal(lost, wanted_lost);
}

static void requests_count_as_sent_once_they_are(void **state)
{
    (void)state;
    size_t size;
    bridge_vts_mailbox_set_open(&mailbox, true);
    assert_null(bridge_vts_mailbox_peek(&mailbox, &size));
    assert_true(push("ab"));
    assert_counts(0, 0);
    send_next('a');
    assert_counts(1, 0);
    send_next('b');
    assert_null(bridge_vts_mailbox_peek(&mailbox, &size));
    assert_counts(2, 0);
}

static void requests_that_newer_ones_replace_are_lost(void **state)
{
    (void)state;
    bridge_vts_mailbox_set_open(&mailbox, true);
    push("ab");
    send_next('a'); // it is begun: both go out
    push("cd");
    push("ef");
    push("g");
    assert_counts(1, 4);
    send_next('b');
    send_next('g');
    assert_counts(3, 4);
}

static void nothing_waits_for_the_next_connection(void **state)
{
    (void)state;
    size_t size;
    assert_false(push("a"));
    assert_counts(0, 1);
    bridge_vts_mailbox_set_open(&mailbox, true);
    push("bcd");
    send_next('b');
    assert_next('c'); // which fails
    push("ef");
    bridge_vts_mailbox_set_open(&mailbox, false);
    assert_counts(1, 5);
    assert_false(push("gh"));
    bridge_vts_mailbox_set_open(&mailbox, false);
    assert_counts(1, 7);
    bridge_vts_mailbox_set_open(&mailbox, true);
    assert_null(bridge_vts_mailbox_peek(&mailbox, &size));
    push("ij");
    send_next('i');
    send_next('j');
    assert_counts(3, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(requests_count_as_sent_once_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(requests_that_newer_ones_replace_are_lost, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_waits_for_the_next_connection, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
