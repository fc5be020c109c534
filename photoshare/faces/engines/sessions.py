"""Run networks in ONNX Runtime: loaded on first use, without memory kept between photos."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


class LazySession:
    """An ONNX graph that is loaded into ONNX Runtime on its first run; thread-safe.

    A server whose photos have all been searched needs neither the graph nor the library.

    Parameters
    ----------
    build : callable
        Returns the serialized model; its errors go to the caller that runs the graph.
    threads : int >= 1
        Threads of one run. 1 is right if several photos are analysed at once, which uses several
        cores better (docs/performance.md).
    """

    def __init__(self, build: Callable[[], bytes], threads: int = 1) -> None:
        self._build = build
        self._threads = threads
        self._lock = threading.Lock()
        self._session: InferenceSession | None = None

    def load(self) -> InferenceSession:
        """Load the graph if it is not loaded yet."""
        with self._lock:
            if self._session is None:
                self._session = _start(self._build(), self._threads)
            return self._session

    def run(self, **inputs: Any) -> list[Any]:
        """Return the graph's outputs, arrays in its order, for inputs given by name."""
        outputs: list[Any] = self.load().run(None, inputs)
        return outputs


def _start(graph: bytes, threads: int) -> InferenceSession:
    # Since 1.29 the library reports to its maker, under an identifier that it keeps in the home
    # folder, unless this is set when it is loaded. Nothing leaves a PhotoShare server.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Every photo has its own size: memory plans for each size would be kept forever.
    options.enable_mem_pattern = False
    # The arena keeps the maximum that any photo needed, for each session; without it the peak of
    # two 50-megapixel groups at once was 800 MB instead of 975 MB, at the same speed.
    options.enable_cpu_mem_arena = False
    # Waiting threads must not spin: the web server's threads need the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        graph, sess_options=options, providers=["CPUExecutionProvider"]
    )
