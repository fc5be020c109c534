"""Measure whether clips land in the right albums: ``python -m measuring.clips FOLDER...``.

Draws a clip of every two people of a labelled folder, from photos that are then missing from the
room: both of them beside each other while the camera moves, a cut to the second one where the first
was, another one to the first who walks past, blurred. Each group of the labels is a room of its
own, with all its clips. Prints how many people have the clip in their album, how many albums have a
clip that they should not have, and how many faces a clip has of each person.
"""

from __future__ import annotations

import io
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageFilter

from measuring.evaluate import LabelledSet, load_set, subset, table_row
from measuring.evaluate_groups import group_rows
from measuring.evaluate_photos import UNKNOWN
from measuring.options import read_options
from photoshare.clips.faces import ClipFrames, faces_of_clip
from photoshare.clips.sampling import sample_frames
from photoshare.config import Settings
from photoshare.faces.analysis import analyse_photo
from photoshare.faces.grouping.plan import plan_groups
from photoshare.faces.quality import are_founders, face_quality
from photoshare.faces.types import AnalysedFace, FaceEngine, FaceSet, RgbImage

RATE, SCENE_S = 15, 2.0
SIZE = 960, 540
PHOTO_PX = 300  # side of a photo in the clip; a face of LFW fills a third of it
BLUR_PX = 9  # by which a walking person moves while a frame is exposed
LEAST_PHOTOS = 3  # of a person: one for the clip
COLUMNS = ["people in clips", "have it", "albums with a wrong clip", "faces a person"]


@dataclass(frozen=True, slots=True)
class Role:
    """Someone in a clip.

    Attributes
    ----------
    identity : str
    photos : tuple of Path
        One for each of their two scenes.
    rows : tuple of int
        Of these photos in the labelled set.
    """

    identity: str
    photos: tuple[Path, Path]
    rows: tuple[int, int]


@dataclass(frozen=True, slots=True)
class SeenClip:
    """What was found in a drawn clip."""

    roles: tuple[Role, Role]
    faces: list[AnalysedFace]
    identities: list[str]


def main() -> None:
    """Measure, and print a table."""
    folders, engine, cache = read_options(__doc__)
    print(table_row("room", COLUMNS), "|---" * 5 + "|", sep="\n")
    for folder in folders:
        labelled = load_set(folder, engine, cache)
        groups = group_rows(labelled.photos)
        for name in [name for name in groups if " " not in name] or [""]:
            room = subset(labelled, groups[name]) if name else labelled
            clips = [look_into(roles, engine) for roles in castings(room)]
            print(table_row(f"{folder.name} {name}", judged(room, clips, engine.eps)), flush=True)


def castings(room: LabelledSet) -> Iterator[tuple[Role, Role]]:
    """Yield two people for each clip, with photos of them."""
    of_person: dict[str, list[int]] = {}
    for row, photo in enumerate(room.photos):
        if len(photo.identities) == 1:
            of_person.setdefault(photo.identities[0], []).append(row)
    roles = []
    for identity, rows in sorted(of_person.items()):
        if len(rows) >= LEAST_PHOTOS:
            chosen = (rows[0], rows[1] if len(rows) > LEAST_PHOTOS + 1 else rows[0])
            photos = (room.photos[chosen[0]].path, room.photos[chosen[1]].path)
            roles.append(Role(identity, photos, chosen))
    yield from zip(roles[::2], roles[1::2], strict=False)


def draw(roles: tuple[Role, Role]) -> tuple[bytes, list[list[tuple[str, int, int]]]]:
    """Draw a clip; return it, and for each frame who is in it and the middle of their photo."""
    buffer = io.BytesIO()
    shown = []
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(round(3 * SCENE_S * RATE)):
            picture, people = _frame(roles, number)
            shown.append(people)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue(), shown


