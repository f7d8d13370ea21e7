# Sourced: find_python MODULE... sets $python to one that has them, else the test
# is skipped.
find_python() {
    for candidate in /usr/bin/python3 python3; do
        for module; do
            "$candidate" -c "import $module" 2>/dev/null || continue 2
        done
        python=$candidate
        return
    done
    echo "skipped: no python3 with $*"
    exit 77
}
