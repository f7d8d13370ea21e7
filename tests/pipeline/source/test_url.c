#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/source/url.h"
#include "pipeline/source/url_scheme.h"

static void kinds_follow_from_the_beginning(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        enum pipeline_url_kind kind;
        const char *rest;
    } cases[] = {
        { "clip.mp4", PIPELINE_URL_FILE, "clip.mp4" },
        { "/a/b:c.mp4", PIPELINE_URL_FILE, "/a/b:c.mp4" },
        { "dir/x://y", PIPELINE_URL_FILE, "dir/x://y" },
        { "file:///a.mp4", PIPELINE_URL_FILE, "/a.mp4" },
        { "file:a.mp4", PIPELINE_URL_FILE, "a.mp4" },
        { "rtsp://cam/1", PIPELINE_URL_RTSP, "rtsp://cam/1" },
        { "rtsps://cam/1", PIPELINE_URL_RTSP, "rtsps://cam/1" },
        { "v4l2:/dev/video0", PIPELINE_URL_V4L2, "/dev/video0" },
        { "lavfi:testsrc", PIPELINE_URL_LAVFI, "testsrc" },
        { "demo:", PIPELINE_URL_DEMO, "" },
        { "http://host/x", PIPELINE_URL_NETWORK, "http://host/x" },
        { "://x", PIPELINE_URL_FILE, "://x" },
        { "RTSP://Cam/1", PIPELINE_URL_RTSP, "RTSP://Cam/1" },
        { "File:///A.mp4", PIPELINE_URL_FILE, "/A.mp4" },
        { "V4L2:C920", PIPELINE_URL_V4L2, "C920" },
        { "DEMO:", PIPELINE_URL_DEMO, "" },
        { "IMAGES:P%d.png", PIPELINE_URL_IMAGES, "P%d.png" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *rest = NULL;
        assert_int_equal(pipeline_url_parse(cases[i].url, &rest), cases[i].kind);
        assert_string_equal(rest, cases[i].rest);
    }
}

// For FFmpeg; nothing but the scheme, and nothing of a file that is called so.
static void a_scheme_in_capitals_is_written_small(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "RTSP://Me:Secret@Cam/Live?UDP", "rtsp://Me:Secret@Cam/Live?UDP" },
        { "Http://Host:80/X", "http://Host:80/X" },
        { "SRT://Host:9000", "srt://Host:9000" },
        { "file:///A.mp4", "file:///A.mp4" },
        { "V4L2:C920", "V4L2:C920" },
        { "Take:1.mp4", "Take:1.mp4" },
        { "/Clips/A.mp4", "/Clips/A.mp4" },
        { "A://", "a://" },
        { "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char url[64];
        strcpy(url, cases[i][0]);
        pipeline_url_lower_scheme(url);
        assert_string_equal(url, cases[i][1]);
    }
}

static void the_endpoint_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host, *port; // host NULL: there is none
    } cases[] = {
        { "rtsp://cam/1", "cam", "554" },
        { "rtsp://me:se:cr@et@cam:8554/1", "cam", "8554" },
        { "rtsps://cam", "cam", "322" },
        { "http://10.0.0.1:80?x=@y", "10.0.0.1", "80" },
        { "http://[fe80::1]:8080/x", "fe80::1", "8080" },
        { "https://[::1]/x", "::1", "443" },
        { "HTTPS://Host/x", "Host", "443" },
        { "RTSP://me:S@Cam/1", "Cam", "554" },
        { "rtsp://cam:/1", NULL, NULL },
        { "rtsp:///1", NULL, NULL },
        { "udp://cam/", NULL, NULL },
        { "/dev/video0", NULL, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char host[64], port[8];
        bool found = pipeline_url_endpoint(cases[i].url, host, sizeof host, port, sizeof port);
        assert_int_equal(found, cases[i].host != NULL);
        if (found) {
            assert_string_equal(host, cases[i].host);
            assert_string_equal(port, cases[i].port);
        }
    }
    char host[4], port[8];
    assert_false(pipeline_url_endpoint("rtsp://camera/", host, sizeof host, port, sizeof port));
    assert_true(pipeline_url_host("udp://cam/", host, sizeof host));
    assert_string_equal(host, "cam");
    assert_false(pipeline_url_host("udp://camera/", host, sizeof host));
    assert_false(pipeline_url_host("udp://:5000", host, sizeof host));
}

static void secrets_go_into_the_url_escaped(void **state)
{
    (void)state;
    char out[64];
    assert_true(
        pipeline_url_insert_login("rtsp://cam:8554/1?a=b", "me", "p@ss/1:", out, sizeof out));
    assert_string_equal(out, "rtsp://me:p%40ss%2F1%3A@cam:8554/1?a=b");
    assert_true(pipeline_url_insert_login("rtsp://old:one@cam/1", "me", "x", out, sizeof out));
    assert_string_equal(out, "rtsp://me:x@cam/1");
    assert_false(pipeline_url_insert_login("/dev/video0", "me", "x", out, sizeof out));
    assert_false(pipeline_url_insert_login("rtsp://cam/1", "me", "x", out, 16));
}

