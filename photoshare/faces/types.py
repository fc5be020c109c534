"""Define the types of the face code: located and analysed faces, face sets and engines."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photoshare.faces.grouping.kept.memory import FaceMemory, unit_length
from photoshare.geometry import FaceLocation as FaceLocation

NOBODY = 0  # where a row has None; database ids begin at 1
NO_PERSON = NOBODY  # person id of an unsorted face
NO_BOND = NOBODY  # bond id of a face without a correction
NO_COLLAGE = 0  # panel of the faces of an ordinary photo; panels of a collage count from 1
MAX_PANELS = 1 << 10  # panel numbers per photo; far more than can contain faces
ENCODING_DTYPE = "<f4"  # of stored encodings: networks compute in float32, so nothing is lost
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
        (top, right, bottom, left) in pixels of the searched picture; right and bottom are
        exclusive, and all four are within the picture.
    score : float
        The detector's confidence: larger is surer, on the detector's own scale.
    """

    location: FaceLocation
    score: float


@dataclass(frozen=True, slots=True)
class Doubt:
    """The distances of an engine at which it is uncertain whether two faces are one person.

    The defaults are for dlib's encodings; docs/evaluation.md says how both were measured.

    Attributes
    ----------
    reach : float >= 1
        The largest distance to ask about, or show as "maybe", as a multiple of eps.
    fall : float > 0
        The share of pairs that are one person falls by e over this much, as a multiple of eps.
    """

    reach: float = 1.15
    fall: float = 0.07


@dataclass(frozen=True, slots=True)
class AnalysedFace:
    """A face with its encoding; all positions are in pixels of the upright photo.

    Attributes
    ----------
    location : FaceLocation
    score : float
        As in `LocatedFace`.
    encoding : float32 array of shape (encoding_size,)
    landmarks : float32 array of shape (5, 2), or None
        (x, y) of both eyes, the tip of the nose, and both corners of the mouth; of a pair, the one
        on the left in an upright picture comes first. None: the engine does not report them.
    sharpness : float or None
        `photoshare.faces.quality.sharpness_of`; None: not measured.
    """

    location: FaceLocation
    score: float
    encoding: NDArray[np.float32]
    landmarks: NDArray[np.float32] | None = None
    sharpness: float | None = None
    panel: int = NO_COLLAGE  # of the collage, if the photo is one (photoshare.faces.panels)
    at_ms: int | None = None  # in a clip: from its start to the frame with the face
    seen: tuple[tuple[int, FaceLocation], ...] = ()  # in a clip: when, and where at that time


