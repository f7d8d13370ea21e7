#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/web/origin.h"

static const struct web_hosts hosts = { 1, { "desk.example" } };

static void our_hosts_are_known(void **state)
{
    (void)state;
    static const char *const ours[] = { "localhost",    "LOCALHOST:8040", "127.0.0.1",
                                        "10.1.2.3:80",  "[::1]",          "[fe80::1]:8040",
                                        "desk.example", "Desk.Example:9" };
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (!web_origin_host_is_ours(&hosts, ours[i])) {
            fail_msg("'%s' is refused", ours[i]);
        }
    }
}

static void other_hosts_are_refused(void **state)
{
    (void)state;
    static const char *const others[] = { "",
                                          ":80",
                                          "evil.example",
                                          "localhost.evil.example",
                                          "127.0.0.1.evil.example",
                                          "evil.example:127.0.0.1",
                                          "desk.example.evil",
                                          "desk",
                                          "[::1",
                                          "[]",
                                          "[evil]",
                                          "::1",
                                          "127.0.0.1:",
                                          "127.0.0.1:80:80",
                                          "127.0.0.1:x",
                                          "127.1",
                                          "0x7f000001",
                                          "localhost\t" };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (web_origin_host_is_ours(&hosts, others[i])) {
            fail_msg("'%s' is taken", others[i]);
        }
    }
    char longest[2000];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_false(web_origin_host_is_ours(&hosts, longest));
    assert_false(web_origin_host_is_ours(&hosts, NULL));
}

static void an_origin_has_to_be_the_host(void **state)
{
    (void)state;
    assert_true(web_origin_is_same("http://127.0.0.1:8040", "127.0.0.1:8040"));
    assert_true(web_origin_is_same("https://Desk.example", "desk.example"));
    assert_true(web_origin_is_same(NULL, "127.0.0.1:8040"));
    assert_true(web_origin_is_same("", "127.0.0.1:8040"));
    assert_false(web_origin_is_same("http://127.0.0.1:8041", "127.0.0.1:8040"));
    assert_false(web_origin_is_same("http://127.0.0.1", "127.0.0.1:8040"));
    assert_false(web_origin_is_same("http://evil.example", "127.0.0.1:8040"));
    assert_false(web_origin_is_same("null", "127.0.0.1:8040"));
    assert_false(web_origin_is_same("null", "null"));
    assert_false(web_origin_is_same("file://", ""));
    assert_false(web_origin_is_same("http://127.0.0.1:8040", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_hosts_are_known),
        cmocka_unit_test(other_hosts_are_refused),
        cmocka_unit_test(an_origin_has_to_be_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
