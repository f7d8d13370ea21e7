// mocap-lab compare: networks side by side, on this machine and in one run.
#include "tools/lab/compare.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "base/path.h"
#include "nn/model.h"
#include "nn/networks/backbone.h"
#include "tools/lab/lab.h"
#include "tools/lab/onnxruntime.h"
#include "tools/terminal.h"
#include "tools/word_list.h"

static const char suffix[] = ".safetensors";

enum form { TEXT, JSON, MARKDOWN };

struct options {
    struct tools_word_list names;
    enum form form;
    const char *set, *teacher, *library, *svg; // or NULL
    long size, runs, faces;
    bool int8;
};

static void entry_finish(struct lab_entry *entry)
{
    nn_runner_destroy(entry->runner);
    nn_model_destroy(entry->model);
    ort_session_destroy(entry->session);
    mc_memory_free(entry->noise);
    mc_memory_free(entry->ort_input);
    mc_memory_free(entry->ort_output);
    lab_samples_finish(&entry->ms);
    lab_samples_finish(&entry->ort_ms);
    free(entry->onnx);
}

// So that a name needs no quotes, wherever it is printed.
static void set_name(struct lab_entry *entry, const char *what, size_t length)
{
    static const char mark[] = "-int8";
    const size_t room = sizeof entry->name - sizeof mark;
    const char *base = memrchr(what, '/', length);
    const char *from = base == NULL ? what : base + 1;
    size_t i = 0;
    for (; from + i < what + length && i < room; i++) {
        entry->name[i] = isalnum((unsigned char)from[i]) || strchr("-._", from[i]) ? from[i] : '_';
    }
    strcpy(entry->name + i, entry->precision == NN_PRECISION_INT8 ? mark : "");
}

// The same weights for ONNX Runtime, in a file beside the model's. stem: the length of the model's
// path without its ending.
static bool find_onnx(struct lab_entry *entry, const char *what, size_t stem, struct mc_error *err)
{
    if (asprintf(&entry->onnx, "%.*s.onnx", (int)stem, what) < 0) {
        entry->onnx = NULL;
        return mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory");
    }
    if (access(entry->onnx, R_OK) != 0) {
        free(entry->onnx);
        entry->onnx = NULL;
    }
    return true;
}

// A model's file, or a network's name: then with invented weights.
static bool entry_load(struct lab_entry *entry, const char *what, enum nn_precision precision,
                       long size, unsigned flags, struct mc_error *err)
{
    struct stat file;
    entry->precision = precision;
    if (nn_backbone_find(what) != NULL) {
        set_name(entry, what, strlen(what));
        entry->model = nn_model_create_random(what, (int)size, flags, precision, err);
    } else if (stat(what, &file) != 0) {
        return mc_error_set_errno(err, "%s", what);
    } else {
        const size_t length = strlen(what), cut = sizeof suffix - 1;
        const bool usual = length > cut && strcmp(what + length - cut, suffix) == 0;
        const size_t stem = usual ? length - cut : length;
        set_name(entry, what, stem);
        if (precision == NN_PRECISION_F32 && !find_onnx(entry, what, stem, err)) {
            return false;
        }
        entry->file_bytes = file.st_size;
        entry->model = nn_model_load_as(what, flags, precision, err);
    }
    entry->runner = entry->model == NULL ? NULL : nn_runner_create(entry->model, err);
    return entry->runner != NULL;
}

static bool add_as(struct lab_compare *compare, const char *what, enum nn_precision precision,
                   struct mc_error *err)
{
    if (compare->count == LAB_ENTRIES_MAX) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                            "must be at most %d models, each precision being one", LAB_ENTRIES_MAX);
    }
    return entry_load(&compare->entries[compare->count++], what, precision, compare->size,
                      compare->cpu_flags, err);
}

// In float32, and in int8 if that is asked for and the file has what it takes.
static bool add(struct lab_compare *compare, const char *what, struct mc_error *err)
{
    if (!add_as(compare, what, NN_PRECISION_F32, err)) {
        return false;
    }
    const struct lab_entry *f32 = &compare->entries[compare->count - 1];
    if (!compare->int8) {
        return true;
    }
    if (f32->file_bytes > 0 && nn_model_info(f32->model)->range_count == 0) {
        tools_complain("%s: has no activation ranges, so it is measured in float32 alone; see "
                       "mocap-lab model calibrate",
                       what);
        return true;
    }
    if (!add_as(compare, what, NN_PRECISION_INT8, err)) {
        return false;
    }
    compare->entries[compare->count - 1].f32 = f32;
    return true;
}

static int is_model(const struct dirent *file)
{
    const size_t length = strlen(file->d_name), cut = sizeof suffix - 1;
    return length > cut && strcmp(file->d_name + length - cut, suffix) == 0;
}

