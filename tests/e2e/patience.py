"""A reader that takes its time, but not the processor's: for what is to happen while pages are converted."""

import os
from pathlib import Path

from tests.plugins.installing import install

_READER = """
import os
import time

def read(page):
    if not os.path.exists({hurry!r}):
        time.sleep({seconds!r})
    return None  # to hotfolio's own
"""


def patient(folder: Path, seconds: float = 0.5) -> dict[str, str]:
    """The environment in which each page takes so long, until `hurry` is called; `folder` is one of the test's."""
    site = folder / "site"
    if not site.exists():
        _install(site, folder, seconds)
    path = os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH"))))
    return {"PYTHONPATH": path, "HOTFOLIO_READER": "patient"}


def hurry(folder: Path) -> None:
    """Have pages take no longer than they need from now on."""
    _sign(folder).touch()


def _sign(folder: Path) -> Path:
    return folder / "site" / "hurry"


def _install(site: Path, folder: Path, seconds: float) -> None:
    reader = _READER.format(hurry=str(_sign(folder)), seconds=seconds)
    install(
        site,
        "hotfolio-patient",
        {"hotfolio.reader": {"patient": "hotfolio_patient:read [v1]"}},
        {"hotfolio_patient.py": reader},
    )
