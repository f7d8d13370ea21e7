#!/bin/sh
# Lists what the last ctest run of a build tree skipped, and why: a test, or a part
# of one, says "skipped: REASON". Usage: list_skipped.sh BUILD_DIR
set -eu
awk '
    /^[0-9]+\/[0-9]+ Testing: / { name = $3 }
    /skipped: / {
        sub(/.*skipped: /, "")
        if (!seen[name $0]++) print "skipped " name ": " $0
    }
' "$1/Testing/Temporary/LastTest.log"
