#include "protocol/cbor.h"

#include <cbor.h>
#include <math.h>
#include <string.h>

#include "protocol/writer.h"

enum {
    DEPTH_MAX = 16, // arrays and maps within each other; a record has 4
};

// ---- one item: libcbor calls back with it

static void on_uint8(void *context, uint8_t value)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_UINT, .number = value };
}

static void on_uint16(void *context, uint16_t value)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_UINT, .number = value };
}

static void on_uint32(void *context, uint32_t value)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_UINT, .number = value };
}

static void on_uint64(void *context, uint64_t value)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_UINT, .number = value };
}

static void on_negint8(void *context, uint8_t value)
{
    on_uint8(context, value);
    ((struct protocol_cbor_item *)context)->kind = PROTOCOL_CBOR_NEGINT;
}

static void on_negint16(void *context, uint16_t value)
{
    on_uint16(context, value);
    ((struct protocol_cbor_item *)context)->kind = PROTOCOL_CBOR_NEGINT;
}

static void on_negint32(void *context, uint32_t value)
{
    on_uint32(context, value);
    ((struct protocol_cbor_item *)context)->kind = PROTOCOL_CBOR_NEGINT;
}

static void on_negint64(void *context, uint64_t value)
{
    on_uint64(context, value);
    ((struct protocol_cbor_item *)context)->kind = PROTOCOL_CBOR_NEGINT;
}

static void on_bytes(void *context, cbor_data data, size_t length)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_BYTES, .bytes = data, .length = length };
}

static void on_text(void *context, cbor_data data, size_t length)
{
    on_bytes(context, data, length);
    ((struct protocol_cbor_item *)context)->kind = PROTOCOL_CBOR_TEXT;
}

static void on_array(void *context, size_t count)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_ARRAY, .number = count };
}

static void on_open_array(void *context)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_ARRAY, .open = true };
}

static void on_map(void *context, size_t count)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_MAP, .number = count };
}

static void on_open_map(void *context)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_MAP, .open = true };
}

static void on_tag(void *context, uint64_t value)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_TAG, .number = value };
}

static void on_float(void *context, float value)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_REAL, .real = (double)value };
}

static void on_double(void *context, double value)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_REAL, .real = value };
}

static void on_null(void *context)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_NULL };
}

static void on_bool(void *context, bool value)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_BOOL, .number = value };
}

static void on_break(void *context)
{
    *(struct protocol_cbor_item *)context =
        (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_BREAK };
}

static void on_refused(void *context)
{
    (void)context; // text or bytes in pieces: the item stays NOTHING
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string = on_bytes,
    .byte_string_start = on_refused,
    .string = on_text,
    .string_start = on_refused,
    .array_start = on_array,
    .indef_array_start = on_open_array,
    .map_start = on_map,
    .indef_map_start = on_open_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_null,
    .null = on_null,
    .boolean = on_bool,
    .indef_break = on_break,
};

struct protocol_cbor_item protocol_cbor_next(struct protocol_cbor_reader *reader)
{
    struct protocol_cbor_item item = { .kind = PROTOCOL_CBOR_NOTHING };
    struct cbor_decoder_result result =
        cbor_stream_decode(reader->at, reader->left, &callbacks, &item);
    if (result.status != CBOR_DECODER_FINISHED || item.kind == PROTOCOL_CBOR_NOTHING) {
        return (struct protocol_cbor_item){ .kind = PROTOCOL_CBOR_NOTHING };
    }
    reader->at += result.read;
    reader->left -= result.read;
    return item;
}

// ---- several

bool protocol_cbor_more(struct protocol_cbor_reader *reader, struct protocol_cbor_item *head)
{
    if (!head->open) {
        return head->number > 0 && head->number-- > 0;
    }
    if (reader->left > 0 && *reader->at == 0xff) {
        reader->at++;
        reader->left--;
        return false;
    }
    return true; // where nothing is left, taking the next item tells
}

// One level of nesting at a time, bounded: bytes from outside must not choose how
// deep we go.
static bool skip(struct protocol_cbor_reader *reader, int depth)
{
    struct protocol_cbor_item item = protocol_cbor_next(reader);
    switch (item.kind) {
    case PROTOCOL_CBOR_NOTHING:
    case PROTOCOL_CBOR_BREAK:
        return false;
    case PROTOCOL_CBOR_TAG:
        return depth < DEPTH_MAX && skip(reader, depth + 1);
    case PROTOCOL_CBOR_ARRAY:
    case PROTOCOL_CBOR_MAP:
        break;
    default:
        return true;
    }
    if (depth == DEPTH_MAX) {
        return false;
    }
    while (protocol_cbor_more(reader, &item)) {
        if (!skip(reader, depth + 1) ||
            (item.kind == PROTOCOL_CBOR_MAP && !skip(reader, depth + 1))) {
            return false;
        }
    }
    return true;
}

bool protocol_cbor_skip(struct protocol_cbor_reader *reader)
{
    return skip(reader, 0);
}

bool protocol_cbor_text_is(const struct protocol_cbor_item *item, const char *text)
{
    return item->kind == PROTOCOL_CBOR_TEXT && item->length == strlen(text) &&
           memcmp(item->bytes, text, item->length) == 0;
}

