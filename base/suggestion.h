// The name that somebody may have meant who mistyped one.
//
//     struct mc_suggestion suggestion;
//     mc_suggestion_init(&suggestion, "worker");
//     for (…) mc_suggestion_consider(&suggestion, known[i].name);
//     if (suggestion.best != NULL) …
#pragma once

struct mc_suggestion {
    const char *given; // borrowed, as is best
    const char *best;  // the closest name so far; NULL: none is close
    int distance;      // edits from given to best
};

void mc_suggestion_init(struct mc_suggestion *suggestion, const char *given);

// Takes name if it is closer than the best one, and close enough: at most a third of its
// characters inserted, left out, replaced or swapped with their neighbour. Case and the
// difference between - and _ do not count.
void mc_suggestion_consider(struct mc_suggestion *suggestion, const char *name);
