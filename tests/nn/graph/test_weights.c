// Weight files are untrusted bytes: everything that can be wrong with one has its error.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/graph/weights.h"

// Parses a file with this header, claiming a length of header_size, and data. The bytes have
// a heap block of their own, so that ASan sees any overrun.
static struct nn_weights *parse(const char *header, uint64_t header_size, const void *data,
                                size_t data_size, struct mc_error *err)
{
    size_t length = strlen(header), size = 8 + length + data_size;
    uint8_t *bytes = malloc(size);
    assert_non_null(bytes);
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(header_size >> (8 * i));
    }
    memcpy(bytes + 8, header, length);
    if (data_size > 0) {
        memcpy(bytes + 8 + length, data, data_size);
    }
    *err = (struct mc_error){ 0 };
    struct nn_weights *weights = nn_weights_parse(bytes, size, err);
    free(bytes);
    return weights;
}

static void tensors_are_found_by_name(void **state)
{
    (void)state;
    // 1.5 as F32, F16 and BF16; -2^-24 is F16's smallest subnormal.
    const uint8_t data[] = { 0, 0, 0xc0, 0x3f, 0, 0x3e, 0x01, 0x80, 0xc0, 0x3f };
    const char *header = "{\"__metadata__\":{\"mocap.arch\":\"lednet\"},"
                         "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                         "\"b\":{\"dtype\":\"F16\",\"shape\":[2,1],\"data_offsets\":[4,8]},"
                         "\"c\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[8,10]}}";
    struct mc_error err;
    struct nn_weights *weights = parse(header, strlen(header), data, sizeof data, &err);
    assert_non_null(weights);
    assert_string_equal(nn_weights_metadata(weights, "mocap.arch"), "lednet");
    assert_null(nn_weights_metadata(weights, "mocap.head"));
    const int dims[] = { 2, 1 };
    const struct nn_weight *b = nn_weights_get(weights, "b", dims, 2, &err);
    assert_non_null(b);
    assert_true(b->data[0] == 1.5f && b->data[1] == -0x1p-24f);
    assert_true(nn_weights_find(weights, "a")->data[0] == 1.5f);
    assert_true(nn_weights_find(weights, "c")->data[0] == 1.5f);
    assert_string_equal(nn_weights_unused(weights), "a");
    nn_weights_destroy(weights);
}

static void errors_give_both_shapes(void **state)
{
    (void)state;
    const float data[2] = { 1, 2 };
    const char *header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    struct mc_error err;
    struct nn_weights *weights = parse(header, strlen(header), data, sizeof data, &err);
    assert_non_null(weights);
    const int dims[] = { 3, 4 };
    assert_null(nn_weights_get(weights, "a", dims, 2, &err));
    assert_string_equal(err.message, "a: shape must be [3,4], got [2]");
    assert_null(nn_weights_get(weights, "blocks.0", dims, 1, &err));
    assert_string_equal(err.message, "blocks.0: must have shape [3], but there is no such tensor");
    nn_weights_destroy(weights);
}

static void bad_files_are_refused(void **state)
{
    (void)state;
    static const float numbers[4] = { 1, 2, 3, 4 };
    static const struct {
        const char *header;
        size_t data_size;
        const char *message; // what the error must contain
    } cases[] = {
        { "{", 0, "header: must be JSON" },
        { "[]", 0, "header: must be a JSON object" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
          "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
          8, "header: must be JSON" },
        { "{\"a\":3}", 0, "a: dtype must be F32, F16 or BF16, got ''" },
        { "{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8, "got 'F64'" },
        { "{\"a\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "got 'I8'" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1],\"data_offsets\":[0,4]}}", 4,
          "a: shape must be at most 4 numbers" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4,
          "a: shape must be numbers from 1 to" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0,
          "a: shape must be numbers from 1 to" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[16777216,16777216,16777216,16777216],"
          "\"data_offsets\":[0,4]}}",
          4, "a: the shape is too large" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", 4,
          "a: data_offsets must be within the 4 bytes of data, got 0 to 8" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4,
          "a: data_offsets must be within the 4 bytes of data, got -4 to 0" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4]}}", 4,
          "a: data_offsets must be two numbers" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
          "a: must be 8 bytes by its shape, got 4" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
          "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
          12, "b: data must start at byte 8, got 4" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
          "a: data must start at byte 0, got 4" },
        { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8,
          "data must end with the last tensor, at byte 4, got 8 bytes" },
        { "{\"__metadata__\":{\"k\":1}}", 0, "__metadata__: 'k' must be a string" },
        { "{\"__metadata__\":[]}", 0, "__metadata__: must be an object" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mc_error err;
        struct nn_weights *weights =
            parse(cases[i].header, strlen(cases[i].header), numbers, cases[i].data_size, &err);
        assert_null(weights);
        assert_int_equal(err.code, MC_ERROR_FORMAT);
        if (strstr(err.message, cases[i].message) == NULL) {
            fail_msg("case %zu: got '%s', want '%s'", i, err.message, cases[i].message);
        }
    }
}

