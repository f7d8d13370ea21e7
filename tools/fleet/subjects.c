#include "tools/fleet/subjects.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define PREFIX "mocap.v1."

static const char *const kinds[FLEET_SUBJECT_KIND_COUNT] = { "record", "record.json", "state",
                                                             "stats", "want" };
static const char digits[] = "0123456789ABCDEF";

const char *fleet_subject_kind_name(enum fleet_subject_kind kind)
{
    return kinds[kind];
}

static bool is_plain(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

bool fleet_name_valid(const char *name)
{
    const size_t length = strnlen(name, PROTOCOL_NAME_BYTES);
    for (size_t i = 0; i < length;) {
        uint32_t character;
        const int bytes = mc_utf8_decode(name + i, length - i, &character);
        if (bytes == 0 || character < ' ' || (character >= 0x7f && character <= 0x9f)) {
            return false;
        }
        i += (size_t)bytes;
    }
    return length > 0 && length < PROTOCOL_NAME_BYTES;
}

void fleet_token_write(char token[FLEET_TOKEN_BYTES], const char *name)
{
    size_t used = 0;
    for (; *name != '\0' && used + 3 < FLEET_TOKEN_BYTES; name++) {
        const unsigned char byte = (unsigned char)*name;
        if (is_plain(byte)) {
            token[used++] = *name;
        } else {
            token[used++] = '=';
            token[used++] = digits[byte >> 4];
            token[used++] = digits[byte & 15];
        }
    }
    token[used] = '\0';
}

// The value of a digit, or -1.
static int digit_value(char digit)
{
    const char *found = digit != '\0' ? strchr(digits, digit) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

bool fleet_token_read(char name[PROTOCOL_NAME_BYTES], const char *token, size_t length)
{
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        int byte = (unsigned char)token[i];
        if (token[i] == '=') {
            const int high = i + 2 < length ? digit_value(token[i + 1]) : -1;
            const int low = i + 2 < length ? digit_value(token[i + 2]) : -1;
            byte = high >= 0 && low >= 0 ? high << 4 | low : 0;
            i += 2;
            if (is_plain((unsigned char)byte)) {
                return false;
            }
        } else if (!is_plain((unsigned char)byte)) {
            return false;
        }
        if (byte == 0 || used == PROTOCOL_NAME_BYTES - 1) {
            return false;
        }
        name[used++] = (char)byte;
    }
    name[used] = '\0';
    return fleet_name_valid(name);
}

void fleet_subject_write(char subject[FLEET_SUBJECT_BYTES], const char *site, const char *stream,
                         enum fleet_subject_kind kind)
{
    char place[FLEET_TOKEN_BYTES], name[FLEET_TOKEN_BYTES] = "*";
    fleet_token_write(place, site);
    if (stream != NULL) {
        fleet_token_write(name, stream);
    }
    snprintf(subject, FLEET_SUBJECT_BYTES, PREFIX "%s.%s.%s", place, name, kinds[kind]);
}

static bool read_kind(const char *text, enum fleet_subject_kind *kind)
{
    for (int i = 0; i < FLEET_SUBJECT_KIND_COUNT; i++) {
        if (strcmp(kinds[i], text) == 0) {
            *kind = (enum fleet_subject_kind)i;
            return true;
        }
    }
    return false;
}

bool fleet_subject_read(struct fleet_subject *read, const char *subject, struct mc_error *err)
{
    const char *site = subject + strlen(PREFIX);
    if (strncmp(subject, PREFIX, strlen(PREFIX)) != 0) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "subject must begin with " PREFIX ", got '%.60s'", subject);
    }
    const char *stream = strchr(site, '.');
    const char *last = stream != NULL ? strchr(stream + 1, '.') : NULL;
    if (last == NULL || !fleet_token_read(read->site, site, (size_t)(stream - site)) ||
        !fleet_token_read(read->stream, stream + 1, (size_t)(last - stream - 1)) ||
        !read_kind(last + 1, &read->kind)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0,
                            "subject must be " PREFIX "SITE.STREAM.KIND, got '%.100s'", subject);
    }
    return true;
}

void fleet_topic_write(char topic[FLEET_SUBJECT_BYTES], const char *site, const char *stream,
                       const char *last)
{
    char place[FLEET_TOKEN_BYTES], name[FLEET_TOKEN_BYTES];
    fleet_token_write(place, site);
    if (stream == NULL) {
        snprintf(topic, FLEET_SUBJECT_BYTES, "mocap/v1/%s/%s", place, last);
        return;
    }
    fleet_token_write(name, stream);
    snprintf(topic, FLEET_SUBJECT_BYTES, "mocap/v1/%s/%s/%s", place, name, last);
}
