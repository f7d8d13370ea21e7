// mocap-lab bench pipeline with a dead camera beside a live one.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/process.h"

enum { OPENINGS = 3 };

static void the_running_daemon_is_measured(void **state)
{
    (void)state;
    const char *config = process_path("bench.conf"), *socket_path = process_path("bench.sock");
    FILE *file = fopen(config, "w");
    assert_non_null(file);
    fputs("workers = 1\nlinger = 0\nregion = 0,0,48,48\n"
          "[stream good]\nurl = lavfi:testsrc=size=64x48:rate=10\non-demand = yes\n"
          "[stream dead]\nurl = rtsp://127.0.0.1:1/nobody\n",
          file);
    fclose(file);
    struct process mocapd = process_start(
        MOCAPD, (const char *[]){ "--config", config, "--socket", socket_path, NULL });
    process_wait_socket(&mocapd, socket_path);

    struct process bench;
    char said[4096], openings[8];
    snprintf(openings, sizeof openings, "%d", OPENINGS);
    const char *arguments[] = { "--socket", socket_path, "bench",  "pipeline", "--seconds",
                                "3",        "--reopen",  openings, NULL };
    int status = process_run(&bench, MOCAP_LAB, arguments);
    process_read(bench.out_path, said, sizeof said);
    kill(mocapd.pid, SIGTERM);
    assert_int_equal(process_wait(&mocapd), 0);
    assert_int_equal(status, 0);

    assert_non_null(strstr(said, "good "));
    assert_non_null(strstr(said, " records/s, latency when read p50 "));
    const char *dead = strstr(said, "\ndead ");
    assert_non_null(dead);
    assert_int_equal(strncmp(dead + strlen("\ndead ") + strspn(dead + strlen("\ndead "), " "),
                             "no records\n", strlen("no records\n")),
                     0);
    assert_non_null(strstr(said, "\nmocapd "));
    static const char *const lines[] = { "reassembly", "decode", "wait", "scale",   "infer",
                                         "publish",    "read",   "loop", "capture", "worker" };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char line[32];
        snprintf(line, sizeof line, "\n  %s ", lines[i]);
        assert_non_null(strstr(said, line));
    }
    assert_non_null(strstr(said, "opened again     3 times"));
    const char *counted = strstr(said, "mocapd counts ");
    assert_non_null(counted);
    // Once to be measured.
    assert_int_equal(strtol(counted + strlen("mocapd counts "), NULL, 10), OPENINGS + 1);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct process bench;
    const char *arguments[] = { "bench", "pipeline", "--seconds", "0", NULL };
    assert_int_equal(process_run(&bench, MOCAP_LAB, arguments), 2);
    char said[4096];
    process_read(bench.err_path, said, sizeof said);
    assert_non_null(strstr(said, "--seconds must be"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_running_daemon_is_measured),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, process_set_up, process_tear_down);
}
