#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/config_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// All items of text, each as "name=value" or "[name|value]", a line each.
static void summarise(const char *text, size_t size, char *summary, size_t summary_size)
{
    struct mc_config_text config;
    struct mc_config_item item;
    struct mc_error err = { 0 };
    size_t length = 0;
    summary[0] = '\0';
    bool good = mc_config_text_open_memory(&config, "f", text, size, &err);
    while (good && (good = mc_config_text_next(&config, &item, &err)) &&
           item.kind != MC_CONFIG_END) {
        const char *format = item.kind == MC_CONFIG_SECTION ? "[%s|%s]\n" : "%s=%s\n";
        length += (size_t)snprintf(summary + length, summary_size - length, format, item.name,
                                   item.value);
        assert_true(length < summary_size);
    }
    mc_config_text_close(&config);
    if (!good) {
        fail_msg("%s", err.message);
    }
}

static void assert_items(const char *text, const char *items)
{
    char summary[1024];
    summarise(text, strlen(text), summary, sizeof summary);
    assert_string_equal(summary, items);
}

static void assert_refused_bytes(const char *text, size_t size, const char *message)
{
    struct mc_config_text config;
    struct mc_config_item item = { 0 };
    struct mc_error err = { 0 };
    bool good = mc_config_text_open_memory(&config, "f", text, size, &err);
    while (good && (good = mc_config_text_next(&config, &item, &err)) &&
           item.kind != MC_CONFIG_END) {
    }
    mc_config_text_close(&config);
    assert_false(good);
    if (strncmp(err.message, message, strlen(message)) != 0) {
        fail_msg("%s: got '%s'", message, err.message);
    }
}

static void assert_refused(const char *text, const char *message)
{
    assert_refused_bytes(text, strlen(text), message);
}

static void settings_and_sections_are_read(void **state)
{
    (void)state;
    assert_items("a = 1\n[stream desk]\nurl=demo:\n", "a=1\n[stream|desk]\nurl=demo:\n");
    assert_items("", "");
    assert_items("\n\n# x\n;y\n  # z\n", "");
    assert_items("[global]\n", "[global|]\n");
    assert_items("a=b=c", "a=b=c\n");
    assert_items("model = a b c\n", "model=a b c\n");
}

static void lines_may_end_in_any_way(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "a = 1\nb = 2\n",
        "a = 1\r\nb = 2\r\n",
        "a = 1\rb = 2\r",
        "a = 1\nb = 2",
        "a = 1\r\n\r\nb = 2",
        "\xef\xbb\xbf\x61 = 1\r\nb = 2", // a mark before the a
        "a = 1\r\rb = 2",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_items(texts[i], "a=1\nb=2\n");
    }
}

static void blanks_are_ignored_around_everything(void **state)
{
    (void)state;
    assert_items("\ta\t=\t1\t\n", "a=1\n");
    assert_items("a=1", "a=1\n");
    assert_items(" [stream\ta] \n\t[ stream \t b\t]\t\n[stream \"c\" ]",
                 "[stream|a]\n[stream|b]\n[stream|c]\n");
    assert_items("a = b \t c  \n", "a=b \t c\n"); // but not within a value
    assert_items("a = \"  b\t\"  \n", "a=  b\t\n");
}

static void comments_follow_a_blank(void **state)
{
    (void)state;
    assert_items("a = 1 # one\n", "a=1\n");
    assert_items("a = 1\t; one\n", "a=1\n");
    assert_items("a = 1 #\n", "a=1\n");
    assert_items("[stream a] # x\n[stream b]#y\n[stream c] ;z",
                 "[stream|a]\n[stream|b]\n[stream|c]\n");
    assert_items("url = rtsp://h/p#frag;x\n", "url=rtsp://h/p#frag;x\n");
    assert_items("password = p#a;s\n", "password=p#a;s\n");
    assert_items("password=#secret\n", "password=#secret\n");
    assert_items("a = \"x # y\" # z\n", "a=x # y\n");
    assert_items("a = 'x ; y'# z\n", "a=x ; y\n");
    assert_items("a = 1 # caf\xe9 \xc2\xa0 \x01 \"\n", "a=1\n"); // nobody reads them
}

