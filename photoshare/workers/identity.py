"""Tell what a machine computes faces with, so that only equal machines work for one another."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from photoshare import __version__
from photoshare.config import PACKAGE, Settings
from photoshare.faces.engines.choose import GRAPHS_FOLDER, ChosenEngine, choose_engine
from photoshare.faces.graphs.model_files import read_model

# What an analysis runs through, beside the packages: files below photoshare/.
_CODE = (
    *("faces/*.py", "faces/engines/*.py", "faces/graphs/*.py", "pictures/*.py"),
    *("pictures/raw/*.py", "pictures/reading/*.py"),
    *("geometry.py", "workers/bench.py", "workers/messages.py"),
)
_DIGITS = 16  # of the digest: 64 bits tell a handful of machines apart


@dataclass(frozen=True, slots=True)
class Identity:
    """What decides the faces and encodings that a machine finds.

    Attributes
    ----------
    version : str
        PhotoShare's; for people. Two versions with the same code compute the same.
    engine : str
        `photoshare.faces.types.FaceEngine.name`.
    weights : str
        SHA-256 of the engine's model files as they are on this machine.
    code : str
        SHA-256 of the code that an analysis runs through.
    """

    version: str
    engine: str
    weights: str
    code: str

    @property
    def digest(self) -> str:
        """A short text, the same for machines whose results are the same."""
        together = "\n".join((self.engine, self.weights, self.code))
        return hashlib.sha256(together.encode()).hexdigest()[:_DIGITS]

    def difference(self, wanted: Identity) -> str:
        """Tell in words why this one's work isn't taken by another; empty if it is."""
        if self.engine != wanted.engine:
            return f"its face engine is {self.engine}, the server's is {wanted.engine}"
        if self.weights != wanted.weights:
            return "the weights of its face engine aren't the server's"
        if self.code != wanted.code:
            return (
                f"it computes with the code of another PhotoShare ({self.version}; "
                f"the server is {wanted.version})"
            )
        return ""

    def as_dict(self) -> dict[str, str]:
        """Make it plain, to be sent."""
        return asdict(self)


def identity_from(plain: Mapping[str, object]) -> Identity:
    """Rebuild the identity that `Identity.as_dict` made plain."""
    return Identity(*(str(plain.get(name, "")) for name in Identity.__slots__))


def identity_of(settings: Settings) -> Identity:
    """Find out what this machine computes with, by its settings and files.

    Raises
    ------
    ModelError
        If a model file is missing or damaged.
    """
    chosen = engine_of(settings)
    weights = hashlib.sha256()
    for name in chosen.weights:
        weights.update(hashlib.sha256(read_model(name)).digest())
    code = hashlib.sha256()
    for path in sorted(path for pattern in _CODE for path in PACKAGE.glob(pattern)):
        code.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return Identity(__version__, chosen.engine.name, weights.hexdigest(), code.hexdigest())


def engine_of(settings: Settings) -> ChosenEngine:
    """Choose the engine that the settings ask for, as the server does."""
    return choose_engine(settings.engine, settings.data / GRAPHS_FOLDER)
