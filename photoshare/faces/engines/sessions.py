"""How every network is run: one thread a call, no memory kept between photos."""

from __future__ import annotations

import onnxruntime


def start_session(graph: bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """Load a graph into ONNX Runtime.

    Parameters
    ----------
    graph : bytes
        A serialized ONNX model.
    threads : int >= 1
        Threads of one call. 1 is right where several photos are analysed at once, which is the
        faster use of several cores (docs/performance.md).
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Every photo has its own size: a plan of the memory per size would be kept for ever.
    options.enable_mem_pattern = False
    # The arena keeps the most that any photo needed, for each session; without it the peak of two
    # 50-megapixel groups at once was 800 MB instead of 975 MB, at the same speed.
    options.enable_cpu_mem_arena = False
    # Waiting threads must not spin: the web server's threads need the cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        graph, sess_options=options, providers=["CPUExecutionProvider"]
    )
