#!/usr/bin/env bash
# Start PhotoShare, or run something in its environment; the README shows how.
#   ./run.sh [PORT] [--host ADDRESS]    serve (127.0.0.1:8000 unless told)
#   ./run.sh test [PYTEST ARGS]         every check and test
#   ./run.sh flask ARGS                 the Flask command line
#   ./run.sh python ARGS                Python
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv="$root/.venv"
python="$venv/bin/python"

fail() {
    echo "PhotoShare: $*" >&2
    exit 1
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11, 3.12 or 3.13 was not found. Install one (on Debian or Ubuntu: sudo apt install python3 python3-venv) or name it: PYTHON=/path/to/python3.12 ./run.sh"
}

# install NAME: the packages of NAME.txt, once for every content of that file.
# --no-deps: the file is complete, and face_recognition's own requirement would compile dlib for minutes.
install() {
    local list="$root/$1.txt" stamp="$venv/$1.installed"
    cmp --silent "$list" "$stamp" && return
    echo "PhotoShare: installing the packages of $1.txt, which takes a minute or two ..." >&2
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement "$list" >&2 ||
        fail "the packages could not be installed; the lines above say why. A full disk and a missing network are the usual causes; then start again."
    cp "$list" "$stamp" || fail "$venv cannot be written; free some disk space and start again."
}

set_up() {
    if ! "$python" -c '' 2>/dev/null; then
        local base
        base=$(find_python)
        rm -rf "$venv"
        "$base" -m venv "$venv" >&2 ||
            fail "the virtual environment $venv could not be made; the lines above say why. On Debian or Ubuntu a missing package is the usual cause: sudo apt install python3-venv"
    fi
    install requirements
}

set_up
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
export FLASK_APP=app
# glibc keeps freed memory for every thread; two pools are enough here and save about 100 MB.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"
case "${1:-}" in
test)
    shift
    install requirements-dev
    exec "$root/scripts/check.sh" "$@"
    ;;
flask)
    # Not bin/flask: it names the folder where it was installed, which may have been moved.
    exec "$python" -m flask "${@:2}"
    ;;
python)
    exec "$python" "${@:2}"
    ;;
*)
    exec "$python" "$root/app.py" "$@"
    ;;
esac