static void absurd_header_lengths_are_refused(void **state)
{
    (void)state;
    const uint64_t sizes[] = { 3, 1 << 20, UINT64_C(1) << 40, UINT64_MAX, UINT64_MAX - 7 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct mc_error err;
        assert_null(parse("{}", sizes[i], NULL, 0, &err));
        assert_non_null(strstr(err.message, "the header must be at most"));
    }
    struct mc_error err = { 0 };
    assert_null(nn_weights_parse((const uint8_t *)"1234567", 7, &err));
    assert_string_equal(err.message,
                        "not a weight file (*.safetensors): must be at least 8 bytes, got 7");
}

static void nan_is_refused(void **state)
{
    (void)state;
    const uint8_t data[] = { 0, 0, 0x80, 0x3f, 0, 0, 0xc0, 0x7f };
    const char *header = "{\"head.kp\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    struct mc_error err;
    assert_null(parse(header, strlen(header), data, sizeof data, &err));
    assert_string_equal(err.message, "head.kp: number 1 must be finite, got nan");
}

// Every proper prefix of a good file is refused, and nothing beyond its end is read.
static void truncated_files_are_refused(void **state)
{
    (void)state;
    const char *header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    size_t length = strlen(header);
    for (size_t size = 0; size < 8 + length + 8; size++) {
        uint8_t *bytes = calloc(1, size == 0 ? 1 : size);
        uint8_t whole[256] = { (uint8_t)length };
        memcpy(whole + 8, header, length);
        memcpy(bytes, whole, size);
        struct mc_error err = { 0 };
        assert_null(nn_weights_parse(bytes, size, &err));
        assert_int_equal(err.code, MC_ERROR_FORMAT);
        free(bytes);
    }
}

// Files with random changes are refused or read, without memory errors (ASan would tell).
static void changed_bytes_are_handled(void **state)
{
    (void)state;
    static const char header[] =
        "{\"__metadata__\":{\"k\":\"v\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2],"
        "\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"BF16\",\"shape\":[1,2],\"data_offsets\":"
        "[8,12]},\"b.scale\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[12,16]}}";
    enum { LENGTH = sizeof header - 1, SIZE = 8 + LENGTH + 16 };
    unsigned seed = 1;
    int read = 0;
    for (int round = 0; round < 20000; round++) {
        uint8_t *bytes = calloc(1, SIZE);
        assert_non_null(bytes);
        bytes[0] = (uint8_t)LENGTH;
        bytes[1] = (uint8_t)(LENGTH >> 8);
        memcpy(bytes + 8, header, LENGTH);
        for (int change = round % 4; change > 0; change--) {
            seed = seed * 1664525u + 1013904223u;
            bytes[(seed >> 8) % SIZE] = (uint8_t)(seed >> 3);
        }
        struct mc_error err = { 0 };
        struct nn_weights *weights = nn_weights_parse(bytes, SIZE, &err);
        assert_true(weights != NULL || err.message[0] != '\0');
        read += weights != NULL;
        nn_weights_destroy(weights);
        free(bytes);
    }
    assert_true(read >= 5000 && read < 20000);
}

static void errors_name_the_file(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    assert_null(nn_weights_load("/nowhere/x.safetensors", &err));
    assert_string_equal(err.message, "/nowhere/x.safetensors: No such file or directory");
    assert_null(nn_weights_load("/", &err));
    assert_non_null(strstr(err.message, "/: must be a regular file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_are_found_by_name),
        cmocka_unit_test(errors_give_both_shapes),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(absurd_header_lengths_are_refused),
        cmocka_unit_test(nan_is_refused),
        cmocka_unit_test(truncated_files_are_refused),
        cmocka_unit_test(changed_bytes_are_handled),
        cmocka_unit_test(errors_name_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
