#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/lab/head_answers.h"
#include "tools/lab/head_set.h"

#define NEUTRAL                                                                                    \
    "{\"file\":\"a.png\",\"person\":0,\"case\":\"neutral\",\"size\":[64,48],\"shapes\":{},"        \
    "\"gaze\":[[0,0],[0,0]],\"euler\":[0,0,0]}"
#define SMILE(file, name, shapes)                                                                  \
    "{\"file\":\"" file "\",\"person\":0,\"case\":\"" name                                         \
    "\",\"size\":[64,48],\"shapes\":" shapes                                                       \
    ",\"gaze\":[[1,-2],[3.5,4]],\"euler\":[-5,6,7],\"fov\":60}"
#define BOTH "{\"mouthSmileLeft\":1,\"mouthSmileRight\":0.5}"

static char folder[] = "/tmp/head_set.XXXXXX";
static char truth[sizeof folder + 16], answers_path[sizeof folder + 16];

static int set_up(void **state)
{
    (void)state;
    snprintf(truth, sizeof truth, "%s/truth.json", mkdtemp(folder));
    snprintf(answers_path, sizeof answers_path, "%s/other.json", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(truth);
    unlink(answers_path);
    rmdir(folder);
    return 0;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void all_of_an_entry_is_read(void **state)
{
    (void)state;
    struct lab_head_set set;
    write_file(truth, "[" SMILE("in/b.JPG", "mouthSmile", BOTH) "," NEUTRAL "]");
    assert_true(lab_head_set_load(&set, folder, NULL));
    assert_int_equal(set.count, 2);
    const struct lab_head *head = &set.heads[0];
    assert_string_equal(head->file, "in/b.JPG");
    assert_int_equal(head->kind, LAB_HEAD_SHAPE);
    assert_int_equal(set.heads[1].kind, LAB_HEAD_NEUTRAL);
    assert_int_equal(head->neutral, 1);
    assert_float_equal(head->shapes[PROTOCOL_MOUTH_SMILE_RIGHT], 0.5f, 0);
    assert_float_equal(head->shapes[PROTOCOL_JAW_OPEN], 0, 0);
    assert_float_equal(head->gaze[1][0], 3.5f, 0);
    assert_float_equal(head->euler[0], -5, 0);
    assert_int_equal(head->width, 64);
    assert_int_equal(head->height, 48);
    assert_float_equal(head->fov, 60, 0);
    assert_float_equal(set.heads[1].fov, 0, 0);
    lab_head_set_finish(&set);
}

static void a_case_owns_its_shape_on_both_sides_and_no_longer_name(void **state)
{
    (void)state;
    assert_true(lab_head_owns("mouthSmile", PROTOCOL_MOUTH_SMILE_LEFT));
    assert_true(lab_head_owns("mouthSmileLeft", PROTOCOL_MOUTH_SMILE_LEFT));
    assert_false(lab_head_owns("mouthSmileLeft", PROTOCOL_MOUTH_SMILE_RIGHT));
    assert_true(lab_head_owns("mouthLeft", PROTOCOL_MOUTH_LEFT));
    assert_false(lab_head_owns("mouth", PROTOCOL_MOUTH_SMILE_LEFT));
    assert_false(lab_head_owns("jaw", PROTOCOL_JAW_OPEN));
}

// The cause and the place of what is wrong with truth.json.
static void what_is_wrong_is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        { "[{]", "line 1" },
        { "[" NEUTRAL, "line 1" },
        { "{}", "must be an array" },
        { "[]", "must have 1 to 4096 entries, got 0" },
        { "[1]", "entry 1: must be an object" },
        { "[{}]", "entry 1: file: must be" },
        { "[" SMILE("a.png", "mouthSmile", BOTH) "]",
          "person 0 must have an image of case neutral" },
        { "[" NEUTRAL "," NEUTRAL "]", "entry 1: file: must be there once" },
        { "[" NEUTRAL "," SMILE("b.png", "neutral", "{}") "]", "one image of case neutral" },
        { "[" NEUTRAL "," SMILE("b.png", "mouthSmile", "{\"mouthSmileLeft\":1}") "]",
          "entry 2: shapes: must have mouthSmile above" },
        { "[" NEUTRAL "," SMILE("b.png", "grin", "{}") "]", "entry 2: case: must be neutral" },
        { "[" NEUTRAL "," SMILE("b.png", "gaze \\n", "{}") "]", "entry 2: case: must be at most" },
        { "[" NEUTRAL "," SMILE("b.png", "gaze 4567890123456789012345678901", "{}") "]",
          "entry 2: case: must be at most 31" },
        { "[" NEUTRAL "," SMILE("b.png", "jawOpen", "{\"jawopen\":1}") "]",
          "entry 2: shapes: must be named as ARKit does, got 'jawopen'" },
        { "[" NEUTRAL "," SMILE("b.png", "jawOpen", "{\"jawOpen\":NaN}") "]", "line 1" },
        { "[" NEUTRAL "," SMILE("b.png", "jawOpen", "{\"jawOpen\":1e999}") "]", "line 1" },
        { "[" NEUTRAL "," SMILE("b.png", "jawOpen", "{\"jawOpen\":null}") "]",
          "entry 2: shapes: jawOpen: must be a number from 0 to 1" },
        { "[" NEUTRAL "," SMILE("b.png", "jawOpen", "{\"jawOpen\":1.01}") "]",
          "jawOpen: must be a number from 0 to 1, got 1.01" },
        { "[" NEUTRAL "," SMILE("b.png", "jawOpen", "[]") "]",
          "entry 2: shapes: must be an object" },
        { "[" SMILE("../b.png", "neutral", "{}") "]", "entry 1: file: must be" },
        { "[" SMILE("x/../b.png", "neutral", "{}") "]", "entry 1: file: must be" },
        { "[" SMILE("/b.png", "neutral", "{}") "]", "entry 1: file: must be" },
        { "[" SMILE("b.sdp", "neutral", "{}") "]", "entry 1: file: must be" },
        { "[" SMILE("b\\u001b.png", "neutral", "{}") "]", "entry 1: file: must be" },
        { "[" SMILE("b\\u0000.png", "neutral", "{}") "]", "line 1" },
        { "[{\"file\":\"a.png\",\"person\":-1,\"case\":\"neutral\"}]", "entry 1: person: must be" },
        { "[{\"file\":\"a.png\",\"person\":4294967296,\"case\":\"neutral\"}]",
          "entry 1: person: " },
        { "[{\"file\":\"a.png\",\"person\":0,\"case\":\"neutral\",\"shapes\":{}}]",
          "entry 1: gaze: must be [yaw, pitch]" },
        { "[{\"file\":\"a.png\",\"person\":0,\"case\":\"neutral\",\"shapes\":{},"
          "\"gaze\":[[0,0],[0,91]]}]",
          "gaze: must be a number from -90 to 90, got 91" },
        { "[{\"file\":\"a.png\",\"person\":0,\"case\":\"neutral\",\"shapes\":{},"
          "\"gaze\":[[0,0],[0,0]],\"euler\":[0,0]}]",
          "euler: must be an array of 3 numbers" },
        { "[{\"file\":\"a.png\",\"person\":0,\"case\":\"neutral\",\"shapes\":{},"
          "\"gaze\":[[0,0],[0,0]],\"euler\":[0,0,0],\"size\":[64,1e6]}]",
          "size: must be a number from 16 to 16384, got 1e+06" },
        { "[{\"file\":\"a.png\",\"person\":0,\"case\":\"neutral\",\"shapes\":{},"
          "\"gaze\":[[0,0],[0,0]],\"euler\":[0,0,0],\"size\":[64.5,64]}]",
          "size: must be whole numbers" },
        { "[{\"file\":\"a.png\",\"file\":\"b.png\"}]", "line 1: duplicate" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lab_head_set set;
        struct mc_error err = { 0 };
        write_file(truth, bad[i].text);
        assert_false(lab_head_set_load(&set, folder, &err));
        if (strstr(err.message, bad[i].message) == NULL ||
            strstr(err.message, "/truth.json: ") == NULL) {
            fail_msg("%s\ngives '%s'\nwithout '%s'", bad[i].text, err.message, bad[i].message);
        }
    }
}

static void a_folder_or_a_truth_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct lab_head_set set;
    struct mc_error err = { 0 };
    assert_false(lab_head_set_load(&set, "/tmp/absent.folder", &err));
    assert_string_equal(err.message, "/tmp/absent.folder: No such file or directory");
    unlink(truth);
    assert_false(lab_head_set_load(&set, folder, &err));
    assert_non_null(strstr(err.message, "/truth.json: No such file or directory"));
}

