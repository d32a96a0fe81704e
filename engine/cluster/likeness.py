"""What results depend on besides the document and its options: two machines with the same make the same of a page."""

import functools
import hashlib
import importlib.metadata
import sys
from collections.abc import Mapping
from pathlib import Path

import engine
from engine.base.safetext import display_name
from engine.sandbox.capabilities import installed_tools

PARTS = ("pymupdf", "pymupdf4llm", "pymupdf-layout", "onnxruntime", "numpy", "pillow", "rapidocr")
"""Packages that read pages; models come in them."""
TRANSPORT = ("distributed", "msgpack", "cloudpickle")
"""Packages by which machines of a cluster speak."""
_MOST_TOLD = 3
_MOST_WORDS = 60


@functools.cache
def installed() -> Mapping[str, str]:
    """What this machine has; looked for once in a process."""
    found = {
        "Python": ".".join(map(str, sys.version_info[:2])),
        "hotfolio": f"{_version('hotfolio')} ({_code()})",
        **{name: _version(name) for name in (*PARTS, *TRANSPORT)},
    }
    tools = installed_tools()
    found["tesseract"] = tools.tesseract_version or "none"
    found["tesseract's languages"] = ",".join(sorted(tools.tesseract_languages)) or "none"
    return {name: value[:1000] for name, value in found.items()}


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """What differs, as words that go on a sentence; empty if nothing does."""
    different = sorted(name for name in {*here, *there} if here.get(name) != there.get(name))
    if not different:
        return ""
    told = [
        f"{_shown(name)} is {_shown(there.get(name))} there and {_shown(here.get(name))} here" for name in different
    ]
    rest = len(told) - _MOST_TOLD
    return "; ".join(told[:_MOST_TOLD]) + (f"; and {rest} more" if rest > 0 else "")


def _shown(value: str | None) -> str:
    return display_name((value or "missing")[:_MOST_WORDS])


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def _code() -> str:
    """What tells this code from any other of the same version."""
    digest, root = hashlib.sha256(), Path(engine.__file__).parent
    for file in sorted(root.rglob("*.py")):
        digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
