// When memory ends, the reserve serves until what was taken of it is freed; after that the process
// ends with a sentence. malloc is wrapped.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/reserve.h"

static bool memory_ended;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

void *__wrap_malloc(size_t size)
{
    return memory_ended ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return memory_ended ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return memory_ended ? NULL : __real_realloc(block, size);
}

static void memory_comes_from_the_system_while_there_is_some(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        void *block = mc_reserve_alloc(MC_RESERVE_BYTES); // all would not fit the reserve
        memset(block, i, MC_RESERVE_BYTES);
        mc_reserve_free(block);
    }
    mc_reserve_free(NULL);
}

static void the_reserve_serves_again_once_it_is_freed(void **state)
{
    (void)state;
    enum { SIZE = MC_RESERVE_BYTES / 2 };
    void *before = mc_reserve_alloc(10);
    for (int round = 0; round < 3; round++) {
        memory_ended = true;
        unsigned char *blocks[3] = { mc_reserve_alloc(1), mc_reserve_alloc(SIZE),
                                     mc_reserve_alloc(0) };
        memory_ended = false;
        for (int i = 0; i < 3; i++) {
            assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        }
        memset(blocks[1], 0xff, SIZE);
        blocks[0][0] = blocks[2][0] = 7;
        assert_int_equal(blocks[1][0] + blocks[1][SIZE - 1], 2 * 0xff);
        for (int i = 0; i < 3; i++) {
            mc_reserve_free(blocks[i]);
        }
    }
    mc_reserve_free(before);
}

// From the system to the reserve, within it, and back.
static void blocks_grow_and_shrink_wherever_they_are(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        unsigned char *zeros[2], *block = mc_reserve_realloc(NULL, 1000);
        memset(block, 5, 1000);
        zeros[0] = mc_reserve_calloc(10, 100);
        memory_ended = true;
        zeros[1] = mc_reserve_calloc(10, 100);
        block = mc_reserve_realloc(block, 2000);
        memset(block + 1000, 6, 1000);
        block = mc_reserve_realloc(block, 1500);
        memory_ended = false;
        block = mc_reserve_realloc(block, 3000);
        for (int i = 0; i < 1500; i++) {
            assert_int_equal(block[i], i < 1000 ? 5 : 6);
        }
        for (int i = 0; i < 1000; i++) {
            assert_int_equal(zeros[0][i] | zeros[1][i], 0);
        }
        memset(zeros[1], 7, 1000); // for the next round
        mc_reserve_free(block);
        mc_reserve_free(zeros[0]);
        mc_reserve_free(zeros[1]);
    }
}

static void without_a_reserve_the_process_ends_with_a_sentence(void **state)
{
    (void)state;
    static const size_t sizes[] = { MC_RESERVE_BYTES + 1, SIZE_MAX };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int ends[2], status;
        char said[200] = "";
        assert_int_equal(pipe(ends), 0);
        const pid_t child = fork();
        if (child == 0) {
            dup2(ends[1], STDERR_FILENO);
            memory_ended = true;
            mc_reserve_alloc(sizes[i]);
            _exit(99);
        }
        close(ends[1]);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(read(ends[0], said, sizeof said - 1) > 0);
        close(ends[0]);
        assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
        assert_non_null(strstr(said, "out of memory"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_comes_from_the_system_while_there_is_some),
        cmocka_unit_test(the_reserve_serves_again_once_it_is_freed),
        cmocka_unit_test(blocks_grow_and_shrink_wherever_they_are),
        cmocka_unit_test(without_a_reserve_the_process_ends_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
