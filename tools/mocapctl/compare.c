// mocapctl compare: networks side by side, on this machine and in one run.
#include "tools/mocapctl/compare.h"

#include <ctype.h>
#include <dirent.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "base/path.h"
#include "nn/model.h"
#include "nn/networks/backbone.h"
#include "tools/mocapctl/command.h"
#include "tools/mocapctl/onnxruntime.h"

enum { SIZE = 64, RUNS = 100, FACES = 200, ENTRIES_MAX = 64 };

static const char suffix[] = ".safetensors";

enum form { TEXT, JSON, MARKDOWN };

struct options {
    enum form form;
    struct mocapctl_compare *compare;
};

static void entry_finish(struct mocapctl_entry *entry)
{
    nn_runner_destroy(entry->runner);
    nn_model_destroy(entry->model);
    ort_session_destroy(entry->session);
    mc_memory_free(entry->picture);
    mc_memory_free(entry->ort_input);
    mc_memory_free(entry->ort_output);
    mocapctl_samples_finish(&entry->ms);
    mocapctl_samples_finish(&entry->ort_ms);
    free(entry->onnx);
}

// So that a name needs no quotes, wherever it is printed.
static void set_name(struct mocapctl_entry *entry, const char *what, size_t length)
{
    const char *base = memrchr(what, '/', length);
    const char *from = base == NULL ? what : base + 1;
    size_t i = 0;
    for (; from + i < what + length && i + 1 < sizeof entry->name; i++) {
        entry->name[i] = isalnum((unsigned char)from[i]) || strchr("-._", from[i]) ? from[i] : '_';
    }
    entry->name[i] = '\0';
}

// A model's file, or a network's name: then with invented weights.
static bool entry_load(struct mocapctl_entry *entry, const char *what, long size, unsigned flags,
                       struct mc_error *err)
{
    struct stat file;
    if (nn_backbone_find(what) != NULL) {
        set_name(entry, what, strlen(what));
        entry->model = nn_model_create_random(what, (int)size, flags, NN_PRECISION_F32, err);
    } else if (stat(what, &file) != 0) {
        return mc_error_set_errno(err, "%s", what);
    } else {
        const size_t length = strlen(what), cut = sizeof suffix - 1;
        const bool usual = length > cut && strcmp(what + length - cut, suffix) == 0;
        const size_t stem = usual ? length - cut : length;
        set_name(entry, what, stem);
        if (asprintf(&entry->onnx, "%.*s.onnx", (int)stem, what) < 0) {
            entry->onnx = NULL;
            return mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory");
        }
        if (access(entry->onnx, R_OK) != 0) {
            free(entry->onnx);
            entry->onnx = NULL;
        }
        entry->file_bytes = file.st_size;
        entry->model = nn_model_load_as(what, flags, NN_PRECISION_F32, err);
    }
    entry->runner = entry->model == NULL ? NULL : nn_runner_create(entry->model, err);
    return entry->runner != NULL;
}

static bool add(struct mocapctl_compare *compare, const char *what, struct mc_error *err)
{
    if (compare->count == ENTRIES_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "more than %d models", ENTRIES_MAX);
    }
    return entry_load(&compare->entries[compare->count++], what, compare->size, compare->cpu_flags,
                      err);
}

static int is_model(const struct dirent *file)
{
    const size_t length = strlen(file->d_name), cut = sizeof suffix - 1;
    return length > cut && strcmp(file->d_name + length - cut, suffix) == 0;
}

static bool add_folder(struct mocapctl_compare *compare, const char *folder, struct mc_error *err)
{
    struct dirent **files;
    const int count = scandir(folder, &files, is_model, alphasort);
    if (count < 0) {
        return mc_error_set_errno(err, "%s", folder);
    }
    bool good =
        count > 0 || mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s: holds no *%s", folder, suffix);
    for (int i = 0; i < count; i++) {
        char path[4096];
        if (good &&
            snprintf(path, sizeof path, "%s/%s", folder, files[i]->d_name) < (int)sizeof path) {
            good = add(compare, path, err);
        }
        free(files[i]);
    }
    free(files);
    return good;
}

// The study's models where they have been trained; else every network as it is.
static bool add_usual(struct mocapctl_compare *compare, struct mc_error *err)
{
    char zoo[4096];
    struct stat file;
    if (!mc_path_data(zoo, sizeof zoo, "zoo", err)) {
        return false;
    }
    if (stat(zoo, &file) == 0) {
        return add_folder(compare, zoo, err);
    }
    bool good = true;
    for (int i = 0; nn_backbone_at(i) != NULL && good; i++) {
        good = add(compare, nn_backbone_at(i)->name, err);
    }
    return good;
}