static void other_answers_are_read_and_checked(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        { "[]", "other.json: must be an object" },
        { "{\"a.png\":null}", "other.json: b.png: is missing" },
        { "{\"a.png\":3,\"b.png\":null}", "a.png: must be an object or null" },
        { "{\"a.png\":{\"shapes\":{\"jawOpen\":\"1\"}},\"b.png\":null}",
          "a.png: shapes: jawOpen: must be a number from -10 to 10" },
        { "{\"a.png\":{\"shapes\":[]},\"b.png\":null}", "a.png: shapes: must be an object" },
        { "{\"a.png\":{\"gaze\":[1,2]},\"b.png\":null}", "a.png: gaze: must be an array of 2" },
        { "{\"a.png\":{\"euler\":[1,2,181]},\"b.png\":null}", "a.png: euler: must be a number" },
    };
    struct lab_head_set set;
    struct lab_head_answers answers = { .name = "other" };
    write_file(truth, "[" NEUTRAL "," SMILE("b.png", "mouthSmile", BOTH) "]");
    assert_true(lab_head_set_load(&set, folder, NULL));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct mc_error err = { 0 };
        write_file(answers_path, bad[i].text);
        assert_false(lab_head_answers_read(&answers, &set, answers_path, &err));
        if (strstr(err.message, bad[i].message) == NULL) {
            fail_msg("%s\ngives '%s'\nwithout '%s'", bad[i].text, err.message, bad[i].message);
        }
    }
    write_file(answers_path,
               "{\"b.png\":null,\"more.png\":1,\"a.png\":{\"shapes\":{\"jawOpen\":1.5,\"mood\":99,"
               "\"eyeLookInLeft\":0.5,\"eyeLookOutLeft\":0,\"eyeLookDownLeft\":0,"
               "\"eyeLookUpLeft\":0.2},\"euler\":[1,2,3]}}");
    assert_true(lab_head_answers_read(&answers, &set, answers_path, NULL));
    const struct lab_head_answer *answer = &answers.answers[0];
    assert_true(answer->found);
    assert_false(answers.answers[1].found);
    assert_float_equal(answer->shapes[PROTOCOL_JAW_OPEN], 1.5f, 0);
    assert_true(answer->shapes[PROTOCOL_MOUTH_LEFT] != answer->shapes[PROTOCOL_MOUTH_LEFT]);
    assert_float_equal(answer->gaze[0][0], 15, 1e-5);
    assert_float_equal(answer->gaze[0][1], -5, 1e-5);
    assert_true(answer->gaze[1][0] != answer->gaze[1][0]); // the right eye's looks were not given
    assert_float_equal(answer->euler[2], 3, 0);
    lab_head_answers_finish(&answers);
    lab_head_set_finish(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_an_entry_is_read),
        cmocka_unit_test(a_case_owns_its_shape_on_both_sides_and_no_longer_name),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(a_folder_or_a_truth_that_is_not_there_is_named),
        cmocka_unit_test(other_answers_are_read_and_checked),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
