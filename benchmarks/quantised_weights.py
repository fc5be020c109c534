"""Estimate the loss from the block-quantised weights of YuNet and SFace compared to float32.

``./run.sh python benchmarks/quantised_weights.py LABELLED GROUPS``. No available package contains
the float32 files, so the error is doubled instead: noise is added to every 8-bit weight,
uniform over one step of its block's scale, as rounding had done once. The change from the present
networks to those is, on average, the change from float32 to the present ones. LABELLED has a
``labels.csv`` with one person per photo, GROUPS a ``reference_faces.csv`` (`measuring.evaluate`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from PIL import Image

from measuring.evaluate_photos import read_labels, read_reference
from photoshare.faces.engines.fused_engine import SURE_SCORE
from photoshare.faces.engines.sessions import LazySession
from photoshare.faces.engines.sface import SfaceEncoder, aligned_chip
from photoshare.faces.engines.yunet import (
    AS_LOCATION,
    Detections,
    YunetDetector,
    overlaps_of,
)
from photoshare.faces.graphs import zoo_graphs
from photoshare.faces.graphs.model_files import SFACE_FILE, YUNET_FILE
from photoshare.geometry import (
    SAME_FACE_OVERLAP,
    Locations,
    matched_pairs,
    overlap_matrix,
)

PORTRAIT_PX = 320  # longer side at which to look for a face that fills a photo
GROUP_PX = 1280
NOWHERE = Path("not read")
FALSE_SHARE = 1e-3  # of the pairs of two people

Floats = NDArray[np.float32]


@contextmanager
def rounded_once_more(seed: int) -> Iterator[None]:
    """Build graphs whose 8-bit weights are off by up to another half step."""
    random, exact = np.random.default_rng(seed), zoo_graphs._dequantised

    def noisy(node: onnx.NodeProto, weights: dict[str, NDArray[Any]]) -> Floats:
        plain = exact(node, weights)
        steps = exact(node, {**weights, node.input[0]: weights[node.input[0]] * 0 + 1})
        steps -= exact(node, {**weights, node.input[0]: weights[node.input[0]] * 0})
        return plain + (random.random(plain.shape, dtype=np.float32) - np.float32(0.5)) * steps

    zoo_graphs._dequantised = noisy
    try:
        yield
    finally:
        zoo_graphs._dequantised = exact


def networks() -> tuple[YunetDetector, SfaceEncoder]:
    """Build both networks from the present graphs, bypassing the cache folder."""
    detector, encoder = YunetDetector(NOWHERE), SfaceEncoder(NOWHERE)
    detector._session = _session(YUNET_FILE)
    encoder._session = _session(SFACE_FILE)
    encoder._last_layer = _session(SFACE_FILE, zoo_graphs.LAST_LAYER)
    return detector, encoder


def _session(name: str, part: str = zoo_graphs.WHOLE) -> LazySession:
    graph = zoo_graphs.build_zoo_graph(name, part)  # now, with the present noise
    return LazySession(lambda: graph)


def shrunk(path: Path, longer_side_px: int) -> Image.Image:
    """Open a photo at no more than this many pixels."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((longer_side_px, longer_side_px))
    return picture


