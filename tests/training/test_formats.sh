#!/bin/sh
# What of the recipes needs numpy alone. Usage: test_formats.sh SOURCE_DIR.
# Exits with 77 without numpy.
set -eu
cd "$1"
. tests/training/python.sh
find_python numpy
exec "$python" -m unittest tests.training.formats tests.training.curves
