// How often to repeat what chance decides. Under the sanitizers, which look for other faults and
// are ten times slower, an eighth of it does.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_ROUNDS(rounds) (((rounds) + 7) / 8)
#else
#define TEST_ROUNDS(rounds) (rounds)
#endif