static void quotes_are_not_part_of_the_value(void **state)
{
    (void)state;
    assert_items("url = \"demo:\"\n", "url=demo:\n");
    assert_items("url = 'demo:'\r\n", "url=demo:\n");
    assert_items("a = \"\"\n", "a=\n");
    assert_items("a = 'say \"x\" \\n'\n", "a=say \"x\" \\n\n");
    assert_items("a = x\"y'z\n", "a=x\"y'z\n"); // only at the start are they special
    assert_items("a = \"\\\"\\\\\\'\\x41\\u00e9\\U0001F600\"\n",
                 "a=\"\\'A\xc3\xa9\xf0\x9f\x98\x80\n");
    assert_items("a = \"\\t|\\xe9\"\n", "a=\t|\xe9\n");
    assert_items("a = C:\\new\n", "a=C:\\new\n");
}

static void lines_that_are_neither_are_refused(void **state)
{
    (void)state;
    assert_refused("a = 1\nworkers\n", "f:2:1: must be name = value or [section], got 'workers'");
    assert_refused("  workers 2\n", "f:1:3: must be name = value or [section], got 'workers'");
    assert_refused("= 2\n", "f:1:1: must be name = value");
    assert_refused("url: demo:\n", "f:1:1: must be name = value");
    assert_refused("a =\n", "f:1:4: must be a value, got nothing");
    assert_refused("a = # x\n", "f:1:5: must be a value, got a comment");
    assert_refused("[stream a\n", "f:1:10: must be ]");
    assert_refused("[stream a # b\n", "f:1:14: must be ]");
    assert_refused("[stream \"a\" b]\n", "f:1:13: must be ]");
    assert_refused("[stream a] url = x\n", "f:1:12: must be a comment or nothing after the ]");
    assert_refused("[", "f:1:2: must be ]");
}

static void quotes_that_do_not_match_are_refused(void **state)
{
    (void)state;
    assert_refused("a = \"x\n", "f:1:5: must end in \" as it begins");
    assert_refused("a = 'x\"\n", "f:1:5: must end in ' as it begins");
    assert_refused("a = \"x\\\"\n", "f:1:5: must end in \"");
    assert_refused("a = \"x\" y\n", "f:1:9: must be a comment or nothing after the quotes");
    assert_refused("a = \"\\q\"\n", "f:1:6: must be one of");
    static const char *const escapes[] = { "\\x4",        "\\x00",   "\\u0000", "\\ud800",
                                           "\\U00110000", "\\u12g4", "\\" };
    for (size_t i = 0; i < COUNT(escapes); i++) {
        char text[64];
        snprintf(text, sizeof text, "a = \"%s", escapes[i]);
        assert_refused(text, "f:1:6: must be one of");
    }
    assert_refused("url = \xe2\x80\x9c"
                   "demo:\xe2\x80\x9d\n",
                   "f:1:7: must be quoted with \" or ', got the typographic quotation mark U+201C");
}

static void invisible_characters_are_shown(void **state)
{
    (void)state;
    assert_refused("a = 1\n\xef\xbb\xbf"
                   "b = 2\n",
                   "f:2:1: must be visible text, got U+FEFF (byte order mark)");
    assert_refused("a\xc2\xa0= 1\n", "f:1:2: must be visible text, got U+00A0 (no-break space)");
    assert_refused("\xc2\xa0\n", "f:1:1: must be visible text, got U+00A0");
    assert_refused("\xc3\xa9 = x\xe2\x80\x8b\n", "f:1:6: must be visible text, got U+200B");
    assert_refused("[stream a\xe2\x80\x8d]\n", "f:1:10: must be visible text, got U+200D");
    assert_refused("a = 'x\x1b[1m'\n", "f:1:7: must be visible text, got U+001B");
    assert_refused("a = \"x\xf3\xa0\x80\xa1\"\n", "f:1:7: must be visible text, got U+E0021 (tag "
                                                  "character): delete it or, where it is meant, "
                                                  "write \"\\U000e0021\" in double quotes");
    assert_refused("a = 1 \xc2\xa0# x\n", "f:1:7: must be visible text");
    assert_items("a = \"x\\u00a0\"\n", "a=x\xc2\xa0\n");
}

static void only_utf8_is_text(void **state)
{
    (void)state;
    assert_refused("a = caf\xe9\n", "f:1:8: must be UTF-8, got the byte 0xE9");
    assert_refused("a = \xc0\xaf\n", "f:1:5: must be UTF-8, got the byte 0xC0");
    assert_refused_bytes("\xff\xfe[\0", 4, "f:1:1: must be UTF-8, got UTF-16");
    assert_refused_bytes("a = 1\n# \0\n", 10, "f:2:3: must be UTF-8 text, got a NUL byte (U+0000)");
}