def chips_of(folder: Path, detector: YunetDetector, most: int) -> tuple[list[Any], NDArray[Any]]:
    """Cut out the surest face of each portrait; return the chips and their people."""
    photos = [photo for photo in read_labels(folder) if len(photo.identities) == 1]
    chips, names = [], []
    for photo in photos[:: -(-len(photos) // most)] if most < len(photos) else photos:
        picture = shrunk(photo.path, PORTRAIT_PX)
        found = detector.locate(np.asarray(picture), SURE_SCORE)
        if len(found):
            chips.append(aligned_chip(picture, found.landmarks[0]))
            names.append(photo.identities[0])
    return chips, np.array(names)


def squared_distances(encoder: SfaceEncoder, chips: list[Any]) -> NDArray[np.float64]:
    """Compute the squared distances of all pairs of faces, from encodings at length 1."""
    encodings = encoder.encode_chips(chips).astype(np.float64)
    encodings /= np.linalg.norm(encodings, axis=1, keepdims=True)
    firsts, seconds = np.triu_indices(len(chips), 1)
    distances: NDArray[np.float64] = 2 - 2 * (encodings @ encodings.T)[firsts, seconds]
    return distances


def report_sface(title: str, distances: NDArray[Any], is_same: NDArray[Any], present: Any) -> None:
    """Print how well distances tell people apart, and how far they are from the present."""
    order = np.argsort(distances)
    ranks = np.empty(len(order))
    ranks[order] = np.arange(1, len(order) + 1)
    same, others = int(is_same.sum()), int((~is_same).sum())
    auc = 1 - (ranks[is_same].sum() - same * (same + 1) / 2) / (same * others)
    limit = np.quantile(distances[~is_same], FALSE_SHARE)
    change = distances - present
    cells = [
        title,
        f"{auc:.5f}",
        f"{(distances[is_same] <= limit).mean():.4f}",
        f"{limit:.3f}",
        *(f"{distances[rows].std():.4f}" for rows in (is_same, ~is_same)),
        *(f"{change[rows].mean():+.4f} ± {change[rows].std():.4f}" for rows in (is_same, ~is_same)),
    ]
    print(f"| {' | '.join(cells)} |", flush=True)


def report_yunet(
    title: str, found: list[Detections], present: list[Detections], wanted: list[Locations]
) -> None:
    """Print which reference boxes a detector finds, and how it differs from the present one."""
    right, both = 0, 0
    shifts, changes = [], []
    for faces, before, locations in zip(found, present, wanted, strict=True):
        overlaps = overlap_matrix(faces.boxes[:, AS_LOCATION], locations)
        right += len(matched_pairs(overlaps, least=SAME_FACE_OVERLAP))
        same = matched_pairs(overlaps_of(faces.boxes, before.boxes), least=SAME_FACE_OVERLAP)
        both += len(same)
        for row, column in same:
            moved = np.linalg.norm(faces.landmarks[row] - before.landmarks[column], axis=1).mean()
            left, _, right_edge, _ = before.boxes[column]
            shifts.append(100 * moved / (right_edge - left))
            changes.append(abs(faces.scores[row] - before.scores[column]))
    cells = [
        title,
        f"{right} of {sum(len(locations) for locations in wanted)}",
        f"{sum(len(faces) for faces in found)} ({both})",
        f"{np.median(shifts):.2f} %, {np.quantile(shifts, 0.95):.2f} %",
        f"{np.median(changes):.4f}, {np.quantile(changes, 0.95):.4f}",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Measure the present networks, and some whose weights were rounded once more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("groups", type=Path)
    parser.add_argument("--photos", type=int, default=1000, help="of LABELLED, at most")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    present = networks()
    others = []
    for seed in range(options.seeds):
        with rounded_once_more(seed):
            others.append((f"noise {seed + 1}", networks()))
    chips, names = chips_of(options.labelled, present[0], options.photos)
    firsts, seconds = np.triu_indices(len(names), 1)
    is_same = names[firsts] == names[seconds]
    print(f"{len(names)} faces, {is_same.sum()} pairs of one person, {(~is_same).sum()} of two")
    print(
        "| weights | area under the curve | of one person, 1 in 1,000 of two | at | spread: same"
        " | two | change: same | two |"
    )
    before = squared_distances(present[1], chips)
    for title, (_, encoder) in [("as they are", present), *others]:
        report_sface(title, squared_distances(encoder, chips), is_same, before)
    reference = read_reference(options.groups)
    pictures = [shrunk(photo.path, GROUP_PX) for photo in reference]
    wanted = []
    for photo, picture in zip(reference, pictures, strict=True):
        with Image.open(photo.path) as opened:
            factor = max(picture.size) / max(opened.size)
        wanted.append((photo.boxes[photo.scores >= SURE_SCORE] * factor).round().astype(np.int64))
    print(
        "| weights | reference boxes | faces (also as they are) | landmarks: median, 95 % |"
        " score: median, 95 % |"
    )
    looks = [
        (title, [detector.locate(np.asarray(picture), SURE_SCORE) for picture in pictures])
        for title, (detector, _) in [("as they are", present), *others]
    ]
    for title, found in looks:
        report_yunet(title, found, looks[0][1], wanted)


if __name__ == "__main__":
    main()
