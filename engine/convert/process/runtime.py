"""Loads the libraries into the fork server so that every conversion process starts warm.

A fork copies no threads, so whatever a library does in a pool of its own would hang or fail in the child. ONNX
Runtime and OpenBLAS make a thread per core while PyMuPDF's layout model loads, unless they are told otherwise first.
"""

import contextlib
import gc
import os
import signal
from pathlib import Path

from engine.convert.ocr.onnx import tame_onnx_runtime
from engine.convert.plugins import entrypoints
from engine.job.plugins import Seam
from engine.sandbox.protocol import Preload

_PLUGIN_LOAD_S = 20
"""A plug-in that takes longer is not loaded ahead."""
_preloaded = False


def is_preloaded() -> bool:
    """Whether `preload` has come to its end, here or in the process this one was forked from."""
    return _preloaded


def preload(*also: str) -> None:
    """Import and warm up everything a page needs, and what only some pages do.

    Call before anything has imported NumPy or PyMuPDF.
    """
    global _preloaded
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    tame_onnx_runtime()
    import engine.convert.process.batch
    import engine.convert.process.merge

    for what in also:
        match what:
            case Preload.OCR:
                from engine.convert.ocr import choice

                choice.preload()
            case Preload.VISION_MODEL:
                import engine.convert.vlm.answerblocks
                import engine.convert.vlm.asking  # noqa: F401
            case _:
                _preload_plugin(*what.split(":"))
    _warm_up()
    # What is loaded now stays: collecting it again and again would take time in every process, and copy its pages.
    gc.collect()
    gc.freeze()
    # A page is many thousand objects that are all gone when it is done: nothing is found by looking in between.
    gc.set_threshold(50_000, 20, 20)
    _preloaded = True


def _preload_plugin(seam: str, name: str) -> None:
    """Load a plug-in, named as `Offer.key` does, if that does no harm; else each process that needs it tries by itself.

    Threads that it starts would keep every process from being used, and a crash would end all of them.
    """
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            signal.alarm(_PLUGIN_LOAD_S)  # ends the process, whatever it is at
            entrypoints.load(Seam(seam), name)
            os._exit(0 if thread_count() in (None, 1) else 1)
        os._exit(1)
    if os.waitpid(pid, 0)[1] == 0:
        with contextlib.suppress(entrypoints.PluginFailed):
            entrypoints.load(Seam(seam), name)


def _warm_up() -> None:
    """Read one page, so that the first page of every process costs no more than the others.

    What libraries set up at first use (ONNX Runtime's arena and kernels, lazy imports) is then shared by all.
    """
    import io

    import pymupdf
    from pymupdf4llm.helpers.document_layout import parse_document

    document = pymupdf.open()
    document.new_page().insert_text((72, 200), ["Some words to begin with."] * 5)
    with contextlib.redirect_stdout(io.StringIO()):
        parse_document(document, use_ocr=False)
    document.close()


def thread_count() -> int | None:
    """Threads of this process, None where the system does not say."""
    try:
        return len(list(Path("/proc/self/task").iterdir()))
    except OSError:
        return None
