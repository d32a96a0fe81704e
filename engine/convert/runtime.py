"""Loads the libraries into the fork server so that every conversion process starts warm.

A fork copies no threads, so whatever a library does in a pool of its own would hang or fail in the child. ONNX
Runtime and OpenBLAS make a thread per core while PyMuPDF's layout model loads, unless they are told otherwise first.
"""

import gc
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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


def preload(*also: str) -> None:
    """Import and warm up everything a page needs, and modules that only some pages do.

    Those that have a function `preload` have it called. Call before anything has imported NumPy or PyMuPDF.
    """
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    _tame_onnx_runtime()
    import engine.convert.chain  # noqa: F401

    for name in also:
        module = importlib.import_module(name)
        if hasattr(module, "preload"):
            module.preload()
    _warm_up()
    # What is loaded now stays: collecting it again and again would take time in every process, and copy its pages.
    gc.collect()
    gc.freeze()
    # A page is many thousand objects that are all gone when it is done: nothing is found by looking in between.
    gc.set_threshold(50_000, 20, 20)


def _warm_up() -> None:
    """Read one page, so that the first page of every process costs no more than the others.

    What libraries set up at first use (ONNX Runtime's arena and kernels, lazy imports) is then shared by all.
    """
    import contextlib
    import io

    import pymupdf
    from pymupdf4llm.helpers.document_layout import parse_document

    document = pymupdf.open()
    document.new_page().insert_text((72, 200), ["Some words to begin with."] * 5)
    with contextlib.redirect_stdout(io.StringIO()):
        parse_document(document, use_ocr=False)
    document.close()


def _tame_onnx_runtime() -> None:
    """Give every inference session one thread and its memory arena, unless it is made under `without_arena`.

    PyMuPDF turns the arena off so that a long-lived process does not keep its peak; a conversion process is recycled
    instead, and with the arena a page costs a quarter less time (`benchmarks/onnx_arena.py`).
    """
    import onnxruntime

    class Session(onnxruntime.InferenceSession):  # type: ignore[misc]
        def __init__(self, model: Any, sess_options: Any = None, **kwargs: Any) -> None:
            options = sess_options or onnxruntime.SessionOptions()
            options.intra_op_num_threads = ONNX_THREADS
            options.inter_op_num_threads = ONNX_THREADS
            options.enable_cpu_mem_arena = _arena
            super().__init__(model, options, **kwargs)

    onnxruntime.InferenceSession = Session


def thread_count() -> int | None:
    """Threads of this process, None where the system does not say."""
    try:
        return len(list(Path("/proc/self/task").iterdir()))
    except OSError:
        return None
