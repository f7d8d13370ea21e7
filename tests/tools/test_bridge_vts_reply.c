// What VTube Studio answers, as its public API's document has it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/bridge/vts_reply.h"

static struct bridge_vts_reply read_reply(const char *text)
{
    struct bridge_vts_reply reply;
    bridge_vts_reply_read(text, strlen(text), &reply);
    return reply;
}

static void tokens_and_authentication_are_read(void **state)
{
    (void)state;
    struct bridge_vts_reply reply = read_reply("{\"messageType\":\"AuthenticationTokenResponse\","
                                               "\"data\":{\"authenticationToken\":\"abc\"}}");
    assert_int_equal(reply.type, BRIDGE_VTS_REPLY_TOKEN);
    assert_string_equal(reply.token, "abc");
    reply = read_reply(
        "{\"messageType\":\"AuthenticationResponse\",\"data\":{\"authenticated\":true}}");
    assert_int_equal(reply.type, BRIDGE_VTS_REPLY_AUTHENTICATED);
    assert_true(reply.is_authenticated);
}

static void errors_have_their_id(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t id;
        const char *message;
    } errors[] = {
        { "{\"messageType\":\"APIError\",\"data\":{\"errorID\":50,\"message\":\"denied\"}}",
          BRIDGE_VTS_TOKEN_DENIED, "denied" },
        { "{\"messageType\":\"APIError\",\"data\":{\"errorID\":51,\"message\":\"ongoing\"}}", 51,
          "ongoing" },
        { "{\"messageType\":\"APIError\",\"data\":{\"errorID\":\"50\"}}", -1, "no reason given" },
        { "{\"messageType\":\"APIError\",\"data\":{\"errorID\":50.0}}", -1, "no reason given" },
        { "{\"messageType\":\"APIError\",\"data\":[50]}", -1, "no reason given" },
        { "{\"messageType\":\"APIError\"}", -1, "no reason given" },
    };
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        const struct bridge_vts_reply reply = read_reply(errors[i].text);
        assert_int_equal(reply.type, BRIDGE_VTS_REPLY_ERROR);
        assert_int_equal(reply.error_id, errors[i].id);
        assert_string_equal(reply.message, errors[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_and_authentication_are_read),
        cmocka_unit_test(errors_have_their_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
