"""scripts/check_words.py: phrases that translate another language's grammar never come back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGE = '{# It is no page. #}\n<p>\n  {{ _("Fine.") }}</p>\n'


def check(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts/check_words.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def test_no_page_and_no_message_says_a_refused_phrase() -> None:
    done = check()

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        (
            "templates/room.html",
            PAGE + '<p>{{ _("This room is not there (any more).") }}</p>',
            "templates/room.html:4: not there (any more)",
        ),
        (
            "templates/room.html",
            '<p>{{ _(\n  "Everything holds for "\n  "ever.") }}</p>',
            "templates/room.html:2: holds for ever",
        ),
        (
            "photoshare/errors.py",
            '"""Fine."""\n\nraise ValueError("Nothing but "\n    "for this.")\n',
            "photoshare/errors.py:3: but for",
        ),
        (
            "photoshare/errors.py",
            'raise ValueError(f"{name} is no setting.")\n',
            "photoshare/errors.py:1: is no setting",
        ),
        ("static/app.js", 'say("All, but for you");\n', "static/app.js:1: but for"),
        ("run.sh", 'echo "it is not there"\n', "run.sh:1: is not there"),
        (
            "photoshare/translations/de/LC_MESSAGES/messages.po",
            'msgid ""\nmsgstr ""\n\nmsgid "Find people"\nmsgstr "Noch einmal suchen"\n',
            "photoshare/translations/de/LC_MESSAGES/messages.po:4: Find people",
        ),
    ],
)
def test_a_planted_phrase_is_found(tmp_path: Path, name: str, text: str, found: str) -> None:
    write(tmp_path, name, text)

    done = check(tmp_path)

    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith(f"{found} (better: ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("templates/room.html", PAGE),
        ("photoshare/errors.py", '"""It is no error."""\n\nX = 1  # but for this\n'),
        ("static/app.js", "// whoever comes\n/* but for\n this */\n"),
        ("run.sh", "# all but for one\n"),
        ("README.md", "Who has not joined sees nothing, but for the start page.\n"),
    ],
)
def test_comments_and_documents_are_read_only_with_all(
    tmp_path: Path, name: str, text: str
) -> None:
    write(tmp_path, name, text)

    assert check(tmp_path).returncode == 0
    assert check("--all", tmp_path).returncode == 1


@pytest.mark.parametrize(
    "text",
    [
        "There is no room with this code.",
        "This room is no longer open.",
        "It is no faster.",
        "Who's this?",
        "Who is on the photo?",
        "No one else sees your choice.",
    ],
)
def test_good_english_is_not_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, "templates/room.html", f"<p>{text}</p>")

    assert check(tmp_path).stdout == ""
