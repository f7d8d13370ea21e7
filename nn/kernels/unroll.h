// How inner loops are compiled. Private to source files of kernels.
#pragma once

#define INLINE static inline __attribute__((always_inline))
#if defined(__clang__)
#define CALLED static __attribute__((noinline))
#else
#define CALLED static __attribute__((noinline, noclone)) // for no caller's constants, either
#endif

// Unrolls the next loop, whose trip count is constant, completely.
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif
