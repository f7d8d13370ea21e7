// The reading side of recording.h.
#include "protocol/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "protocol/cbor.h"
#include "protocol/decode.h"

enum {
    POSITION_BYTES = 9, // of the index, at the end of the file
    ROOM_BYTES = 2 * PROTOCOL_MESSAGE_BYTES,
};

struct protocol_recording {
    FILE *file;
    struct protocol_hello hello;
    long first;        // offset of the first message
    long index;        // offset of the index, or 0
    long read_end;     // offset in the file of the end of room's content
    size_t start, end; // in room, of what was not returned yet
    char room[ROOM_BYTES];
};

// Fills the room; false at the end of the file.
static bool read_more(struct protocol_recording *recording)
{
    memmove(recording->room, recording->room + recording->start, recording->end - recording->start);
    recording->end -= recording->start;
    recording->start = 0;
    size_t count =
        fread(recording->room + recording->end, 1, ROOM_BYTES - recording->end, recording->file);
    recording->end += count;
    recording->read_end += (long)count;
    return count > 0;
}

// Returns the next data item; END when there is none, CUT when it is not whole.
static enum protocol_recording_result next_item(struct protocol_recording *recording,
                                                const char **item, size_t *length,
                                                struct mc_error *err)
{
    for (;;) {
        struct protocol_cbor_reader reader = {
            (const unsigned char *)recording->room + recording->start,
            recording->end - recording->start,
        };
        if (protocol_cbor_skip(&reader)) {
            *item = recording->room + recording->start;
            *length = recording->end - recording->start - reader.left;
            recording->start += *length;
            return PROTOCOL_RECORDING_MESSAGE;
        }
        if (recording->end - recording->start > PROTOCOL_MESSAGE_BYTES) {
            mc_error_set(err, MC_ERROR_FORMAT, 0, "the item at byte %ld must be a message",
                         recording->read_end - (long)(recording->end - recording->start));
            return PROTOCOL_RECORDING_ERROR;
        }
        if (!read_more(recording)) {
            if (ferror(recording->file)) {
                mc_error_set_errno(err, "reading the recording");
                return PROTOCOL_RECORDING_ERROR;
            }
            return recording->end == recording->start ? PROTOCOL_RECORDING_END
                                                      : PROTOCOL_RECORDING_CUT;
        }
    }
}

static long position(const struct protocol_recording *recording)
{
    return recording->read_end - (long)(recording->end - recording->start);
}

static bool go_to(struct protocol_recording *recording, long offset, struct mc_error *err)
{
    if (fseek(recording->file, offset, SEEK_SET) != 0) {
        return mc_error_set_errno(err, "reading the recording");
    }
    recording->start = recording->end = 0;
    recording->read_end = offset;
    return true;
}

static bool read_header(struct protocol_recording *recording, struct mc_error *err)
{
    const char *item;
    size_t length;
    if (next_item(recording, &item, &length, err) != PROTOCOL_RECORDING_MESSAGE) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "must be a recording of mocapctl");
    }
    if (!protocol_decode_recording(item, length, &recording->hello, err)) {
        return false;
    }
    recording->first = position(recording);
    return recording->hello.major == PROTOCOL_MAJOR ||
           mc_error_set(err, MC_ERROR_FORMAT, 0, "must be of protocol version %d, got %d.%d",
                        PROTOCOL_MAJOR, recording->hello.major, recording->hello.minor);
}

// True when the map at the offset is an index: the last bytes of a truncated file may look
// like an offset.
static bool is_index(struct protocol_recording *recording, long offset)
{
    static const char wanted[] = "\xa3\x64type\x65index";
    char found[sizeof wanted - 1];
    return fseek(recording->file, offset, SEEK_SET) == 0 &&
           fread(found, 1, sizeof found, recording->file) == sizeof found &&
           memcmp(found, wanted, sizeof found) == 0;
}

// Returns the offset that the file ends in, or 0.
static long find_index(struct protocol_recording *recording)
{
    unsigned char bytes[POSITION_BYTES];
    if (fseek(recording->file, -(long)POSITION_BYTES, SEEK_END) != 0) {
        return 0;
    }
    long end = ftell(recording->file);
    struct protocol_cbor_reader reader = { bytes, fread(bytes, 1, sizeof bytes, recording->file) };
    struct protocol_cbor_item item = protocol_cbor_next(&reader);
    bool good = item.kind == PROTOCOL_CBOR_UINT && reader.left == 0 &&
                item.number >= (uint64_t)recording->first && item.number < (uint64_t)end;
    return good && is_index(recording, (long)item.number) ? (long)item.number : 0;
}

