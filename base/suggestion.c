#include "base/suggestion.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

enum { LENGTH_MAX = 40 }; // no name is longer

static int fold(char c)
{
    return c == '_' ? '-' : tolower((unsigned char)c);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

// The optimal string alignment distance. Both have at most LENGTH_MAX characters.
static int distance(const char *a, const char *b)
{
    int rows[3][LENGTH_MAX + 1]; // of the last three characters of a
    int a_length = (int)strlen(a), b_length = (int)strlen(b);
    for (int j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (int i = 1; i <= a_length; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= b_length; j++) {
            int replaced = above[j - 1] + (fold(a[i - 1]) != fold(b[j - 1]));
            row[j] = least(replaced, 1 + least(above[j], row[j - 1]));
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1])) {
                row[j] = least(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

static bool is_prefix(const char *start, const char *name)
{
    enum { LENGTH_MIN = 3 };
    size_t length = strlen(start);
    return length >= LENGTH_MIN && length <= strlen(name) && strncmp(start, name, length) == 0;
}

void mc_suggestion_init(struct mc_suggestion *suggestion, const char *given)
{
    *suggestion = (struct mc_suggestion){ .given = given, .distance = INT_MAX };
}

void mc_suggestion_consider(struct mc_suggestion *suggestion, const char *name)
{
    size_t length = strlen(name);
    if (strlen(suggestion->given) > LENGTH_MAX || length > LENGTH_MAX) {
        return;
    }
    int edits = is_prefix(suggestion->given, name) ? 1 : distance(suggestion->given, name);
    if (edits < suggestion->distance && edits * 3 <= (int)length) {
        suggestion->best = name;
        suggestion->distance = edits;
    }
}
