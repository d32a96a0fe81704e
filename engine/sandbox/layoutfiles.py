"""Which layout model is installed, told without loading it: by the bytes of what pages are laid out with."""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

FOLDER = "layout/resources/onnx"
MODEL = "feature_imf1.onnx"
_FILES = (
    f"{FOLDER}/{MODEL}",
    f"{FOLDER}/layout_rf2.4.1+imf1.yaml",
    "layout/__init__.py",
    "layout/DocumentLayoutAnalyzer.py",
    "layout/MultiProcessWrapper.py",
    "layout/common_util.py",
    "layout/onnx/BoxRFDGNN.py",
    "layout/onnx/ImageFeatureExtractorV1.py",
    "layout/onnx/TableGridExtractorV2.py",
    "layout/pymupdf_util.py",
    "layout/pymupdf_util_base.py",
    "layout/pymupdf_util_edge.py",
    "layout/pymupdf_util_ext.py",
    "layout/pymupdf_util_imf.py",
    "layout/pymupdf_util_rf.py",
    "layout/roi_pooling.py",
)
"""What the short ways of `engine.convert.layoutmodel` stand in for, or go around."""
_KNOWN = "bc8a8effdc87420147986ad7f056e4f3ca977ed0223fc1f8e205058f56d37a80"
"""Of PyMuPDF 2.0: SHA-256 of them all."""


@cache
def known_folder() -> Path | None:
    """Where PyMuPDF is, if its layout model and the code around it are those that hotfolio knows short ways for."""
    spec = importlib.util.find_spec("pymupdf")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    return folder if fingerprint(folder) == _KNOWN else None


def fingerprint(folder: Path) -> str:
    """Of what is in a folder of PyMuPDF's; empty where something is missing."""
    digest = hashlib.sha256()
    try:
        for name in _FILES:
            digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
    except OSError:
        return ""
    return digest.hexdigest()