static bool add_all(struct mocapctl_compare *compare, char **names, int count, struct mc_error *err)
{
    bool good = true;
    for (int i = 0; i < count && good; i++) {
        struct stat file;
        const bool folder = stat(names[i], &file) == 0 && S_ISDIR(file.st_mode);
        good = folder ? add_folder(compare, names[i], err) : add(compare, names[i], err);
    }
    return good && (count > 0 || add_usual(compare, err));
}

static bool parse_option(struct options *options, int found, char **argv, struct mc_error *err)
{
    struct mocapctl_compare *compare = options->compare;
    switch (found) {
    case 'j':
        options->form = JSON;
        return true;
    case 'm':
        options->form = MARKDOWN;
        return true;
    case 'g':
        compare->svg = optarg;
        return true;
    case 'd':
        compare->set = optarg;
        return true;
    case 't':
        compare->teacher = optarg;
        return true;
    case 'o':
        compare->library = optarg;
        return true;
    case 's':
        return mocapctl_parse_count("--size", optarg, 32, &compare->size, err);
    case 'n':
        return mocapctl_parse_count("--runs", optarg, 1, &compare->runs, err);
    case 'f':
        return mocapctl_parse_count("--faces", optarg, 1, &compare->faces, err);
    default:
        mocapctl_option_error(err, found, argv);
        return false;
    }
}

static bool parse(struct options *options, int argc, char **argv, struct mc_error *err)
{
    static const struct option known[] = {
        { "json", no_argument, NULL, 'j' },
        { "markdown", no_argument, NULL, 'm' },
        { "svg", required_argument, NULL, 'g' },
        { "set", required_argument, NULL, 'd' },
        { "faces", required_argument, NULL, 'f' },
        { "teacher", required_argument, NULL, 't' },
        { "size", required_argument, NULL, 's' },
        { "runs", required_argument, NULL, 'n' },
        { "onnxruntime", required_argument, NULL, 'o' },
        { NULL, 0, NULL, 0 },
    };
    int found;
    while ((found = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (!parse_option(options, found, argv, err)) {
            return false;
        }
    }
    return options->compare->teacher == NULL || options->compare->set != NULL ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--teacher wants a --set to be compared on");
}

static bool compare_all(struct mocapctl_compare *compare, char **names, int count,
                        struct mc_error *err)
{
    if (!mc_cpu_flags(&compare->cpu_flags, err) || !add_all(compare, names, count, err) ||
        (compare->teacher != NULL && !entry_load(&compare->reference, compare->teacher,
                                                 compare->size, compare->cpu_flags, err))) {
        return false;
    }
    if (compare->library != NULL) {
        compare->ort = ort_open(compare->library, err);
        if (compare->ort == NULL) {
            return false;
        }
    }
    return mocapctl_compare_measure(compare, err) &&
           (compare->set == NULL || mocapctl_compare_judge(compare, err));
}

int mocapctl_compare(const struct mocapctl_globals *globals, int argc, char **argv)
{
    (void)globals;
    struct mocapctl_compare compare = { .size = SIZE, .runs = RUNS, .faces = FACES };
    struct options options = { .compare = &compare };
    struct mc_error err = { 0 };
    if (!parse(&options, argc, argv, &err)) {
        mocapctl_complain("%s", err.message);
        return MOCAPCTL_USAGE;
    }
    compare.entries = calloc(ENTRIES_MAX, sizeof *compare.entries);
    bool good = compare.entries != NULL ? compare_all(&compare, argv + optind, argc - optind, &err)
                                        : mc_error_set(&err, MC_ERROR_MEMORY, 0, "no memory");
    if (good) {
        (options.form == JSON       ? mocapctl_compare_print_json
         : options.form == MARKDOWN ? mocapctl_compare_print_markdown
                                    : mocapctl_compare_print_text)(&compare);
        good = compare.svg == NULL || mocapctl_compare_draw(&compare, compare.svg, &err);
    }
    for (int i = 0; i < compare.count; i++) {
        entry_finish(&compare.entries[i]);
    }
    entry_finish(&compare.reference);
    ort_close(compare.ort);
    free(compare.entries);
    if (!good) {
        mocapctl_complain("%s", err.message);
        return MOCAPCTL_FAILED;
    }
    return MOCAPCTL_OK;
}
