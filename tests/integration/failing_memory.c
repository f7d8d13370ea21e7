// Preloaded into a program, lets one of its allocations fail: number FAIL_AT, counted from 1 over
// all threads and libraries. It writes the stack of that one. With FAIL_KINDS=1 it writes "kind N"
// for the first allocation of each kind of stack instead. At the end it writes "allocations N".
#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// glibc's own, beneath the functions that are replaced here.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

enum { DEPTH = 12, KINDS_MAX = 1 << 16 };

static atomic_ulong allocations;
static unsigned long fail_at; // 0: none
static bool shows_kinds;
static _Thread_local bool inside;

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("FAIL_AT");
    void *warm[DEPTH];
    backtrace(warm, DEPTH); // loads libgcc
    atomic_store(&allocations, 0);
    fail_at = at != NULL ? strtoul(at, NULL, 10) : 0;
    shows_kinds = getenv("FAIL_KINDS") != NULL;
}

__attribute__((destructor)) static void end(void)
{
    dprintf(2, "allocations %lu\n", atomic_load(&allocations));
}

static void show_kind(unsigned long number)
{
    static _Atomic uintptr_t seen[KINDS_MAX];
    void *stack[DEPTH];
    uintptr_t kind = 5381;
    const int depth = backtrace(stack, DEPTH);
    for (int i = 2; i < depth; i++) {
        kind = kind * 33 + (uintptr_t)stack[i];
    }
    for (uintptr_t i = kind % KINDS_MAX; seen[i] != kind; i = (i + 1) % KINDS_MAX) {
        if (seen[i] == 0) {
            seen[i] = kind;
            dprintf(2, "kind %lu\n", number);
            return;
        }
    }
}

static void show_stack(void)
{
    void *stack[2 * DEPTH];
    backtrace_symbols_fd(stack, backtrace(stack, 2 * DEPTH), 2);
}

static bool fails(void)
{
    if (inside) {
        return false;
    }
    const unsigned long number = atomic_fetch_add(&allocations, 1) + 1;
    if (shows_kinds) {
        inside = true;
        show_kind(number);
        inside = false;
    }
    if (number == fail_at) {
        inside = true;
        show_stack();
        inside = false;
        errno = ENOMEM;
        return true;
    }
    return false;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return size != 0 && fails() ? NULL : __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    void *got = memalign(alignment, size);
    if (got == NULL) {
        return ENOMEM;
    }
    *block = got;
    return 0;
}