static bool add_folder(struct lab_compare *compare, const char *folder, struct mc_error *err)
{
    struct dirent **files;
    const int count = scandir(folder, &files, is_model, alphasort);
    if (count < 0) {
        return mc_error_set_errno(err, "%s", folder);
    }
    bool good = count > 0 || mc_error_set(err, MC_ERROR_ARGUMENT, 0,
                                          "%s: must hold *%s files, got none", folder, suffix);
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
static bool add_usual(struct lab_compare *compare, struct mc_error *err)
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

static bool add_all(struct lab_compare *compare, const struct tools_word_list *names,
                    struct mc_error *err)
{
    bool good = true;
    for (int i = 0; i < names->count && good; i++) {
        const char *name = names->words[i];
        struct stat file;
        const bool folder = stat(name, &file) == 0 && S_ISDIR(file.st_mode);
        good = folder ? add_folder(compare, name, err) : add(compare, name, err);
    }
    return good && (names->count > 0 || add_usual(compare, err));
}

static bool compare_all(struct lab_compare *compare, const struct tools_word_list *names,
                        struct mc_error *err)
{
    if (!mc_cpu_flags(&compare->cpu_flags, err) || !add_all(compare, names, err) ||
        (compare->teacher != NULL &&
         !entry_load(&compare->reference, compare->teacher, NN_PRECISION_F32, compare->size,
                     compare->cpu_flags, err))) {
        return false;
    }
    if (compare->library != NULL) {
        compare->ort = ort_open(compare->library, err);
        if (compare->ort == NULL) {
            return false;
        }
    }
    return lab_compare_measure(compare, err) &&
           (compare->set == NULL || lab_compare_judge(compare, err));
}

static int run(const void *options, const void *globals)
{
    (void)globals;
    const struct options *chosen = options;
    struct lab_compare compare = { .size = chosen->size,
                                   .runs = chosen->runs,
                                   .faces = chosen->faces,
                                   .int8 = chosen->int8,
                                   .set = chosen->set,
                                   .teacher = chosen->teacher,
                                   .library = chosen->library,
                                   .svg = chosen->svg };
    struct mc_error err = { 0 };
    compare.entries = calloc(LAB_ENTRIES_MAX, sizeof *compare.entries);
    bool good = compare.entries != NULL ? compare_all(&compare, &chosen->names, &err)
                                        : mc_error_set(&err, MC_ERROR_MEMORY, 0, "out of memory");
    if (good) {
        (chosen->form == JSON       ? lab_compare_print_json
         : chosen->form == MARKDOWN ? lab_compare_print_markdown
                                    : lab_compare_print_text)(&compare);
        good = compare.svg == NULL || lab_compare_draw(&compare, compare.svg, &err);
    }
    for (int i = 0; i < compare.count; i++) {
        entry_finish(&compare.entries[i]);
    }
    entry_finish(&compare.reference);
    ort_close(compare.ort);
    free(compare.entries);
    if (!good) {
        tools_complain("%s", err.message);
        return MC_EXIT_FAILED;
    }
    return MC_EXIT_OK;
}

static bool check(void *chosen, struct mc_error *err)
{
    const struct options *options = chosen;
    return options->teacher == NULL || options->set != NULL ||
           mc_error_set(err, MC_ERROR_ARGUMENT, 0, "--teacher requires --set");
}

static const struct mc_option table[] = {
    { "MODEL", .place = MC_OPTION_ARGUMENT, .kind = MC_OPTION_CALL, .many = true,
      .set = tools_word_list_add,
      .help = "a weight file, a folder of them, or a network's name for random weights; default: "
              "models/zoo where it exists, else every network",
      MC_OPTION_FIELD(struct options, names) },
    { "size", 0, "S", "input size of networks with random weights; default: 64", MC_OPTION_INT,
      .min = 32, .max = 4096, MC_OPTION_FIELD(struct options, size) },
    { "runs", 'n', "N", "forward passes of each; default: 100", MC_OPTION_INT, .min = 1,
      .max = 1000000, MC_OPTION_FIELD(struct options, runs) },
    { "int8", 0, NULL, "beside each model in float32, the same in int8", MC_OPTION_BOOL,
      MC_OPTION_FIELD(struct options, int8) },
    { "set", 0, "FOLDER", "measure the error on this set of labelled faces", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, set) },
    { "faces", 0, "N", "use N faces of the set; default: 200", MC_OPTION_INT, .min = 1,
      .max = 1000000, MC_OPTION_FIELD(struct options, faces) },
    { "teacher", 0, "MODEL", "measure the distance to this model's results too", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, teacher) },
    { "onnxruntime", 0, "LIBRARY",
      "run the .onnx file beside each model in this ONNX Runtime library too", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, library) },
    { "json", 0, NULL, "print JSON", MC_OPTION_CONST, .constant = JSON,
      MC_OPTION_FIELD(struct options, form) },
    { "markdown", 0, NULL, "print a Markdown table", MC_OPTION_CONST, .constant = MARKDOWN,
      MC_OPTION_FIELD(struct options, form) },
    { "svg", 0, "FILE", "draw error against time to this file", MC_OPTION_TEXT,
      MC_OPTION_FIELD(struct options, svg) },
    { 0 },
};

static const struct options defaults = { .size = 64, .runs = 100, .faces = 200 };

const struct mc_command lab_compare_command = {
    .name = "compare",
    .summary = "compare networks in one run: cost, time by module, error on labelled faces",
    .options = table,
    .defaults = &defaults,
    .options_size = sizeof(struct options),
    .check = check,
    .run = run,
};
