#include "pipeline/source/v4l2_find.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NODES_MAX = 64 };

// A file's first line; "" when there is none.
static void read_line(const char *directory, int number, const char *file, char *line, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/video%d/%s", directory, number, file);
    FILE *stream = fopen(path, "re");
    if (stream == NULL || fgets(line, (int)size, stream) == NULL) {
        line[0] = '\0';
    }
    if (stream != NULL) {
        fclose(stream);
    }
    line[strcspn(line, "\n")] = '\0';
}

static int compare_nodes(const void *a, const void *b)
{
    return ((const struct pipeline_v4l2_node *)a)->number -
           ((const struct pipeline_v4l2_node *)b)->number;
}

int pipeline_v4l2_list(const char *sysfs, struct pipeline_v4l2_node *nodes, int most)
{
    DIR *directory = opendir(sysfs);
    int count = 0;
    const struct dirent *entry;
    while (directory != NULL && count < most && (entry = readdir(directory)) != NULL) {
        struct pipeline_v4l2_node *node = &nodes[count];
        char index[16];
        int end = 0;
        if (sscanf(entry->d_name, "video%d%n", &node->number, &end) != 1 ||
            entry->d_name[end] != '\0') {
            continue;
        }
        read_line(sysfs, node->number, "name", node->name, sizeof node->name);
        read_line(sysfs, node->number, "index", index, sizeof index);
        node->index = atoi(index);
        count++;
    }
    if (directory != NULL) {
        closedir(directory);
    }
    qsort(nodes, (size_t)count, sizeof nodes[0], compare_nodes);
    return count;
}

static const struct pipeline_v4l2_node *find_named(const struct pipeline_v4l2_node *nodes,
                                                   int count, const char *name)
{
    for (int exact = 1; exact >= 0; exact--) {
        for (int i = 0; i < count; i++) {
            const bool fits = exact ? strcasecmp(nodes[i].name, name) == 0
                                    : strcasestr(nodes[i].name, name) != NULL;
            if (nodes[i].index == 0 && fits) {
                return &nodes[i];
            }
        }
    }
    return NULL;
}

static bool refuse(const struct pipeline_v4l2_node *nodes, int count, const char *name,
                   struct mc_error *err)
{
    char list[160] = "";
    for (int i = 0; i < count; i++) {
        const size_t length = strlen(list);
        if (nodes[i].index == 0) {
            snprintf(list + length, sizeof list - length, "%s%s", length > 0 ? ", " : "",
                     nodes[i].name);
        }
    }
    if (list[0] == '\0') {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "no camera '%.40s': none is connected",
                            name);
    }
    return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "no camera '%.40s'; connected: %s", name, list);
}

static bool write_path(char *path, size_t size, struct mc_error *err, const char *format, ...)
    MC_PRINTF(4, 5);

static bool write_path(char *path, size_t size, struct mc_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(path, size, format, arguments);
    va_end(arguments);
    return (length >= 0 && (size_t)length < size) ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "the camera's name is too long");
}

void pipeline_v4l2_link(const char *links, int number, char *name, size_t size)
{
    static const char *const folders[] = { "by-id", "by-path" };
    char node[32], path[512];
    snprintf(node, sizeof node, "video%d", number);
    name[0] = '\0';
    for (int i = 0; i < 2 && name[0] == '\0'; i++) {
        snprintf(path, sizeof path, "%s/%s", links, folders[i]);
        DIR *directory = opendir(path);
        const struct dirent *entry;
        while (directory != NULL && (entry = readdir(directory)) != NULL) {
            char target[256] = "";
            const ssize_t length =
                readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
            const char *slash = length > 0 ? strrchr(target, '/') : NULL;
            if (strcmp(slash == NULL ? target : slash + 1, node) == 0) {
                snprintf(name, size, "%s/%s", folders[i], entry->d_name);
                break;
            }
        }
        if (directory != NULL) {
            closedir(directory);
        }
    }
}

bool pipeline_v4l2_find(const char *name, const char *sysfs, const char *links, char *path,
                        size_t size, struct mc_error *err)
{
    int number, end = 0;
    if (name[0] == '/') {
        return write_path(path, size, err, "%s", name);
    }
    if (sscanf(name, "video%d%n", &number, &end) == 1 && name[end] == '\0' && number >= 0) {
        return write_path(path, size, err, "/dev/video%d", number);
    }
    if (strncmp(name, "by-id/", 6) == 0 || strncmp(name, "by-path/", 8) == 0) {
        return write_path(path, size, err, "%s/%s", links, name);
    }
    struct pipeline_v4l2_node nodes[NODES_MAX];
    const int count = pipeline_v4l2_list(sysfs, nodes, NODES_MAX);
    const struct pipeline_v4l2_node *node = find_named(nodes, count, name);
    return node != NULL ? write_path(path, size, err, "/dev/video%d", node->number)
                        : refuse(nodes, count, name, err);
}