def _frame(roles: tuple[Role, Role], number: int) -> tuple[RgbImage, list[tuple[str, int, int]]]:
    scene, at = divmod(number / RATE / SCENE_S, 1)
    first, second = roles
    casts = {
        0: [(first, 0, 220 + 60 * at, 0), (second, 0, 680 + 60 * at, 0)],
        1: [(second, 1, 220 + 60 * at, 0)],
        2: [(first, 1, 150 + 600 * at, BLUR_PX)],
    }
    photos = [Image.open(role.photos[which]) for role, which, _, _ in casts[int(scene)]]
    behind = photos[0].convert("RGB").resize(SIZE).filter(ImageFilter.GaussianBlur(30))
    people = []
    zoom = 0.7 + 0.5 * at
    for photo, (role, _, x, blur) in zip(photos, casts[int(scene)], strict=True):
        side = round(PHOTO_PX * zoom)
        placed = np.asarray(photo.convert("RGB").resize((side, side)), dtype=np.float32)
        if blur:
            placed = np.mean([np.roll(placed, step, axis=1) for step in range(blur)], axis=0)
        left, top = round(x - side / 2), round(SIZE[1] / 2 - side / 2 + 40 * np.sin(6 * at))
        behind.paste(Image.fromarray(placed.astype(np.uint8)), (left, top))
        people.append((role.identity, round(x), top + side // 2))
    return np.asarray(behind), people


def look_into(roles: tuple[Role, Role], engine: FaceEngine) -> SeenClip:
    """Draw a clip, find the faces in it as the app does, and tell whose they are."""
    content, shown = draw(roles)
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(content)
        file.flush()
        sampled = list(sample_frames(Path(file.name)))
    times = [(frame.at_ms, frame.scene) for frame in sampled]
    clip = ClipFrames(SIZE, SIZE, times, [frame.content for frame in sampled])
    found = []
    for frame in clip.contents:
        analysis = analyse_photo(frame, engine)
        found.append([(face, b"") for face in analysis.faces])
    faces = [face for face, _ in faces_of_clip(clip, found, engine)]
    return SeenClip(roles, faces, [_whose(face, shown) for face in faces])


def _whose(face: AnalysedFace, shown: Sequence[Sequence[tuple[str, int, int]]]) -> str:
    """Tell who was seen most where a face was followed."""
    seen: Counter[str] = Counter()
    for at_ms, (top, right, bottom, left) in face.seen:
        for identity, x, y in shown[min(round(at_ms * RATE / 1000), len(shown) - 1)]:
            if left <= x <= right and top - 20 <= y <= bottom + 20:
                seen[identity] += 1
    return seen.most_common(1)[0][0] if seen else UNKNOWN


def judged(room: LabelledSet, clips: Sequence[SeenClip], eps: float) -> list[str]:
    """Group a room with its clips; return the cells of its row."""
    drawn = {row for clip in clips for role in clip.roles for row in role.rows}
    kept = ~np.isin(room.faces.photo_ids, list(drawn))
    faces = room.faces.subset(kept)
    identities = [name for name, is_kept in zip(room.identities, kept, strict=True) if is_kept]
    first_clip = len(room.photos)
    for number, clip in enumerate(clips):
        faces = faces.extended(_as_set(clip.faces, first_clip + number))
        identities += clip.identities
    everything = np.ones(len(faces), dtype=np.bool_)
    plan = plan_groups(faces, everything, eps=eps, min_samples=Settings().min_samples)
    albums = np.where(plan.person_ids < 0, -plan.person_ids, 0)
    owners = _owners(albums, faces.photo_ids, identities, first_clip)
    have = wrong = rows = 0
    for number, clip in enumerate(clips):
        is_in = faces.photo_ids == first_clip + number
        in_albums = {owners.get(int(album), UNKNOWN) for album in albums[is_in] if album}
        right = {role.identity for role in clip.roles}
        have += len(in_albums & right)
        wrong += len(in_albums - right - {UNKNOWN})  # an album without photos is nobody's yet
        rows += len(clip.faces)
    people = 2 * len(clips)
    return [str(people), f"{have / people:.3f}", str(wrong), f"{rows / people:.2f}"]


def _owners(
    albums: np.ndarray, photo_ids: np.ndarray, identities: Sequence[str], first_clip: int
) -> dict[int, str]:
    """Tell whose each album is: by the photos in it, if there are any."""
    votes: dict[int, Counter[str]] = {}
    for album, photo, name in zip(albums.tolist(), photo_ids.tolist(), identities, strict=True):
        if album and photo < first_clip:
            votes.setdefault(album, Counter())[name] += 1
    return {album: names.most_common(1)[0][0] for album, names in votes.items()}


def _as_set(faces: Sequence[AnalysedFace], photo_id: int) -> FaceSet:
    size = (len(faces), -1)
    nobody = np.zeros(len(faces), dtype=np.int64)
    return FaceSet(
        np.array([face.encoding for face in faces], dtype=np.float32).reshape(size)
        if faces
        else np.empty((0, 0), dtype=np.float32),
        nobody + photo_id,
        nobody,
        are_founders(
            [face.location for face in faces],
            [face.score for face in faces],
            [face_quality(face) for face in faces],
        ),
        nobody,
        np.array([face.panel for face in faces], dtype=np.int64),
    )


if __name__ == "__main__":
    main()
