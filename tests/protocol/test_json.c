#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/json.h"

// ---- an allocator for jansson that has so many bytes

struct block {
    _Alignas(max_align_t) size_t size;
};

static size_t limit, used;
static int allocated, fail_at; // that allocation fails, from 1 on; 0: none

static void *allocate(size_t size)
{
    struct block *block =
        ++allocated != fail_at && used + size <= limit ? malloc(sizeof *block + size) : NULL;
    if (block == NULL) {
        return NULL;
    }
    block->size = size;
    used += size;
    return block + 1;
}

static void release(void *bytes)
{
    if (bytes != NULL) {
        struct block *block = (struct block *)bytes - 1;
        used -= block->size;
        free(block);
    }
}

// ---- lines

enum { LINE_BYTES = 1 << 16 };

static char line[LINE_BYTES];

static void repeat(const char *before, const char *each, int count, const char *after)
{
    size_t length = (size_t)snprintf(line, sizeof line, "%s%s", before, each);
    for (int i = 1; i < count; i++) {
        length += (size_t)snprintf(line + length, sizeof line - length, ",%s", each);
    }
    assert_true(length + strlen(after) < sizeof line);
    strcpy(line + length, after);
}

// With as little memory as it takes, and with less: an object, or an error that says why not.
static void parse_with_less_and_less(void)
{
    enum { STEP = 61, LIMIT_MAX = 1 << 24 };
    bool parsed = false;
    for (limit = 0; !parsed; limit += 1 + limit / STEP) {
        struct mc_error err = { 0 };
        json_t *root = protocol_json_load(line, strlen(line), &err);
        parsed = root != NULL;
        if (!parsed) {
            assert_int_equal(err.code, MC_ERROR_MEMORY);
            assert_non_null(strstr(err.message, "out of memory"));
            assert_true(limit < LIMIT_MAX);
        }
        json_decref(root);
        assert_int_equal(used, 0);
    }
}

static void memory_may_end_before_any_token(void **state)
{
    (void)state;
    repeat("{\"type\":\"", "a string that is longer than sixteen bytes", 60, "\"}");
    parse_with_less_and_less();
    repeat("{\"numbers\":[", "-0.12345678901234567890e-12", 500, "]}");
    parse_with_less_and_less();
    repeat("{\"small\":[", "1", 3000, "]}");
    parse_with_less_and_less();
    repeat("{\"arrays\":[", "[]", 3000, "]}");
    parse_with_less_and_less();
    repeat("{\"objects\":[", "{}", 1500, "]}");
    parse_with_less_and_less();
    repeat("{\"faces\":[", "{\"id\":1,\"pose\":{\"position\":[1,2,3]},\"k\":\"\\u00e9\"}", 300,
           "]}");
    parse_with_less_and_less();
    size_t length = (size_t)snprintf(line, sizeof line, "{\"a\":1"); // one object that grows
    for (int i = 0; i < 2000; i++) {
        length += (size_t)snprintf(line + length, sizeof line - length, ",\"%d\":%d", i, i);
    }
    strcpy(line + length, "}");
    parse_with_less_and_less();
}

// Of a line without long tokens, at which jansson asserts. It may name a byte instead of the
// memory.
static void an_allocation_that_fails_is_an_error_with_a_cause(void **state)
{
    (void)state;
    static const char text[] = "{\"type\":\"subscribe\",\"id\":1,\"include\":[\"pose\",\"raw\"],"
                               "\"max_rate\":2.5,\"more\":{\"a\":true}}";
    json_t *root = NULL;
    for (fail_at = 1; root == NULL; fail_at++) {
        struct mc_error err = { 0 };
        allocated = 0;
        root = protocol_json_load(text, strlen(text), &err);
        if (root == NULL) {
            assert_true(err.message[0] != '\0' && err.message[strlen(err.message) - 1] != ' ');
        }
    }
    assert_true(fail_at > 20);
    json_decref(root);
    fail_at = 0;
    assert_int_equal(used, 0);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    struct mc_error err = { 0 };
    static const char deep[] = "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}";
    static const char quoted[] = "{\"a\":\"[[[[[[[[[[[[[[[[[[[[\\\"{{{{\"}";
    assert_null(protocol_json_load(deep, strlen(deep), &err));
    assert_string_equal(err.message, "must be nested at most 16 levels deep");
    json_t *root = protocol_json_load(quoted, strlen(quoted), &err);
    assert_non_null(root);
    json_decref(root);
}

static int set_up(void **state)
{
    (void)state;
    limit = SIZE_MAX / 2;
    json_set_alloc_funcs(allocate, release);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(memory_may_end_before_any_token, set_up),
        cmocka_unit_test_setup(an_allocation_that_fails_is_an_error_with_a_cause, set_up),
        cmocka_unit_test_setup(deep_nesting_is_refused, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
