// The datagram of the app Live Link Face, which Unreal Engine reads, big-endian: 6, a device's UUID
// and a subject's name with their lengths, a frame number of the time of day, its fraction, its
// rate, and 61 numbers with their count. Without the numbers it says that there is no face.
#include "tools/bridge/live_link.h"

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "tools/bridge/live_link_values.h"
#include "tools/bridge/output.h"

enum {
    VERSION = 6,
    RATE = 60, // of the timecode; the app's own
    UUID_BYTES = 36,
    PACKET_BYTES =
        1 + 4 + UUID_BYTES + 4 + BRIDGE_SUBJECT_BYTES - 1 + 4 * 4 + 1 + 4 * LIVE_LINK_VALUES,
};

// The output's, for each target.
struct live_link {
    char uuid[UUID_BYTES + 1]; // "": not made yet
};

struct writer {
    unsigned char bytes[PACKET_BYTES];
    size_t used;
};

static void put_u8(struct writer *writer, unsigned value)
{
    writer->bytes[writer->used++] = (unsigned char)value;
}

static void put_u32(struct writer *writer, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        put_u8(writer, value >> shift & 0xff);
    }
}

static void put_float(struct writer *writer, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_u32(writer, bits);
}

static void put_text(struct writer *writer, const char *text)
{
    const size_t length = strlen(text);
    put_u32(writer, (uint32_t)length);
    memcpy(writer->bytes + writer->used, text, length);
    writer->used += length;
}

// The frame of the local time of day, and the part of it that has passed.
static void put_timecode(struct writer *writer, double unix_s)
{
    const time_t seconds = (time_t)floor(unix_s);
    struct tm local;
    localtime_r(&seconds, &local);
    const double of_day =
        local.tm_hour * 3600.0 + local.tm_min * 60.0 + local.tm_sec + (unix_s - (double)seconds);
    const double frame = floor(of_day * RATE);
    put_u32(writer, (uint32_t)frame);
    put_float(writer, (float)(of_day * RATE - frame));
    put_u32(writer, RATE);
    put_u32(writer, 1);
}

// ---- subjects and devices

// By default it is as long as "iPhone": VRCFaceTracking's module knows datagrams by their length.
void live_link_subject(const struct bridge_settings *settings, char subject[BRIDGE_SUBJECT_BYTES])
{
    if (settings->subject[0] != '\0') {
        memcpy(subject, settings->subject, BRIDGE_SUBJECT_BYTES);
    } else if (settings->face > 1) {
        snprintf(subject, BRIDGE_SUBJECT_BYTES, "mocap%d", settings->face % 10);
    } else {
        snprintf(subject, BRIDGE_SUBJECT_BYTES, "mocapd");
    }
}

static bool is_same_address(const struct bridge_target_options *one,
                            const struct bridge_target_options *other)
{
    struct bridge_address addresses[2];
    const char *const texts[2] = { bridge_target_address(one), bridge_target_address(other) };
    bool good = true;
    for (int i = 0; i < 2; i++) {
        good = bridge_address_init(&addresses[i], texts[i], one->output->port, NULL) && good;
        bridge_address_finish(&addresses[i]);
    }
    return good && strcmp(addresses[0].host, addresses[1].host) == 0 &&
           strcmp(addresses[0].port, addresses[1].port) == 0;
}

bool live_link_check(const struct bridge_targets *targets, int index, struct mc_error *err)
{
    const struct bridge_target_options *target = &targets->items[index];
    char subject[BRIDGE_SUBJECT_BYTES], other[BRIDGE_SUBJECT_BYTES];
    if (target->output != &bridge_output_live_link) {
        return true;
    }
    live_link_subject(&target->settings, subject);
    for (int i = 0; i < index; i++) {
        const struct bridge_target_options *before = &targets->items[i];
        if (before->output != target->output) {
            continue;
        }
        live_link_subject(&before->settings, other);
        if (strcmp(subject, other) == 0 && is_same_address(target, before)) {
            return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                "target %.40s: its subject at %.40s is '%s', as that of target "
                                "%.40s: give one of them another subject in mocap-bridge.conf",
                                target->name, bridge_target_address(target), subject, before->name);
        }
    }
    return true;
}

// What tells this machine from others.
static void find_machine(char *machine, size_t size)
{
    FILE *file = fopen("/etc/machine-id", "re");
    struct utsname names;
    machine[0] = '\0';
    if ((file == NULL || fgets(machine, (int)size, file) == NULL) && uname(&names) == 0) {
        snprintf(machine, size, "%s", names.nodename);
    }
    if (file != NULL) {
        fclose(file);
    }
}

// FNV-1a, the text's end included.
static uint64_t add_text(uint64_t hash, const char *text)
{
    do {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    } while (*text++ != '\0');
    return hash;
}

// The same whenever the bridge runs, and another for each machine, stream, face and subject. Of
// version 8 (RFC 9562): a hash behind "mocapd".
static void make_uuid(const struct bridge_settings *settings, char uuid[UUID_BYTES + 1])
{
    char machine[256], face[16], subject[BRIDGE_SUBJECT_BYTES];
    find_machine(machine, sizeof machine);
    snprintf(face, sizeof face, "%d", settings->face);
    live_link_subject(settings, subject);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    const char *const texts[] = { machine, settings->stream, face, subject };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        hash = add_text(hash, texts[i]);
    }
    snprintf(uuid, UUID_BYTES + 1, "6D6F6361-7064-8%03X-800%X-%012" PRIX64, (unsigned)(hash >> 52),
             (unsigned)(hash >> 48 & 0xf), hash & UINT64_C(0xffffffffffff));
}

// ---- the datagram

static void write(const struct bridge_output_target *target, const struct bridge_view *view,
                  struct bridge_packets *packets)
{
    struct live_link *self = target->state;
    const struct mocap_gaze *gaze = view->gaze;
    float values[LIVE_LINK_VALUES];
    char subject[BRIDGE_SUBJECT_BYTES];
    struct writer writer = { .used = 0 };
    if (view->record == NULL) {
        return;
    }
    if (self->uuid[0] == '\0') {
        make_uuid(target->settings, self->uuid);
    }
    live_link_subject(target->settings, subject);
    put_u8(&writer, VERSION);
    put_text(&writer, self->uuid);
    put_text(&writer, subject);
    put_timecode(&writer, view->unix_s);
    if (view->face != NULL) {
        live_link_values(
            view->face->shapes, view->face->pose != NULL ? view->face->pose->euler : NULL,
            gaze != NULL ? gaze->left : NULL, gaze != NULL ? gaze->right : NULL, values);
        put_u8(&writer, LIVE_LINK_VALUES);
        for (int i = 0; i < LIVE_LINK_VALUES; i++) {
            put_float(&writer, values[i]);
        }
    }
    memcpy(bridge_packets_add(packets, writer.used), writer.bytes, writer.used);
}

const struct bridge_output bridge_output_live_link = {
    .name = "live-link",
    .title = "Live Link Face's datagrams",
    .port = "11111",
    .state_bytes = sizeof(struct live_link),
    .write = write,
};
