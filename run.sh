#!/usr/bin/env bash
# Start PhotoShare, or run something in its environment; the README shows how.
#   ./run.sh [PORT] [--host ADDRESS]    serve (default: 127.0.0.1:8000)
#   ./run.sh --version                  which version this is
#   ./run.sh test [PYTEST ARGS]         every check and test
#   ./run.sh worker ADDRESS             search photos for a server elsewhere (docs/scale.md)
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

# The packages come as ready-made wheels; scripts/check_wheels.sh checks that these platforms have them all.
check_platform() {
    local system machine libc here=""
    read -r system machine < <(uname -sm 2>/dev/null) || return 0
    case "$system $machine" in
    "Linux x86_64" | "Linux aarch64")
        libc=$( (getconf GNU_LIBC_VERSION || ldd --version) 2>&1 || true)
        # "glibc 2.36", "ldd (Debian GLIBC 2.36-9) 2.36", "ldd (GNU libc) 2.39"
        if [[ "$libc" == *musl* ]]; then
            here="with musl"
        elif [[ "$libc" =~ (glibc|GLIBC|GNU\ libc)[^0-9]*([0-9]+)\.([0-9]+) ]] &&
            ((BASH_REMATCH[2] * 1000 + BASH_REMATCH[3] < 2028)); then
            here="with glibc ${BASH_REMATCH[2]}.${BASH_REMATCH[3]}"
        elif [[ $(getconf LONG_BIT 2>/dev/null) == 32 ]]; then
            here="with 32-bit programs"
        else
            return 0
        fi
        ;;
    "Darwin arm64")
        libc=$(sw_vers -productVersion 2>/dev/null) || return 0
        ((${libc%%.*} < 14)) || return 0
        here="in version $libc"
        ;;
    esac
    fail "it needs 64-bit Linux with glibc 2.28 or newer (x86-64 or ARM64), or macOS 14 or newer on Apple silicon; this is ${system/Darwin/macOS} on $machine${here:+ $here}."
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11, 3.12, 3.13 or 3.14 wasn't found. Install one (on Debian or Ubuntu: sudo apt install python3 python3-venv) or set its path: PYTHON=/path/to/python3.12 ./run.sh"
}

# install NAME: the packages of NAME.txt, once for each version of that file.
# --no-deps: the file is complete, and face_recognition's own requirement would compile dlib for minutes.
install() {
    local list="$root/$1.txt" stamp="$venv/$1.installed"
    cmp --silent "$list" "$stamp" && return
    echo "PhotoShare: installing the packages of $1.txt, which takes a minute or two ..." >&2
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement "$list" >&2 ||
        fail "the packages couldn't be installed; the lines above say why. Usually the disk is full or the network is missing. Fix that and start again."
    cp "$list" "$stamp" || fail "$venv can't be written; free some disk space and start again."
}

set_up() {
    if ! "$python" -c '' 2>/dev/null; then
        local base
        base=$(find_python)
        rm -rf "$venv"
        "$base" -m venv "$venv" >&2 ||
            fail "the virtual environment $venv couldn't be created; the lines above say why. On Debian or Ubuntu, a missing package is the usual cause: sudo apt install python3-venv"
    fi
    install requirements
}

# The settings of photoshare.env, if there is one: lines of PHOTOSHARE_NAME=value. Nothing in it is run or
# replaced, and what the environment sets already wins.
read_settings() {
    local file="$root/photoshare.env" line name value number=0
    [ -e "$file" ] || return 0
    [ -r "$file" ] || fail "$file can't be read; make the user who runs PhotoShare its owner."
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        line="${line%$'\r'}"
        line="${line#"${line%%[![:space:]]*}"}"
        line="${line%"${line##*[![:space:]]}"}"
        if [ -z "$line" ] || [ "${line:0:1}" = "#" ]; then
            continue
        fi
        [[ "$line" =~ ^(PHOTOSHARE_[A-Z0-9_]+)=(.*)$ ]] ||
            fail "line $number of $file isn't PHOTOSHARE_NAME=value, a comment or empty."
        name="${BASH_REMATCH[1]}" value="${BASH_REMATCH[2]}"
        if [[ "$value" =~ ^\"(.*)\"$ || "$value" =~ ^\'(.*)\'$ ]]; then
            value="${BASH_REMATCH[1]}"
        fi
        if [ -z "${!name+set}" ]; then
            export "$name=$value"
        fi
    done <"$file"
}

if [ "${1:-}" = --version ]; then # without installing anything
    sed -n 's/^__version__ = "\([^"]*\)".*/PhotoShare \1/p' "$root/photoshare/__init__.py"
    exit
fi
check_platform
set_up
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
export FLASK_APP=app
# glibc keeps freed memory in pools by thread; one for all saves 20 to 50 MB over two, at no cost
# (docs/performance.md).
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}"
case "${1:-}" in
test)
    shift
    install requirements-dev
    if [ "${1:-}" = --scale ] || [ "${1:-}" = --postgresql ]; then
        install requirements-scale
        install requirements-scale-dev
    fi
    exec "$root/scripts/check.sh" "$@"
    ;;
esac
read_settings
case "${1:-}" in
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
