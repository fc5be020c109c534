#!/usr/bin/env bash
# Bring the catalogues of photoshare/translations up to date with the words of the pages.
#   scripts/translations.sh           after a change of words: new ones are added to every catalogue, to be translated
#   scripts/translations.sh add fr    a new language
# Nothing has to be compiled: the server reads the .po files. tests/project/test_translations.py fails for what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
babel=(.venv/bin/python -m babel.messages.frontend --quiet)
folder=photoshare/translations
words=$(mktemp)
trap 'rm -f "$words"' EXIT
# No line numbers, no dates: a catalogue only changes with its words.
"${babel[@]}" extract --mapping-file "$folder/babel.cfg" --keywords "$(tr "\n" " " <"$folder/keywords.txt")" --no-location --sort-output --project PhotoShare --output-file "$words" .
if [ "${1:-}" = add ]; then
    "${babel[@]}" init --input-file "$words" --output-dir "$folder" --locale "$2"
else
    "${babel[@]}" update --input-file "$words" --output-dir "$folder" --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width 0
fi
# Babel's other headers and comments repeat what git knows.
for catalogue in "$folder"/*/LC_MESSAGES/messages.po; do
    kept=$(grep -Ev '^#$|^# (Copyright|This file|FIRST AUTHOR)|^"(Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By|Project-Id-Version):' "$catalogue")
    printf '%s\n' "$kept" >"$catalogue"
done
