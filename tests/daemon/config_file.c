#include "tests/daemon/config_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARGUMENTS_MAX = 24 };

struct daemon_options options;
struct mc_error err;

static char path[] = "/tmp/mocapd-test-XXXXXX";

int config_file_set_up(void **state)
{
    (void)state;
    int file = mkstemp(path);
    return file < 0 || close(file) != 0;
}

int config_file_tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

const char *config_file_write_bytes(const void *bytes, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

const char *config_file_write(const char *text)
{
    return config_file_write_bytes(text, strlen(text));
}

enum daemon_command_line_result command_line_read(const char *const *argv)
{
    static char copies[ARGUMENTS_MAX][1100]; // the options borrow them
    char *arguments[ARGUMENTS_MAX + 1] = { 0 };
    int argc = 0;
    for (; argv[argc] != NULL; argc++) {
        assert_true(argc < ARGUMENTS_MAX && strlen(argv[argc]) < sizeof copies[0]);
        strcpy(copies[argc], argv[argc]);
        arguments[argc] = copies[argc];
    }
    err = (struct mc_error){ 0 };
    return daemon_command_line_read(&options, argc, arguments, &err);
}

enum daemon_command_line_result config_file_read(const char *text, ...)
{
    const char *argv[ARGUMENTS_MAX + 1] = { "mocapd", "--config", config_file_write(text) };
    va_list more;
    va_start(more, text);
    for (int i = 3; i < ARGUMENTS_MAX && (argv[i] = va_arg(more, const char *)) != NULL; i++) {
    }
    va_end(more);
    return command_line_read(argv);
}

void config_file_assert_read(const char *text)
{
    if (config_file_read(text, NULL) != DAEMON_COMMAND_LINE_RUN) {
        fail_msg("%s", err.message);
    }
}

void config_file_assert_refused(const char *text, const char *message)
{
    assert_int_equal(config_file_read(text, NULL), DAEMON_COMMAND_LINE_CONFIG);
    assert_memory_equal(err.message, path, strlen(path));
    const char *rest = err.message + strlen(path);
    if (strncmp(rest, message, strlen(message)) != 0) {
        fail_msg("expected '%s', got '%s'", message, rest);
    }
}