static void secrets_of_a_scheme_in_capitals_are_as_safe(void **state)
{
    (void)state;
    char out[64];
    assert_true(pipeline_url_insert_login("RTSP://cam/1", "me", "a:b", out, sizeof out));
    assert_string_equal(out, "RTSP://me:a%3Ab@cam/1");
    pipeline_url_redact("RTSP://me:secret@cam/1?token=x", out, sizeof out);
    assert_string_equal(out, "RTSP://***@cam/1?***");
    assert_true(pipeline_url_is_same_server("HTTP://cam/1", "http://cam/2"));
    assert_false(pipeline_url_is_same_server("HTTP://cam/1", "ftp://cam/2"));
}

static void secrets_are_hidden(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
    } cases[] = {
        { "", "" },
        { "clip.mp4", "clip.mp4" },
        { "rtsp://cam/1", "rtsp://cam/1" },
        { "rtsp://me:secret@cam/1", "rtsp://***@cam/1" },
        { "rtsp://me:se@cret@cam/1", "rtsp://***@cam/1" },
        { "rtsp://me:se/cret@cam/1", "rtsp://***@cam/1" },
        { "rtsp://me:se cret'x@cam/1", "rtsp://***@cam/1" },
        { "http://cam/x?token=secret", "http://cam/x?***" },
        { "can't open 'http://me:secret@cam/x?a=secret' now",
          "can't open 'http://***@cam/x?***' now" },
        { "rtsp://", "rtsp://" },
        { "://@", "://***@" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char shown[128];
        pipeline_url_redact(cases[i].text, shown, sizeof shown);
        assert_string_equal(shown, cases[i].shown);
    }
}

static void a_short_buffer_cuts_and_never_overflows(void **state)
{
    (void)state;
    for (size_t size = 0; size < 24; size++) {
        char shown[32];
        memset(shown, '#', sizeof shown);
        pipeline_url_redact("rtsp://me:secret@cam/1?x=secret", shown, size);
        if (size > 0) {
            assert_int_equal(strnlen(shown, size), size - 1 < 20 ? size - 1 : 20);
        }
        assert_int_equal(shown[size], '#');
    }
}

static void what_leads_to_another_server_is_recognised(void **state)
{
    (void)state;
    static const char *const same[] = {
        "seg.ts",          "/seg.ts",
        "?a=b:c",          "http://cam:8080/x",
        "HTTP://CAM:8080", "http://u:p@cam:8080/",
    };
    static const char *const other[] = {
        "//cam:8080/x",
        "http://cam/x",
        "http://cam:8081/x",
        "https://cam:8080/x",
        "http://cam:8080@evil/x",
        "http://evil/http://cam:8080/",
        "http:cam:8080/x",
        "file:///etc/passwd",
        "file:/etc/passwd",
        "http://cam:8080.evil",
        "http://",
        "rtsp://cam:8080/x",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_true(pipeline_url_is_same_server("http://u:p@cam:8080/live", same[i]));
    }
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        if (pipeline_url_is_same_server("http://cam:8080/live", other[i])) {
            fail_msg("%s is taken for the same server", other[i]);
        }
    }
    assert_true(pipeline_url_is_same_server("http://cam/x", "https://cam/x"));
    assert_true(pipeline_url_is_same_server("http://cam:80/x", "http://cam/y"));
    assert_true(pipeline_url_is_same_server("rtsp://[::1]/x", "rtsps://[::1]:322/x"));
    assert_false(pipeline_url_is_same_server("https://cam/x", "http://cam/x"));
    assert_false(pipeline_url_is_same_server("http://cam/x", "https://cam:8443/x"));
}

static void what_was_meant_is_suggested(void **state)
{
    (void)state;
    static const struct {
        const char *url, *message; // NULL: it is good
    } cases[] = {
        { "clip.mp4", NULL },
        { "/a/b:c.mp4", NULL },
        { "take:two.mp4", NULL },
        { "demo:", NULL },
        { "RTSP://h/", NULL },
        { "http://h/", NULL },
        { "udp://h:9", NULL },
        { "file:///a.mp4", NULL },
        { "v4l2:C920", NULL },
        { "rtps://h/", "unknown protocol 'rtps://'; did you mean 'rtsp://'?" },
        { "htttp://me:hunter2@h/", "unknown protocol 'htttp://'; did you mean 'http://'?" },
        { "gopherx://h/", "unknown protocol 'gopherx://'" },
        { "v4l:/dev/video0", "unknown source 'v4l:'; did you mean 'v4l2:'?" },
        { "dmeo:", "unknown source 'dmeo:'; did you mean 'demo:'?" },
        { "image:p%03d.jpg", "unknown source 'image:'; did you mean 'images:'?" },
        { "'clip.mp4'", "must be without the quotation marks around it" },
        { "\"demo:\"", "must be without the quotation marks around it" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mc_error err = { 0 };
        assert_int_equal(pipeline_url_check_scheme(cases[i].url, &err), cases[i].message == NULL);
        if (cases[i].message != NULL) {
            assert_memory_equal(err.message, cases[i].message, strlen(cases[i].message));
        }
        assert_null(strstr(err.message, "hunter2"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_follow_from_the_beginning),
        cmocka_unit_test(a_scheme_in_capitals_is_written_small),
        cmocka_unit_test(the_endpoint_is_found),
        cmocka_unit_test(secrets_go_into_the_url_escaped),
        cmocka_unit_test(secrets_of_a_scheme_in_capitals_are_as_safe),
        cmocka_unit_test(secrets_are_hidden),
        cmocka_unit_test(a_short_buffer_cuts_and_never_overflows),
        cmocka_unit_test(what_leads_to_another_server_is_recognised),
        cmocka_unit_test(what_was_meant_is_suggested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
