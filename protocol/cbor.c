#include "protocol/cbor.h"

#include <cbor.h>
#include <string.h>

enum { DEPTH_MAX = 16 }; // nested arrays, maps and tags; a record has 4

// ---- one item: libcbor calls back with it

#define ON_ITEM(name, arguments, ...)                                                              \
    static void name arguments                                                                     \
    {                                                                                              \
        *(struct protocol_cbor_item *)context = (struct protocol_cbor_item){ __VA_ARGS__ };        \
    }

ON_ITEM(on_uint8, (void *context, uint8_t value), .kind = PROTOCOL_CBOR_UINT, .number = value)
ON_ITEM(on_uint16, (void *context, uint16_t value), .kind = PROTOCOL_CBOR_UINT, .number = value)
ON_ITEM(on_uint32, (void *context, uint32_t value), .kind = PROTOCOL_CBOR_UINT, .number = value)
ON_ITEM(on_uint64, (void *context, uint64_t value), .kind = PROTOCOL_CBOR_UINT, .number = value)
ON_ITEM(on_negint8, (void *context, uint8_t value), .kind = PROTOCOL_CBOR_NEGINT, .number = value)
ON_ITEM(on_negint16, (void *context, uint16_t value), .kind = PROTOCOL_CBOR_NEGINT, .number = value)
ON_ITEM(on_negint32, (void *context, uint32_t value), .kind = PROTOCOL_CBOR_NEGINT, .number = value)
ON_ITEM(on_negint64, (void *context, uint64_t value), .kind = PROTOCOL_CBOR_NEGINT, .number = value)
ON_ITEM(on_bytes, (void *context, cbor_data data, size_t length), .kind = PROTOCOL_CBOR_BYTES,
        .bytes = data, .length = length)
ON_ITEM(on_text, (void *context, cbor_data data, size_t length), .kind = PROTOCOL_CBOR_TEXT,
        .bytes = data, .length = length)
ON_ITEM(on_array, (void *context, size_t count), .kind = PROTOCOL_CBOR_ARRAY, .number = count)
ON_ITEM(on_open_array, (void *context), .kind = PROTOCOL_CBOR_ARRAY, .open = true)
ON_ITEM(on_map, (void *context, size_t count), .kind = PROTOCOL_CBOR_MAP, .number = count)
ON_ITEM(on_open_map, (void *context), .kind = PROTOCOL_CBOR_MAP, .open = true)
ON_ITEM(on_tag, (void *context, uint64_t value), .kind = PROTOCOL_CBOR_TAG, .number = value)
ON_ITEM(on_float, (void *context, float value), .kind = PROTOCOL_CBOR_REAL, .real = (double)value)
ON_ITEM(on_double, (void *context, double value), .kind = PROTOCOL_CBOR_REAL, .real = value)
ON_ITEM(on_null, (void *context), .kind = PROTOCOL_CBOR_NULL)
ON_ITEM(on_bool, (void *context, bool value), .kind = PROTOCOL_CBOR_BOOL, .number = value)
ON_ITEM(on_break, (void *context), .kind = PROTOCOL_CBOR_BREAK)

static void on_refused(void *context)
{
    (void)context; // a string in chunks: the item stays NOTHING
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

// ---- several items

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
    return true; // at the end of the bytes, taking the next item fails
}

// Bounded: bytes from outside must not choose how deep we recurse.
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
