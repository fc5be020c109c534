"""Measure how fast photos are analysed: ``python -m measuring.benchmark FOLDER``.

Compares four variants on the same photos, in turn, each run in its own process so that
its peak memory is its own: the original app, the reference engine, the engine ``dlib``
(the former default), and the default engine.
Absolute times depend on the machine and its other load: compare only within one run, and on
a busy machine only processor times.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from measuring.benchmark_variants import VARIANTS, Run, run_variant

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".heic", ".webp", ".avif", ".tiff", ".bmp")
STAGES = ("decode", "detect", "landmarks and chips", "encode", "thumbnails")


def main(arguments: list[str] | None = None) -> None:
    """Measure, print a table, write JSON."""
    options = _parser().parse_args(arguments)
    graphs = options.graphs or Path(tempfile.gettempdir()) / "photoshare-benchmark"
    photos = find_photos(options.folder, options.min_megapixels, options.max_megapixels)
    photos = photos[:: options.every]
    if options.variant:  # the child process of one run
        print(json.dumps(run_variant(options.variant, photos, graphs, options.workers)))
        return
    if not photos:
        sys.exit(f"There is no photo of this size in {options.folder}.")
    runs: dict[str, list[Run]] = {variant: [] for variant in VARIANTS}
    for repeat in range(options.repeats):
        for variant in VARIANTS:
            print(f"run {repeat + 1} of {options.repeats}: {variant} ...", file=sys.stderr)
            runs[variant].append(_run_in_child(variant, options, graphs))
    summary = {variant: summarize(of_variant) for variant, of_variant in runs.items()}
    print(table(summary, len(photos), options.repeats))
    options.json.write_text(json.dumps({"photos": len(photos), "runs": runs, "medians": summary}))
    print(f"\nAll numbers: {options.json}")


def find_photos(folder: Path, min_megapixels: float, max_megapixels: float) -> list[Path]:
    """List the photos in a folder whose size is between two limits, in megapixels."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in PICTURE_SUFFIXES:
            continue
        try:
            with Image.open(path) as image:
                megapixels = image.width * image.height / 1e6
        except OSError:
            print(f"left out, no readable photo: {path.name}", file=sys.stderr)
            continue
        if min_megapixels <= megapixels < max_megapixels:
            found.append(path)
    return found


def summarize(runs: list[Run]) -> Run:
    """Take the median of every number over the runs of one variant."""
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def table(summary: dict[str, Run], photo_count: int, repeats: int) -> str:
    """Format the medians as a Markdown table, with the floor below it."""
    lines = [
        f"{photo_count} photos, medians of {repeats} runs, {os.cpu_count()} cores",
        "",
        "| | " + " | ".join(VARIANTS) + " |",
        "|---" * (len(VARIANTS) + 1) + "|",
    ]

    def row(title: str, key: str, pattern: str = "{:.0f}") -> None:
        cells = [pattern.format(summary[variant][key]) for variant in VARIANTS]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")

    row("photos a second", "photos per second", "{:.2f}")
    for title, other in (("times the original", "original"), ("times the engine dlib", "dlib")):
        rate = summary[other]["photos per second"]
        ratios = [summary[variant]["photos per second"] / rate for variant in VARIANTS]
        lines.append(f"| {title} | " + " | ".join(f"{ratio:.1f}" for ratio in ratios) + " |")
    row("processor time, ms a photo", "processor ms")
    for stage in STAGES:
        row(f"{stage}, ms a photo and thread", stage, "{:.1f}")
    row("faces found", "faces")
    row("peak memory, MB", "peak memory MB")
    row("longest stall of another thread, ms", "longest stall ms")
    default = summary[VARIANTS[-1]]
    lines += [
        "",
        f"Floor of the default engine: {default['floor decode ms']:.1f} ms a photo for the decode "
        f"alone, {default['floor network ms']:.1f} ms for {default['GFLOP a photo']:.1f} GFLOP at "
        f"the measured {default['matmul GFLOP/s']:.0f} GFLOP/s of a matrix multiplication on all "
        f"cores; the engine takes {1000 / default['photos per second']:.1f} ms.",
    ]
    return "\n".join(lines)


def _run_in_child(variant: str, options: argparse.Namespace, graphs: Path) -> Run:
    command = [sys.executable, "-m", "measuring.benchmark", str(options.folder)]
    command += ["--variant", variant, "--graphs", str(graphs), "--workers", str(options.workers)]
    command += ["--min-megapixels", str(options.min_megapixels)]
    command += ["--max-megapixels", str(options.max_megapixels), "--every", str(options.every)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - as above
    numbers: dict[str, Any] = json.loads(answer.stdout)
    return {key: float(value) for key, value in numbers.items()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m measuring.benchmark", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the photos are, at any depth")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="photos at once")
    parser.add_argument("--min-megapixels", type=float, default=0)
    parser.add_argument("--max-megapixels", type=float, default=1000)
    parser.add_argument("--every", type=int, default=1, help="take every n-th photo only")
    parser.add_argument("--json", type=Path, default=Path("benchmark.json"))
    parser.add_argument("--graphs", type=Path, help="folder of the ONNX graphs")
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    main()
