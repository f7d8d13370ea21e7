// Matrix products by OpenBLAS: the only door to it. One thread each; any number
// of callers.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// c += a b, row-major: a is m x k, b is k x n, c is m x n, with the floats from
// one row to the next in lda, ldb, ldc. Call only when nn_gemm_usable.
void nn_gemm_add(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                 size_t ldb, float *c, size_t ldc);

// Whether OpenBLAS computes right products here. Some builds don't on processors
// newer than they are, and OPENBLAS_CORETYPE may ask for instructions that the
// processor lacks. Checked at the first call, by the name of OpenBLAS's kernels and
// then against plain C, over shapes that reach its edge cases; a warning is logged
// when it fails. Any thread.
bool nn_gemm_usable(void);
