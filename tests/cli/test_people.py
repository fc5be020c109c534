"""``rooms people`` and ``rooms correct``: their JSON is an interface."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from tests.cli.commands import run, run_json

pytestmark = pytest.mark.slow


def test_the_code_is_taken_as_people_type_it(app: Flask) -> None:
    code = run_json(app, "rooms", "create", "--title", "Party")["code"]

    assert run_json(app, "rooms", "people", code.upper().replace("-", " "))["people"] == []


def test_corrections_are_replayed_from_a_file(app: Flask, folder: Path, tmp_path: Path) -> None:
    code = run_json(app, "rooms", "create", "--title", "Party")["code"]
    run_json(app, "rooms", "import", code, str(folder), "--wait")
    face = {"file": "copy.jpg", "top": 20, "right": 80, "bottom": 80, "left": 20}
    file = tmp_path / "said.json"
    file.write_text(json.dumps([{"correction": "name", "person": face, "name": "Rosa"}]))

    assert run_json(app, "rooms", "correct", code, str(file)) == {"corrections": 1}

    (person,) = run_json(app, "rooms", "people", code)["people"]
    assert person["name"] == "Rosa"


@pytest.mark.parametrize("content", ["no json", '[{"correction": "guess"}]'])
def test_a_bad_list_of_corrections_is_one_sentence(
    app: Flask, tmp_path: Path, content: str
) -> None:
    code = run_json(app, "rooms", "create", "--title", "Party")["code"]
    file = tmp_path / "said.json"
    file.write_text(content)

    result = run(app, "rooms", "correct", code, str(file))

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
