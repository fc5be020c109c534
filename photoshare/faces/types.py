"""The words of the face code: what a face location, a face encoding and an engine are."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photoshare.faces.grouping.memory import FaceMemory, unit_length
from photoshare.geometry import FaceLocation as FaceLocation

NO_PERSON = 0  # person id of an unsorted face; database ids begin at 1
NO_COLLAGE = 0  # panel of the faces of an ordinary photo; those of a collage count from 1
MAX_PANELS = 1 << 10  # numbers of panels of one photo; far more than faces can lie in
NOISE_LABEL = -1  # the cluster label of a face in no cluster, as in scikit-learn

Size: TypeAlias = tuple[int, int]  # width, height in pixels
RgbImage: TypeAlias = NDArray[np.uint8]  # shape (height, width, 3), red, green, blue
FaceEncodings: TypeAlias = NDArray[np.float32]  # shape (n_faces, the engine's encoding_size)


@dataclass(frozen=True, slots=True)
class LocatedFace:
    """A face that a detector found in a picture.

    Attributes
    ----------
    location : FaceLocation
        (top, right, bottom, left) in pixels of the picture that was searched; right and bottom
        are exclusive, and all four lie within the picture.
    score : float
        What the detector thinks of it: larger is surer; the scale is the detector's own.
    """

    location: FaceLocation
    score: float


@dataclass(frozen=True, slots=True)
class Doubt:
    """Which distances leave open whether two are one person, by an engine's encodings.

    By default what holds of dlib's encodings; docs/evaluation.md tells how both were measured.

    Attributes
    ----------
    reach : float >= 1
        The farthest that is asked about, and shown as "maybe", as a multiple of eps.
    fall : float > 0
        The share of pairs that are one person falls by e over this much, as a multiple of eps.
    """

    reach: float = 1.15
    fall: float = 0.07


@dataclass(frozen=True, slots=True)
class AnalysedFace:
    """A face with its encoding; all places are in pixels of the upright photo.

    Attributes
    ----------
    location : FaceLocation
    score : float
        As in `LocatedFace`.
    encoding : float32 array of shape (encoding_size,)
    landmarks : float32 array of shape (5, 2), or None
        (x, y) of both eyes, the tip of the nose, and both corners of the mouth; of two, the one to
        the left in an upright picture comes first. None: the engine does not tell.
    sharpness : float or None
        `photoshare.faces.quality.sharpness_of`; None: not measured.
    """

    location: FaceLocation
    score: float
    encoding: NDArray[np.float32]
    landmarks: NDArray[np.float32] | None = None
    sharpness: float | None = None
    panel: int = NO_COLLAGE  # of the collage that the photo is (photoshare.faces.panels)


_NOTHING = FaceMemory(np.empty((0, 0), dtype=np.float32))


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Faces in columns, one row a face.

    Attributes
    ----------
    encodings : float32 array of shape (n_faces, size)
        All of one engine; of no face, the size does not matter.
    photo_ids : int array of shape (n_faces,)
    person_ids : int array of shape (n_faces,)
        NO_PERSON for an unsorted face.
    may_found : bool array of shape (n_faces,)
        Whether the face is good enough to found a person; a poor one may only join one.
    link_ids : int array of shape (n_faces,)
        Faces with the same link id above 0 are one person, somebody said so; 0 for no link. A face
        alone may have a link id of its own, to be named in a pair of links that are apart.
    panels : int array of shape (n_faces,), optional
        The panel of the collage that the photo is; NO_COLLAGE for an ordinary photo. Without it,
        none is a collage.
    memory : FaceMemory, optional
        Made of the encodings; goes along with them where other columns are replaced.
    """

    encodings: FaceEncodings
    photo_ids: NDArray[np.int64]
    person_ids: NDArray[np.int64]
    may_found: NDArray[np.bool_]
    link_ids: NDArray[np.int64]
    panels: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    memory: FaceMemory = field(default=_NOTHING, repr=False, compare=False, kw_only=True)

    def __len__(self) -> int:
        return len(self.encodings)

    def __post_init__(self) -> None:
        """Refuse what no grouping can be made of."""
        if not self.memory.is_of(self.encodings):
            check_encodings(self.encodings)
            object.__setattr__(self, "memory", FaceMemory(self.encodings))
        if len(self.panels) == 0:
            object.__setattr__(self, "panels", np.full(len(self), NO_COLLAGE, dtype=np.int64))

    @property
    def scene_ids(self) -> NDArray[np.int64]:
        """Number what was seen at one moment, of shape (n_faces,): a photo, or a collage's panel.

        Faces of one scene are different people, unless somebody knows better.
        """
        return self.photo_ids * MAX_PANELS + self.panels

    def taken(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> FaceSet:
        """Give the faces of some rows."""
        return FaceSet(
            self.encodings[rows],
            self.photo_ids[rows],
            self.person_ids[rows],
            self.may_found[rows],
            self.link_ids[rows],
            self.panels[rows],
        )

    def extended(self, new: FaceSet) -> FaceSet:
        """Put faces behind these; encodings are of length 1 then, and those here are not copied.

        Raises
        ------
        ValueError
            If the encodings are not of one size.
        """
        if len(new) == 0:
            return self
        if len(self) == 0:
            return replace(new, encodings=unit_length(new.encodings))
        if self.encodings.shape[1:] != new.encodings.shape[1:]:
            raise ValueError("encodings of two sizes are of two engines")
        memory, encodings = self.memory.extended(len(self), new.encodings)
        names = ("photo_ids", "person_ids", "may_found", "link_ids", "panels")
        columns = (np.concatenate([getattr(self, name), getattr(new, name)]) for name in names)
        return FaceSet(encodings, *columns, memory=memory)


def check_encodings(encodings: FaceEncodings) -> None:
    """Refuse encodings of which no groups can be made.

    Raises
    ------
    ValueError
        If they are not of shape (n_faces, size), or not finite.
    """
    if encodings.ndim != 2 or (len(encodings) > 0 and encodings.shape[1] == 0):
        raise ValueError(f"encodings have shape {encodings.shape}, not (n_faces, size)")
    if not np.isfinite(encodings).all():
        raise ValueError("encodings hold a number that is not finite")


class PhotoSource(Protocol):
    """A photo that can be had at several sizes."""

    @property
    def size(self) -> Size:
        """Width and height of the upright original, in pixels."""
        ...

    def picture(self, longer_side_px: float) -> Image.Image:
        """Return the upright photo, RGB, with at least this longer side if it has that much."""
        ...


class FaceEngine(Protocol):
    """What finds and encodes faces; `photos_at_once` threads may use an engine at a time.

    Making one is cheap: what it is called, and how its encodings compare, pages ask as well. The
    models are loaded by `warm_up`, or by the first photo.
    """

    @property
    def name(self) -> str:
        """Name and version, stored with every photo it analysed; other encodings, another name."""
        ...

    @property
    def encoding_size(self) -> int:
        """How many numbers one of its face encodings has."""
        ...

    @property
    def eps(self) -> float:
        """Its own best value of the setting PHOTOSHARE_EPS, a distance of its encodings."""
        ...

    @property
    def doubt(self) -> Doubt:
        """What is asked about, beyond eps."""
        ...

    @property
    def photos_at_once(self) -> int:
        """How many photos are best analysed at the same time, each in a thread of its own."""
        ...

    def warm_up(self) -> None:
        """Load the models now; raises ModelError where they cannot be used."""
        ...

    @property
    def smallest_face_percent(self) -> float:
        """Its own value of the setting PHOTOSHARE_SMALLEST_FACE_PERCENT."""
        ...

    def find_faces(self, photo: PhotoSource, smallest_face_percent: float) -> list[AnalysedFace]:
        """Find and encode the faces of a photo, the surest first.

        Locations are in pixels of the upright original; faces narrower than this percentage of its
        longer side may be missed.
        """
        ...
