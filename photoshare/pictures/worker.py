"""Run the decoder process: read the path or bytes of a picture, answer with its pictures.

Started by `photoshare.pictures.decoder_pool`. A file that overwhelms a decoder costs this
process, never the server: the system ends it when its time is up, whatever C code it is in.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any, BinaryIO

from photoshare.config import MB
from photoshare.errors import RejectedPhotoError
from photoshare.pictures.covered import make_covered
from photoshare.pictures.rendering import (
    Message,
    message_of,
    pixels_message,
    read_message,
    render_photo,
    write_message,
)
from photoshare.pictures.tiles import cut_tiles

IDLE_S = 60  # after this long without work, the process ends to release its memory
NICENESS = 5  # less urgent than threads that answer pages, more than those that search faces (10)


def main() -> None:
    """Answer until the server is gone or has had no work for a while."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which closes the pipe
    os.nice(NICENESS)
    warnings.simplefilter("ignore")  # from Pillow, about oddities of a guest's file
    gc.freeze()  # the modules stay: no collection has to walk them
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints goes to the log, not into the answers
    while select.select([requests], [], [], IDLE_S)[0]:
        try:
            answer_one(requests, answers)
        except (EOFError, BrokenPipeError):
            return
        gc.collect()  # frames of clips are in circles, some 30 MB of each


def answer_one(requests: BinaryIO, answers: BinaryIO) -> None:
    """Render or cut one picture within its time; the system ends this process when that is up.

    On a busy machine an innocent picture is not cut short: the limit is processor time, of all
    threads of this process. Clock time only ends a process that hangs without using any.
    """
    head, blobs = read_message(requests)
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if sys.platform == "linux":  # others accept the limit but do not enforce it
        resource.setrlimit(resource.RLIMIT_DATA, (head["memory_mb"] * MB, most))
    signal.setitimer(signal.ITIMER_PROF, head["seconds"])
    signal.setitimer(signal.ITIMER_REAL, head["wait_seconds"])
    try:
        answer = _answer_to(head, blobs)
    except RejectedPhotoError as error:
        rejection: RejectedPhotoError | None = error
    except Exception:  # a picture that decodes but cannot be encoded again; the log says why
        traceback.print_exc()
        rejection = RejectedPhotoError("This picture is damaged, so no smaller copy can be made.")
    else:
        rejection = None
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    if rejection:
        write_message(answers, {"reason": rejection.sentence, "values": rejection.values}, [])
    else:
        write_message(answers, *answer)


def _answer_to(head: dict[str, Any], blobs: list[bytes]) -> Message:
    megapixels = head["megapixels"]
    if (looked_into := head.get("clip")) is not None:
        from photoshare.clips import messages  # here: uploads of photos need no FFmpeg

        return messages.answer_to(Path(head["path"]), looked_into)
    if at_least_px := head.get("at_least_px"):
        return pixels_message(blobs[0], at_least_px=at_least_px, max_megapixels=megapixels)
    path = Path(head["path"])
    if (locations := head.get("covered")) is not None:
        return {}, [make_covered(path, locations, max_megapixels=megapixels)]
    if factor := head.get("tiles"):
        return {}, [cut_tiles(path, factor=factor, max_megapixels=megapixels)]
    return message_of(
        render_photo(
            path,
            max_megapixels=megapixels,
            max_minutes=head["minutes"],
            max_picture_bytes=head["picture_bytes"],
        )
    )


if __name__ == "__main__":
    main()
