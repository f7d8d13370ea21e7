#include "tools/bridge/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/suggestion.h"
#include "base/value.h"
#include "protocol/record.h"

_Static_assert(MOCAP_SHAPE_COUNT == 52, "a gain for each shape");

const struct bridge_settings bridge_settings_default = BRIDGE_SETTINGS_DEFAULT;

const char *const bridge_settings_shapes[] = { "both", "vrm", "arkit", NULL };

bool bridge_settings_bones(void *body, const char *label, const char *text, struct mc_error *err)
{
    static const char *const names[] = { "head", "body" };
    int index;
    if (!mc_value_choice(label, text, names, 2, &index, err)) {
        return false;
    }
    *(bool *)body = index == 1;
    return true;
}

// Receivers hold the last pose when nothing is sent.
bool bridge_settings_lost(void *lost, const char *label, const char *text, struct mc_error *err)
{
    static const char *const names[] = { "hold", "neutral" };
    int index;
    if (!mc_value_choice(label, text, names, 2, &index, err)) {
        return false;
    }
    *(enum mocap_lost *)lost = index == 1 ? MOCAP_LOST_NEUTRAL : MOCAP_LOST_NONE;
    return true;
}

bool bridge_settings_face(void *face, const char *label, const char *text, struct mc_error *err)
{
    int number = 0;
    if (strcmp(text, "any") != 0 &&
        !mc_value_int(label, text, 1, PROTOCOL_FACES_MAX, &number, NULL)) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be any, or a number from 1 to %d, got '%.40s'", label,
                            PROTOCOL_FACES_MAX, text);
    }
    *(int *)face = number;
    return true;
}

bool bridge_settings_head(void *angles, const char *label, const char *text, struct mc_error *err)
{
    double values[3];
    if (!mc_value_reals(label, text, -180, 180, values, 3, err)) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        ((float *)angles)[i] = (float)values[i];
    }
    return true;
}

bool bridge_settings_prefix(void *prefix, const char *label, const char *text, struct mc_error *err)
{
    size_t length = strlen(text);
    length -= length > 1 && text[length - 1] == '/';
    bool good = length < BRIDGE_PREFIX_BYTES;
    for (size_t i = 0; good && i < length; i++) {
        // What OSC 1.0 leaves out of the parts of addresses, and empty parts.
        const bool is_empty = text[i] == '/' && (i == 0 || i == length - 1 || text[i - 1] == '/');
        good = text[i] > ' ' && text[i] <= '~' && strchr("#*,?[]{}", text[i]) == NULL && !is_empty;
    }
    if (!good) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be up to %d letters, digits and other characters of an OSC "
                            "address, such as FT, with slashes between its parts, got '%.40s'",
                            label, BRIDGE_PREFIX_BYTES - 1, text);
    }
    memcpy(prefix, text, length);
    ((char *)prefix)[length] = '\0';
    return true;
}

bool bridge_settings_subject(void *subject, const char *label, const char *text,
                             struct mc_error *err)
{
    const size_t length = strlen(text);
    bool good =
        length > 0 && length < BRIDGE_SUBJECT_BYTES && text[0] != ' ' && text[length - 1] != ' ';
    for (size_t i = 0; good && i < length; i++) {
        good = text[i] >= ' ' && text[i] <= '~';
    }
    if (!good) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be 1 to %d letters, digits and other visible characters of "
                            "ASCII, got '%.40s'",
                            label, BRIDGE_SUBJECT_BYTES - 1, text);
    }
    memcpy(subject, text, length + 1);
    return true;
}

// The shape called name; MOCAP_SHAPE_COUNT for all of them, -1 for none.
static int find_shape(const char *label, const char *name, struct mc_error *err)
{
    struct mc_suggestion suggestion;
    mc_suggestion_init(&suggestion, name);
    for (int i = 0; i < MOCAP_SHAPE_COUNT; i++) {
        if (strcmp(name, mocap_shape_name(i)) == 0) {
            return i;
        }
        mc_suggestion_consider(&suggestion, mocap_shape_name(i));
    }
    if (strcmp(name, "all") == 0) {
        return MOCAP_SHAPE_COUNT;
    }
    const bool near = suggestion.best != NULL;
    mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: unknown shape '%.40s'%s%s%s", label, name,
                 near ? "; did you mean '" : "", near ? suggestion.best : "", near ? "'?" : "");
    return -1;
}

// Reads one "SHAPE=NUMBER" of length bytes.
static bool read_pair(const char *label, const char *text, size_t length, double most,
                      float *values, struct mc_error *err)
{
    char pair[64] = "", *equals;
    double value;
    if (length < sizeof pair) {
        memcpy(pair, text, length);
        pair[length] = '\0';
    }
    if (length >= sizeof pair || (equals = strchr(pair, '=')) == NULL || equals == pair ||
        equals[1] == '\0') {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "%s must be SHAPE=NUMBER,..., such as jawOpen=1.5, got '%.*s'", label,
                            length > 40 ? 40 : (int)length, text);
    }
    *equals = '\0';
    const int shape = find_shape(label, pair, err);
    char name[96];
    snprintf(name, sizeof name, "%s: %s", label, pair);
    if (shape < 0 || !mc_value_real(name, equals + 1, 0, most, &value, err)) {
        return false;
    }
    for (int i = 0; i < MOCAP_SHAPE_COUNT; i++) {
        if (shape == i || shape == MOCAP_SHAPE_COUNT) {
            values[i] = (float)value;
        }
    }
    return true;
}

static bool read_pairs(const char *label, const char *text, double most, float *values,
                       struct mc_error *err)
{
    float changed[MOCAP_SHAPE_COUNT]; // all or nothing
    memcpy(changed, values, sizeof changed);
    for (;;) {
        text += strspn(text, " \t");
        size_t length = strcspn(text, ",");
        const char *end = text + length;
        while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t')) {
            length--;
        }
        if (!read_pair(label, text, length, most, changed, err)) {
            return false;
        }
        if (*end == '\0') {
            break;
        }
        text = end + 1;
    }
    memcpy(values, changed, sizeof changed);
    return true;
}

bool bridge_settings_gain(void *values, const char *label, const char *text, struct mc_error *err)
{
    return read_pairs(label, text, BRIDGE_GAIN_MAX, values, err);
}

bool bridge_settings_neutral(void *values, const char *label, const char *text,
                             struct mc_error *err)
{
    return read_pairs(label, text, 1, values, err);
}