static void items_know_where_they_are(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf# x\r\n\t\xc3\xa9 = \"y\"\r[ stream  z]";
    struct mc_config_text config;
    struct mc_config_item item;
    assert_true(mc_config_text_open_memory(&config, "f", text, sizeof text - 1, NULL));
    assert_true(mc_config_text_next(&config, &item, NULL));
    assert_int_equal(item.line, 2);
    assert_int_equal(item.name_column, 2);
    assert_int_equal(item.value_column, 6);
    assert_true(mc_config_text_next(&config, &item, NULL));
    assert_int_equal(item.line, 3);
    assert_int_equal(item.name_column, 3);
    assert_int_equal(item.value_column, 11);
    assert_true(mc_config_text_next(&config, &item, NULL));
    assert_int_equal(item.kind, MC_CONFIG_END);
    mc_config_text_close(&config);
}

// Reads text as a file of one value; NULL when it is refused.
static const char *single(const char *text, struct mc_error *err)
{
    static char value[128];
    struct mc_config_text config;
    struct mc_config_item item;
    *err = (struct mc_error){ 0 };
    bool good = mc_config_text_open_memory(&config, "f", text, strlen(text), err) &&
                mc_config_text_single(&config, &item, err);
    if (good) {
        snprintf(value, sizeof value, "%s", item.value);
    }
    mc_config_text_close(&config);
    return good ? value : NULL;
}

static void one_value_may_be_the_whole_file(void **state)
{
    (void)state;
    struct mc_error err;
    static const char *const same[] = {
        "hunter2",   "hunter2\n",     "hunter2\r\n", "\xef\xbb\xbfhunter2\r\n", "  hunter2\t\n\n",
        "\nhunter2", "\"hunter2\"\n", "'hunter2'",   "\"hunter\\x32\"",
    };
    for (size_t i = 0; i < COUNT(same); i++) {
        assert_string_equal(single(same[i], &err), "hunter2");
    }
    assert_string_equal(single("# a = b ; c #\n", &err), "# a = b ; c #");
    assert_string_equal(single("\"a", &err), "\"a");
    assert_string_equal(single("a\\n'", &err), "a\\n'");
    static const char *const wrong[][2] = {
        { "", "f: must hold a line of text, is empty" },
        { "\r\n \n", "f: must hold a line of text, is empty" },
        { "a\nb\n", "f:2:1: must be a single line, got a second one" },
        { "a\xc2\xa0\n", "f:1:2: must be visible text, got U+00A0" },
        { "'a'b'\n", "f:1:4: must be one value in quotes" },
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_null(single(wrong[i][0], &err));
        assert_memory_equal(err.message, wrong[i][1], strlen(wrong[i][1]));
    }
}

// Whatever a value holds is read back as it was.
static void what_is_written_is_read_back(void **state)
{
    (void)state;
    static const char *const values[] = {
        "plain",
        "two words",
        " blank ",
        "a # b",
        "a#b",
        "# c",
        "; c",
        "\"quoted\"",
        "'it'",
        "it's",
        "back\\slash",
        "\t",
        "line\nbreak",
        "\xc3\xa9t\xc3\xa9",
        "\xe2\x80\x9ctypographic\xe2\x80\x9d",
        "no\xc2\xa0"
        "break",
        "not \xff utf8",
        "[section]",
        "a = b",
        "\xef\xbb\xbf"
        "bom",
    };
    for (size_t i = 0; i < COUNT(values); i++) {
        char *text = NULL, wanted[128], summary[128];
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        mc_config_text_write_setting(out, "name", values[i]);
        assert_int_equal(fclose(out), 0);
        summarise(text, size, summary, sizeof summary);
        snprintf(wanted, sizeof wanted, "name=%s\n", values[i]);
        assert_string_equal(summary, wanted);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_and_sections_are_read),
        cmocka_unit_test(lines_may_end_in_any_way),
        cmocka_unit_test(blanks_are_ignored_around_everything),
        cmocka_unit_test(comments_follow_a_blank),
        cmocka_unit_test(quotes_are_not_part_of_the_value),
        cmocka_unit_test(lines_that_are_neither_are_refused),
        cmocka_unit_test(quotes_that_do_not_match_are_refused),
        cmocka_unit_test(invisible_characters_are_shown),
        cmocka_unit_test(only_utf8_is_text),
        cmocka_unit_test(items_know_where_they_are),
        cmocka_unit_test(one_value_may_be_the_whole_file),
        cmocka_unit_test(what_is_written_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
