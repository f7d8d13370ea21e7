#include "tools/connect.h"

#include <errno.h>

#include "tools/terminal.h"

const struct mc_option tools_connect_table[] = {
    { "socket", 0, "PATH",
      "where mocapd listens; default: $XDG_RUNTIME_DIR/mocapd/mocapd.sock, else "
      "/run/mocapd/mocapd.sock",
      MC_OPTION_TEXT, MC_OPTION_FIELD(struct tools_connect_options, socket) },
    { 0 },
};

struct mocap_client *tools_connect(const char *socket)
{
    struct mocap_error error;
    struct mocap_client *client = mocap_connect(socket, TOOLS_REPLY_MS, &error);
    if (client == NULL) {
        bool absent = error.number == ENOENT || error.number == ECONNREFUSED;
        tools_complain("%s%s", error.message, absent ? "; is mocapd running?" : "");
    }
    return client;
}
