"""Compare an index of neighbours with exact blocks, on made-up faces of one very large room.

``./run.sh python benchmarks/neighbours.py [--faces 200000]``, with the packages of
requirements-scale.txt. For each setting of the index: processor time of one thread to build it and
to find the neighbours of every face, and how many of the pairs within eps it finds. The exact time
is that of the same question by matrix products; both searches are measured on `ASKED` faces.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from grouping_times import made_up
from usearch.index import Index

from photoshare.faces.engines.fused_engine import FUSED_EPS

ASKED = 1000  # faces whose neighbours are looked for
MOST_NEIGHBOURS = 64
SETTINGS = (("i8", 64), ("f16", 64))  # numbers of an encoding as stored, candidates looked at


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=200_000)
    count = parser.parse_args().faces
    random = np.random.default_rng(0)
    encodings, _ = made_up(count, random)
    asked = random.choice(count, ASKED, replace=False)
    start = time.process_time()
    is_near = 2 - 2 * (encodings[asked] @ encodings.T) <= FUSED_EPS**2
    exact_s = (time.process_time() - start) * count / ASKED
    is_near[np.arange(ASKED), asked] = False
    print(f"{count} faces, {is_near.sum(axis=1).mean():.0f} neighbours each within eps")
    print("| | built | neighbours of all faces | pairs found |", "|---|---|---|---|", sep="\n")
    print(f"| exact blocks | | {exact_s:.0f} s | all |", flush=True)
    for stored, candidates in SETTINGS:
        index = Index(
            ndim=encodings.shape[1],
            metric="ip",
            dtype=stored,
            expansion_add=candidates,
            expansion_search=candidates,
        )
        start = time.process_time()
        index.add(np.arange(count), encodings, threads=1)
        built_s = time.process_time() - start
        start = time.process_time()
        found = np.asarray(index.search(encodings[asked], MOST_NEIGHBOURS, threads=1).keys)
        all_s = (time.process_time() - start) * count / ASKED
        hits = np.take_along_axis(is_near, found.astype(np.intp), axis=1).sum()
        share = 100 * hits / is_near.sum()
        print(f"| {stored} | {built_s:.0f} s | {all_s:.0f} s | {share:.2f} % |", flush=True)


if __name__ == "__main__":
    main()
