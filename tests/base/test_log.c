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

#include "base/clock.h"
#include "base/log.h"

enum destination { JOURNAL, OTHER_DEVICE, OTHER_INODE, UNKNOWN };

// Sets JOURNAL_STREAM as systemd does when fd is the journal, or to another stream.
static void set_journal_stream(int fd, enum destination destination)
{
    struct stat status;
    char stream[64];
    assert_int_equal(fstat(fd, &status), 0);
    snprintf(stream, sizeof stream, "%llu:%llu%s",
             (unsigned long long)status.st_dev + (destination == OTHER_DEVICE),
             (unsigned long long)status.st_ino + (destination == OTHER_INODE),
             destination == UNKNOWN ? "x" : "");
    setenv("JOURNAL_STREAM", stream, 1);
}

// What one call of mc_log writes to stderr.
static void log_to(enum destination destination, char *text, size_t size, enum mc_log_level level,
                   const char *message)
{
    int ends[2], kept = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    set_journal_stream(STDERR_FILENO, destination);
    mc_log(level, "%s", message);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    ssize_t length = read(ends[0], text, size - 1);
    close(ends[0]);
    assert_true(length >= 0);
    text[length] = '\0';
}

static void logged(char *text, size_t size, enum mc_log_level level, const char *message)
{
    log_to(JOURNAL, text, size, level, message);
}

// A child of a service inherits JOURNAL_STREAM, and may have its stderr elsewhere.
static void only_the_journal_gets_priority_prefixes(void **state)
{
    (void)state;
    char text[2048];
    log_to(JOURNAL, text, sizeof text, MC_LOG_INFO, "hello");
    assert_string_equal(text, "<6>hello\n");
    for (enum destination other = OTHER_DEVICE; other <= UNKNOWN; other++) {
        log_to(other, text, sizeof text, MC_LOG_INFO, "hello");
        assert_int_not_equal(text[0], '<');
        assert_string_equal(text + strlen("00:00:00.000"), " info: hello\n");
    }
}

static void bytes_from_outside_cannot_forge_a_line(void **state)
{
    (void)state;
    char text[2048];
    logged(text, sizeof text, MC_LOG_WARNING, "name 'a\n<3>forged\x1b[1m'");
    assert_string_equal(text, "<4>name 'a?<3>forged?[1m'\n");
    // U+0080 to U+009F, of which one begins what a terminal obeys; the letter after is none of
    // them.
    logged(text, sizeof text, MC_LOG_WARNING,
           "\xc2\x80\xc2\x9b"
           "2J\xc2\x9f\xc2\xa0\xc3\x9b\x7f");
    assert_string_equal(text, "<4>??2J?\xc2\xa0\xc3\x9b?\n");
}

static void levels_above_the_chosen_one_are_silent(void **state)
{
    (void)state;
    char text[2048];
    logged(text, sizeof text, MC_LOG_DEBUG, "not seen");
    assert_string_equal(text, "");
    mc_log_level_set(MC_LOG_DEBUG);
    logged(text, sizeof text, MC_LOG_DEBUG, "seen");
    assert_string_equal(text, "<7>seen\n");
    mc_log_level_set(MC_LOG_INFO);
}

static void long_lines_are_cut_with_their_newline(void **state)
{
    (void)state;
    char message[3000], text[4096];
    memset(message, 'x', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    logged(text, sizeof text, MC_LOG_ERROR, message);
    assert_int_equal(strlen(text), 1023);
    assert_int_equal(text[1022], '\n');
}

static void a_limit_passes_once_per_interval(void **state)
{
    (void)state;
    struct mc_log_limit limit = { 0 };
    unsigned skipped = 99;
    mc_clock_set_ns(1000);
    assert_true(mc_log_limit_pass(&limit, 50, &skipped));
    assert_int_equal(skipped, 0);
    mc_clock_set_ns(1049);
    assert_false(mc_log_limit_pass(&limit, 50, &skipped));
    mc_clock_set_ns(1050);
    assert_true(mc_log_limit_pass(&limit, 50, &skipped));
    assert_int_equal(skipped, 1);
    mc_clock_set_ns(-1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_journal_gets_priority_prefixes),
        cmocka_unit_test(bytes_from_outside_cannot_forge_a_line),
        cmocka_unit_test(levels_above_the_chosen_one_are_silent),
        cmocka_unit_test(long_lines_are_cut_with_their_newline),
        cmocka_unit_test(a_limit_passes_once_per_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
