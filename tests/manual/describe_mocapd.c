// Describes the options of mocapd, of all streams, and of the sections of streams.
#include "daemon/options.h"
#include "tests/manual/describe.h"

int main(void)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string("mocapd"));
    json_object_set_new(object, "commands", json_array());
    json_object_set_new(object, "rows", describe_table(daemon_options_table));
    json_object_set_new(object, "settings", describe_table(daemon_settings_table));
    json_object_set_new(object, "stream", describe_table(daemon_stream_table));
    return describe_print(object);
}
