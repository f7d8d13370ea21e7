// The writing side of recording.h.
#include <cbor/encoding.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "protocol/encode.h"
#include "protocol/recording.h"
#include "protocol/writer.h"

enum {
    INDEX_EVERY_NS = 1000000000, // between two records in the index
    ENTRIES_FIRST = 256,
};

struct entry {
    int64_t t_ns;
    uint64_t offset;
};

struct protocol_recorder {
    FILE *file;
    uint64_t offset; // bytes written
    uint64_t records;
    struct entry *entries;
    size_t entry_count, entry_capacity;
};

static bool put(struct protocol_recorder *recorder, const void *bytes, size_t length,
                struct mc_error *err)
{
    if (fwrite(bytes, 1, length, recorder->file) != length) {
        return mc_error_set_errno(err, "writing the recording");
    }
    recorder->offset += length;
    return true;
}

// Writes the message in the buffer, without the length before it, and frees the buffer.
static bool put_message(struct protocol_recorder *recorder, struct protocol_buffer *buffer,
                        struct mc_error *err)
{
    bool ok = protocol_buffer_check(buffer, "a message", err) &&
              put(recorder, buffer->data + PROTOCOL_LENGTH_BYTES,
                  buffer->length - PROTOCOL_LENGTH_BYTES, err);
    protocol_buffer_finish(buffer);
    return ok;
}

static bool put_header(struct protocol_recorder *recorder, const struct protocol_hello *hello,
                       struct mc_error *err)
{
    struct protocol_buffer buffer;
    struct protocol_writer writer;
    protocol_buffer_init(&buffer, PROTOCOL_MESSAGE_BYTES);
    protocol_writer_begin(&writer, &buffer, PROTOCOL_CBOR, "recording");
    protocol_writer_name(&writer, "protocol");
    protocol_writer_open_array(&writer);
    protocol_writer_int(&writer, hello->major);
    protocol_writer_int(&writer, hello->minor);
    protocol_writer_close_array(&writer);
    protocol_writer_string_field(&writer, "server", hello->server);
    protocol_writer_string_field(&writer, "boot_id", hello->boot_id);
    protocol_encode_names(&writer, "streams", hello->streams, hello->stream_count);
    protocol_encode_point_set(&writer, "dense", &hello->dense);
    protocol_writer_end(&writer);
    return put_message(recorder, &buffer, err);
}

struct protocol_recorder *
protocol_recorder_create(const char *path, const struct protocol_hello *hello, struct mc_error *err)
{
    struct protocol_recorder *recorder = calloc(1, sizeof *recorder);
    if (recorder == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a recording");
        return NULL;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    recorder->file = fd < 0 ? NULL : fdopen(fd, "w");
    if (recorder->file == NULL) {
        mc_error_set_errno(err, "%s", path);
    }
    if (recorder->file == NULL && fd >= 0) {
        close(fd);
    }
    if (recorder->file == NULL || !put_header(recorder, hello, err)) {
        if (recorder->file != NULL) {
            fclose(recorder->file);
        }
        free(recorder);
        return NULL;
    }
    return recorder;
}

static bool add_entry(struct protocol_recorder *recorder, int64_t t_ns, struct mc_error *err)
{
    if (recorder->entry_count == recorder->entry_capacity) {
        size_t capacity =
            recorder->entry_capacity == 0 ? ENTRIES_FIRST : 2 * recorder->entry_capacity;
        struct entry *entries = realloc(recorder->entries, capacity * sizeof *entries);
        if (entries == NULL) {
            return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for the index");
        }
        recorder->entries = entries;
        recorder->entry_capacity = capacity;
    }
    recorder->entries[recorder->entry_count++] = (struct entry){ t_ns, recorder->offset };
    return true;
}

bool protocol_recorder_add(struct protocol_recorder *recorder, const char *item, size_t length,
                           int64_t t_ns, struct mc_error *err)
{
    const size_t count = recorder->entry_count;
    if (t_ns > 0) {
        recorder->records++;
        if ((count == 0 || t_ns - recorder->entries[count - 1].t_ns >= INDEX_EVERY_NS) &&
            !add_entry(recorder, t_ns, err)) {
            return false;
        }
    }
    return put(recorder, item, length, err);
}

bool protocol_recorder_flush(struct protocol_recorder *recorder, struct mc_error *err)
{
    return fflush(recorder->file) == 0 || mc_error_set_errno(err, "writing the recording");
}

// The index may be larger than any message: it is written in pieces.
static bool put_index(struct protocol_recorder *recorder, struct mc_error *err)
{
    unsigned char place[9], head[32];
    cbor_encode_uint64(recorder->offset, place, sizeof place);
    size_t length = cbor_encode_map_start(3, head, sizeof head);
    length += cbor_encode_string_start(4, head + length, sizeof head - length);
    bool ok =
        put(recorder, head, length, err) && put(recorder, "type", 4, err) &&
        put(recorder, "\x65index\x67records", 14, err) &&
        put(recorder, head, cbor_encode_uint(recorder->records, head, sizeof head), err) &&
        put(recorder,
            "\x67"
            "entries",
            8, err) &&
        put(recorder, head, cbor_encode_array_start(recorder->entry_count, head, sizeof head), err);
    for (size_t i = 0; ok && i < recorder->entry_count; i++) {
        length = cbor_encode_array_start(2, head, sizeof head);
        length += cbor_encode_uint((uint64_t)recorder->entries[i].t_ns, head + length,
                                   sizeof head - length);
        length +=
            cbor_encode_uint(recorder->entries[i].offset, head + length, sizeof head - length);
        ok = put(recorder, head, length, err);
    }
    return ok && put(recorder, place, sizeof place, err);
}

bool protocol_recorder_finish(struct protocol_recorder *recorder, struct mc_error *err)
{
    bool ok = put_index(recorder, err);
    if (fclose(recorder->file) != 0 && ok) {
        ok = mc_error_set_errno(err, "writing the recording");
    }
    free(recorder->entries);
    free(recorder);
    return ok;
}
