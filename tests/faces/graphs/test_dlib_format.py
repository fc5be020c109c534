"""The reader of dlib's network files, and what it refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from photoshare.errors import ModelError, PhotoshareError
from photoshare.faces.graphs.dlib_format import parse_network
from photoshare.faces.graphs.model_files import (
    DETECTOR_FILE,
    ENCODER_FILE,
    model_folder,
    read_trusted,
)

NETWORK_FILES = (DETECTOR_FILE, ENCODER_FILE)
TENTHS = range(10)


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    return {name: (model_folder() / name).read_bytes() for name in NETWORK_FILES}


def test_finding_the_models_does_not_import_their_package() -> None:
    imported_before = "face_recognition_models" in sys.modules

    assert (model_folder() / DETECTOR_FILE).is_file()

    assert ("face_recognition_models" in sys.modules) == imported_before


def test_the_detector_is_read_to_its_last_byte(contents: dict[str, bytes]) -> None:
    network = parse_network(contents[DETECTOR_FILE])

    convolutions = [layer for layer in network.layers if layer.kind == "con_4"]
    assert network.loss == "loss_mmod_"
    assert network.window == (80, 80)
    assert network.overlap_limits == pytest.approx((0.33828, 1.0), abs=1e-5)
    assert network.means == pytest.approx((122.782, 117.001, 104.298))
    assert [layer.sizes["filters"] for layer in convolutions] == [16, 32, 32, 45, 45, 45, 1]


def test_the_encoder_is_read_to_its_last_byte(contents: dict[str, bytes]) -> None:
    network = parse_network(contents[ENCODER_FILE])

    assert sum(layer.kind == "con_4" for layer in network.layers) == 29  # dlib's "ResNet-29"
    assert sum(layer.kind == "add_prev_" for layer in network.layers) == 14
    assert network.layers[-1].sizes == {"outputs": 128, "inputs": 256}


@pytest.mark.parametrize("name", NETWORK_FILES)
@pytest.mark.parametrize("tenth", TENTHS)
def test_a_file_corrupted_at_any_tenth_is_refused(
    name: str, tenth: int, contents: dict[str, bytes], tmp_path: Path
) -> None:
    damaged = bytearray(contents[name])
    damaged[len(damaged) * tenth // 10] ^= 0x01
    (tmp_path / name).write_bytes(damaged)

    with pytest.raises(ModelError, match="is damaged"):
        read_trusted(tmp_path / name)


@pytest.mark.parametrize("name", NETWORK_FILES)
@pytest.mark.parametrize("tenth", TENTHS)
def test_a_file_cut_at_any_tenth_is_refused(
    name: str, tenth: int, contents: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(contents[name][: len(contents[name]) * tenth // 10])

    with pytest.raises(ModelError, match="is damaged"):
        read_trusted(tmp_path / name)


@pytest.mark.parametrize("name", NETWORK_FILES)
@pytest.mark.parametrize("tenth", TENTHS)
def test_the_parser_itself_refuses_a_cut_file(
    name: str, tenth: int, contents: dict[str, bytes]
) -> None:
    """Even without the check of the hash, only our error is raised."""
    with pytest.raises(ModelError):
        parse_network(contents[name][: len(contents[name]) * tenth // 10])


def test_the_parser_refuses_what_is_behind_the_end(contents: dict[str, bytes]) -> None:
    with pytest.raises(ModelError):
        parse_network(contents[DETECTOR_FILE] + b"\x01\x05extra")


def test_a_missing_file_is_said_to_be_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be read"):
        read_trusted(tmp_path / DETECTOR_FILE)


def test_an_unknown_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.dat").write_bytes(b"anything")

    with pytest.raises(PhotoshareError, match=r"other\.dat isn't a model file"):
        read_trusted(tmp_path / "other.dat")


def test_a_missing_package_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(ModelError, match="face_recognition_models isn't installed"):
        model_folder()
