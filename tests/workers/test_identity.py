"""Which machines compute the same faces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from photoshare.config import PACKAGE, Settings
from photoshare.errors import ModelError
from photoshare.faces.graphs.model_files import ENCODER_FILE, read_model, read_trusted
from photoshare.workers import identity
from photoshare.workers.identity import Identity, identity_from, identity_of
from tests.project.test_architecture import (
    MODULES,
    imports_of,
    is_within,
    module_of,
    parents_of,
)

MINE = Identity("1.4.0", "fused-2", "a" * 64, "b" * 64)


def test_two_machines_with_the_same_files_are_the_same(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)

    assert identity_of(settings) == identity_of(settings)
    assert identity_of(settings) != identity_of(replace(settings, engine="dlib"))


def test_it_arrives_as_it_was_sent() -> None:
    assert identity_from(MINE.as_dict()) == MINE


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(MINE, engine="dlib-1"), "its face engine is dlib-1, the server's is fused-2"),
        (replace(MINE, weights="c" * 64), "the weights of its face engine aren't the server's"),
        (
            replace(MINE, code="c" * 64, version="1.3.0"),
            "it computes with the code of another PhotoShare (1.3.0; the server is 1.4.0)",
        ),
        (identity_from({}), "its face engine is , the server's is fused-2"),
    ],
)
def test_what_differs_is_said_and_changes_the_digest(other: Identity, words: str) -> None:
    assert other.difference(MINE) == words
    assert other.digest != MINE.digest


def test_another_version_with_the_same_code_is_welcome() -> None:
    other = replace(MINE, version="1.4.1")

    assert other.difference(MINE) == ""
    assert other.digest == MINE.digest


def test_a_damaged_weight_is_no_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / ENCODER_FILE).write_bytes(b"damaged")
    monkeypatch.setattr(identity, "read_model", lambda name: identity_read(folder, name))

    with pytest.raises(ModelError, match="damaged"):
        identity_of(Settings(data=tmp_path, engine="dlib"))


def identity_read(folder: Path, name: str) -> bytes:
    return read_trusted(folder / name) if (folder / name).exists() else read_model(name)


# Of what an analysis imports, these decide no number: settings and words, how the server chooses
# the frames of clips, which a worker gets as photos, how faces are grouped afterwards, and what
# downloads may tell.
DECIDING_NOTHING = ("photoshare.config", "photoshare.errors", "photoshare.workers.identity")
ELSEWHERE = ("photoshare.clips", "photoshare.faces.grouping", "photoshare.metadata")


def test_all_code_that_an_analysis_runs_through_is_part_of_it() -> None:
    reached: set[str] = set()
    waiting = {"photoshare.workers.bench"}
    while waiting:
        module = waiting.pop()
        reached.add(module)
        # The root of the package imports its factory only when that is asked for.
        waiting |= (parents_of(imports_of(module)) & MODULES.keys()) - reached - {"photoshare"}
    paths = {path for pattern in identity._CODE for path in PACKAGE.glob(pattern)}
    covered = {module_of(path) for path in paths}

    deciding = {name for name in reached if not is_within(name, DECIDING_NOTHING + ELSEWHERE)}
    assert deciding <= covered
    assert {"photoshare.faces.engines.yunet", "photoshare.pictures.decoding"} <= reached & covered
