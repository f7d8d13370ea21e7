// What browsers send to mocap-web: a message of a page, and the headers that say where the page
// comes from. Lines: Host, Origin, then the message; the same as a reply of the daemon.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/web/access.h"
#include "tools/web/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TOKEN "0123456789abcdef0123456789abcdef"

static void check_access(const char *host, const char *origin)
{
    const struct web_names names = { 1, 1, { "desk.example" }, { "https://studio.example" } };
    char reason[512] = "";
    if (!web_access_host_is_ours(&names, host)) {
        web_access_explain_host(host, reason, sizeof reason);
        if (reason[0] == '\0') {
            abort();
        }
    }
    if (!web_access_origin_is_ours(&names, origin, host)) {
        web_access_explain_origin(origin, host, reason, sizeof reason);
        if (reason[0] == '\0') {
            abort();
        }
    }
    (void)web_access_is_origin(origin);
}

// Without the token nothing is passed on that changes something.
static void check_control(const char *text, size_t length)
{
    struct protocol_error error = { 0 };
    struct protocol_id id = { 0 };
    char *request = web_control_read(text, length, TOKEN, &id, &error);
    if (request == NULL && error.message[0] == '\0') {
        abort();
    }
    free(request);
    (void)web_control_is(text, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL) {
        abort();
    }
    memcpy(text, data, size);
    text[size] = '\0';
    char *origin = strchr(text, '\n');
    char *message = origin == NULL ? NULL : strchr(origin + 1, '\n');
    if (message != NULL) {
        *origin++ = *message++ = '\0';
        check_access(text, origin);
        check_control(message, size - (size_t)(message - text));
        free(web_control_reply(message, (struct protocol_id){ .given = true, .value = 7 }));
    }
    free(text);
    return 0;
}
