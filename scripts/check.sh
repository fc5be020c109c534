#!/usr/bin/env bash
# Every check and test of the project: ./run.sh test. With arguments: only pytest, with them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=.venv/bin

if ! compgen -G ".cache/face_recognition-*.tar.gz" >/dev/null; then
    "$bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
        --require-hashes --requirement tests/pictures.txt --dest .cache
fi

if [ $# -gt 0 ]; then
    exec "$bin/python" -m pytest "$@"
fi

"$bin/ruff" format --check .
"$bin/ruff" check .
"$bin/djlint" --check --quiet templates
"$bin/oxfmt" --check static
"$bin/mypy"
"$bin/codespell" README.md SECURITY.md CHANGELOG.md CONTRIBUTING.md docs photoshare templates static tests scripts app.py run.sh
# One process per core; the tests of a file stay together, since they share servers and browsers, and
# files keep their order, so that the long browser tests do not come last.
"$bin/python" -m pytest -n "$(getconf _NPROCESSORS_ONLN)" --dist loadfile --no-loadscope-reorder --cov --cov-report=term --cov-fail-under=90
