#include "tools/lab/onnxruntime.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

// What OrtGetApiBase returns.
struct base {
    const void *const *(*get_api)(uint32_t version);
    const char *(*get_version_string)(void);
};

// Places in the table of functions; those of version 1 never move.
enum place {
    GET_ERROR_MESSAGE = 2,
    CREATE_ENV = 3,
    CREATE_SESSION = 7,
    RUN = 9,
    CREATE_SESSION_OPTIONS = 10,
    SET_GRAPH_OPTIMIZATION_LEVEL = 23,
    SET_INTRA_OP_THREADS = 24,
    SET_INTER_OP_THREADS = 25,
    CREATE_TENSOR_WITH_DATA = 49,
    CREATE_CPU_MEMORY_INFO = 69,
    RELEASE_ENV = 92,
    RELEASE_STATUS = 93,
    RELEASE_MEMORY_INFO = 94,
    RELEASE_SESSION = 95,
    RELEASE_VALUE = 96,
    RELEASE_SESSION_OPTIONS = 100,
};

enum { API_VERSION = 1, LOG_ERROR = 3, OPTIMIZE_ALL = 99, DEVICE_ALLOCATOR = 0, TYPE_FLOAT = 1 };

// The types of these functions. All of the library's own objects are pointers to
// something unknown, a status among them: NULL means success.
typedef void *create_env_fn(int level, const char *name, void **env);
typedef void *create_memory_fn(int allocator, int kind, void **memory);
typedef void *create_options_fn(void **options);
typedef void *create_session_fn(void *env, const char *path, void *options, void **session);
typedef void *create_tensor_fn(void *memory, void *data, size_t bytes, const int64_t *shape,
                               size_t rank, int type, void **value);
typedef void *set_option_fn(void *options, int value);
typedef void *run_fn(void *session, const void *options, const char *const *input_names,
                     const void *const *inputs, size_t input_count, const char *const *output_names,
                     size_t output_count, void **outputs);
typedef const char *message_fn(const void *status);
typedef void release_fn(void *object);

struct ort {
    const struct base *base;
    const void *const *api;
    void *env, *memory;
};

struct ort_session {
    struct ort *ort; // borrowed
    void *session, *input, *output;
    const char *input_name, *output_name; // borrowed
};

// C has no cast from a pointer to data to one to a function.
#define FUNCTION(ort, place, type) (*(type *const *)&(ort)->api[place])

static void release(struct ort *ort, enum place place, void *object)
{
    if (object != NULL) {
        FUNCTION(ort, place, release_fn)(object);
    }
}

// Whether the status is good. Takes it.
static bool check(struct ort *ort, void *status, const char *what, struct mc_error *err)
{
    if (status == NULL) {
        return true;
    }
    mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: %s", what,
                 FUNCTION(ort, GET_ERROR_MESSAGE, message_fn)(status));
    release(ort, RELEASE_STATUS, status);
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
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: is not ONNX Runtime", path);
    }
    ort->base = get_base();
    ort->api = ort->base->get_api(API_VERSION);
    if (ort->api == NULL) {
        return mc_error_set(err, MC_ERROR_FORMAT, 0, "%s: ONNX Runtime %s has another interface",
                            path, ort->base->get_version_string());
    }
    void *status = FUNCTION(ort, CREATE_ENV, create_env_fn)(LOG_ERROR, "bench", &ort->env);
    if (!check(ort, status, path, err)) {
        return false;
    }
    status =
        FUNCTION(ort, CREATE_CPU_MEMORY_INFO, create_memory_fn)(DEVICE_ALLOCATOR, 0, &ort->memory);
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
        release(ort, RELEASE_MEMORY_INFO, ort->memory);
        release(ort, RELEASE_ENV, ort->env);
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
    void *status = FUNCTION(ort, CREATE_TENSOR_WITH_DATA, create_tensor_fn)(
        ort->memory, tensor->data, bytes, shape, 4, TYPE_FLOAT, value);
    return check(ort, status, tensor->name, err);
}

static bool load(struct ort_session *session, const char *model, struct mc_error *err)
{
    static const struct {
        enum place place;
        int value;
    } settings[] = {
        { SET_GRAPH_OPTIMIZATION_LEVEL, OPTIMIZE_ALL },
        { SET_INTRA_OP_THREADS, 1 },
        { SET_INTER_OP_THREADS, 1 },
    };
    struct ort *ort = session->ort;
    void *options = NULL;
    void *status = FUNCTION(ort, CREATE_SESSION_OPTIONS, create_options_fn)(&options);
    bool good = check(ort, status, model, err);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0] && good; i++) {
        status = FUNCTION(ort, settings[i].place, set_option_fn)(options, settings[i].value);
        good = check(ort, status, model, err);
    }
    if (good) {
        status = FUNCTION(ort, CREATE_SESSION, create_session_fn)(ort->env, model, options,
                                                                  &session->session);
        good = check(ort, status, model, err);
    }
    release(ort, RELEASE_SESSION_OPTIONS, options);
    return good;
}

struct ort_session *ort_session_create(struct ort *ort, const char *model,
                                       const struct ort_tensor *input,
                                       const struct ort_tensor *output, struct mc_error *err)
{
    struct ort_session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        mc_error_set(err, MC_ERROR_MEMORY, 0, "no memory for a session");
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
        release(session->ort, RELEASE_VALUE, session->input);
        release(session->ort, RELEASE_VALUE, session->output);
        release(session->ort, RELEASE_SESSION, session->session);
        free(session);
    }
}

bool ort_session_run(struct ort_session *session, struct mc_error *err)
{
    const void *const inputs[] = { session->input };
    void *status =
        FUNCTION(session->ort, RUN, run_fn)(session->session, NULL, &session->input_name, inputs, 1,
                                            &session->output_name, 1, &session->output);
    return check(session->ort, status, "run", err);
}
