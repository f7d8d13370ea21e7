#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/web/access.h"

static const struct web_names names = { .host_count = 1,
                                        .hosts = { "desk.example" },
                                        .origin_count = 1,
                                        .origins = { "https://studio.example:8443" } };

static void our_hosts_are_known(void **state)
{
    (void)state;
    static const char *const ours[] = { "localhost",    "LOCALHOST:8040", "127.0.0.1",
                                        "10.1.2.3:80",  "[::1]",          "[fe80::1]:8040",
                                        "desk.example", "Desk.Example:9", "studio.example" };
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (!web_access_host_is_ours(&names, ours[i])) {
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
        if (web_access_host_is_ours(&names, others[i])) {
            fail_msg("'%s' is taken", others[i]);
        }
    }
    char longest[2000];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_false(web_access_host_is_ours(&names, longest));
    assert_false(web_access_host_is_ours(&names, NULL));
}

static void an_origin_has_to_be_the_host(void **state)
{
    (void)state;
    assert_true(web_access_origin_is_ours(&names, "http://127.0.0.1:8040", "127.0.0.1:8040"));
    assert_true(web_access_origin_is_ours(&names, "https://Desk.example", "desk.example"));
    assert_true(web_access_origin_is_ours(&names, NULL, "127.0.0.1:8040"));
    assert_true(web_access_origin_is_ours(&names, "", "127.0.0.1:8040"));
    assert_false(web_access_origin_is_ours(&names, "http://127.0.0.1:8041", "127.0.0.1:8040"));
    assert_false(web_access_origin_is_ours(&names, "http://127.0.0.1", "127.0.0.1:8040"));
    assert_false(web_access_origin_is_ours(&names, "http://evil.example", "127.0.0.1:8040"));
    assert_false(web_access_origin_is_ours(&names, "null", "127.0.0.1:8040"));
    assert_false(web_access_origin_is_ours(&names, "null", "null"));
    assert_false(web_access_origin_is_ours(&names, "file://", ""));
    assert_false(web_access_origin_is_ours(&names, "http://127.0.0.1:8040", NULL));
}

static void named_origins_are_ours_whatever_the_host(void **state)
{
    (void)state;
    assert_true(web_access_origin_is_ours(&names, "https://studio.example:8443", "127.0.0.1:8040"));
    assert_false(web_access_origin_is_ours(&names, "https://studio.example", "127.0.0.1:8040"));
    assert_false(web_access_origin_is_ours(&names, "http://studio.example:8443", "127.0.0.1"));
    static const char *const good[] = { "https://a.example", "HTTP://a:80", "https://[::1]:1" };
    static const char *const bad[] = { "a.example",         "ftp://a",     "https://", "https://a/",
                                       "https://user@host", "https://a:b", "null",     "" };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(web_access_is_origin(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(web_access_is_origin(bad[i]));
    }
}

static void refusals_say_what_to_do(void **state)
{
    (void)state;
    char reason[512];
    web_access_explain_host("studio:80", reason, sizeof reason);
    assert_non_null(strstr(reason, "--host studio,"));
    web_access_explain_origin("https://s.example", "127.0.0.1:1", reason, sizeof reason);
    assert_non_null(strstr(reason, "--origin https://s.example"));
    web_access_explain_origin("null", "127.0.0.1:1", reason, sizeof reason);
    assert_null(strstr(reason, "--origin"));
    web_access_explain_host("a\tb", reason, sizeof reason);
    assert_non_null(strstr(reason, "does not recognise"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_hosts_are_known),
        cmocka_unit_test(other_hosts_are_refused),
        cmocka_unit_test(an_origin_has_to_be_the_host),
        cmocka_unit_test(named_origins_are_ours_whatever_the_host),
        cmocka_unit_test(refusals_say_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
