"""Loads the libraries into the fork server, stage by stage, so that every conversion process starts warm.

A fork copies no threads, so whatever a library does in a pool of its own would hang or fail in the child. ONNX
Runtime and OpenBLAS make a thread per core while PyMuPDF's layout model loads, unless they are told otherwise first.
"""

import contextlib
import gc
import os
import signal
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from engine.convert.loading import reached
from engine.convert.loading.onnx import tame_onnx_runtime
from engine.convert.plugins import entrypoints
from engine.job.plugins import Seam, own
from engine.sandbox.protocol import VISION_MODEL
from engine.sandbox.stages import Stage

_PLUGIN_LOAD_S = 20
"""A plug-in that takes longer is not loaded ahead."""


def load(stage: Stage, also: Collection[str] = ()) -> None:
    """Import and warm up what this process lacks of a stage, and what is named (see `Workplace.preload`) with it.

    Call before anything has imported NumPy or PyMuPDF.
    """
    gc.disable()  # nothing of what is loaded is garbage, and to look for some takes time
    so_far = reached.reached()
    for step in Stage:
        if step <= stage and (so_far is None or step > so_far):
            _LOAD[step](also)
            # What is loaded now stays: collecting it again and again would take time in every process, and copy its
            # pages.
            gc.collect()
            gc.freeze()
            reached.note(step)
    # A page is many thousand objects that are all gone when it is done: nothing is found by looking in between.
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


def _load_bare(also: Collection[str]) -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = "1"
    tame_onnx_runtime()
    with _left_out("pymupdf.layout"):
        import pymupdf4llm  # noqa: F401
    import engine.convert.open.otherkinds
    import engine.convert.process.batch  # noqa: F401
    from engine.convert.process.merge import library_versions

    library_versions()
    for seam, name in _named(also, Seam.FORMAT, Seam.READER):
        if name in own(seam):
            entrypoints.load(seam, name)
    from engine.convert.process.warmup import convert_one

    with contextlib.suppress(OSError):  # where nothing can be written, each process sets up for itself
        convert_one()


@contextlib.contextmanager
def _left_out(module: str) -> Iterator[None]:
    """Have a module look as if it were not installed.

    `import pymupdf` (2.0) imports `pymupdf.layout` wherever that is installed, which loads its models.
    """
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


def _load_layout(also: Collection[str]) -> None:
    import pymupdf4llm

    pymupdf4llm.use_layout(True)
    if VISION_MODEL in also:
        import engine.convert.vlm.answerblocks
        import engine.convert.vlm.asking  # noqa: F401
    _load_plugins(also, Seam.FORMAT, Seam.READER)
    _warm_up()


def _load_ocr(also: Collection[str]) -> None:
    from engine.convert.ocr import choice

    choice.preload()
    _load_plugins(also, Seam.OCR)


_LOAD = {Stage.BARE: _load_bare, Stage.LAYOUT: _load_layout, Stage.OCR: _load_ocr}


def _load_plugins(also: Collection[str], *seams: Seam) -> None:
    for seam, name in _named(also, *seams):
        if name not in own(seam):
            _preload_plugin(seam, name)


def _named(also: Collection[str], *seams: Seam) -> Iterator[tuple[Seam, str]]:
    """What is named as `Offer.key` does, of these seams."""
    for key in sorted(also):
        seam, _, name = key.partition(":")
        if seam in seams:
            yield Seam(seam), name


def _preload_plugin(seam: Seam, name: str) -> None:
    """Load a plug-in if that does no harm; else each process that needs it tries by itself.

    Threads that it starts would keep every process from being used, and a crash would end all of them.
    """
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            signal.alarm(_PLUGIN_LOAD_S)  # ends the process, whatever it is at
            entrypoints.load(seam, name)
            os._exit(0 if thread_count() in (None, 1) else 1)
        os._exit(1)
    if os.waitpid(pid, 0)[1] == 0:
        with contextlib.suppress(entrypoints.PluginFailed):
            entrypoints.load(seam, name)


def _warm_up() -> None:
    """Read one page, so that the first page of every process costs no more than the others.

    What libraries set up at first use (ONNX Runtime's arena and kernels, lazy imports) is then shared by all.
    """
    import io

    import pymupdf
    from pymupdf4llm.helpers.document_layout import parse_document
    from pymupdf4llm.ocr.analyze_page import predict_ocr_probability
    from pymupdf4llm.ocr.compute_ocr_features import FEATURE_NAMES

    from engine.convert.layoutmodel.quicklayout import quick_layout

    predict_ocr_probability(dict.fromkeys(FEATURE_NAMES, 0.0))  # which says whether a page needs OCR
    document = pymupdf.open()
    document.new_page().insert_text((72, 200), ["Some words to begin with."] * 5)
    with contextlib.redirect_stdout(io.StringIO()), quick_layout():
        parse_document(document, use_ocr=False)
    document.close()


def thread_count() -> int | None:
    """Threads of this process, None where the system does not say."""
    try:
        return len(list(Path("/proc/self/task").iterdir()))
    except OSError:
        return None
