"""What is known of the workers, for the doctor, monitors and pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from photoshare.workers.bench import STATE
from photoshare.workers.identity import Identity, identity_from

UNREACHABLE, NOBODY, OK = "unreachable", "none", "ok"


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One worker, as its scheduler knows it.

    Attributes
    ----------
    name : str
        As given to it, else that of its machine.
    threads : int
        How many photos it searches at the same time.
    busy, photos : int
        Photos that it is searching now, and has searched since its start, for any server.
    processor_s : float
        Seconds of processor time of that, without decoding.
    refusal : str
        In words, why its work isn't taken; empty for one whose work is.
    """

    name: str
    threads: int
    busy: int
    photos: int
    processor_s: float
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class CrewReport:
    """All workers that a server knows of, at one moment.

    Attributes
    ----------
    is_reachable : bool
        Whether the scheduler answers.
    workers : tuple of WorkerState
    bytes_in_flight : int
        Of originals that were handed out and are not searched yet.
    photos_here : int
        Photos that this server has searched itself, since no worker could.
    """

    is_reachable: bool
    workers: tuple[WorkerState, ...] = ()
    bytes_in_flight: int = 0
    photos_here: int = 0

    @property
    def fit(self) -> tuple[WorkerState, ...]:
        """The workers whose work is taken."""
        return tuple(worker for worker in self.workers if not worker.refusal)

    @property
    def threads(self) -> int:
        """How many photos can be searched at the same time."""
        return sum(worker.threads for worker in self.fit)

    @property
    def state(self) -> str:
        """The state in a word or two, for a monitor."""
        word = OK if self.fit else NOBODY if self.is_reachable else UNREACHABLE
        refused = len(self.workers) - len(self.fit)
        return f"{word}, {refused} refused" if refused else word


def workers_of(identity: Mapping[str, Any], wanted: Identity) -> tuple[WorkerState, ...]:
    """Read the workers from what a Dask scheduler tells of itself.

    Parameters
    ----------
    identity : mapping
        The scheduler's, as ``Client.scheduler.identity`` returns it.
    wanted : Identity
        Of the machine that would take their work.
    """
    return tuple(_worker_of(plain, wanted) for plain in identity["workers"].values())


def _worker_of(plain: Mapping[str, Any], wanted: Identity) -> WorkerState:
    state = plain["metrics"].get(STATE)
    name, threads = str(plain["name"]), int(plain["nthreads"])
    if state is None:
        return WorkerState(name, threads, 0, 0, 0.0, "it wasn't started as a worker of PhotoShare")
    refusal = identity_from(state.get("identity", {})).difference(wanted)
    busy, photos, processor_s = (state.get(key, 0) for key in ("busy", "photos", "processor_s"))
    return WorkerState(name, threads, busy, photos, processor_s, refusal)
