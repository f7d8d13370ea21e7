// What a broker sends mocap-fleet: a subject, a NUL, and a message. A subject that is taken is
// written the same again, and so is a report; a record with a fence is still a record.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/decode.h"
#include "tools/fleet/fenced_record.h"
#include "tools/fleet/report.h"
#include "tools/fleet/subjects.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_subject(const char *text)
{
    struct fleet_subject subject;
    struct mc_error err = { 0 };
    char again[FLEET_SUBJECT_BYTES];
    if (!fleet_subject_read(&subject, text, &err)) {
        if (err.message[0] == '\0') {
            abort();
        }
        return;
    }
    fleet_subject_write(again, subject.site, subject.stream, subject.kind);
    if (strcmp(again, text) != 0) {
        abort();
    }
}

static void check_reports(const char *text, size_t length)
{
    struct fleet_state_report state, state_again;
    struct fleet_stats_report stats;
    struct mc_error err = { 0 };
    char again[FLEET_REPORT_BYTES];
    if (fleet_state_report_read(&state, text, length, &err)) {
        const size_t written = fleet_state_report_write(again, &state);
        if (written > 0 &&
            (!fleet_state_report_read(&state_again, again, written, &err) ||
             state.fence != state_again.fence || strcmp(state.reason, state_again.reason) != 0)) {
            abort();
        }
    } else if (err.message[0] == '\0') {
        abort();
    }
    if (fleet_stats_report_read(&stats, text, length, &err)) {
        fleet_stats_report_write(again, &stats);
    }
}

static void check_record(const char *bytes, size_t length)
{
    static struct protocol_message message;
    struct protocol_buffer buffer;
    if (!protocol_decode_message(PROTOCOL_CBOR, bytes, length, &message, NULL) ||
        message.type != PROTOCOL_MESSAGE_MOTION || message.record.fence != 0) {
        return;
    }
    protocol_buffer_init(&buffer, 2 * PROTOCOL_MESSAGE_BYTES);
    if (fleet_fenced_record(&buffer, bytes, length, 7) &&
        protocol_decode_message(PROTOCOL_CBOR, buffer.data, buffer.length, &message, NULL) &&
        message.record.fence != 7) {
        abort();
    }
    protocol_buffer_finish(&buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\0', size) : NULL;
    if (end == NULL) {
        return 0;
    }
    const char *message = (const char *)end + 1;
    const size_t length = size - (size_t)(end - data) - 1;
    check_subject((const char *)data);
    check_reports(message, length);
    check_record(message, length);
    return 0;
}
