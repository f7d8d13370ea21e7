#include "protocol/policy.h"

#include <string.h>

#include "protocol/buffer.h"

static const char *const encoding_names[] = { "json", "cbor" };
static const char *const lost_names[] = { "none", "hold", "neutral" };
static const char *const mode_names[] = { "latest", "queue", "every-frame" };
static const char *const include_names[] = { "keypoints", "raw",    "jacobians", "pose",
                                             "shapes",    "timing", "gaze",      "dense" };

// Returns the index of text in names, or -1.
static int find(const char *const *names, int count, const char *text)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

const char *protocol_encoding_name(enum protocol_encoding encoding)
{
    return encoding_names[encoding];
}

bool protocol_encoding_parse(const char *text, enum protocol_encoding *encoding)
{
    int index = find(encoding_names, PROTOCOL_ENCODING_COUNT, text);
    *encoding = index < 0 ? *encoding : (enum protocol_encoding)index;
    return index >= 0;
}

const char *protocol_lost_name(enum protocol_lost lost)
{
    return lost_names[lost];
}

bool protocol_lost_parse(const char *text, enum protocol_lost *lost)
{
    int index = find(lost_names, PROTOCOL_LOST_COUNT, text);
    *lost = index < 0 ? *lost : (enum protocol_lost)index;
    return index >= 0;
}

const char *protocol_mode_name(enum protocol_mode mode)
{
    return mode_names[mode];
}

bool protocol_mode_parse(const char *text, enum protocol_mode *mode)
{
    int index = find(mode_names, PROTOCOL_MODE_COUNT, text);
    *mode = index < 0 ? *mode : (enum protocol_mode)index;
    return index >= 0;
}

const char *protocol_include_name(int bit)
{
    return include_names[bit];
}

bool protocol_include_parse(const char *text, unsigned *bits)
{
    int index = find(include_names, PROTOCOL_INCLUDE_COUNT, text);
    *bits |= index < 0 ? 0 : 1u << index;
    return index >= 0;
}

bool protocol_rate_valid(double max_rate)
{
    return max_rate == 0 || (max_rate >= PROTOCOL_RATE_MIN && max_rate <= PROTOCOL_RATE_MAX);
}

bool protocol_label_valid(const char *label, size_t length)
{
    if (length >= PROTOCOL_LABEL_BYTES || strlen(label) != length) {
        return false;
    }
    while (*label != '\0') {
        size_t bytes = protocol_buffer_utf8_length(label);
        unsigned char first = (unsigned char)*label, second = (unsigned char)label[1];
        // Also U+0080 to U+009F, which some terminals interpret.
        if (bytes == 0 || first < 0x20 || first == 0x7f || (first == 0xc2 && second < 0xa0)) {
            return false;
        }
        label += bytes;
    }
    return true;
}
