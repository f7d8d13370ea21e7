// Runs a target without a fuzzing engine: over each file of the folders or files that are named,
// and over variations of each, which are the same every time.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUTS_MAX = 256, INPUT_BYTES_MAX = 1 << 16, VARIATIONS = 100, CHANGES_MAX = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    char name[512];
    uint8_t *bytes;
    size_t size;
};

static struct input inputs[INPUTS_MAX];
static int input_count;

static void read_input(const char *path)
{
    if (input_count == INPUTS_MAX) {
        fprintf(stderr, "%s: there must be at most %d inputs\n", path, INPUTS_MAX);
        exit(EXIT_FAILURE);
    }
    FILE *file = fopen(path, "rb");
    struct input *input = &inputs[input_count];
    input->bytes = malloc(INPUT_BYTES_MAX);
    if (file == NULL || input->bytes == NULL) {
        fprintf(stderr, "%s: can't be read\n", path);
        exit(EXIT_FAILURE);
    }
    input->size = fread(input->bytes, 1, INPUT_BYTES_MAX, file);
    fclose(file);
    snprintf(input->name, sizeof input->name, "%s", path);
    input_count++;
}

static void read_path(const char *path)
{
    struct dirent **entries;
    const int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0) {
        read_input(path);
        return;
    }
    for (int i = 0; i < count; i++) {
        char file[512];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            read_input(file);
        }
        free(entries[i]);
    }
    free(entries);
}

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

// Moves what is behind at to make room for, or to remove, some bytes.
static void change(uint8_t *bytes, size_t *size, const struct input *other, uint32_t *random)
{
    static const uint8_t special[] = { 0, 1, 0x7f, 0x80, 0xff, '"', '\\', '[', '{', '%', '\n' };
    const size_t at = *size == 0 ? 0 : next_random(random) % *size;
    const size_t rest = *size - at;
    size_t length = 1 + next_random(random) % 16;
    switch (next_random(random) % 6) {
    case 0: // a byte
        bytes[at] = (uint8_t)next_random(random);
        break;
    case 1:
        bytes[at] = special[next_random(random) % sizeof special];
        break;
    case 2: // a bit
        bytes[at] ^= (uint8_t)(1u << next_random(random) % 8);
        break;
    case 3: // some bytes go
        length = length < rest ? length : rest;
        memmove(bytes + at, bytes + at + length, rest - length);
        *size -= length;
        break;
    case 4: // the end goes
        *size = at;
        break;
    default: // some bytes of another input
        length = length < other->size ? length : other->size;
        if (*size + length <= INPUT_BYTES_MAX) {
            const size_t from =
                other->size == 0 ? 0 : next_random(random) % (other->size - length + 1);
            memmove(bytes + at + length, bytes + at, rest);
            memcpy(bytes + at, other->bytes + from, length);
            *size += length;
        }
        break;
    }
}

// The target gets memory of exactly that size, so that sanitizers see what it reads beyond.
static void run(const uint8_t *bytes, size_t size)
{
    uint8_t *exact = malloc(size == 0 ? 1 : size);
    if (exact == NULL) {
        exit(EXIT_FAILURE);
    }
    memcpy(exact, bytes, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

int main(int argc, char **argv)
{
    static uint8_t varied[INPUT_BYTES_MAX + 1];
    for (int i = 1; i < argc; i++) {
        read_path(argv[i]);
    }
    for (int i = 0; i < input_count; i++) {
        run(inputs[i].bytes, inputs[i].size);
        uint32_t random = 2463534242u + (uint32_t)i;
        for (int variation = 0; variation < VARIATIONS; variation++) {
            size_t size = inputs[i].size;
            memcpy(varied, inputs[i].bytes, size);
            const uint32_t changes = 1 + next_random(&random) % CHANGES_MAX;
            for (uint32_t c = 0; c < changes; c++) {
                const struct input *other = &inputs[next_random(&random) % (uint32_t)input_count];
                change(varied, &size, other, &random);
            }
            run(varied, size);
        }
    }
    printf("%d inputs, and %d variations of each\n", input_count, VARIATIONS);
    for (int i = 0; i < input_count; i++) {
        free(inputs[i].bytes);
    }
    return input_count == 0;
}
