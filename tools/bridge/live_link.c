// The datagram of the app Live Link Face, which Unreal Engine reads, big-endian: 6, a device's UUID
// and a subject's name with their lengths, a frame number of the time of day, its fraction, its
// rate, and 61 numbers with their count. Without the numbers it says that there is no face.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/bridge/live_link_values.h"
#include "tools/bridge/output.h"

enum {
    VERSION = 6,
    RATE = 60, // of the timecode; the app's own
    UUID_BYTES = 36,
    NAME_BYTES = 6, // as long as "iPhone": some receivers know datagrams by their length
    PACKET_BYTES = 1 + 4 + UUID_BYTES + 4 + NAME_BYTES + 4 * 4 + 1 + 4 * LIVE_LINK_VALUES,
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

static void write(const struct bridge_output_target *target, const struct bridge_view *view,
                  struct bridge_packets *packets)
{
    const int face = target->settings->face;
    const struct mocap_gaze *gaze = view->gaze;
    float values[LIVE_LINK_VALUES];
    char uuid[UUID_BYTES + 1], name[NAME_BYTES + 1] = "mocapd";
    struct writer writer = { .used = 0 };
    if (view->record == NULL) {
        return;
    }
    if (face > 1) { // a subject of its own for each face
        snprintf(name, sizeof name, "mocap%d", face % 10);
    }
    snprintf(uuid, sizeof uuid, "6D6F6361-7064-4000-8000-%012d", face);
    put_u8(&writer, VERSION);
    put_text(&writer, uuid);
    put_text(&writer, name);
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
    .write = write,
};
