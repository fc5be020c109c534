"""Group one very large room by exact blocks and by an index of neighbours, and compare both.

``./run.sh python benchmarks/neighbours.py [--faces 200000]``, with the packages of
requirements-scale.txt, on made-up faces. Processor time, of one thread with OMP_NUM_THREADS=1, and
how far the two results agree: pairs of faces that are one person in both, of those of each.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from unittest import mock

import numpy as np
from grouping_times import made_up, room_of
from numpy.typing import NDArray

from photoshare.config import Settings
from photoshare.faces.engines.fused_engine import FUSED_EPS
from photoshare.faces.grouping.plan import NO_PERSON, plan_groups
from photoshare.faces.grouping.scratch import cores


def pair_count(labels: NDArray[np.int64]) -> int:
    """Count the pairs of faces with the same label."""
    _, counts = np.unique(labels, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=int, default=200_000)
    count = parser.parse_args().faces
    random = np.random.default_rng(0)
    encodings, names = made_up(count, random)
    faces = room_of(encodings, names, random)
    everything = np.ones(count, dtype=np.bool_)
    group = partial(plan_groups, faces, everything, eps=FUSED_EPS)
    print(f"{count} faces", "| | cores | all | people | right pairs | unsorted |", sep="\n")
    print("|---" * 6 + "|")
    found = []
    for title, is_indexed in (("exact blocks", False), ("index", True)):
        spent = 0.0

        def timed(*args: object) -> object:
            nonlocal spent
            start = time.process_time()
            result = FIND_CORES(*args)  # type: ignore[arg-type]
            spent += time.process_time() - start
            return result

        with (
            mock.patch.object(cores, "is_indexed", lambda _, answer=is_indexed: answer),
            mock.patch.object(cores, "find_cores", timed),
        ):
            start = time.process_time()
            plan = group(min_samples=Settings().min_samples)
            all_s = time.process_time() - start
        people = np.where(plan.person_ids == NO_PERSON, 10**9 + np.arange(count), plan.person_ids)
        found.append(people)
        right = pair_count(people * (count + 1) + names) / pair_count(people)
        cells = [title, f"{spent:.0f} s", f"{all_s:.0f} s", str(len(np.unique(plan.person_ids)))]
        cells += [f"{100 * right:.3f} %", str((plan.person_ids == NO_PERSON).sum())]
        print(f"| {' | '.join(cells)} |", flush=True)
    exact, by_index = (np.unique(labels, return_inverse=True)[1] for labels in found)
    both = pair_count(exact * count + by_index)
    print(f"of the exact pairs {100 * both / pair_count(exact):.3f} % are in the other result,")
    print(f"of its pairs {100 * both / pair_count(by_index):.3f} % are exact")


FIND_CORES = cores.find_cores

if __name__ == "__main__":
    main()
