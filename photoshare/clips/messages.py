"""What a decoder process answers about a clip, as data and bytes.

Called by `photoshare.pictures.worker`; the process steps further back for frames to be searched.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from photoshare.clips.faces import ClipFrames
from photoshare.clips.frames import frame_at
from photoshare.clips.sampling import sample_frames
from photoshare.errors import RejectedPhotoError
from photoshare.faces.threads import FACE_THREAD_NICENESS
from photoshare.pictures.rendering import Message


def answer_to(path: Path, wanted: dict[str, Any]) -> Message:
    """Answer with one frame, or with those that are to be searched.

    Parameters
    ----------
    path : Path
    wanted : dict
        ``at_ms`` and ``at_least_px`` of one frame; empty for those to be searched.

    Raises
    ------
    RejectedPhotoError
        If the clip can't be read.
    """
    if "at_ms" in wanted:
        photo = frame_at(path, wanted["at_ms"], at_least_px=wanted["at_least_px"])
        head = {
            "image_format": photo.image_format,
            "width": photo.width,
            "height": photo.height,
            "size": photo.image.size,
        }
        return head, [photo.image.tobytes()]
    if sys.platform == "linux":  # nobody waits for it
        os.setpriority(os.PRIO_PROCESS, 0, FACE_THREAD_NICENESS)
    return _sampled(path)


def _sampled(path: Path) -> Message:
    frames = list(sample_frames(path))
    if not frames:
        raise RejectedPhotoError("This video is damaged and can't be played.")
    head = {
        "size": frames[0].size,
        "frame_size": frames[0].frame_size,
        "times": [(frame.at_ms, frame.scene) for frame in frames],
    }
    return head, [frame.content for frame in frames]


def sampled_frames_of(head: dict[str, Any], blobs: list[bytes]) -> ClipFrames:
    """Read the frames that a process has answered with."""
    times = [(at_ms, scene) for at_ms, scene in head["times"]]
    return ClipFrames(tuple(head["size"]), tuple(head["frame_size"]), times, blobs)
