// Matrix products by OpenBLAS, which nothing else in the project calls, and which is loaded by the
// first call of nn_gemm_usable. Each call runs on the caller's thread only; OpenBLAS starts none.
// Any thread, concurrently.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// c += a b, row-major: a is m x k, b is k x n, c is m x n; lda, ldb and ldc are the distances
// between rows, in floats. Call only if nn_gemm_usable.
void nn_gemm_add(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                 size_t ldb, float *c, size_t ldc);

// Whether OpenBLAS computes correct products on this processor. Some builds don't on
// processors that are newer than they are, and OPENBLAS_CORETYPE may select kernels that the
// processor cannot run. The first call checks the name of the selected kernels, then their
// products against plain C, over shapes that reach their edge cases; if either check fails
// it logs a warning. Any thread.
bool nn_gemm_usable(void);