bool protocol_cbor_is_motion(const unsigned char *bytes, size_t length)
{
    struct protocol_cbor_reader reader = { bytes, length };
    struct protocol_cbor_item map = protocol_cbor_next(&reader);
    if (map.kind != PROTOCOL_CBOR_MAP || !protocol_cbor_more(&reader, &map)) {
        return false;
    }
    struct protocol_cbor_item name = protocol_cbor_next(&reader);
    struct protocol_cbor_item type = protocol_cbor_next(&reader);
    return protocol_cbor_text_is(&name, "type") && protocol_cbor_text_is(&type, "motion");
}

// ---- as JSON

static json_t *load(struct protocol_cbor_reader *reader, int depth);

static json_t *load_array(struct protocol_cbor_reader *reader, struct protocol_cbor_item *head,
                          int depth)
{
    json_t *array = json_array();
    while (array != NULL && protocol_cbor_more(reader, head)) {
        json_t *value = load(reader, depth + 1);
        if (value == NULL || json_array_append_new(array, value) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

// Sets the field and lets go of value; false for a name that was there or holds a
// NUL. Names longer than any of ours are left out.
static bool set_field(json_t *object, const struct protocol_cbor_item *name, json_t *value)
{
    char key[64];
    bool fits = name->length < sizeof key, good = true;
    if (fits) {
        memcpy(key, name->bytes, name->length);
        key[name->length] = '\0';
        good = strlen(key) == name->length && json_object_get(object, key) == NULL &&
               json_object_set(object, key, value) == 0;
    }
    json_decref(value);
    return good;
}

static json_t *load_map(struct protocol_cbor_reader *reader, struct protocol_cbor_item *head,
                        int depth)
{
    json_t *object = json_object();
    while (object != NULL && protocol_cbor_more(reader, head)) {
        struct protocol_cbor_item name = protocol_cbor_next(reader);
        json_t *value =
            name.kind == PROTOCOL_CBOR_TEXT && name.length > 0 ? load(reader, depth + 1) : NULL;
        if (value == NULL || !set_field(object, &name, value)) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

// A typed array, whose tag was taken.
static json_t *load_floats(struct protocol_cbor_reader *reader)
{
    struct protocol_cbor_item bytes = protocol_cbor_next(reader);
    if (bytes.kind != PROTOCOL_CBOR_BYTES || bytes.length % sizeof(float) != 0) {
        return NULL;
    }
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < bytes.length; i += sizeof(float)) {
        float number;
        memcpy(&number, bytes.bytes + i, sizeof number);
        json_t *value = isfinite(number) ? json_real((double)number) : NULL;
        if (value == NULL || json_array_append_new(array, value) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *load_number(const struct protocol_cbor_item *item)
{
    if (item->kind == PROTOCOL_CBOR_REAL) {
        return isfinite(item->real) ? json_real(item->real) : json_null();
    }
    if (item->number > INT64_MAX) {
        return json_null();
    }
    json_int_t number = (json_int_t)item->number;
    return json_integer(item->kind == PROTOCOL_CBOR_UINT ? number : -1 - number);
}

// What JSON has no word for becomes null: who wanted another value there says so.
// NULL for what is not CBOR.
static json_t *load(struct protocol_cbor_reader *reader, int depth)
{
    struct protocol_cbor_item item = protocol_cbor_next(reader);
    if (depth > DEPTH_MAX) {
        return NULL;
    }
    switch (item.kind) {
    case PROTOCOL_CBOR_UINT:
    case PROTOCOL_CBOR_NEGINT:
    case PROTOCOL_CBOR_REAL:
        return load_number(&item);
    case PROTOCOL_CBOR_TEXT: // checks that it is UTF-8
        return json_stringn(item.length > 0 ? (const char *)item.bytes : "", item.length);
    case PROTOCOL_CBOR_ARRAY:
        return load_array(reader, &item, depth);
    case PROTOCOL_CBOR_MAP:
        return load_map(reader, &item, depth);
    case PROTOCOL_CBOR_TAG:
        return item.number == PROTOCOL_CBOR_FLOATS ? load_floats(reader) : load(reader, depth + 1);
    case PROTOCOL_CBOR_BOOL:
        return json_boolean(item.number);
    case PROTOCOL_CBOR_NULL:
    case PROTOCOL_CBOR_BYTES:
        return json_null();
    case PROTOCOL_CBOR_NOTHING:
    case PROTOCOL_CBOR_BREAK:
        break;
    }
    return NULL;
}

json_t *protocol_cbor_load(const unsigned char *bytes, size_t length, struct mc_error *err)
{
    struct protocol_cbor_reader reader = { bytes, length }, whole = reader;
    if (!protocol_cbor_skip(&whole) || whole.left > 0) {
        mc_error_set(err, MC_ERROR_FORMAT, 0, "not one whole CBOR data item");
        return NULL;
    }
    json_t *root = load(&reader, 0);
    if (!json_is_object(root)) {
        json_decref(root);
        mc_error_set(err, MC_ERROR_FORMAT, 0, "a CBOR map of what JSON can say is expected");
        return NULL;
    }
    return root;
}
