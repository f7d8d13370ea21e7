// Where profiles are kept: of each stream its own, and what is wrong there is an error.
#include <ftw.h>
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

#include "daemon/profile_store.h"
#include "pipeline/motion/motion.h"

static char directory[64];
static struct daemon_profile_store store;
static struct pipeline_profile profile;
static struct mc_error err;

static int set_up(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/mocapd-test-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    unsetenv("STATE_DIRECTORY");
    setenv("XDG_STATE_HOME", directory, 1);
    daemon_profile_store_init(&store);
    profile = (struct pipeline_profile){ .face_count = 1 };
    pipeline_face_profile_init(&profile.faces[0]);
    profile.faces[0].gains[PROTOCOL_JAW_OPEN] = 2;
    return 0;
}

static int forget(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(directory, forget, 8, FTW_DEPTH | FTW_PHYS);
}

static void assert_no_error(bool good)
{
    if (!good) {
        fail_msg("%s", err.message);
    }
}

static void keep(const char *stream, const char *name)
{
    assert_no_error(daemon_profile_store_write(&store, stream, name, &profile, &err));
}

static void spoil(const char *name, const char *text)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", store.directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void profiles_are_of_one_stream(void **state)
{
    (void)state;
    char names[PROTOCOL_PROFILES_MAX][PROTOCOL_NAME_BYTES];
    struct pipeline_profile read;
    assert_int_equal(daemon_profile_store_list(&store, "a", names), 0);
    keep("a", "zoe");
    keep("a", "anna");
    keep("a.b", "bob"); // a stream whose name begins like the other's
    keep("..", "dot");
    assert_int_equal(daemon_profile_store_list(&store, "a", names), 2);
    assert_string_equal(names[0], "anna");
    assert_string_equal(names[1], "zoe");
    assert_int_equal(daemon_profile_store_list(&store, "a.b", names), 1);
    assert_int_equal(daemon_profile_store_list(&store, "..", names), 1);
    assert_no_error(daemon_profile_store_read(&store, "a", "zoe", &read, &err));
    assert_true(read.faces[0].gains[PROTOCOL_JAW_OPEN] == 2);
    assert_no_error(daemon_profile_store_read(&store, "a", "bob", &read, &err));
    assert_int_equal(read.face_count, 0);
    // One without faces is gone.
    const struct pipeline_profile empty = { 0 };
    assert_no_error(daemon_profile_store_write(&store, "a", "zoe", &empty, &err));
    assert_no_error(daemon_profile_store_write(&store, "a", "zoe", &empty, &err));
    assert_int_equal(daemon_profile_store_list(&store, "a", names), 1);
}

static void a_list_that_is_cut_begins_with_the_first_names(void **state)
{
    (void)state;
    char names[PROTOCOL_PROFILES_MAX][PROTOCOL_NAME_BYTES], name[16];
    const int count = PROTOCOL_PROFILES_MAX + 9;
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "p%02d", i * 7 % count);
        keep("a", name);
    }
    assert_int_equal(daemon_profile_store_list(&store, "a", names), count);
    for (int i = 0; i < PROTOCOL_PROFILES_MAX; i++) {
        snprintf(name, sizeof name, "p%02d", i);
        assert_string_equal(names[i], name);
    }
    snprintf(name, sizeof name, "p%02d", count - 1); // kept, though not listed
    assert_true(daemon_profile_store_has(&store, "a", name));
    assert_false(daemon_profile_store_has(&store, "a", "p99"));
}

static void files_are_their_owners_alone(void **state)
{
    (void)state;
    struct stat status;
    char path[PATH_MAX + 64];
    static const char *const files[] = { "a.anna.calibration", "a.profile" };
    const mode_t mask = umask(0);
    keep("a", "anna");
    assert_no_error(daemon_profile_store_set_active(&store, "a", "anna", &err));
    umask(mask);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", store.directory, files[i]);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
    }
}

static void the_profile_in_use_is_remembered(void **state)
{
    (void)state;
    char name[PROTOCOL_NAME_BYTES];
    assert_no_error(daemon_profile_store_active(&store, "a", name, &err));
    assert_string_equal(name, "default");
    assert_no_error(daemon_profile_store_set_active(&store, "a", "anna", &err));
    assert_no_error(daemon_profile_store_active(&store, "a", name, &err));
    assert_string_equal(name, "anna");
    assert_no_error(daemon_profile_store_active(&store, "a.b", name, &err));
    assert_string_equal(name, "default");
}

static void spoilt_files_are_errors(void **state)
{
    (void)state;
    char name[PROTOCOL_NAME_BYTES];
    struct pipeline_profile read;
    keep("a", "anna");
    spoil("a.anna.calibration", "version = 1\n[face 1]\ngain.jawOpen = 99\n");
    assert_false(daemon_profile_store_read(&store, "a", "anna", &read, &err));
    assert_non_null(strstr(err.message, "a.anna.calibration:3:1: gain.jawOpen must be"));
    spoil("a.profile", "../../etc\n");
    assert_false(daemon_profile_store_active(&store, "a", name, &err));
    assert_non_null(strstr(err.message, "a.profile:1:1: must be the name of a profile"));
    assert_string_equal(name, "default");
    keep("a", "anna"); // replaces it
    assert_no_error(daemon_profile_store_read(&store, "a", "anna", &read, &err));
}

static void without_a_directory_nothing_is_kept(void **state)
{
    (void)state;
    char names[PROTOCOL_PROFILES_MAX][PROTOCOL_NAME_BYTES], name[PROTOCOL_NAME_BYTES];
    struct pipeline_profile read;
    const char *home = getenv("HOME");
    char *kept = home == NULL ? NULL : strdup(home);
    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    daemon_profile_store_init(&store);
    if (kept != NULL) {
        setenv("HOME", kept, 1);
    }
    free(kept);
    assert_false(daemon_profile_store_write(&store, "a", "anna", &profile, &err));
    assert_non_null(strstr(err.message, "XDG_STATE_HOME or HOME must be set"));
    assert_no_error(daemon_profile_store_read(&store, "a", "anna", &read, &err));
    assert_no_error(daemon_profile_store_active(&store, "a", name, &err));
    assert_int_equal(daemon_profile_store_list(&store, "a", names), 0);
}

static void systemds_directory_comes_first(void **state)
{
    (void)state;
    setenv("STATE_DIRECTORY", "/var/lib/mocapd:/var/lib/other", 1);
    daemon_profile_store_init(&store);
    unsetenv("STATE_DIRECTORY");
    assert_string_equal(store.directory, "/var/lib/mocapd/calibration");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(profiles_are_of_one_stream),     TEST(the_profile_in_use_is_remembered),
        TEST(spoilt_files_are_errors),        TEST(without_a_directory_nothing_is_kept),
        TEST(systemds_directory_comes_first), TEST(a_list_that_is_cut_begins_with_the_first_names),
        TEST(files_are_their_owners_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
