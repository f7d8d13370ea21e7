#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/endpoint.h"

static void the_longest_path_fits_and_one_more_is_refused(void **state)
{
    (void)state;
    char path[PROTOCOL_ENDPOINT_BYTES + 1];
    struct sockaddr_un address;
    struct mc_error err = { 0 };
    memset(path, 'x', sizeof path);
    path[PROTOCOL_ENDPOINT_BYTES - 1] = '\0';
    assert_true(protocol_endpoint_address(path, &address, &err));
    assert_string_equal(address.sun_path, path);

    path[PROTOCOL_ENDPOINT_BYTES - 1] = 'x';
    path[PROTOCOL_ENDPOINT_BYTES] = '\0';
    assert_false(protocol_endpoint_address(path, &address, &err));
    assert_int_equal(err.code, MC_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "108 bytes is too long, at most 107"));
    assert_false(protocol_endpoint_address("", &address, &err));
}

static void root_uses_the_system_socket_and_a_user_the_own(void **state)
{
    (void)state;
    char path[PROTOCOL_ENDPOINT_BYTES];
    struct mc_error err = { 0 };
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    assert_true(protocol_endpoint_default(path, &err));
    assert_string_equal(path, geteuid() == 0 ? "/run/mocapd/mocapd.sock"
                                             : "/run/user/7/mocapd/mocapd.sock");
    unsetenv("XDG_RUNTIME_DIR");
    assert_true(protocol_endpoint_default(path, &err));
    assert_string_equal(path, "/run/mocapd/mocapd.sock");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_path_fits_and_one_more_is_refused),
        cmocka_unit_test(root_uses_the_system_socket_and_a_user_the_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
