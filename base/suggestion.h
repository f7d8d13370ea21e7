// The known name that a mistyped one was probably meant to be. Any thread.
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

// Takes name if it is closer than the best one so far, and close enough: either given is its
// beginning, of three characters or more, or at most a third of its characters are inserted,
// left out, replaced or swapped with their neighbour. Case does not count, nor does the
// difference between - and _.
void mc_suggestion_consider(struct mc_suggestion *suggestion, const char *name);
