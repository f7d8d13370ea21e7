#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/suggestion.h"

static const char *suggest(const char *given)
{
    static const char *const names[] = { "workers", "max-faces", "url", "user", "fov", "region" };
    struct mc_suggestion suggestion;
    mc_suggestion_init(&suggestion, given);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        mc_suggestion_consider(&suggestion, names[i]);
    }
    return suggestion.best;
}

static void mistyped_names_are_recognised(void **state)
{
    (void)state;
    assert_string_equal(suggest("worker"), "workers");   // one missing
    assert_string_equal(suggest("workersx"), "workers"); // one too many
    assert_string_equal(suggest("wrokers"), "workers");  // two swapped
    assert_string_equal(suggest("Max_Faces"), "max-faces");
    assert_string_equal(suggest("max\xe2\x80\x93"
                                "faces"),
                        "max-faces"); // an en dash
    assert_string_equal(suggest("ur"), "url");
    assert_string_equal(suggest("regoin"), "region");
}

static void other_names_are_not(void **state)
{
    (void)state;
    assert_null(suggest("colour"));
    assert_null(suggest(""));
    assert_null(suggest("x"));
    char name[200];
    memset(name, 'w', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_null(suggest(name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistyped_names_are_recognised),
        cmocka_unit_test(other_names_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