struct protocol_recording *protocol_recording_open(const char *path, struct mc_error *err)
{
    struct protocol_recording *recording = calloc(1, sizeof *recording);
    if (recording == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a recording");
        return NULL;
    }
    const int fd = mc_file_open(path, err);
    recording->file = fd < 0 ? NULL : fdopen(fd, "r");
    if (recording->file == NULL) {
        if (fd >= 0) {
            mc_error_set_errno(err, "%s", path);
            close(fd);
        }
        protocol_recording_close(recording);
        return NULL;
    }
    if (!read_header(recording, err)) {
        mc_error_wrap(err, "%s", path);
        protocol_recording_close(recording);
        return NULL;
    }
    recording->index = find_index(recording);
    if (!protocol_recording_rewind(recording, err)) {
        protocol_recording_close(recording);
        return NULL;
    }
    return recording;
}

void protocol_recording_close(struct protocol_recording *recording)
{
    if (recording != NULL) {
        if (recording->file != NULL) {
            fclose(recording->file);
        }
        free(recording);
    }
}

const struct protocol_hello *protocol_recording_hello(const struct protocol_recording *recording)
{
    return &recording->hello;
}

enum protocol_recording_result protocol_recording_next(struct protocol_recording *recording,
                                                       const char **item, size_t *length,
                                                       struct mc_error *err)
{
    if (recording->index > 0 && position(recording) >= recording->index) {
        return PROTOCOL_RECORDING_END;
    }
    return next_item(recording, item, length, err);
}

bool protocol_recording_rewind(struct protocol_recording *recording, struct mc_error *err)
{
    return go_to(recording, recording->first, err);
}

// Takes the next item, which must be a whole number.
static bool take_number(struct protocol_recording *recording, uint64_t *number)
{
    struct mc_error err;
    const char *item;
    size_t length;
    if (next_item(recording, &item, &length, &err) != PROTOCOL_RECORDING_MESSAGE) {
        return false;
    }
    struct protocol_cbor_reader reader = { (const unsigned char *)item, length };
    struct protocol_cbor_item value = protocol_cbor_next(&reader);
    *number = value.number;
    return value.kind == PROTOCOL_CBOR_UINT;
}

// Goes to the first entry of the index; sets count to their number, as the file has it.
static bool open_index(struct protocol_recording *recording, uint64_t *count)
{
    if (!go_to(recording, recording->index, NULL) || !read_more(recording)) {
        return false;
    }
    struct protocol_cbor_reader reader = { (const unsigned char *)recording->room, recording->end };
    struct protocol_cbor_item map = protocol_cbor_next(&reader);
    while (map.kind == PROTOCOL_CBOR_MAP && protocol_cbor_more(&reader, &map)) {
        struct protocol_cbor_item name = protocol_cbor_next(&reader);
        if (protocol_cbor_text_is(&name, "entries")) {
            struct protocol_cbor_item array = protocol_cbor_next(&reader);
            *count = array.number;
            recording->start = recording->end - reader.left;
            return array.kind == PROTOCOL_CBOR_ARRAY && !array.open;
        }
        if (!protocol_cbor_skip(&reader)) {
            return false;
        }
    }
    return false;
}

// Takes one entry: an array of two numbers.
static bool take_entry(struct protocol_recording *recording, uint64_t *t_ns, uint64_t *offset)
{
    if (recording->end - recording->start < 32) {
        read_more(recording);
    }
    if (recording->end == recording->start || recording->room[recording->start] != '\x82') {
        return false;
    }
    recording->start++;
    return take_number(recording, t_ns) && *t_ns <= PROTOCOL_TIME_MAX_NS &&
           take_number(recording, offset);
}

bool protocol_recording_seek(struct protocol_recording *recording, double seconds,
                             struct mc_error *err)
{
    uint64_t count = 0, first_ns = 0, t_ns, offset;
    long target = recording->first;
    if (recording->index == 0 || !open_index(recording, &count)) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "the recording has no index");
    }
    for (uint64_t i = 0; i < count; i++) {
        if (!take_entry(recording, &t_ns, &offset) || offset >= (uint64_t)recording->index ||
            offset < (uint64_t)recording->first) {
            return mc_error_set(err, MC_ERROR_FORMAT, 0, "the recording's index is damaged");
        }
        first_ns = i == 0 ? t_ns : first_ns;
        if (((double)t_ns - (double)first_ns) / 1e9 > seconds) {
            break;
        }
        target = (long)offset;
    }
    return go_to(recording, target, err);
}
