// A recording: its header, messages and index, from its start and from places in it, as an export
// reads them.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/decode.h"
#include "protocol/recording.h"
#include "tests/fuzz/fuzz_file.h"
#include "tools/mocapctl/export_bvh.h"

enum { MESSAGES_MAX = 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(struct protocol_recording *recording, FILE *out)
{
    static struct protocol_message message;
    struct mocapctl_bvh *bvh = mocapctl_bvh_create();
    struct mc_error err = { 0 };
    const char *item;
    size_t length;
    for (int i = 0; i < MESSAGES_MAX && protocol_recording_next(recording, &item, &length, &err) ==
                                            PROTOCOL_RECORDING_MESSAGE;
         i++) {
        if (protocol_decode_message(PROTOCOL_CBOR, item, length, &message, &err) &&
            message.type == PROTOCOL_MESSAGE_MOTION && !mocapctl_bvh_add(bvh, &message.record)) {
            abort();
        }
    }
    if (!mocapctl_bvh_write(bvh, out, &err) && err.message[0] == '\0') {
        abort();
    }
    mocapctl_bvh_destroy(bvh);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const double places[] = { 0, 0.5, 3, 1e9, -1 };
    static FILE *out;
    struct mc_error err = { 0 };
    out = out != NULL ? out : fopen("/dev/null", "w");
    struct protocol_recording *recording = protocol_recording_open(fuzz_file(data, size), &err);
    if (recording == NULL) {
        if (err.message[0] == '\0') {
            abort();
        }
        return 0;
    }
    read_all(recording, out);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (protocol_recording_seek(recording, places[i], &err)) {
            read_all(recording, out);
        }
    }
    protocol_recording_close(recording);
    return 0;
}
