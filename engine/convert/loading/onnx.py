"""How ONNX Runtime is loaded, and its sessions made, whichever library makes them: threads and memory arena."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ONNX_THREADS = 1
"""Per process. Workers are the parallelism; two processes with a thread per core each are 1.6 times slower."""

_arena = True


@contextmanager
def without_arena() -> Iterator[None]:
    """Have sessions made meanwhile give their memory back after each run."""
    global _arena
    _arena = False
    try:
        yield
    finally:
        _arena = True


def tame_onnx_runtime() -> None:
    """Load it without telemetry, and give every session one thread and its memory arena, unless made `without_arena`.

    By itself, `import onnxruntime` (1.32) starts a thread, looks up a host of its maker's, and writes a device's id and
    a database into the user's cache folder. A process must not be forked from one with such a thread.

    PyMuPDF turns the arena off so that a long-lived process does not keep its peak; a conversion process is recycled
    instead, and with the arena a page costs a quarter less time (`benchmarks/onnx_arena.py`).
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the import, which reads it
    import onnxruntime

    class Session(onnxruntime.InferenceSession):  # type: ignore[misc]
        def __init__(self, model: Any, sess_options: Any = None, **kwargs: Any) -> None:
            super().__init__(model, _tamed(sess_options or onnxruntime.SessionOptions()), **kwargs)

    onnxruntime.InferenceSession = Session


def new_session(model: bytes) -> Any:
    """A session with a model, as `tame_onnx_runtime` has all of them, whether that was called or not."""
    import onnxruntime

    return onnxruntime.InferenceSession(model, _tamed(onnxruntime.SessionOptions()), providers=["CPUExecutionProvider"])


def _tamed(options: Any) -> Any:
    options.intra_op_num_threads = ONNX_THREADS
    options.inter_op_num_threads = ONNX_THREADS
    options.enable_cpu_mem_arena = _arena
    return options
