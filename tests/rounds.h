// Rounds of a randomised test: an eighth of them under the sanitizers, which look for other faults
// and are ten times slower.
#pragma once

#ifdef __has_feature // clang's
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_IS_SANITIZED
#endif
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(TEST_IS_SANITIZED)
#define TEST_ROUNDS(rounds) (((rounds) + 7) / 8)
#else
#define TEST_ROUNDS(rounds) (rounds)
#endif
