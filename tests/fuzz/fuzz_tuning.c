// The file of a stream's changed settings: it is refused with a reason, or read.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/profile_store.h"
#include "daemon/tuning_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct daemon_profile_store store;
static char path[PATH_MAX];

static void remove_files(void)
{
    unlink(path);
    rmdir(store.directory);
}

static void make_store(void)
{
    const char *memory = "/dev/shm"; // a disk would take most of the time
    snprintf(store.directory, sizeof store.directory, "%s/mocapd-fuzz-XXXXXX",
             access(memory, W_OK) == 0 ? memory : "/tmp");
    if (mkdtemp(store.directory) == NULL ||
        !daemon_profile_store_path(&store, "s", ".settings", path, NULL)) {
        abort();
    }
    atexit(remove_files);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct protocol_settings settings;
    struct mc_error err = { 0 };
    if (store.directory[0] == '\0') {
        make_store();
    }
    FILE *file = fopen(path, "w");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        abort();
    }
    if (!daemon_tuning_file_read(&store, "s", &settings, &err) && err.message[0] == '\0') {
        abort();
    }
    return 0;
}
