#!/usr/bin/env bash
# Check that every pin has a wheel for every platform and Python that run.sh and the README promise.
# Only the index's data about each file is downloaded.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools/venv"
"$tools/venv/bin/pip" install --quiet uv
export MACOSX_DEPLOYMENT_TARGET=14.0 # of dlib-bin's wheels; uv would take an older one
status=0
for platform in x86_64-manylinux_2_28 aarch64-manylinux_2_28 aarch64-apple-darwin; do
    for python in 3.11 3.12 3.13 3.14; do
        for list in requirements.txt requirements-dev.txt requirements-scale.txt; do
            # face-recognition-models comes as sources only: data without anything to compile.
            "$tools/venv/bin/uv" pip install --quiet --dry-run --target "$tools/nowhere" \
                --python-platform "$platform" --python-version "$python" \
                --only-binary :all: --no-binary face-recognition-models \
                --no-deps --require-hashes --requirement "$list" || {
                echo "$list cannot be installed by Python $python on $platform; the lines above say why." >&2
                status=1
            }
        done
    done
done
exit $status
