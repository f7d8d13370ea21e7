// What `mocap-lab compare` knows of each model. For compare*.c only.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "nn/precision.h"
#include "tools/lab/samples.h"

struct nn_model;
struct nn_runner;
struct ort;
struct ort_session;

// Where the time goes, ms: the modules of the study.
struct lab_modules {
    double down, backbone, heat, jacobian;
};

struct lab_entry {
    char name[64]; // the file's, or the network's; letters, digits and - . _
    enum nn_precision precision;
    const struct lab_entry *f32; // the same in float32; NULL: this one is
    char *onnx;                  // owned; the same weights for ONNX Runtime, or NULL
    struct nn_model *model;      // owned
    struct nn_runner *runner;    // owned
    float *noise;                // owned: the input, height x width x 3
    int64_t file_bytes;          // 0: the weights are invented
    struct lab_samples ms, ort_ms;
    struct lab_modules modules;
    struct ort_session *session; // owned, or NULL
    float *ort_input, *ort_output;
    // Sums over the faces of a set, and how many went in.
    double error, akd, jacobian_error;
    int error_count, akd_count;
};

struct lab_compare {
    struct lab_entry *entries; // owned
    int count;
    unsigned cpu_flags;
    long size, runs, faces;
    bool int8;                                 // beside float32
    const char *set, *teacher, *library, *svg; // borrowed, or NULL
    struct lab_entry reference;                // the teacher, if there is one
    struct ort *ort;
};

// The results of an entry; NAN where there are none.
struct lab_row {
    double ms, gflops, ort_ms;         // medians
    double error, akd, jacobian_error; // percent of the eyes' distance; [-1, 1]; as is
};

struct lab_row lab_compare_row(const struct lab_entry *entry);

// Times every model, short batches of each in turn, in the thread's own time, so that other load
// on the machine counts little. The modules' times are sums of the median times of their steps.
bool lab_compare_measure(struct lab_compare *compare, struct mc_error *err) MC_MUST_USE;

// Runs every model, and the teacher, on the labelled images of the set.
bool lab_compare_judge(struct lab_compare *compare, struct mc_error *err) MC_MUST_USE;

enum { LAB_ENTRIES_MAX = 256 };

// What accuracy is compared by: the first of these that any model has, less being better.
enum lab_accuracy {
    LAB_ERROR, // of the landmarks
    LAB_AKD,   // to the teacher
    LAB_MACS,  // neither is known
};

enum lab_accuracy lab_compare_accuracy(const struct lab_compare *compare);
double lab_compare_value(const struct lab_entry *entry, enum lab_accuracy accuracy);

// The models that no other beats in both accuracy and time, the fastest first. -> how many
int lab_compare_front(const struct lab_compare *compare,
                      const struct lab_entry *front[LAB_ENTRIES_MAX]);

// The report in three forms; and a chart, an SVG file.
void lab_compare_print_text(const struct lab_compare *compare);
void lab_compare_print_markdown(const struct lab_compare *compare);
void lab_compare_print_json(const struct lab_compare *compare);
bool lab_compare_draw(const struct lab_compare *compare, const char *path,
                      struct mc_error *err) MC_MUST_USE;
