#include "tools/lab/onnxruntime.h"

#include <assert.h>
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

enum { API_VERSION = 1, LOG_ERROR = 3, OPTIMIZE_ALL = 99, DEVICE_ALLOCATOR = 0, TYPE_FLOAT = 1 };

// The head of OrtApi (onnxruntime_c_api.h), which only ever grows at its end: the functions
// used here, and the place of the others. The library's own objects are opaque pointers, a
// status among them: NULL means success.
typedef void release_fn(void *object);
typedef void *set_option_fn(void *options, int value);

struct api {
    void *reserved_0[2];
    const char *(*get_error_message)(const void *status);
    void *(*create_env)(int level, const char *name, void **env);
    void *reserved_4[3];
    void *(*create_session)(void *env, const char *path, void *options, void **session);
    void *reserved_8;
    void *(*run)(void *session, const void *options, const char *const *input_names,
                 const void *const *inputs, size_t input_count, const char *const *output_names,
                 size_t output_count, void **outputs);
    void *(*create_session_options)(void **options);
    void *reserved_11[12];
    set_option_fn *set_graph_optimization_level;
    set_option_fn *set_intra_op_threads;
    set_option_fn *set_inter_op_threads;
    void *reserved_26[23];
    void *(*create_tensor_with_data)(void *memory, void *data, size_t bytes, const int64_t *shape,
                                     size_t rank, int type, void **value);
    void *reserved_50[19];
    void *(*create_cpu_memory_info)(int allocator, int kind, void **memory);
    void *reserved_70[22];
    release_fn *release_env;
    release_fn *release_status;
    release_fn *release_memory_info;
    release_fn *release_session;
    release_fn *release_value;
    void *reserved_97[3];
    release_fn *release_session_options;
};

#define PLACE(function) (offsetof(struct api, function) / sizeof(void *))
static_assert(PLACE(run) == 9 && PLACE(set_inter_op_threads) == 25 &&
                  PLACE(create_tensor_with_data) == 49 && PLACE(create_cpu_memory_info) == 69 &&
                  PLACE(release_env) == 92 && PLACE(release_session_options) == 100,
              "the places of OrtApi");

// What OrtGetApiBase returns.
struct base {
    const struct api *(*get_api)(uint32_t version);
    const char *(*get_version_string)(void);
};

struct ort {
    const struct base *base;
    const struct api *api;
    void *env, *memory;
};

struct ort_session {
    struct ort *ort; // borrowed
    void *session, *input, *output;
    const char *input_name, *output_name; // borrowed
};

static void release(release_fn *function, void *object)
{
    if (object != NULL) {
        function(object);
    }
}

// Whether the status is good. Takes it.
static bool check(struct ort *ort, void *status, const char *what, struct mc_error *err)
{
    if (status == NULL) {
        return true;
    }
    mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: %s", what, ort->api->get_error_message(status));
    release(ort->api->release_status, status);
    return false;
}

static bool start(struct ort *ort, const char *path, struct mc_error *err)
{
    // Never closed: what the library leaves running ends with the program.
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return mc_error_set(err, MC_ERROR_ARGUMENT, 0, "%s", dlerror());
    }
    const struct base *(*get_base)(void);
    *(void **)&get_base = dlsym(library, "OrtGetApiBase");
    if (get_base == NULL) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: not ONNX Runtime", path);
    }
    ort->base = get_base();
    ort->api = ort->base->get_api(API_VERSION);
    if (ort->api == NULL) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: ONNX Runtime %s has another interface",
                            path, ort->base->get_version_string());
    }
    void *status = ort->api->create_env(LOG_ERROR, "bench", &ort->env);
    if (!check(ort, status, path, err)) {
        return false;
    }
    status = ort->api->create_cpu_memory_info(DEVICE_ALLOCATOR, 0, &ort->memory);
    return check(ort, status, path, err);
}

struct ort *ort_open(const char *library, struct mc_error *err)
{
    struct ort *ort = calloc(1, sizeof *ort);
    if (ort == NULL || !start(ort, library, err)) {
        ort_close(ort);
        return NULL;
    }
    return ort;
}

void ort_close(struct ort *ort)
{
    if (ort != NULL) {
        if (ort->api != NULL) {
            release(ort->api->release_memory_info, ort->memory);
            release(ort->api->release_env, ort->env);
        }
        free(ort);
    }
}

const char *ort_version(const struct ort *ort)
{
    return ort->base->get_version_string();
}

static bool bind(struct ort *ort, const struct ort_tensor *tensor, void **value,
                 struct mc_error *err)
{
    const int64_t shape[] = { 1, tensor->channels, tensor->height, tensor->width };
    const size_t bytes = (size_t)(shape[1] * shape[2] * shape[3]) * sizeof *tensor->data;
    void *status = ort->api->create_tensor_with_data(ort->memory, tensor->data, bytes, shape, 4,
                                                     TYPE_FLOAT, value);
    return check(ort, status, tensor->name, err);
}

static bool load(struct ort_session *session, const char *model, struct mc_error *err)
{
    struct ort *ort = session->ort;
    const struct {
        set_option_fn *set;
        int value;
    } settings[] = {
        { ort->api->set_graph_optimization_level, OPTIMIZE_ALL },
        { ort->api->set_intra_op_threads, 1 },
        { ort->api->set_inter_op_threads, 1 },
    };
    void *options = NULL;
    void *status = ort->api->create_session_options(&options);
    bool good = check(ort, status, model, err);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0] && good; i++) {
        status = settings[i].set(options, settings[i].value);
        good = check(ort, status, model, err);
    }
    if (good) {
        status = ort->api->create_session(ort->env, model, options, &session->session);
        good = check(ort, status, model, err);
    }
    release(ort->api->release_session_options, options);
    return good;
}

struct ort_session *ort_session_create(struct ort *ort, const char *model,
                                       const struct ort_tensor *input,
                                       const struct ort_tensor *output, struct mc_error *err)
{
    struct ort_session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "out of memory for a session");
        return NULL;
    }
    session->ort = ort;
    session->input_name = input->name;
    session->output_name = output->name;
    if (!load(session, model, err) || !bind(ort, input, &session->input, err) ||
        !bind(ort, output, &session->output, err)) {
        ort_session_destroy(session);
        return NULL;
    }
    return session;
}

void ort_session_destroy(struct ort_session *session)
{
    if (session != NULL) {
        const struct api *api = session->ort->api;
        release(api->release_value, session->input);
        release(api->release_value, session->output);
        release(api->release_session, session->session);
        free(session);
    }
}

bool ort_session_run(struct ort_session *session, struct mc_error *err)
{
    const void *const inputs[] = { session->input };
    void *status = session->ort->api->run(session->session, NULL, &session->input_name, inputs, 1,
                                          &session->output_name, 1, &session->output);
    return check(session->ort, status, "run", err);
}
