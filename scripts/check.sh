#!/usr/bin/env bash
# Every check and test of the project: ./run.sh test. With --coverage: measured as well, which takes
# half as long again. With --fast: what takes a minute, for the loop while writing. With --container:
# only that the container is built and runs. With --scale: only what runs beyond one machine. With --postgresql: the tests of
# the database's users on PostgreSQL. With other arguments: only pytest, with them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=.venv/bin

if ! compgen -G ".cache/face_recognition-*.tar.gz" >/dev/null; then
    "$bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
        --require-hashes --requirement tests/pictures.txt --dest .cache
fi

# Three processes for two cores, since tests also wait for what they have started. The tests of a file
# stay together, since they share servers and browsers, and files keep their order, so that the long
# browser tests do not come last.
in_all_cores=(-n "$(($(getconf _NPROCESSORS_ONLN) * 3 / 2))" --dist loadfile --no-loadscope-reorder)
# They start some two hundred processes, each of which would compile the whole program anew.
unset PYTHONDONTWRITEBYTECODE

if [ "${1:-}" = --fast ]; then
    result=0
    "$bin/python" -m pytest -q "${in_all_cores[@]}" "$@" || result=$?
    echo "Left out by --fast: browsers, real servers and networks, long searches (marked browser or slow), all cases of a test but the first, coverage, lint and types."
    exit "$result"
fi

if [ "${1:-}" = --container ]; then
    exec "$bin/python" -m pytest -o faulthandler_timeout=900 -m container tests/container
fi

if [ "${1:-}" = --scale ]; then
    exec "$bin/python" -m pytest "${in_all_cores[@]}" -m scale tests/scale "${@:2}"
fi

if [ "${1:-}" = --postgresql ]; then
    # As --fast chooses them, and all of its migrations.
    export TEST_DATABASE=postgresql
    "$bin/python" -m pytest -q "${in_all_cores[@]}" --fast tests/services tests/web tests/jobs tests/maintenance
    "$bin/python" -m pytest -q tests/test_migrations.py
    echo "Left out on PostgreSQL: what is marked slow, browser or sqlite, and all cases of a test but the first. All of it: TEST_DATABASE=postgresql ./run.sh test tests/services tests/web tests/jobs tests/maintenance"
    exit
fi

measure=()
if [ "${1:-}" = --coverage ]; then
    measure=(--cov --cov-report=term --cov-fail-under=90)
    shift
fi

if [ $# -gt 0 ]; then
    exec "$bin/python" -m pytest ${measure[@]+"${measure[@]}"} "$@"
fi

"$bin/ruff" format --check .
"$bin/ruff" check .
"$bin/djlint" --check --quiet templates
"$bin/oxfmt" --check static
"$bin/python" scripts/check_words.py --all
"$bin/codespell" README.md SECURITY.md CHANGELOG.md CONTRIBUTING.md STYLE.md docs photoshare measuring templates static tests scripts app.py setup.py run.sh
# Types take one core for a minute: beside the tests, of which some wait.
types=$(mktemp)
trap 'rm -f "$types"' EXIT
"$bin/mypy" >"$types" 2>&1 &
result=0
"$bin/python" -m pytest "${in_all_cores[@]}" ${measure[@]+"${measure[@]}"} || result=$?
wait $! || result=$?
cat "$types"
exit "$result"
