#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text_file.h"

static char path[] = "/tmp/mocapd-test-XXXXXX";

static void write_file(const char *bytes, size_t size)
{
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
}

static void assert_read(const char *bytes, size_t size, const char *text)
{
    struct mc_text_file file;
    write_file(bytes, size);
    assert_true(mc_text_file_read(&file, path, NULL));
    assert_string_equal(file.text, text);
    assert_int_equal(file.length, strlen(text));
    mc_text_file_finish(&file);
}

static void assert_refused(const char *name, const char *needle)
{
    struct mc_text_file file;
    struct mc_error err = { 0 };
    assert_false(mc_text_file_read(&file, name, &err));
    mc_text_file_finish(&file);
    assert_memory_equal(err.message, name, strlen(name));
    if (strstr(err.message, needle) == NULL) {
        fail_msg("'%s' is not in '%s'", needle, err.message);
    }
}

static void text_is_read_whole(void **state)
{
    (void)state;
    assert_read("", 0, "");
    assert_read("a\r\nb", 4, "a\r\nb");
    assert_read("caf\xe9\n", 5, "caf\xe9\n"); // decoding is the reader's
}

static void the_mark_of_utf8_is_dropped_once(void **state)
{
    (void)state;
    assert_read("\xef\xbb\xbf", 3, "");
    assert_read("\xef\xbb\xbfworkers", 10, "workers");
    assert_read("\xef\xbb\xbf\xef\xbb\xbfx", 7, "\xef\xbb\xbfx");
    assert_read("\xef\xbb", 2, "\xef\xbb");
}

static void utf16_is_refused_by_name(void **state)
{
    (void)state;
    write_file("\xff\xfew\0", 4);
    assert_refused(path, ":1:1: must be UTF-8, got UTF-16");
    write_file("\xfe\xff\0w", 4);
    assert_refused(path, ":1:1: must be UTF-8, got UTF-16");
}

static void nul_bytes_are_located(void **state)
{
    (void)state;
    write_file("\0", 1);
    assert_refused(path, ":1:1: must be UTF-8 text, got a NUL byte (U+0000)");
    write_file("\xef\xbb\xbf\xc3\xa9\0", 6);
    assert_refused(path, ":1:2: must be");
    write_file("a\r\nb\rc\nde\0f", 11);
    assert_refused(path, ":4:3: must be");
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    assert_refused("/nowhere", "/nowhere: No such file or directory");
    assert_refused("/tmp", "/tmp: Is a directory");
    assert_refused("/dev/zero", "/dev/zero:1:1: must be UTF-8 text, got a NUL byte");
}

static void endless_text_is_refused(void **state)
{
    (void)state;
    size_t size = MC_TEXT_FILE_BYTES_MAX + 1;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, '\n', size);
    write_file(text, size - 1);
    struct mc_text_file file;
    assert_true(mc_text_file_read(&file, path, NULL));
    assert_int_equal(file.length, MC_TEXT_FILE_BYTES_MAX);
    mc_text_file_finish(&file);
    write_file(text, size);
    assert_refused(path, ": must be at most 1048576 bytes");
    free(text);
}

// Comes last: there is no way back.
static void a_program_that_runs_waits_for_no_pipe(void **state)
{
    (void)state;
    char name[64];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x = 1\n", 6), 6);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    mc_text_file_never_wait();
    assert_refused(name, ": must be written already: once started, the program waits for no pipe");
    assert_int_equal(write(ends[1], "x = 1\n", 6), 6);
    close(ends[1]);
    struct mc_text_file file;
    assert_true(mc_text_file_read(&file, name, NULL)); // it is complete
    assert_string_equal(file.text, "x = 1\n");
    mc_text_file_finish(&file);
    close(ends[0]);
    assert_read("y = 2\n", 6, "y = 2\n");
    assert_refused("/dev/null/x", ": Not a directory");
}

static void pipes_are_read_when_somebody_writes(void **state)
{
    (void)state;
    char pipe_path[sizeof path + 8];
    snprintf(pipe_path, sizeof pipe_path, "%s.fifo", path);
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_refused(pipe_path, ": is a pipe that nobody writes to");
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "x = 1\n", 6), 6);
    close(ends[1]);
    char name[64]; // as a shell's <(command)
    snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
    struct mc_text_file file;
    assert_true(mc_text_file_read(&file, name, NULL));
    assert_string_equal(file.text, "x = 1\n");
    mc_text_file_finish(&file);
    close(ends[0]);
    unlink(pipe_path);
}

static int set_up(void **state)
{
    (void)state;
    int file = mkstemp(path);
    return file < 0 || close(file) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_read_whole),
        cmocka_unit_test(the_mark_of_utf8_is_dropped_once),
        cmocka_unit_test(utf16_is_refused_by_name),
        cmocka_unit_test(nul_bytes_are_located),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(endless_text_is_refused),
        cmocka_unit_test(pipes_are_read_when_somebody_writes),
        cmocka_unit_test(a_program_that_runs_waits_for_no_pipe),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
