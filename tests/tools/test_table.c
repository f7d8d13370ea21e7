#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tools/mocapctl/table.h"

static struct mocapctl_table table;

// What one record becomes.
static char *written(const struct protocol_record *record, uint64_t missed, int64_t now_ns)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    mocapctl_table_write(&table, record, missed, now_ns, out);
    fclose(out);
    return text;
}

static struct protocol_record record_at(uint64_t seq)
{
    struct protocol_record record = { .stream = "cam", .seq = seq, .pts = (double)seq / 25 };
    record.t_arrival_ns = (int64_t)seq * 40 * MC_NS_PER_MS;
    record.t_publish_ns = record.t_arrival_ns + 5 * MC_NS_PER_MS;
    return record;
}

static void the_rate_and_the_latency_are_shown(void **state)
{
    (void)state;
    table = (struct mocapctl_table){ 0 };
    char *text = NULL;
    for (uint64_t seq = 0; seq < 10; seq++) {
        free(text);
        struct protocol_record record = record_at(seq);
        text = written(&record, 0, record.t_arrival_ns + 8 * MC_NS_PER_MS);
    }
    assert_non_null(strstr(text, "cam"));
    assert_non_null(strstr(text, " 25.0 "));
    assert_non_null(strstr(text, " 8.0 "));
    free(text);
}

static void a_face_has_its_nose_and_score(void **state)
{
    (void)state;
    table = (struct mocapctl_table){ 0 };
    struct protocol_record record = record_at(1);
    record.face_count = 1;
    record.faces[0] = (struct protocol_face){ .id = 42, .score = 0.75f, .keypoint_count = 68 };
    for (int i = 0; i < 68; i++) {
        record.faces[0].keypoints[i] = (struct mc_keypoint){ (float)i, (float)(i % 7), 1 };
    }
    record.faces[0].keypoints[30] = (struct mc_keypoint){ 123.5f, 67.25f, 1 };
    char *text = written(&record, 3, record.t_publish_ns);
    assert_non_null(strstr(text, "        -     -\n")); // no gaze
    free(text);
    record.faces[0].has_gaze = true;
    record.faces[0].gaze = (struct protocol_gaze){ .left = { -12, 3 }, .right = { -18, 5 } };
    text = written(&record, 3, record.t_publish_ns);
    assert_non_null(strstr(text, "      -15     4\n"));
    assert_non_null(strstr(text, " 42 "));
    assert_non_null(strstr(text, "0.75"));
    assert_non_null(strstr(text, "123.5"));
    assert_non_null(strstr(text, "67.2"));
    free(text);
}

static void control_characters_stay_out_of_the_terminal(void **state)
{
    (void)state;
    table = (struct mocapctl_table){ 0 };
    struct protocol_record record = record_at(1);
    memcpy(record.stream, "a\x1b[2Jb", 7);
    char *text = written(&record, 0, record.t_publish_ns);
    assert_null(strchr(text, '\x1b'));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_and_the_latency_are_shown),
        cmocka_unit_test(a_face_has_its_nose_and_score),
        cmocka_unit_test(control_characters_stay_out_of_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