_NOTHING = FaceMemory(np.empty((0, 0), dtype=np.float32))


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Faces in columns, one row per face.

    Attributes
    ----------
    encodings : float32 array of shape (n_faces, size)
        All of one engine; without faces, the size does not matter.
    photo_ids : int array of shape (n_faces,)
    person_ids : int array of shape (n_faces,)
        NO_PERSON for an unsorted face.
    is_founder : bool array of shape (n_faces,)
        Whether the face is good enough to found a person; a poor one may only join one.
    bond_ids : int array of shape (n_faces,)
        Faces with the same bond id are one person by a correction; NO_BOND without one. A single
        face may have its own bond id, for a pair of bonds that are apart.
    panels : int array of shape (n_faces,), optional
        The panel if the photo is a collage; NO_COLLAGE for an ordinary photo. By default no photo
        is a collage.
    memory : FaceMemory, optional
        Made from the encodings; kept with them when other columns are replaced.
    """

    encodings: FaceEncodings
    photo_ids: NDArray[np.int64]
    person_ids: NDArray[np.int64]
    is_founder: NDArray[np.bool_]
    bond_ids: NDArray[np.int64]
    panels: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    memory: FaceMemory = field(default=_NOTHING, repr=False, compare=False, kw_only=True)

    def __len__(self) -> int:
        return len(self.encodings)

    def __post_init__(self) -> None:
        """Refuse columns that cannot be grouped."""
        if not self.memory.is_of(self.encodings):
            if self.photo_ids.min(initial=0) < 0:
                raise ValueError("ids of photos are not negative")  # such a mark would be a link
            check_encodings(self.encodings)
            object.__setattr__(self, "memory", FaceMemory(self.encodings))
        if len(self.panels) == 0:
            object.__setattr__(self, "panels", np.full(len(self), NO_COLLAGE, dtype=np.int64))

    @property
    def scene_ids(self) -> NDArray[np.int64]:
        """Return a number for each scene, of shape (n_faces,): a photo, or a panel of a collage.

        Faces in one scene are different people, unless someone has corrected that.
        """
        return self.photo_ids * MAX_PANELS + self.panels

    def scene_ids_of(self, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return the numbers of the scenes of some faces."""
        return self.photo_ids[rows] * MAX_PANELS + self.panels[rows]

    def subset(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> FaceSet:
        """Return the faces of some rows."""
        return FaceSet(
            self.encodings[rows],
            self.photo_ids[rows],
            self.person_ids[rows],
            self.is_founder[rows],
            self.bond_ids[rows],
            self.panels[rows],
        )

    def extended(self, new: FaceSet) -> FaceSet:
        """Append faces; encodings are then of length 1, and the present ones are not copied.

        Raises
        ------
        ValueError
            If the encodings differ in size.
        """
        if len(new) == 0:
            return self
        if len(self) == 0:
            return replace(new, encodings=unit_length(new.encodings))
        if self.encodings.shape[1:] != new.encodings.shape[1:]:
            raise ValueError("encodings of two sizes are of two engines")
        memory, encodings = self.memory.extended(len(self), new.encodings)
        names = ("photo_ids", "person_ids", "is_founder", "bond_ids", "panels")
        columns = (np.concatenate([getattr(self, name), getattr(new, name)]) for name in names)
        return FaceSet(encodings, *columns, memory=memory)


def check_encodings(encodings: FaceEncodings) -> None:
    """Refuse encodings that cannot be grouped.

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
    """A photo available at several sizes."""

    @property
    def size(self) -> Size:
        """Width and height of the upright original, in pixels."""
        ...

    def picture(self, longer_side_px: float) -> Image.Image:
        """Return the upright photo, RGB, with at least this longer side if it is that large."""
        ...


class FaceEngine(Protocol):
    """Finds and encodes faces; up to `photos_at_once` threads may use it at the same time.

    Making one is cheap, since pages also need its name and how its encodings compare. The models
    are loaded by `warm_up` or by the first photo.
    """

    @property
    def name(self) -> str:
        """Name and version, stored with every analysed photo; other encodings need a new name."""
        ...

    @property
    def encoding_size(self) -> int:
        """The number of values in one of its face encodings."""
        ...

    @property
    def eps(self) -> float:
        """Its best value for the setting PHOTOSHARE_EPS, a distance of its encodings."""
        ...

    @property
    def doubt(self) -> Doubt:
        """The distances beyond eps to ask about."""
        ...

    @property
    def photos_at_once(self) -> int:
        """How many photos are best analysed at the same time, each in a thread of its own."""
        ...

    def warm_up(self) -> None:
        """Load the models now; raises ModelError if they cannot be used."""
        ...

    @property
    def smallest_face_percent(self) -> float:
        """Its own value for the setting PHOTOSHARE_SMALLEST_FACE_PERCENT."""
        ...

    def find_faces(self, photo: PhotoSource, smallest_face_percent: float) -> list[AnalysedFace]:
        """Find and encode the faces of a photo, surest first.

        Locations are in pixels of the upright original; faces narrower than this percentage of its
        longer side may be missed.
        """
        ...


def encoding_to_bytes(encoding: NDArray[np.float32]) -> bytes:
    """Pack one face encoding of shape (size,) to be stored."""
    return encoding.astype(ENCODING_DTYPE).tobytes()


def encodings_from_bytes(rows: list[bytes]) -> FaceEncodings:
    """Unpack stored encodings of one engine into an array of shape (len(rows), size)."""
    size = len(rows[0]) // np.dtype(ENCODING_DTYPE).itemsize if rows else 0
    return np.frombuffer(b"".join(rows), dtype=ENCODING_DTYPE).reshape(len(rows), size)
