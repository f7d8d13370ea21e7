#include "tools/fleet/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "protocol/json.h"
#include "tools/fleet/subjects.h"

// ---- writing

static size_t write_object(char text[FLEET_REPORT_BYTES], json_t *object)
{
    const size_t length =
        object != NULL ? json_dumpb(object, text, FLEET_REPORT_BYTES - 1, JSON_COMPACT) : 0;
    json_decref(object);
    if (length == 0 || length >= FLEET_REPORT_BYTES) {
        return 0;
    }
    text[length] = '\0';
    return length;
}

// jansson takes no text that is not UTF-8: streams may have any name.
static json_t *text_of(const char *text)
{
    json_t *string = json_string(text);
    return string != NULL ? string : json_string("?");
}

size_t fleet_state_report_write(char text[FLEET_REPORT_BYTES],
                                const struct fleet_state_report *report)
{
    json_t *object = json_pack(
        "{s:s, s:o, s:s, s:o, s:o, s:i}", "type", "state", "stream", text_of(report->stream),
        "state", protocol_stream_state_name(report->state), "reason", text_of(report->reason),
        "publisher", text_of(report->publisher), "repeated_ms", report->repeated_ms);
    if (object != NULL && report->fence != 0) {
        json_object_set_new(object, "fence", json_integer((json_int_t)report->fence));
    }
    return write_object(text, object);
}

size_t fleet_stats_report_write(char text[FLEET_REPORT_BYTES],
                                const struct fleet_stats_report *report)
{
    return write_object(
        text,
        json_pack("{s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "type", "stats", "stream",
                  text_of(report->stream), "publisher", text_of(report->publisher), "records",
                  (json_int_t)report->records, "dropped", (json_int_t)report->dropped, "published",
                  (json_int_t)report->published, "refused", (json_int_t)report->refused, "lost",
                  (json_int_t)report->lost, "missed", (json_int_t)report->missed, "rate",
                  round(report->rate * 100) / 100));
}

// ---- reading

// field optional: absent leaves the text as it is.
static bool read_text(const json_t *object, const char *field, bool is_optional, char *text,
                      size_t size, struct mc_error *err)
{
    const json_t *value = json_object_get(object, field);
    if (value == NULL && is_optional) {
        return true;
    }
    const size_t length = json_is_string(value) ? json_string_length(value) : size;
    if (length >= size || strlen(json_string_value(value)) != length) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be text of at most %zu bytes", field,
                            size - 1);
    }
    memcpy(text, json_string_value(value), length + 1);
    return true;
}

static bool read_count(const json_t *object, const char *field, bool is_optional, int64_t most,
                       uint64_t *count, struct mc_error *err)
{
    const json_t *value = json_object_get(object, field);
    if (value == NULL && is_optional) {
        return true;
    }
    const json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    if (number < 0 || number > most) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: must be a whole number from 0 to %lld",
                            field, (long long)most);
    }
    *count = (uint64_t)number;
    return true;
}

static json_t *load(const char *text, size_t length, const char *type, struct mc_error *err)
{
    if (length > FLEET_REPORT_BYTES) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "must be at most %d bytes, got %zu",
                     FLEET_REPORT_BYTES, length);
        return NULL;
    }
    json_t *object = protocol_json_load(text, length, err);
    const char *given = json_string_value(json_object_get(object, "type"));
    if (object != NULL && (given == NULL || strcmp(given, type) != 0)) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "type: must be \"%s\"", type);
        json_decref(object);
        return NULL;
    }
    return object;
}

static bool read_names(const json_t *object, char stream[PROTOCOL_NAME_BYTES],
                       char publisher[FLEET_PUBLISHER_BYTES], struct mc_error *err)
{
    return read_text(object, "stream", false, stream, PROTOCOL_NAME_BYTES, err) &&
           (fleet_name_valid(stream) ||
            mc_error_set(err, MC_ERROR_FORMAT, 0, "stream: must be a name")) &&
           read_text(object, "publisher", true, publisher, FLEET_PUBLISHER_BYTES, err);
}

bool fleet_state_report_read(struct fleet_state_report *report, const char *text, size_t length,
                             struct mc_error *err)
{
    char state[32];
    uint64_t repeated_ms = FLEET_REPEAT_MS;
    json_t *object = load(text, length, "state", err);
    *report = (struct fleet_state_report){ 0 };
    const bool is_good =
        object != NULL && read_names(object, report->stream, report->publisher, err) &&
        read_text(object, "state", false, state, sizeof state, err) &&
        read_text(object, "reason", true, report->reason, sizeof report->reason, err) &&
        read_count(object, "fence", true, PROTOCOL_COUNT_MAX, &report->fence, err) &&
        read_count(object, "repeated_ms", true, FLEET_REPEAT_MAX_MS, &repeated_ms, err);
    if (is_good) {
        report->state = protocol_stream_state_parse(state);
        report->repeated_ms = (int)repeated_ms;
    }
    json_decref(object);
    return is_good;
}

bool fleet_stats_report_read(struct fleet_stats_report *report, const char *text, size_t length,
                             struct mc_error *err)
{
    json_t *object = load(text, length, "stats", err);
    *report = (struct fleet_stats_report){ 0 };
    const bool is_good =
        object != NULL && read_names(object, report->stream, report->publisher, err) &&
        read_count(object, "records", true, PROTOCOL_COUNT_MAX, &report->records, err) &&
        read_count(object, "dropped", true, PROTOCOL_COUNT_MAX, &report->dropped, err) &&
        read_count(object, "published", true, PROTOCOL_COUNT_MAX, &report->published, err) &&
        read_count(object, "refused", true, PROTOCOL_COUNT_MAX, &report->refused, err) &&
        read_count(object, "lost", true, PROTOCOL_COUNT_MAX, &report->lost, err) &&
        read_count(object, "missed", true, PROTOCOL_COUNT_MAX, &report->missed, err);
    if (is_good) {
        const double rate = json_number_value(json_object_get(object, "rate"));
        report->rate = rate >= 0 && rate <= PROTOCOL_COUNT_MAX ? rate : 0;
    }
    json_decref(object);
    return is_good;
}
