"""The benchmark runs, and its table shows what it measured; times are not tested."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from measuring import benchmark
from measuring.benchmark_variants import VARIANTS

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.fromarray(np.asarray(data.astronaut())).save(photos / "one.jpg")
    Image.new("RGB", (2000, 1500)).save(photos / "three_megapixels.png")
    (photos / "notes.txt").write_text("no photo")
    (photos / "broken.jpg").write_bytes(b"no photo either")
    return photos


def test_photos_are_chosen_by_their_size(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [path.name for path in benchmark.find_photos(folder, 0, 2)] == ["one.jpg"]
    assert [path.name for path in benchmark.find_photos(folder, 2, 9)] == ["three_megapixels.png"]

    assert "left out, no readable photo: broken.jpg" in capsys.readouterr().err


def test_a_run_prints_a_table_and_writes_json(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tmp_path / "result.json"

    arguments = ["--max-megapixels", "1", "--repeats", "1", "--json", str(result)]
    benchmark.main([str(folder), *arguments, "--graphs", str(tmp_path / "graphs")])

    numbers = json.loads(result.read_text())
    assert numbers["photos"] == 1
    assert all(numbers["medians"][variant]["faces"] >= 1 for variant in VARIANTS)
    assert numbers["medians"]["default"]["faces"] == 1
    assert all(run["peak memory MB"] > 50 for runs in numbers["runs"].values() for run in runs)
    printed = capsys.readouterr().out
    assert "| times the original | 1.0 |" in printed
    assert "Floor of the default engine" in printed


def test_a_folder_without_photos_is_said_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="There is no photo of this size"):
        benchmark.main([str(tmp_path)])
