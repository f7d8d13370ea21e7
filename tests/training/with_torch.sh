#!/bin/sh
# Runs a Python program with a python3 that has torch: Debian's, where another one
# comes first. Exits with 77 where there is none.
for python in python3 /usr/bin/python3; do
    "$python" -c 'import torch, numpy' 2>/dev/null && exec "$python" "$@"
done
echo "skipped: no python3 with torch"
exit 77
