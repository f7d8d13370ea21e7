// mocapctl devices: the webcams of this machine, what they offer, and which programs have them.
#include "tools/mocapctl/devices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tools/json_text.h"
#include "tools/mocapctl/mocapctl.h"
#include "tools/terminal.h"

static void inspect(struct mocapctl_device *device)
{
    snprintf(device->path, sizeof device->path, "/dev/video%d", device->node.number);
    pipeline_v4l2_link(PIPELINE_V4L2_LINKS, device->node.number, device->link, sizeof device->link);
    device->mode_count =
        pipeline_v4l2_modes(device->path, device->modes, MOCAPCTL_MODES_MAX, &device->err);
    device->holder_count = pipeline_device_holders(device->path, PIPELINE_DEVICE_PROC,
                                                   device->holders, MOCAPCTL_HOLDERS_MAX);
}

int mocapctl_devices_list(struct mocapctl_device **devices)
{
    struct pipeline_v4l2_node nodes[MOCAPCTL_DEVICES_MAX];
    const int node_count = pipeline_v4l2_list(PIPELINE_V4L2_SYSFS, nodes, MOCAPCTL_DEVICES_MAX);
    int count = 0;
    *devices = calloc(MOCAPCTL_DEVICES_MAX, sizeof **devices);
    if (*devices == NULL) {
        return -1;
    }
    for (int i = 0; i < node_count; i++) {
        if (nodes[i].index == 0) { // the others carry metadata
            (*devices)[count].node = nodes[i];
            inspect(&(*devices)[count++]);
        }
    }
    return count;
}

// ---- as text

// One line for each format: its sizes, each with its highest rate.
static void print_modes(const struct mocapctl_device *device)
{
    const char *format = "";
    for (int i = 0; i < device->mode_count; i++) {
        const struct pipeline_v4l2_mode *mode = &device->modes[i];
        if (strcmp(format, mode->format) != 0) {
            fputs(i == 0 ? "" : "\n", stdout);
            tools_print(stdout, "  %-6s", mode->format);
            format = mode->format;
        }
        printf(" %dx%d", mode->width, mode->height);
        if (mode->rate > 0) {
            printf("@%g", mode->rate);
        }
    }
    if (device->mode_count > 0) {
        putchar('\n');
    }
}

static void print_device(const struct mocapctl_device *device)
{
    printf("%s  ", device->path);
    tools_write_text(stdout, device->node.name);
    putchar('\n');
    if (device->link[0] != '\0') {
        fputs("  url    v4l2:", stdout);
        tools_write_text(stdout, device->link);
        putchar('\n');
    }
    print_modes(device);
    if (device->mode_count < 0) {
        tools_print(stdout, "  cannot be used: %s", device->err.message);
        putchar('\n');
    }
    for (int i = 0; i < device->holder_count; i++) {
        printf("%s pid %d (", i == 0 ? "  in use by" : ",", device->holders[i].pid);
        tools_write_text(stdout, device->holders[i].command);
        putchar(')');
    }
    if (device->holder_count > 0) {
        putchar('\n');
    }
}

// ---- as JSON

static json_t *modes_to_json(const struct mocapctl_device *device)
{
    json_t *modes = json_array();
    for (int i = 0; i < device->mode_count; i++) {
        const struct pipeline_v4l2_mode *mode = &device->modes[i];
        json_array_append_new(modes,
                              json_pack("{s:s, s:i, s:i, s:f}", "format", mode->format, "width",
                                        mode->width, "height", mode->height, "rate", mode->rate));
    }
    return modes;
}

static json_t *device_to_json(const struct mocapctl_device *device)
{
    json_t *holders = json_array();
    for (int i = 0; i < device->holder_count; i++) {
        json_array_append_new(holders, json_pack("{s:i, s:s}", "pid", device->holders[i].pid,
                                                 "command", device->holders[i].command));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "path", device->path, "name",
                     device->node.name, "link", device->link, "problem",
                     device->mode_count < 0 ? device->err.message : "", "modes",
                     modes_to_json(device), "holders", holders);
}

static bool print_json(const struct mocapctl_device *devices, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        json_array_append_new(list, device_to_json(&devices[i]));
    }
    char *text = tools_json_text(list, JSON_COMPACT);
    const bool good = text != NULL;
    tools_write_json(stdout, good ? text : "", good ? strlen(text) : 0);
    putchar('\n');
    free(text);
    json_decref(list);
    return good;
}

// ---- the command

struct devices_options {
    bool json;
};

static int run(const void *options, const void *globals)
{
    const struct devices_options *chosen = options;
    struct mocapctl_device *devices;
    bool good = true;
    (void)globals;
    const int count = mocapctl_devices_list(&devices);
    if (count < 0) {
        tools_complain("out of memory");
        return MC_EXIT_FAILED;
    }
    if (chosen->json) {
        good = print_json(devices, count);
    } else if (count == 0) {
        puts("no camera is connected");
    }
    for (int i = 0; i < count && !chosen->json; i++) {
        print_device(&devices[i]);
    }
    free(devices);
    return good ? MC_EXIT_OK : MC_EXIT_FAILED;
}

static const struct mc_option table[] = {
    { "json", 0, NULL, "print an array of objects: path, name, link, problem, modes, holders",
      MC_OPTION_BOOL, MC_OPTION_FIELD(struct devices_options, json) },
    { 0 },
};

const struct mc_command mocapctl_devices_command = {
    .name = "devices",
    .summary = "list this machine's webcams, what they offer, and which programs are using them",
    .details = "Each size has the highest rate after its @. The url keeps its meaning when other "
               "cameras are connected. Cameras are not started. Other users' programs are "
               "shown only to root.",
    .options = table,
    .options_size = sizeof(struct devices_options),
    .run = run,
};
